"""Insights through boto3 and the command line. How they are found: `crates/server/tests/insights.rs`, with a clock of its own."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError

from tools import unique

NO_SUCH = "6f1a0000-0000-4000-8000-000000000000"


def refusal(boto, operation: str, **input) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        boto.call("xray", operation, **input)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_group_is_watched_and_has_no_insights_yet(server, boto):
    name = unique("insights")[:32]
    boto.call("xray", "create_group", GroupName=name, FilterExpression="fault", InsightsConfiguration={"InsightsEnabled": True})
    try:
        now = time.time()
        window = {"StartTime": now - 600, "EndTime": now}
        assert boto.call("xray", "get_insight_summaries", GroupName=name, **window)["InsightSummaries"] == []
        nobody = refusal(boto, "get_insight_summaries", GroupName=f"{name}-2", **window)
        assert nobody == ("InvalidRequestException", "Group not found")
    finally:
        boto.call("xray", "delete_group", GroupName=name)


def test_an_insight_that_is_not_there_is_refused(server, boto):
    now = time.time()
    expected = ("InvalidRequestException", "Insight not found")
    assert refusal(boto, "get_insight", InsightId=NO_SUCH) == expected
    assert refusal(boto, "get_insight_events", InsightId=NO_SUCH) == expected
    assert refusal(boto, "get_insight_impact_graph", InsightId=NO_SUCH, StartTime=now - 60, EndTime=now) == expected
    code, message = refusal(boto, "get_insight", InsightId="insight-1")
    assert code == "ValidationException" and "'insight-1' at 'insightId'" in message
