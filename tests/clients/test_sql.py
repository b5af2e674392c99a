"""`fluoro sql` says of traces, hot and at rest, what the X-Ray API says; it reads and never writes; its limits hold."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest
import requests

import fluoro
from tools import Boto, new_root, new_span, put_segments, segment

TRACES = 60


def run(server, *arguments, **options) -> subprocess.CompletedProcess:
    command = [str(fluoro.binary()), "--endpoint", server.endpoint, "sql", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def ask(server, statement: str) -> list[dict]:
    done = run(server, statement, "--format", "json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def refused(server, statement: str, *arguments) -> str:
    done = run(server, statement, *arguments)
    assert done.returncode == 1, done.stdout
    return done.stderr


def documents_of(at: int) -> list[dict]:
    """A request to `shop`, which calls `cart-api` and a table; every third one fails, every fifth is not done yet."""
    root, call, start = new_root(), new_span(), round(time.time() - 30 + at / 10, 6)
    end = {"in_progress": True} if at % 5 == 4 else {"end_time": round(start + at / 100 + 0.01, 6)}
    front = {
        "trace_id": root, "id": new_span(), "name": "shop", "start_time": start, **end, "user": f"zoë-{at % 4}",
        "fault": at % 3 == 0, "annotations": {"tier": "gold" if at % 2 else "tin", "items": at, "express": at % 7 == 0},
        "http": {
            "request": {"method": "GET", "url": f"https://shop.test/{at},\"{at}\""},
            "response": {"status": 500 if at % 3 == 0 else 200},
        },
        "subsegments": [
            {"id": call, "name": "cart-api", "namespace": "remote", "start_time": start, "end_time": start + 0.005},
            {
                "id": new_span(), "name": "DynamoDB", "namespace": "aws", "start_time": start, "end_time": start + 0.004,
                "aws": {"operation": "GetItem", "table_name": "carts"}, "metadata": {"default": {"at": [at, None]}},
            },
        ],
    }
    cart = {
        "trace_id": root, "id": new_span(), "parent_id": call, "name": "cart-api", "start_time": start, "end_time": start + 0.005,
        "origin": "AWS::ECS::Container",
    }
    return [front, cart]


@pytest.fixture(scope="module")
def shop():
    """A server with traces, of which a third is at rest, a third is hot, and a third is both."""
    with fluoro.running() as server:
        both = [documents_of(at) for at in range(TRACES)]
        put_segments(server.endpoint, *[document for pair in both[:20] for document in pair])
        put_segments(server.endpoint, *[front for front, _ in both[20:40]])
        requests.post(f"{server.endpoint}/_fluoro/settle", timeout=60).raise_for_status()
        put_segments(server.endpoint, *[cart for _, cart in both[20:40]])
        put_segments(server.endpoint, *[document for pair in both[40:] for document in pair])
        yield server


def summaries(server) -> dict[str, dict]:
    now = time.time()
    pages = Boto(server.endpoint).client("xray").get_paginator("get_trace_summaries")
    found = pages.paginate(StartTime=now - 3600, EndTime=now + 60)
    return {one["Id"]: one for page in found for one in page["TraceSummaries"]}


def moment(text: str) -> float:
    """Of RFC 3339; the fraction may have any number of digits."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    seconds = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
    return seconds + float(f"0.{fraction or 0}")


def test_traces_are_what_get_trace_summaries_says(shop):
    rows = {row["trace_id"]: row for row in ask(shop, "select * from traces")}
    told = summaries(shop)
    assert len(told) == TRACES and rows.keys() == told.keys()
    for trace, summary in told.items():
        row = rows[trace]
        for column, member in {"duration": "Duration", "response_time": "ResponseTime"}.items():
            value = summary.get(member)
            assert row[column] == (None if value is None else pytest.approx(value, abs=0.001)), member
        assert (row["fault"], row["error"], row["throttle"]) == (summary["HasFault"], summary["HasError"], summary["HasThrottle"])
        assert row["partial"] == summary.get("IsPartial", False)
        http = summary["Http"]
        assert (row["http_url"], row["http_method"], row["http_status"]) == (http["HttpURL"], http["HttpMethod"], http["HttpStatus"])
        assert row["users"] == [user["UserName"] for user in summary["Users"]]
        assert row["name"] == summary["EntryPoint"]["Name"] == "shop"
        services = {one["Name"] for one in summary["ServiceIds"] if one.get("Type") != "client"}
        assert set(row["services"]) == services
        annotations = {
            key: [str(value) for one in values for value in one["AnnotationValue"].values()] for key, values in summary["Annotations"].items()
        }
        assert row["annotations"]["tier"] == annotations["tier"]
        assert [float(value) for value in row["annotations"]["items"]] == [float(value) for value in annotations["items"]]
        assert row["annotations"]["express"] == [value.lower() for value in annotations["express"]]
        assert row["documents"] == 2


