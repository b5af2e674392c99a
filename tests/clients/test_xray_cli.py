"""The AWS CLI, a process of its own, with the operations of X-Ray that people type."""

from __future__ import annotations

import json
import time

import pytest
from tools import CommandLine, segment, unique


@pytest.fixture(scope="module")
def aws(server):
    def aws(operation: str, **members) -> dict:
        return CommandLine(server.endpoint).call("xray", operation, **members)

    return aws


def test_from_a_segment_to_the_map(aws):
    name = unique("cli")
    failed = segment(name=name, fault=True, http={"response": {"status": 500}}, annotations={"run": name})
    fine = segment(name=name, annotations={"run": name})
    put = aws("put_trace_segments", TraceSegmentDocuments=[json.dumps(failed), json.dumps(fine)])
    assert put == {"UnprocessedTraceSegments": []}
    now = int(time.time())
    # A point is told of by the end of its minute: the window must reach beyond that, also on a slow machine.
    window = {"StartTime": now - 60, "EndTime": now + 300}
    found = aws("get_trace_summaries", **window, FilterExpression=f'service("{name}") {{ fault }}')
    assert [one["Id"] for one in found["TraceSummaries"]] == [failed["trace_id"]]
    batch = aws("batch_get_traces", TraceIds=[failed["trace_id"], fine["trace_id"]])
    documents = [json.loads(part["Document"]) for trace in batch["Traces"] for part in trace["Segments"]]
    assert {document["id"] for document in documents} == {failed["id"], fine["id"]}

    group = aws("create_group", GroupName=name, FilterExpression=f'annotation.run = "{name}"')["Group"]
    try:
        later = segment(name=name, annotations={"run": name})
        aws("put_trace_segments", TraceSegmentDocuments=[json.dumps(later)])
        graph = aws("get_service_graph", **window, GroupName=name)
        counts = {one.get("Type"): one.get("SummaryStatistics", {}).get("TotalCount") for one in graph["Services"]}
        assert counts == {None: 1, "client": None}, "what came before the group is not in it"
        series = aws("get_time_series_service_statistics", **window, GroupARN=group["GroupARN"])
        told = [point["EdgeSummaryStatistics"]["TotalCount"] for point in series["TimeSeriesServiceStatistics"] if point.get("EdgeSummaryStatistics")]
        assert told == [1]
    finally:
        aws("delete_group", GroupARN=group["GroupARN"])


def test_a_sampling_rule(aws):
    name = unique("cli")
    rule = {
        "RuleName": name, "Priority": 7, "FixedRate": 0.5, "ReservoirSize": 3, "ServiceName": "*", "ServiceType": "*", "Host": "*",
        "HTTPMethod": "GET", "URLPath": "/cli", "ResourceARN": "*", "Version": 1,
    }
    aws("create_sampling_rule", SamplingRule=rule)
    try:
        listed = [record["SamplingRule"]["RuleName"] for record in aws("get_sampling_rules")["SamplingRuleRecords"]]
        assert name in listed and listed[-1] == "Default"
    finally:
        aws("delete_sampling_rule", RuleName=name)
