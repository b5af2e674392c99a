"""One traced request from the first management call to the service graph, through boto3 and through the AWS CLI."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
import requests

from tools import (
    archive, child, fetch, fields, finished, make_api, make_function, make_role, new_root, new_span, unique, until, walk,
)

STAGE, SERVICE, FUNCTION, TABLE = "AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function", "AWS::DynamoDB::Table"
SITE_PACKAGES = str(Path(pytest.__file__).resolve().parent.parent)

# What the request's last path part names; a table is written through the X-Ray SDK.
SOURCE = """
import json, os, time
import boto3
from aws_xray_sdk.core import patch, xray_recorder

patch(("boto3",))
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])

class BasketError(Exception):
    pass

def handler(event, context):
    what = (event.get("path") or event.get("do") or "").rsplit("/", 1)[-1]
    if what == "save":
        with xray_recorder.in_subsegment("## save") as part:
            part.put_annotation("customer", "ada")
            part.put_metadata("basket", {"items": [1, 2]})
            table.put_item(Item={"id": "1", "customer": "ada"})
    if what == "missing":
        return {"statusCode": 404, "body": "{}"}
    if what == "raise":
        raise BasketError("the basket is empty")
    if what == "malformed":
        return "not a response"
    if what == "sleep":
        time.sleep(30)
    return {"statusCode": 200, "body": json.dumps({"did": what})}