def test_segments_and_spans_are_what_batch_get_traces_says(shop):
    segments = ask(shop, "select * from segments")
    spans = ask(shop, "select * from spans")
    xray, told, entities = Boto(shop.endpoint).client("xray"), {}, {}

    def walk(trace: str, segment: dict, entity: dict, depth: int) -> None:
        entities[trace, entity["id"]] = (segment["id"], entity, depth)
        for part in entity.get("subsegments", []):
            walk(trace, segment, part, depth + 1)

    ids = list(summaries(shop))
    for five in range(0, len(ids), 5):
        for trace in xray.batch_get_traces(TraceIds=ids[five : five + 5])["Traces"]:
            for one in trace["Segments"]:
                document = json.loads(one["Document"])
                if not document.get("inferred"):
                    told[trace["Id"], one["Id"]] = document
                    # The callee's parent is a subsegment of the root.
                    walk(trace["Id"], document, document, 2 if document.get("parent_id") else 0)
    assert {(row["trace_id"], row["id"]): json.loads(row["document"]) for row in segments} == told
    assert len(segments) == 2 * TRACES
    assert {(row["trace_id"], row["id"]) for row in spans} == entities.keys()
    assert len(spans) == len(entities) == 4 * TRACES
    for row in spans:
        segment_id, entity, depth = entities[row["trace_id"], row["id"]]
        assert (row["segment_id"], row["depth"], row["name"]) == (segment_id, depth, entity["name"])
        assert moment(row["start_time"]) == pytest.approx(entity["start_time"], abs=2e-6)
        assert row["in_progress"] == ("end_time" not in entity)
        if not row["in_progress"]:
            assert row["duration"] == entity["end_time"] - entity["start_time"]
        assert row["namespace"] == entity.get("namespace")
        assert row["operation"] == entity.get("aws", {}).get("operation")
        assert (row["metadata"] and json.loads(row["metadata"])) == entity.get("metadata")


def test_edges_are_what_the_service_graph_counts(shop):
    now = time.time()
    services = Boto(shop.endpoint).client("xray").get_service_graph(StartTime=now - 3600, EndTime=now + 60)["Services"]
    names = {service["ReferenceId"]: (service["Name"], service.get("Type")) for service in services}
    told = {
        (*names[service["ReferenceId"]], *names[edge["ReferenceId"]]): edge["SummaryStatistics"]["TotalCount"]
        for service in services
        for edge in service.get("Edges", [])
    }
    rows = ask(
        shop,
        "select caller, caller_type, callee, callee_type, count(*) as n from edges where end_time is not null group by all",
    )
    assert {(row["caller"], row["caller_type"], row["callee"], row["callee_type"]): row["n"] for row in rows} == told
    assert len(told) >= 3


def test_questions_of_the_documentation_are_answered(shop):
    page = (fluoro.ROOT / "docs/sql.md").read_text()
    statement = page.split('fluoro sql "', 1)[1].split('"\n', 1)[0]
    [row] = ask(shop, statement)
    assert row["name"] == "shop" and row["count(*)"] == TRACES / 3
    tier = "select count(*) as n from segments where annotations['tier'] = 'gold'"
    assert ask(shop, tier) == [{"n": TRACES / 2}]
    tier = "select count(*) as n from traces where array_has(annotations['tier'], 'gold') and start_time > now() - interval '1 hour'"
    assert ask(shop, tier) == [{"n": TRACES / 2}]
    old = "select count(*) as n from traces where start_time < now() - interval '1 hour'"
    assert ask(shop, old) == [{"n": 0}]


