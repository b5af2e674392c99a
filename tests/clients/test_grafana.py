"""The calls of Grafana's X-Ray data source, in its order and with its parameters (read in its source): analytics in four
quarters side by side with a rate that is halved between pages, a trace with its graph, groups, insights."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tools import new_root, put_segments, segment, unique


@pytest.fixture(scope="module")
def xray(boto):
    return boto.client("xray")


@pytest.fixture(scope="module")
def traces(boto) -> dict:
    """Name of the service and ids of 600 traces, a tenth of them failed, in twelve calls."""
    name, ids = unique("grafana"), []
    for number in range(12):
        documents = [segment(name=name, **({"fault": True} if index % 10 == 0 else {})) for index in range(50)]
        ids += [document["trace_id"] for document in documents]
        put_segments(boto.endpoint, *documents)
    return {"name": name, "ids": set(ids)}


def quarters(expression: str, rate: float) -> list[dict]:
    end = int(time.time()) + 60
    start, length = end - 3600, 900
    strategy = {"Name": "FixedRate", "Value": rate}
    return [
        {
            "StartTime": start + length * quarter, "EndTime": start + length * (quarter + 1), "FilterExpression": expression,
            "TimeRangeType": "Event", "Sampling": True, "SamplingStrategy": strategy,
        }
        for quarter in range(4)
    ]


def test_analytics_pages_in_quarters_and_halves_the_rate(xray, traces):
    requests = quarters(f'service("{traces["name"]}")', 1.0)
    tokens: list = ["first"] * 4
    found, rate, rounds = [], 1.0, 0
    with ThreadPoolExecutor(4) as pool:
        while any(tokens):
            def ask(quarter: int) -> dict | None:
                page = {} if tokens[quarter] == "first" else {"NextToken": tokens[quarter]}
                return xray.get_trace_summaries(**requests[quarter], **page) if tokens[quarter] else None

            answers = list(pool.map(ask, range(4)))
            for quarter, answer in enumerate(answers):
                if answer is not None:
                    found += answer["TraceSummaries"]
                    tokens[quarter] = answer.get("NextToken")
            rounds += 1
            if rounds == 1:
                first_round = len(found)
                rate /= 2
                for request in requests:
                    request["SamplingStrategy"]["Value"] = rate
    ids = [summary["Id"] for summary in found]
    assert len(set(ids)) == len(ids) and set(ids) <= traces["ids"]
    assert rounds > 2, "one page after the other"
    # Half of what came after the first round: 250 of 500, give or take six deviations.
    rest, kept = len(traces["ids"]) - first_round, len(ids) - first_round
    assert abs(kept - rest / 2) < 6 * (rest / 4) ** 0.5, (first_round, rest, kept)


def test_analytics_counts_traces_by_time_series_first(xray, traces):
    # A point is told of by the end of its minute, and the end of a window is outside it.
    end = int(time.time()) + 120
    pages = xray.get_paginator("get_time_series_service_statistics").paginate(StartTime=end - 3600, EndTime=end, Period=60)
    points = [point for page in pages for point in page["TimeSeriesServiceStatistics"]]
    count = sum(point["EdgeSummaryStatistics"]["TotalCount"] for point in points if point.get("EdgeSummaryStatistics"))
    assert count >= len(traces["ids"])


def test_the_list_pages_to_its_end(xray, traces):
    end = int(time.time()) + 60
    pages = xray.get_paginator("get_trace_summaries").paginate(StartTime=end - 3600, EndTime=end, FilterExpression=f'service("{traces["name"]}") {{ fault }}')
    summaries = [summary for page in pages for summary in page["TraceSummaries"]]
    assert len(summaries) == len(traces["ids"]) // 10
    # It dereferences these without looking.
    assert all(summary["Http"] is not None and summary["HasFault"] for summary in summaries)


def test_a_trace_and_its_graph(xray, traces):
    trace = min(traces["ids"])
    batch = xray.batch_get_traces(TraceIds=[trace])
    assert [found["Id"] for found in batch["Traces"]] == [trace]
    graph = xray.get_trace_graph(TraceIds=[trace])
    assert {service["Type"] for service in graph["Services"] if "Type" in service} == {"client"}


def test_an_unknown_trace_is_absent(xray):
    assert xray.batch_get_traces(TraceIds=[new_root()])["Traces"] == []


def test_groups_and_their_insights(xray):
    group = xray.create_group(GroupName=unique("group"), FilterExpression="fault", InsightsConfiguration={"InsightsEnabled": True})["Group"]
    try:
        groups = [found for page in xray.get_paginator("get_groups").paginate() for found in page["Groups"]]
        assert groups[0]["GroupName"] == "Default" and group["GroupARN"] in [found["GroupARN"] for found in groups]
        end = int(time.time())
        for states in ({}, {"States": ["ACTIVE"]}, {"States": ["CLOSED"]}):
            answer = xray.get_insight_summaries(GroupARN=group["GroupARN"], StartTime=end - 3600, EndTime=end, **states)
            assert answer["InsightSummaries"] == []
    finally:
        xray.delete_group(GroupARN=group["GroupARN"])
