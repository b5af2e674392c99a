"""Sampling over port 2000, as the SDKs ask for it: unsigned HTTP."""

from __future__ import annotations

import json
import subprocess
import time

import requests

import fluoro
from tools import Boto, archive, child, finished, make_api, make_function, make_role, new_root, unique, until


def post(server, path: str, body, **headers) -> dict:
    answer = requests.post(f"http://{server.daemon}{path}", json=body, headers=headers, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def report(rule: str, client: str, requests_seen: int) -> dict:
    return {
        "RuleName": rule, "ClientID": client, "Timestamp": int(time.time()),
        "RequestCount": requests_seen, "SampledCount": 0, "BorrowCount": 0,
    }


def test_rules_are_told_as_every_sdk_needs_them(server, boto):
    name = unique("rule")[:32]
    rule = {
        "RuleName": name, "Priority": 5, "FixedRate": 0.5, "ReservoirSize": 3, "ServiceName": "*", "ServiceType": "*",
        "Host": "*", "HTTPMethod": "*", "URLPath": "/none", "ResourceARN": "*", "Version": 1,
    }
    boto.call("xray", "create_sampling_rule", SamplingRule=rule)
    try:
        for body in ({}, {"NextToken": None}):
            records = post(server, "/GetSamplingRules", body)["SamplingRuleRecords"]
            rules = {record["SamplingRule"]["RuleName"]: record["SamplingRule"] for record in records}
            assert rules[name]["Attributes"] == {} and rules[name]["Version"] == 1
            # Everybody sees the same Default rule, which `--sample all` has set to 1.
            assert rules["Default"]["FixedRate"] == 1.0 and rules["Default"]["Attributes"] == {}
        # An empty body and no content type at all, as one of OpenTelemetry's samplers sends it.
        answer = requests.post(f"http://{server.daemon}/GetSamplingRules", timeout=20)
        assert answer.status_code == 200 and answer.json()["SamplingRuleRecords"]

        client = "0123456789abcdef01234567"
        first = post(server, "/SamplingTargets", {"SamplingStatisticsDocuments": [report(name, client, 100)]})
        assert isinstance(first["LastRuleModification"], (int, float))

        def quota():
            answer = post(server, "/SamplingTargets", {"SamplingStatisticsDocuments": [report(name, client, 100)]})
            target = answer["SamplingTargetDocuments"][0]
            return target if target["ReservoirQuota"] is not None else None

        target = until("the client has a quota", quota, seconds=25)
        assert target["ReservoirQuota"] == 3 and target["FixedRate"] == 0.5 and target["Interval"] == 10
        assert target["ReservoirQuotaTTL"] > time.time()
    finally:
        boto.call("xray", "delete_sampling_rule", RuleName=name)


def proxied(server, boto) -> str:
    """A traced API that asks the server itself: its id."""
    api = boto.call("apigateway", "create_rest_api", name=unique("api"))["id"]
    root = boto.call("apigateway", "get_resources", restApiId=api)["items"][0]["id"]
    greedy = boto.call("apigateway", "create_resource", restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    where = {"restApiId": api, "resourceId": greedy, "httpMethod": "GET"}
    boto.call("apigateway", "put_method", **where, authorizationType="NONE")
    backend = f"{server.endpoint}/_fluoro/health"
    boto.call("apigateway", "put_integration", **where, type="HTTP_PROXY", integrationHttpMethod="GET", uri=backend)
    boto.call("apigateway", "create_deployment", restApiId=api, stageName="dev", tracingEnabled=True)
    return api


def own(server, path: str, status: int = 200, **asked) -> dict:
    answer = requests.request("POST" if asked else "GET", f"{server.endpoint}/_fluoro/{path}", timeout=20, **asked)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_custom_rule_wins_over_sample_all(server, boto):
    name = unique("never")[:32]
    rule = {
        "RuleName": name, "Priority": 1, "FixedRate": 0.0, "ReservoirSize": 0, "ServiceName": "*", "ServiceType": "*",
        "Host": "*", "HTTPMethod": "*", "URLPath": f"*{name}*", "ResourceARN": "*", "Version": 1,
    }
    api = proxied(server, boto)
    boto.call("xray", "create_sampling_rule", SamplingRule=rule)
    try:
        base = f"{server.endpoint}/_aws/execute-api/{api}/dev"
        before = int(time.time()) - 5
        for _ in range(3):
            assert requests.get(f"{base}/{name}", timeout=20).status_code == 200
        assert requests.get(f"{base}/kept-{name[:4]}", timeout=20).status_code == 200

        def urls():
            answer = boto.call("xray", "get_trace_summaries", StartTime=before, EndTime=int(time.time()) + 5)
            found = [one["Http"].get("HttpURL") or "" for one in answer["TraceSummaries"]]
            return [url for url in found if url.endswith(f"/kept-{name[:4]}")] and found

        assert not [url for url in until("the kept one is found", urls) if url.endswith(f"/{name}")]
    finally:
        boto.call("xray", "delete_sampling_rule", RuleName=name)


def test_each_decision_can_be_asked_for_and_a_rule_be_tried_before_it_is_made(server, boto):
    name = unique("tried")[:32]
    api = proxied(server, boto)
    base = f"{server.endpoint}/_aws/execute-api/{api}/dev/{name}"
    told = requests.get(base, headers={"x-canary": "blue", "authorization": "Bearer secret"}, timeout=20)
    roots = [f"1-{int(time.time()):08x}-{number:024x}" for number in (1, 2)]
    for root in roots:
        requests.get(base, headers={"X-Amzn-Trace-Id": f"Root={root};Sampled=0"}, timeout=20)

    by_request = own(server, f"sampling/why?id={told.headers['x-amzn-requestid']}")["requests"]
    assert len(by_request) == 1 and by_request[0]["sampled"] is True and by_request[0]["rule"] == "Default"
    assert by_request[0]["status"] == 200 and by_request[0]["url_path"] == f"/dev/{name}"
    assert ["x-canary", "blue"] in by_request[0]["headers"] and ["authorization", "(withheld)"] in by_request[0]["headers"]
    by_trace = own(server, f"sampling/why?id={roots[1]}")["requests"]
    assert [(one["sampled"], one["by"], one["rule"]) for one in by_trace] == [(False, "header", None)]
    assert by_trace[0]["reason"] == "the caller's trace header said Sampled=0"
    own(server, f"sampling/why?id={unique('none')}", status=404)
    own(server, "sampling/why?limit=none", status=400)
    unsampled = own(server, "sampling/why?sampled=false&limit=1")["requests"]
    assert len(unsampled) == 1 and unsampled[0]["sampled"] is False

    rule = {
        "RuleName": name, "Priority": 1, "FixedRate": 0.0, "ReservoirSize": 0, "ServiceName": "*", "ServiceType": "*",
        "Host": "*", "HTTPMethod": "*", "URLPath": f"*{name}", "ResourceARN": "*", "Version": 1,
        "Attributes": {"x-canary": "b*"},
    }
    preview = own(server, "sampling/preview", json={"SamplingRule": rule})
    assert (preview["rule"], preview["matched"], preview["kept"], preview["kept_before"]) == (name, 1, 0, 1)
    assert preview["taken_from"] == {"Default": 1} and preview["not_asked"] >= 2
    own(server, "sampling/preview", status=400, json={"SamplingRule": rule | {"FixedRate": 2}})
    names = [one["SamplingRule"]["RuleName"] for one in boto.call("xray", "get_sampling_rules")["SamplingRuleRecords"]]
    assert name not in names


def test_everything_is_counted_whether_sampled_or_not(server, boto):
    api = proxied(server, boto)
    base = f"{server.endpoint}/_aws/execute-api/{api}/dev"
    for _ in range(3):
        requests.get(f"{base}/x", headers={"X-Amzn-Trace-Id": "Sampled=0;Root=1-67891233-abcdef012345678912345678"}, timeout=20)
    requests.post(f"{base}/x", timeout=20)
    series = own(server, f"statistics?since=5m&api={api}")["series"]
    counts = {(one["method"], one["resource"]): (one["requests"], one["errors"], one["faults"]) for one in series}
    assert counts == {("GET", "/{proxy+}"): (3, 0, 0), (None, None): (1, 1, 0)}
    assert all(sum(minute["requests"] for minute in one["minutes"]) == one["requests"] for one in series)
    metrics = requests.get(f"{server.endpoint}/_fluoro/metrics", timeout=20)
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    line = [line for line in metrics.text.splitlines() if line.startswith("gateway_requests_total{") and f'api_id="{api}"' in line]
    assert sorted(float(one.rsplit(" ", 1)[1]) for one in line) == [1, 3]


def verb(server, *arguments: str) -> str:
    command = [str(fluoro.binary()), "--endpoint", server.endpoint, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_the_command_line_puts_boost_and_tags_and_asks_why(server, boto):
    name = unique("cli")[:32]
    api = proxied(server, boto)
    put = ["sampling", "put", name, "--path", f"*{name}", "--priority", "3", "--attribute", "x-canary=blue"]
    verb(server, *put, "--boost", "0.9", "--boost-cooldown", "2", "--tag", "team=blue")
    try:
        # A change keeps the boost and adds the tag.
        verb(server, "sampling", "put", name, "--rate", "0.5", "--tag", "stage=dev")
        listed = json.loads(verb(server, "--json", "sampling", "list"))["SamplingRuleRecords"]
        record = next(one for one in listed if one["SamplingRule"]["RuleName"] == name)
        assert record["SamplingRule"]["SamplingRateBoost"] == {"MaxRate": 0.9, "CooldownWindowMinutes": 2}
        assert record["SamplingRule"]["FixedRate"] == 0.5 and record["SamplingRule"]["Attributes"] == {"x-canary": "blue"}
        assert {tag["Key"]: tag["Value"] for tag in record["Tags"]} == {"team": "blue", "stage": "dev"}
        assert "boost up to 90.0%" in verb(server, "sampling", "list")

        told = requests.get(f"{server.endpoint}/_aws/execute-api/{api}/dev/{name}", timeout=20)
        why = verb(server, "sampling", "why", told.headers["x-amzn-requestid"])
        assert "sampled: yes, because rule Default is the first that fits" in why
        assert f"passed over {name} (priority 3): attribute x-canary is not there" in why
        preview = verb(server, "sampling", "preview", name, "--path", f"*{name}", "--rate", "1")
        assert f"0 would come to {name}" in preview
        assert "GET /{proxy+}" in verb(server, "stats", "--api", api)
        verb(server, "sampling", "put", name, "--no-boost")
        assert "boost" not in next(line for line in verb(server, "sampling", "list").splitlines() if line.startswith(name))
    finally:
        verb(server, "sampling", "delete", name)


def test_a_fault_is_recorded_afterwards_as_one_trace_when_that_is_asked_for():
    code = "def handler(event, context):\n    if 'fails' in event['path']: raise ValueError('no')\n    return {'statusCode': 200}\n"
    with fluoro.running("--set", "sampling.keep_faults=true") as keeping:
        boto = Boto(keeping.endpoint)
        function = make_function(boto, make_role(boto), archive(app__py=code), TracingConfig={"Mode": "Active"})
        api, _ = make_api(boto, function)
        roots = {path: new_root() for path in ("works", "fails")}
        for path, root in roots.items():
            headers = {"X-Amzn-Trace-Id": f"Root={root};Sampled=0"}
            answer = requests.get(f"{keeping.endpoint}/_aws/execute-api/{api}/dev/{path}", headers=headers, timeout=30)
            assert answer.status_code == (200 if path == "works" else 502)

        def kept():
            found = own(keeping, f"traces/{roots['fails']}")
            return found["documents"] >= 3

        until("all three segments are there", kept)
        trace = finished(boto, roots["fails"])
        stage, service, inner = (trace.one(origin) for origin in ("AWS::ApiGateway::Stage", "AWS::Lambda", "AWS::Lambda::Function"))
        assert stage["metadata"]["fluoro"]["kept"] == service["metadata"]["fluoro"]["kept"] == "fault"
        assert service["parent_id"] == child(stage, "Lambda")["id"] and inner["parent_id"] == service["id"]
        assert inner["fault"] is True and inner["cause"]["exceptions"][0]["message"] == "no"
        assert own(keeping, f"traces/{roots['works']}")["found"] is False
        assert [one["kept"] for one in own(keeping, f"sampling/why?id={roots['fails']}")["requests"]] == ["fault"]