def test_results_come_in_every_form(shop, tmp_path: Path):
    statement = "select trace_id, http_url, annotations, start_time, duration from traces order by trace_id"
    rows = ask(shop, statement)
    done = run(shop, statement, "--format", "csv")
    table = list(csv.reader(io.StringIO(done.stdout, newline="")))
    assert table[0] == list(rows[0])
    assert [[line[0], line[1], json.loads(line[2])] for line in table[1:]] == [list(row.values())[:3] for row in rows]
    path = tmp_path / "traces.parquet"
    assert run(shop, statement, "-o", path).returncode == 0
    assert pyarrow.parquet.read_table(path).column("trace_id").to_pylist() == [row["trace_id"] for row in rows]
    assert duckdb.sql(f"select http_url from '{path}' order by trace_id").fetchall() == [(row["http_url"],) for row in rows]
    assert "is there already" in refused(shop, statement, "-o", path)
    assert run(shop, statement, "-o", path, "--force").returncode == 0
    done = run(shop, "select name, count(*) as n from traces group by name")
    assert done.stdout == f"name   n\nshop  {TRACES}\n"
    done = run(shop, "-", "--format", "csv", input="select 1 as one,\n 'a\"b' as text")
    assert done.stdout == 'one,text\n1,"a""b"\n'
    done = run(shop, "explain select name from traces limit 3")
    assert "ScanExec: view=traces, columns=[name], limit=3" in done.stdout, done.stdout
    answer = requests.post(f"{shop.endpoint}/_fluoro/sql", data=statement, timeout=60)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [column["name"] for column in lines[0]["columns"]] == list(rows[0])
    assert lines[1:] == [list(row.values()) for row in rows]


def test_what_is_acknowledged_is_seen(shop):
    for _ in range(5):
        one = segment()
        put_segments(shop.endpoint, one)
        assert ask(shop, f"select name from traces where trace_id = '{one['trace_id']}'") == [{"name": "lone"}]
        assert ask(shop, f"select id from spans where trace_id = '{one['trace_id']}'") == [{"id": one["id"]}]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into traces select * from traces",
        "delete from traces",
        "drop table traces",
        "create external table x stored as csv location '/etc/passwd'",
        "copy traces to '/tmp/traces.csv'",
        "set datafusion.execution.batch_size = 1",
    ],
)
def test_nothing_is_written(shop, statement: str):
    assert "only SELECT, EXPLAIN, SHOW and DESCRIBE are possible" in refused(shop, statement)


def test_mistakes_are_told(shop):
    assert "nme" in refused(shop, "select nme from traces")
    assert "not found" in refused(shop, "select * from '/etc/passwd'")
    assert "expected one statement, found 2" in refused(shop, "select 1; select 2")
    for query, code in {"format=xml": "BadFormat", "timeout=soon": "BadTime", "timeout=0s": "BadTime"}.items():
        answer = requests.post(f"{shop.endpoint}/_fluoro/sql?{query}", data="select 1", timeout=60)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert requests.get(f"{shop.endpoint}/_fluoro/sql", timeout=60).status_code == 405
    page = requests.post(f"{shop.endpoint}/_fluoro/sql", data="select 1", headers={"origin": "https://elsewhere.test"}, timeout=60)
    assert page.status_code == 403


LONG = "select * from generate_series(1, 1000000000000)"


def test_limits_hold(tmp_path: Path):
    variables = {"FLUORO_SQL_MEMORY": "1MB", "FLUORO_SQL_TIMEOUT": "20s"}
    with fluoro.running(variables=variables) as server:
        put_segments(server.endpoint, *[segment() for _ in range(50)])
        large = "select count(distinct a.trace_id || b.trace_id || c.trace_id) from traces a, traces b, traces c"
        assert "needs more than 1 MB of memory, the setting sql.memory" in refused(server, large)
        assert "took longer than 0.05 s" in refused(server, f"select count(*) from ({LONG})", "--timeout", "50ms")
        url = f"{server.endpoint}/_fluoro/sql"

        def in_turn(statement: str) -> requests.Response:
            deadline = time.monotonic() + 30
            while (answer := requests.post(url, data=statement, stream=True, timeout=60)).status_code == 429:
                assert answer.json()["error"]["code"] == "TooManyStatements"
                assert time.monotonic() < deadline
            return answer

        slow = [in_turn(LONG) for _ in range(2)]
        assert [answer.status_code for answer in slow] == [200, 200]
        assert "2 statements are being answered" in refused(server, "select 1")
        # Traces come and are found all the same.
        one = segment()
        put_segments(server.endpoint, one)
        assert one["trace_id"] in summaries(server)
        # Who goes away makes room.
        slow[0].close()
        assert in_turn("select 1").status_code == 200
        slow[1].close()
