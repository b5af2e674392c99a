"""OpenTelemetry's SDK for Python sends a trace over OTLP, and boto3 reads it."""

from __future__ import annotations

import json
import subprocess

import pytest
import requests

import fluoro
from conftest import HERE
from tools import child, fetch


@pytest.fixture(scope="module")
def python() -> str:
    """The interpreter that has OpenTelemetry."""
    requirements = HERE / "samplers/requirements.txt"
    venv = subprocess.check_output([str(fluoro.ROOT / "scripts/venv"), str(requirements)], text=True)
    return f"{venv.strip()}/bin/python"


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_a_trace_of_two_services_is_read_as_segments(server, boto, python, compression):
    done = subprocess.run([python, str(HERE / "otlp_sender.py"), server.otlp, compression], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["exported"] and told["spans"] == 4, (told, done.stderr)
    # An id of no time at all, in X-Ray's spelling.
    root = f"1-{told['trace'][:8]}-{told['trace'][8:]}"
    trace = fetch(boto, root)
    by_name = {document["name"]: document for document in trace.documents}
    assert sorted(by_name) == ["shop", "stock"]
    shop, stock = by_name["shop"], by_name["stock"]
    assert shop["http"] == {"request": {"method": "GET", "url": "http://shop.test/cart/7"}, "response": {"status": 200}}
    assert (shop["user"], shop["service"]) == ("ada", {"version": "7"})
    assert shop["aws"]["xray"]["sdk"] == "opentelemetry for python"
    assert shop["links"] == [
        {"trace_id": "1-0af76519-16cd43dd8448eb211c80319c", "id": "b7ad6b7169203331", "attributes": {"why": "batch"}}
    ]
    assert shop["metadata"]["default"]["otel.resource.service.name"] == "shop"
    otel = shop["metadata"]["otel"]
    assert (otel["name"], otel["kind"]) == ("GET /cart/{id}", "SERVER")
    assert otel["scope"] == {"name": "shop.tracing", "version": "1.2.0"}
    work = child(shop, "price the cart")
    assert work["metadata"]["default"]["lines"] == [1, 2, 3]
    assert [event["name"] for event in work["metadata"]["otel"]["events"]] == ["cache miss"]
    call = child(shop, "stock.test")
    assert (call["namespace"], stock["parent_id"]) == ("remote", call["id"])
    assert stock["fault"] is True
    exception = stock["cause"]["exceptions"][0]
    assert (exception["type"], exception["message"]) == ("KeyError", "'no such item'")
    assert exception["stack"][0]["path"].endswith("otlp_sender.py")
    graph = boto.call("xray", "get_trace_graph", TraceIds=[root])["Services"]
    reported = {node["Name"]: [edge["ReferenceId"] for edge in node["Edges"]] for node in graph if node.get("Type") != "client"}
    assert {name: len(edges) for name, edges in reported.items()} == {"shop": 1, "stock": 0}
    lines = requests.get(f"{server.endpoint}/_fluoro/doctor", timeout=10).json()["lines"]
    ours = [line for line in lines if line["door"] == "otlp_http"]
    assert {line["client"].split("/")[0] for line in ours} == {"OTel-OTLP-Exporter-Python"}
    assert {line["class"] for line in ours} <= {"received", "orphaned"}


def test_what_an_exporter_cannot_send_is_told_to_it(server, python):
    answer = requests.post(f"{server.otlp}/v1/traces", json={"resourceSpans": []}, timeout=10)
    assert answer.status_code == 415
    assert "http/protobuf" in answer.json()["message"]
