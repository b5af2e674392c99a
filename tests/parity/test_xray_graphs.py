"""The service graph, the graph of a trace, and time series."""

from __future__ import annotations

import time

import pytest
from documents import STATUSES, Shop, graph, histogram, statistics
from tools import new_span, unique, until


@pytest.fixture
def group(xray):
    """The ARN of a group whose traces carry this run's annotation, and the run."""
    run = unique("run")
    made = xray.call("CreateGroup", GroupName=run, FilterExpression=f'annotation.run = "{run}"')
    yield made["Group"]["GroupARN"], run
    xray.call("DeleteGroup", GroupName=run)


def lengths(run: str, **members) -> list[Shop]:
    """A trace of each outcome, two of one length."""
    return [Shop(status=status, seconds=1.0 + number // 2, run=run, **members) for number, status in enumerate(STATUSES)]


@pytest.mark.parametrize("ago", (5.0, 90.0))
def test_the_graph_of_a_group(xray, group, ago):
    arn, run = group
    traces = lengths(run, ago=ago)
    check_graph(xray, {"GroupName": run}, [traces[0].put(xray)])
    for shop in traces[1:]:
        shop.put(xray)
    check_graph(xray, {"GroupARN": arn}, traces)
    unknown = {"GroupName": unique("nobody")}
    xray.refuses("InvalidRequestException", "GetServiceGraph", "Group not found.", **traces[0].window(), **unknown)
    text = "NextToken is currently not supported"
    xray.refuses("InvalidRequestException", "GetServiceGraph", text, **traces[0].window(), NextToken="made-up")


def check_graph(xray, which: dict, traces: list[Shop]) -> None:
    answer = xray.call("GetServiceGraph", **traces[0].window(), **which)
    seconds = [int(trace.start) for trace in traces]
    times = {"StartTime": min(seconds), "EndTime": max(seconds) + 1}
    bounds = {"StartTime": min(seconds), "EndTime": max(seconds)}
    services = {"$unordered": graph(answer["Services"], traces, times)}
    answer.shows({"Services": services, **bounds, "ContainsOldGroupVersions": False, "NextToken": None})


def test_a_changed_group_says_that_it_was_another(xray, group):
    arn, run = group
    shop = Shop(run=run).put(xray)
    xray.call("UpdateGroup", GroupARN=arn, FilterExpression=f'annotation.run = "{run}" AND ok')
    Shop(run=run).put(xray)
    xray.call("GetServiceGraph", **shop.window(), GroupName=run).shows({"ContainsOldGroupVersions": True})
    xray.call("GetTimeSeriesServiceStatistics", **shop.window(), GroupName=run).shows({"ContainsOldGroupVersions": True})


@pytest.mark.parametrize("account", ("111122223333", "444455556666", "000000000000"))
def test_the_graph_of_a_trace(xray, account):
    for shop in lengths(unique("run"), account=account):
        shop.put(xray)
        answer = xray.call("GetTraceGraph", TraceIds=[shop.root])
        # Our own account is not told.
        shop.account = None if account == "000000000000" else account
        services = graph(answer["Services"], [shop], {"StartTime": None, "EndTime": None})
        answer.shows({"NextToken": None, "Services": {"$unordered": services}})
    xray.refuses("InvalidRequestException", "GetTraceGraph", "Zero trace ids provided", TraceIds=[])
    text = "NextToken is currently not supported"
    xray.refuses("InvalidRequestException", "GetTraceGraph", text, TraceIds=[shop.root], NextToken="made-up")


@pytest.mark.parametrize("calls", (2, 3))
def test_equal_calls_of_a_trace_add_up(xray, calls):
    shop = Shop()
    root = Shop.documents(shop)[0]
    table = {"namespace": "aws", "name": "DynamoDB", "aws": {"operation": "Query", "table_name": shop.run}}
    root["subsegments"] = [table | {"id": new_span(), "start_time": shop.start, "end_time": shop.at(0.5)} for _ in range(calls)]
    shop.documents = lambda: [root]
    shop.put(xray)
    bins = [{"Value": {"$approx": 0.5, "tol": 0.002}, "Count": calls}]
    edge = {"SummaryStatistics": {"TotalCount": calls}, "ResponseTimeHistogram": bins}
    served = {"Name": shop.run, "SummaryStatistics": {"TotalCount": calls}, "DurationHistogram": bins, "ResponseTimeHistogram": bins}
    services = [{"Name": shop.shop, "Type": shop.origin, "Edges": [edge]}, served]
    xray.call("GetTraceGraph", TraceIds=[shop.root]).shows({"Services": {"$contains": services}})


def test_links_are_edges_with_the_age_of_what_was_received(xray, group):
    _, run = group
    for count, age in enumerate((2.0, 3.0), 1):
        sender, receivers = Shop(run=run, ago=10 + age).put(xray), unique("run")
        for _ in range(count):
            receiver = Shop(run=receivers, sender=sender, origin="AWS::ECS::Container")
            receiver.start = round(sender.start + age, 3)
            receiver.end = receiver.start + receiver.seconds
            document = Shop.documents(receiver)[0] | {"annotations": {"run": run}, "subsegments": []}
            receiver.documents = lambda document=document: [document]
            receiver.put(xray)
        answer = xray.call("GetServiceGraph", **sender.window(), GroupName=run)
        services = {(service["Name"], service.get("Type")): service for service in answer["Services"]}
        to = services[receiver.shop, receiver.origin]["ReferenceId"]
        ages = [{"Value": {"$approx": age, "tol": 0.002}, "Count": count}]
        links = [{"ReferenceId": to, "EdgeType": "link", "ReceivedEventAgeHistogram": ages}]
        answer.shows({"Services": {"$contains": [{"Name": sender.shop, "Edges": {"$contains": links}}]}})


def series(xray, shop: Shop, **members) -> tuple[dict, dict]:
    """The answer and its newest point with data."""
    answer = xray.call("GetTimeSeriesServiceStatistics", **shop.window(), **members)
    told = [point for point in answer["TimeSeriesServiceStatistics"] if point.get("ResponseTimeHistogram")]
    assert len(told) >= 1, answer
    return answer, told[0]


@pytest.mark.parametrize("status", STATUSES)
def test_time_series_by_what_is_selected(xray, group, status):
    arn, run = group
    seconds = 1.0 + list(STATUSES).index(status)
    # One minute takes it all, so that a point holds it all.
    until("a minute has begun", lambda: time.time() % 60 < 55)
    traces = [Shop(status=status, seconds=seconds, run=run).put(xray) for _ in range(1 + (status == 200))]
    shop = traces[0]
    for period in (60, 300):
        answer, point = series(xray, shop, GroupName=run, Period=period)
        end = (int(time.time()) // period + 1) * period
        assert point["Timestamp"] in (end, end - period)
        expected = {
            "Timestamp": point["Timestamp"], "EdgeSummaryStatistics": statistics(traces, 1), "ServiceSummaryStatistics": None,
            "ResponseTimeHistogram": histogram(traces, 1),
        }
        answer.shows({"TimeSeriesServiceStatistics": {"$contains": [expected]}, "NextToken": None, "ContainsOldGroupVersions": False})
    answer, _ = series(xray, shop, GroupARN=arn, EntitySelectorExpression=f'service("cart-{run}")')
    cart = {"ServiceSummaryStatistics": statistics(traces, 0.5), "EdgeSummaryStatistics": None, "ResponseTimeHistogram": histogram(traces, 0.5)}
    answer.shows({"TimeSeriesServiceStatistics": {"$contains": [cart]}})
    text = "Error Location: line 1, position 1 : Invalid input symbol: 'id'"
    xray.refuses("InvalidRequestException", "GetTimeSeriesServiceStatistics", text, **shop.window(), EntitySelectorExpression='id(name: "a")')
    token = {"NextToken": "made-up"}
    xray.refuses("InvalidRequestException", "GetTimeSeriesServiceStatistics", "Invalid token made-up", **shop.window(), **token)
