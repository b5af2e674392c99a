"""Traces at rest are Parquet files: DuckDB and pyarrow, unmodified, read of them what the X-Ray API tells. Damaged ones are missed."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import quantiles

import duckdb
import pyarrow.parquet
import pytest
import requests

import fluoro
from tools import Boto, new_root, new_span, put_segments, segment

TRACES = 240
# Of several rows of a trace the one of the highest revision counts.
LATEST = "(select * from '{}/*-traces.parquet' qualify row_number() over (partition by trace_id order by revision desc) = 1)"


@dataclass
class AtRest:
    blocks: Path
    documents: dict[str, dict]
    summaries: dict[str, dict]
    graph: list[dict]
    group: dict
    members: set[str]

    @property
    def segments(self) -> str:
        return f"'{self.blocks}/*-segments.parquet'"

    @property
    def traces(self) -> str:
        return LATEST.format(self.blocks)


def trace(chance: random.Random, began: float) -> list[dict]:
    """A request to `shop`, and in most traces its call of `cart-api`, which fails now and then."""
    root, call = new_root(), new_span()
    start = round(began - chance.uniform(60, 600), 6)
    duration = round(chance.uniform(0.001, 2), 6)
    status = chance.choice([200, 200, 200, 204, 404, 429, 500])
    front = {
        "name": "shop", "id": new_span(), "trace_id": root, "start_time": start, "end_time": round(start + duration, 6),
        "user": chance.choice(["ada", "grace", "zoë"]),
        "http": {
            "request": {"method": chance.choice(["GET", "POST"]), "url": f"https://shop.test/orders/{chance.randrange(5)}"},
            "response": {"status": status},
        },
        "annotations": {
            "tenant": chance.choice(["north", "south", "o'east"]), "items": chance.randrange(9), "express": chance.random() < 0.5,
        },
        "metadata": {"default": {"note": "x" * chance.randrange(200)}},
    }
    flags = {"error": 400 <= status < 500, "throttle": status == 429, "fault": status >= 500}
    front |= {flag: True for flag, is_so in flags.items() if is_so}
    if chance.random() < 0.2:
        return [front]
    front["subsegments"] = [{
        "name": "cart-api", "id": call, "namespace": "remote", "start_time": start, "end_time": front["end_time"],
        "annotations": {"weight": chance.randrange(100) / 4},
    }]
    cart = {
        "name": "cart-api", "id": new_span(), "trace_id": root, "parent_id": call, "start_time": start, "end_time": front["end_time"],
        "user": "cart",
    }
    return [front, cart | ({"fault": True} if chance.random() < 0.1 else {})]


def put(xray, documents: list[dict]) -> None:
    for start in range(0, len(documents), 50):
        some = [json.dumps(document) for document in documents[start : start + 50]]
        assert xray.put_trace_segments(TraceSegmentDocuments=some)["UnprocessedTraceSegments"] == []


def pages(call, member: str, **members) -> list[dict]:
    found, token = [], {}
    while True:
        answer = call(**members, **token)
        found += answer[member]
        if not answer.get("NextToken"):
            return found
        token = {"NextToken": answer["NextToken"]}


@pytest.fixture(scope="module")
def rest(tmp_path_factory) -> AtRest:
    """Traces sent by boto3, half of the calls after the first time that all came to rest; what the API tells of them then."""
    chance, began = random.Random(3), time.time()
    server = fluoro.Server(tmp_path_factory.mktemp("blocks") / "data")
    try:
        xray = Boto(server.endpoint).client("xray")
        group = xray.create_group(GroupName="north", FilterExpression='annotation.tenant = "north"')["Group"]
        traces = [trace(chance, began) for _ in range(TRACES)]
        late = [documents.pop() for documents in traces if len(documents) > 1 and chance.random() < 0.5]
        everything = [document for documents in traces for document in documents]
        assert len(late) > TRACES / 4
        for documents in (everything, late):
            put(xray, documents)
            assert requests.post(server.endpoint + "/_fluoro/settle", timeout=60).status_code == 200
        window = {"StartTime": began - 700, "EndTime": time.time() + 1}
        summaries = {one["Id"]: one for one in pages(xray.get_trace_summaries, "TraceSummaries", **window)}
        members = pages(xray.get_trace_summaries, "TraceSummaries", FilterExpression='group.name = "north"', **window)
        ids, documents = list(summaries), {}
        for start in range(0, len(ids), 5):
            for found in pages(xray.batch_get_traces, "Traces", TraceIds=ids[start : start + 5]):
                documents |= {one["Id"]: json.loads(one["Document"]) for one in found["Segments"]}
        graph = pages(xray.get_service_graph, "Services", **window)
    finally:
        server.stop()
    assert (len(summaries), len(documents)) == (TRACES, len(everything) + len(late))
    return AtRest(server.data / "blocks", documents, summaries, graph, group, {one["Id"] for one in members})


def hexadecimal(trace_id: str) -> str:
    """`1-67000001-0123…` as the 16 bytes are shown."""
    return trace_id.removeprefix("1-").replace("-", "").upper()


def micros(seconds: float) -> int:
    return round(seconds * 1e6)


def annotation(value: dict):
    """The one of the three that is not null."""
    (found,) = [one for one in (value["text"], value["number"], value["boolean"]) if one is not None]
    return found


def of_summary(summary: dict) -> dict[str, set]:
    values = defaultdict(set)
    for key, told in summary["Annotations"].items():
        values[key] |= {value for one in told for value in one["AnnotationValue"].values()}
    return dict(values)


def test_duckdb_tells_of_traces_what_summaries_do(rest: AtRest):
    rows = duckdb.sql(f"""
        select hex(trace_id), duration, response_time, fault, error, throttle, http_status, http_method, http_url, users,
               annotations, [(service.name, service.type) for service in services], groups, documents, epoch_us(start_time)
        from {rest.traces}
    """).fetchall()
    assert len(rows) == TRACES
    found = {row[0]: row[1:] for row in rows}
    for trace_id, summary in rest.summaries.items():
        (
            duration, response_time, fault, error, throttle, status, method, url, users, annotations, services, groups, documents, start,
        ) = found[hexadecimal(trace_id)]
        assert abs(duration - micros(summary["Duration"])) <= 1000, "summaries round to milliseconds"
        assert abs(response_time - micros(summary["ResponseTime"])) <= 1000
        assert (fault, error, throttle) == (summary["HasFault"], summary["HasError"], summary["HasThrottle"])
        http = summary["Http"]
        assert (status, method, url) == (http["HttpStatus"], http["HttpMethod"], http["HttpURL"])
        assert sorted(users) == sorted(user["UserName"] for user in summary["Users"])
        assert {key: {annotation(value)} for key, value in annotations.items()} == of_summary(summary)
        named = {(service["Name"], service.get("Type")) for service in summary["ServiceIds"]}
        assert set(services) == named
        assert (len(groups) > 0) == (trace_id in rest.members)
        mine = [document for document in rest.documents.values() if document["trace_id"] == trace_id]
        assert documents == len(mine)
        assert start == min(micros(document["start_time"]) for document in mine)
    assert 0 < len(rest.members) < TRACES


def test_duckdb_tells_of_services_what_the_graph_does(rest: AtRest):
    counted = duckdb.sql(f"""
        select name, count(*), count(*) filter (fault), count(*) filter (error), count(*) filter (throttle), sum(duration)
        from {rest.segments} group by name
    """).fetchall()
    told = {}
    for node in rest.graph:
        if node.get("Type") != "client":
            statistics = node["SummaryStatistics"]
            errors, faults = statistics["ErrorStatistics"], statistics["FaultStatistics"]
            told[node["Name"]] = (
                statistics["TotalCount"], faults["TotalCount"], errors["TotalCount"], errors["ThrottleCount"],
                pytest.approx(statistics["TotalResponseTime"] * 1e6, rel=1e-6),
            )
    assert {name: tuple(numbers) for name, *numbers in counted} == told
    assert set(told) == {"shop", "cart-api"}


def test_pyarrow_reads_each_document_s_columns(rest: AtRest):
    rows = [
        row
        for file in rest.blocks.glob("*-segments.parquet")
        for row in pyarrow.parquet.read_table(file).to_pylist()
    ]
    assert {row["id"].hex() for row in rows} == set(rest.documents)
    assert len(rows) == len(rest.documents)
    for row in rows:
        document = rest.documents[row["id"].hex()]
        http = document.get("http", {})
        assert row["trace_id"].hex().upper() == hexadecimal(document["trace_id"])
        assert (row["parent_id"] and row["parent_id"].hex()) == document.get("parent_id")
        assert (row["name"], row["user"], row["origin"]) == (document["name"], document.get("user"), document.get("origin"))
        start = datetime.fromtimestamp(0, timezone.utc)
        assert round((row["start_time"] - start).total_seconds() * 1e6) == micros(document["start_time"])
        assert abs(row["duration"] - micros(document["end_time"] - document["start_time"])) <= 1
        assert (row["http_method"], row["http_url"]) == (http.get("request", {}).get("method"), http.get("request", {}).get("url"))
        assert row["http_status"] == http.get("response", {}).get("status")
        assert all(row[flag] == document.get(flag, False) for flag in ("fault", "error", "throttle"))
        assert row["spans"] == 1 + len(document.get("subsegments", []))
        told = dict(document.get("annotations", {}))
        for call in document.get("subsegments", []):
            told |= call.get("annotations", {})
        assert {key: annotation(value) for key, value in row["annotations"]} == told


def test_pyarrow_tells_of_traces_and_their_groups(rest: AtRest):
    latest: dict[str, dict] = {}
    for file in sorted(rest.blocks.glob("*-traces.parquet")):
        for row in pyarrow.parquet.read_table(file).to_pylist():
            trace_id = row["trace_id"].hex().upper()
            if trace_id not in latest or latest[trace_id]["revision"] < row["revision"]:
                latest[trace_id] = row
    assert set(latest) == {hexadecimal(trace_id) for trace_id in rest.summaries}
    name, suffix = rest.group["GroupARN"].split("/")[-2:]
    for trace_id, summary in rest.summaries.items():
        row = latest[hexadecimal(trace_id)]
        assert row["complete"] and not row["partial"] and not row["inferred"]
        assert row["name"] == "shop" and row["http_status"] == summary["Http"]["HttpStatus"]
        groups = [member["group"] for member in row["groups"]]
        assert len(groups) == (trace_id in rest.members)
        assert all(group.split("/")[-2:] == [name, suffix] for group in groups), groups
        assert {service["name"] for service in row["services"] if service["type"] != "client"} <= {"shop", "cart-api"}


def test_the_queries_of_the_documentation_are_right(rest: AtRest):
    page = (fluoro.ROOT / "docs/format.md").read_text()
    by_name, slow_carts, latest = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)

    def ask(query: str) -> list[tuple]:
        return duckdb.sql(re.sub(r"'[^']*(segments|traces)\.parquet'", rf"'{rest.blocks}/*-\1.parquet'", query)).fetchall()

    lasted = defaultdict(list)
    for document in rest.documents.values():
        lasted[document["name"]].append(document["end_time"] - document["start_time"])
    expected = {name: (len(all), quantiles(all, n=20, method="inclusive")[-1] * 1000) for name, all in lasted.items()}
    assert {name: (count, pytest.approx(p95, abs=0.01)) for name, count, p95 in ask(by_name)} == expected

    carts = {one["trace_id"]: one for one in rest.documents.values() if one["name"] == "cart-api"}
    slow = sorted(
        (round(rest.summaries[trace]["Duration"] * 1000) for trace in carts if rest.summaries[trace]["Duration"] > 0.5), reverse=True
    )
    found = ask(slow_carts)
    assert len(found) == 20 and all(name == "shop" for _, name, _ in found)
    assert [round(ms) for *_, ms in found] == pytest.approx(slow[:20], abs=1)
    known = {hexadecimal(trace): summary["Duration"] for trace, summary in rest.summaries.items() if trace in carts}
    assert all(known[trace] * 1000 == pytest.approx(ms, abs=1) for trace, _, ms in found)

    statuses = Counter(summary["Http"]["HttpStatus"] for summary in rest.summaries.values())
    assert dict(ask(latest)) == dict(statuses)


@pytest.mark.parametrize("part", ["segments.parquet", "traces.parquet", "segments.parquet.sums", "traces.parquet.sums"])
def test_a_damaged_block_is_told_once_and_counted(tmp_path: Path, part: str):
    server = fluoro.Server(tmp_path / "data")
    lost, kept = new_root(), new_root()
    put_segments(server.endpoint, segment(trace_id=lost), segment(trace_id=lost))
    assert requests.post(server.endpoint + "/_fluoro/settle", timeout=60).status_code == 200
    server.stop()
    (file,) = (tmp_path / "data/blocks").glob(f"*-{part}")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    server = fluoro.Server(tmp_path / "data")
    try:
        xray = Boto(server.endpoint).client("xray")
        put_segments(server.endpoint, segment(trace_id=kept))
        for _ in range(2):
            now = time.time()
            found = xray.get_trace_summaries(StartTime=now - 600, EndTime=now + 5)["TraceSummaries"]
            assert [one["Id"] for one in found] == [kept]
            assert [one["Id"] for one in xray.batch_get_traces(TraceIds=[lost, kept])["Traces"]] == [kept]
            assert requests.post(server.endpoint + "/_fluoro/settle", timeout=60).status_code == 200
        lines = requests.get(server.endpoint + "/_fluoro/doctor", timeout=10).json()["lines"]
        assert [line["count"] for line in lines if line["cause"] == "store failed"] == [2]
    finally:
        server.stop()
    assert server.log.read_text().count("a block is damaged: its traces are missing") == 1
