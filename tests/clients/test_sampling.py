"""Sampling over port 2000, as the SDKs ask for it: unsigned HTTP."""

from __future__ import annotations

import time

import requests

from tools import unique, until


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


def test_a_custom_rule_wins_over_sample_all(server, boto):
    name = unique("never")[:32]
    rule = {
        "RuleName": name, "Priority": 1, "FixedRate": 0.0, "ReservoirSize": 0, "ServiceName": "*", "ServiceType": "*",
        "Host": "*", "HTTPMethod": "*", "URLPath": f"*{name}*", "ResourceARN": "*", "Version": 1,
    }
    api = boto.call("apigateway", "create_rest_api", name=unique("api"))["id"]
    root = boto.call("apigateway", "get_resources", restApiId=api)["items"][0]["id"]
    greedy = boto.call("apigateway", "create_resource", restApiId=api, parentId=root, pathPart="{proxy+}")["id"]
    where = {"restApiId": api, "resourceId": greedy, "httpMethod": "GET"}
    boto.call("apigateway", "put_method", **where, authorizationType="NONE")
    backend = f"{server.endpoint}/_fluoro/health"
    boto.call("apigateway", "put_integration", **where, type="HTTP_PROXY", integrationHttpMethod="GET", uri=backend)
    boto.call("apigateway", "create_deployment", restApiId=api, stageName="dev", tracingEnabled=True)
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