"""


class Deployed:
    """Step 1: role, function, API, all through the tool under test."""

    def __init__(self, tool):
        self.tool = tool
        self.table = unique("orders")
        tool.call(
            "dynamodb", "create_table", TableName=self.table, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        self.role = make_role(
            tool, "AWSXRayDaemonWriteAccess", "service-role/AWSLambdaBasicExecutionRole", "AmazonDynamoDBFullAccess"
        )
        environment = {"Variables": {"TABLE": self.table, "PYTHONPATH": SITE_PACKAGES}}
        self.function = make_function(
            tool, self.role, archive(app__py=SOURCE), TracingConfig={"Mode": "Active"}, Environment=environment, Timeout=4
        )
        self.name = self.function["FunctionName"]
        self.api, self.api_name = make_api(tool, self.function)

    def get(self, path: str, headers: dict[str, str] | None = None) -> requests.Response:
        url = f"{self.tool.endpoint}/_aws/execute-api/{self.api}/dev{path}"
        return requests.get(url, headers=headers or {}, timeout=60)


@pytest.fixture(scope="module")
def deployed(tool) -> Deployed:
    return Deployed(tool)


def test_a_request_comes_back_sampled_and_as_one_finished_trace(deployed):
    answer = deployed.get("/shop/save")
    assert answer.status_code == 200, answer.text
    header = fields(answer.headers["X-Amzn-Trace-Id"])
    assert header["Sampled"] == "1"

    trace = finished(deployed.tool, header["Root"], STAGE, SERVICE, FUNCTION, TABLE)
    stage, service, function = trace.one(STAGE), trace.one(SERVICE), trace.one(FUNCTION)
    call = child(stage, "Lambda")
    assert stage["name"] == f"{deployed.api_name}/dev" and "parent_id" not in stage
    assert service["parent_id"] == call["id"]
    assert function["parent_id"] == service["id"]
    child(function, "Initialization")
    saved = child(function, "## save")
    assert saved["annotations"] == {"customer": "ada"}
    assert saved["metadata"]["default"]["basket"] == {"items": [1, 2]}
    put = child(saved, "dynamodb")
    assert put["aws"]["table_name"] == deployed.table and put["aws"]["operation"] == "PutItem"
    table = trace.one(TABLE)
    assert table["parent_id"] == put["id"] and table["inferred"] is True
    assert not any({"type", "trace_id"} & part.keys() for one in trace.documents for part in walk(one) if part is not one)

    again = deployed.get("/shop/save")
    warm = finished(deployed.tool, fields(again.headers["X-Amzn-Trace-Id"])["Root"]).one(FUNCTION)
    assert "Initialization" not in [part["name"] for part in walk(warm)]


def test_the_service_graph_counts_what_went_wrong(deployed):
    began = int(time.time())
    outcomes = {path: deployed.get(path).status_code for path in ("/missing", "/malformed", "/raise", "/sleep")}
    # The function's time-out ends before the gateway's: 502, as for every failed function.
    assert outcomes == {"/missing": 404, "/malformed": 502, "/raise": 502, "/sleep": 502}

    def graph() -> dict | None:
        answer = deployed.tool.call("xray", "get_service_graph", StartTime=began - 600, EndTime=int(time.time()) + 5)
        nodes = {(one["Name"], one.get("Type")): one for one in answer["Services"]}

        def faults(name: str, kind: str) -> int:
            node = nodes.get((name, kind))
            return node["SummaryStatistics"]["FaultStatistics"]["TotalCount"] if node else 0

        # Of the function's, the exception and the time-out; its segment comes after the stage's.
        counted = faults(f"{deployed.api_name}/dev", STAGE) == 3 and faults(deployed.name, FUNCTION) == 2
        return nodes if counted else None

    nodes = until("the graph has counted the three faults", graph)
    client, stage = nodes[(f"{deployed.api_name}/dev", "client")], nodes[(f"{deployed.api_name}/dev", STAGE)]
    service, function = nodes[(deployed.name, SERVICE)], nodes[(deployed.name, FUNCTION)]
    table = nodes[(deployed.table, TABLE)]
    for source, destination in ((client, stage), (stage, service), (service, function), (function, table)):
        edges = [edge["ReferenceId"] for edge in source["Edges"]]
        assert destination["ReferenceId"] in edges, f"{source['Name']} -> {destination['Name']}"
    statistics = stage["SummaryStatistics"]
    assert statistics["ErrorStatistics"]["OtherCount"] == 1
    assert statistics["TotalCount"] == statistics["OkCount"] + 1 + 3
    assert statistics["TotalResponseTime"] > 4


def test_what_the_caller_decided_holds(deployed):
    root, parent = new_root(), new_span()
    answer = deployed.get("/x", {"X-Amzn-Trace-Id": f"Root={root};Parent={parent};Sampled=0"})
    assert fields(answer.headers["X-Amzn-Trace-Id"])["Sampled"] == "0"
    root, parent = new_root(), new_span()
    answer = deployed.get("/x", {"X-Amzn-Trace-Id": f"Root={root};Parent={parent};Sampled=1"})
    assert fields(answer.headers["X-Amzn-Trace-Id"])["Root"] == root
    # Its parent is somebody who never reported: readable, and not complete for that reason alone.
    until("the stage's segment is there", lambda: fetch(deployed.tool, root).of(STAGE))
    assert fetch(deployed.tool, root).one(STAGE)["parent_id"] == parent


def test_an_unsampled_request_leaves_nothing(deployed):
    unsampled, sampled = new_root(), new_root()
    deployed.get("/x", {"X-Amzn-Trace-Id": f"Root={unsampled};Parent={new_span()};Sampled=0"})
    deployed.get("/x", {"X-Amzn-Trace-Id": f"Root={sampled};Sampled=1"})
    finished(deployed.tool, sampled, FUNCTION)  # what came later is all there
    assert fetch(deployed.tool, unsampled).documents == []


def test_an_exception_has_its_cause_in_the_functions_segment(deployed):
    answer = deployed.get("/raise")
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})
    root = new_root()
    deployed.get("/raise", {"X-Amzn-Trace-Id": f"Root={root};Sampled=1"})
    trace = finished(deployed.tool, root, STAGE, SERVICE, FUNCTION)
    assert trace.one(STAGE)["fault"] is True
    assert not trace.one(SERVICE).get("fault")
    causes = [part["cause"] for part in walk(trace.one(FUNCTION)) if isinstance(part.get("cause"), dict)]
    exception = causes[0]["exceptions"][0]
    assert (exception["type"], exception["message"]) == ("BasketError", "the basket is empty")


def test_a_timeout_ends_the_functions_segment_at_its_limit(deployed):
    root = new_root()
    deployed.get("/sleep", {"X-Amzn-Trace-Id": f"Root={root};Sampled=1"})
    function = finished(deployed.tool, root, FUNCTION).one(FUNCTION)
    assert function["fault"] is True
    # The handler would take 30 s.
    assert 3.9 < function["end_time"] - function["start_time"] < 20


def test_an_event_invocation_shows_its_queue_time_and_attempt(deployed):
    root = new_root()
    if deployed.tool.name == "boto3":
        client = deployed.tool.client("lambda")
        client.meta.events.register_first(
            "before-sign.lambda.Invoke", lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", f"Root={root};Sampled=1"),
            unique_id="trace",
        )
    answer = deployed.tool.call(
        "lambda", "invoke", FunctionName=deployed.name, InvocationType="Event", Payload=json.dumps({"do": "later"}).encode()
    )
    assert answer["StatusCode"] == 202
    if deployed.tool.name != "boto3":
        return  # the command line cannot send a trace header
    client.meta.events.unregister("before-sign.lambda.Invoke", unique_id="trace")
    trace = finished(deployed.tool, root, SERVICE, FUNCTION)
    service = trace.one(SERVICE)
    assert service["http"]["response"]["status"] == 202
    child(service, "Dwell Time")
    assert trace.one(FUNCTION)["parent_id"] == child(service, "Attempt #1")["id"]


def test_a_passthrough_function_is_an_inferred_node(deployed):
    tool = deployed.tool
    function = make_function(tool, deployed.role, archive(app__py="def handler(e, c): return {'statusCode': 200}"))
    api, _ = make_api(tool, function)
    root = new_root()
    answer = requests.get(
        f"{tool.endpoint}/_aws/execute-api/{api}/dev/x", headers={"X-Amzn-Trace-Id": f"Root={root};Sampled=1"}, timeout=60
    )
    assert answer.status_code == 200
    trace = finished(tool, root, STAGE, SERVICE)
    assert trace.one(SERVICE)["inferred"] is True
    assert not trace.of(FUNCTION)


def test_summaries_find_the_request(deployed):
    root = new_root()
    deployed.get("/shop/save", {"X-Amzn-Trace-Id": f"Root={root};Sampled=1"})
    finished(deployed.tool, root)
    now = int(time.time())
    members = {"StartTime": now - 300, "EndTime": now + 60}
    if deployed.tool.name == "boto3":
        pages = deployed.tool.client("xray").get_paginator("get_trace_summaries").paginate(**members)
        found = [one for page in pages for one in page["TraceSummaries"]]
    else:
        found = deployed.tool.call("xray", "get_trace_summaries", **members)["TraceSummaries"]
    summary = next(one for one in found if one["Id"] == root)
    assert summary["Http"]["HttpStatus"] == 200 and summary["Http"]["HttpURL"].endswith("/shop/save")
    assert summary["EntryPoint"]["Type"] == STAGE
    assert "customer" in summary["Annotations"]
    assert sys.float_info.max > summary["Duration"] >= summary["ResponseTime"] > 0
