"""The X-Ray SDK for Python in a Flask application, unmodified: middleware, streaming, sampling from the server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

import fluoro
from conftest import await_port
from tools import child, fetch, new_root, new_span, until, walk

APPLICATION = """
import sys
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask, abort
import requests

patch(("requests",))
app = Flask("basket")
xray_recorder.configure(service="basket", sampling=False, plugins=())
XRayMiddleware(app, xray_recorder)

@app.route("/checkout")
def checkout():
    with xray_recorder.in_subsegment("price \\u00e9") as part:
        part.put_annotation("currency", "EUR")
        part.put_metadata("lines", [{"sku": 1}], "basket")
    requests.get("http://127.0.0.1:%s/ping" % sys.argv[1])
    return "done"

@app.route("/ping")
def ping():
    return "pong"

@app.route("/many")
def many():
    for number in range(120):
        with xray_recorder.in_subsegment("step-%d" % number):
            pass
    return "done"

@app.route("/broken")
def broken():
    raise KeyError("price")

@app.route("/busy")
def busy():
    abort(429)

app.run("127.0.0.1", int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def application(server, tmp_path_factory):
    port = fluoro.free_port()
    source: Path = tmp_path_factory.mktemp("flask") / "basket.py"
    source.write_text(APPLICATION)
    environment = os.environ | {"AWS_XRAY_DAEMON_ADDRESS": server.daemon, "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR"}
    process = subprocess.Popen([sys.executable, str(source), str(port)], env=environment, stderr=subprocess.DEVNULL)
    await_port(port, process)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def request(application, path: str) -> tuple[str, str, requests.Response]:
    root, parent = new_root(), new_span()
    header = {"X-Amzn-Trace-Id": f"Root={root};Parent={parent};Sampled=1"}
    return root, parent, requests.get(application + path, headers=header, timeout=30)


def segment(boto, root: str, parent: str) -> dict:
    def entry():
        return [one for one in fetch(boto, root).documents if one.get("parent_id") == parent and "end_time" in one]

    return until("the application's segment is there", entry)[0]


def test_a_request_with_a_call_to_another_service(application, boto):
    root, parent, _ = request(application, "/checkout")
    found = segment(boto, root, parent)
    assert found["name"] == "basket"
    assert found["http"]["request"]["url"].endswith("/checkout") and found["http"]["response"]["status"] == 200
    priced = child(found, "price é")
    assert priced["annotations"] == {"currency": "EUR"}
    assert priced["metadata"] == {"basket": {"lines": [{"sku": 1}]}}
    call = child(found, "127.0.0.1")
    callee = until("the callee's segment is there", lambda: [
        one for one in fetch(boto, root).documents if one.get("parent_id") == call["id"] and not one.get("inferred")
    ])[0]
    assert callee["http"]["request"]["url"].endswith("/ping")
    assert not [one for one in fetch(boto, root).documents if one.get("inferred")]


def test_streamed_subsegments_come_back_under_their_segment(application, boto):
    root, parent, _ = request(application, "/many")

    def whole():
        names = {part["name"] for part in walk(segment(boto, root, parent))}
        return names if len(names) == 121 else None

    assert until("all 120 steps are there", whole) == {"basket"} | {f"step-{number}" for number in range(120)}


def test_a_failure_is_a_fault_with_its_exception(application, boto):
    root, parent, answer = request(application, "/broken")
    assert answer.status_code == 500
    found = segment(boto, root, parent)
    assert found["fault"] is True
    assert found["cause"]["exceptions"][0]["type"] == "KeyError"


def test_too_many_requests_are_a_throttle(application, boto):
    root, parent, _ = request(application, "/busy")
    found = segment(boto, root, parent)
    assert found["throttle"] is True and found["error"] is True and not found.get("fault")
