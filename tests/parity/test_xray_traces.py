"""Segments in, traces and summaries out."""

from __future__ import annotations

import json
import time

import requests
from documents import Shop, node
from tools import new_root, new_span, segment, unique, until


def put(xray, *documents: dict):
    return xray.call("PutTraceSegments", TraceSegmentDocuments=[json.dumps(document) for document in documents])


def test_each_document_is_answered_for(xray):
    good, nameless, endless = segment(), segment(name=None), segment(end_time=None)
    refused = [
        {"Id": document["id"], "ErrorCode": code, "Message": f"Invalid segment. ErrorCode: {code}"}
        for document, code in ((nameless, "MissingName"), (endless, "MissingEndTime"))
    ]
    put(xray, good, nameless, endless).shows({"UnprocessedTraceSegments": refused})
    xray.refuses("InvalidRequestException", "PutTraceSegments", "Segments can not be empty", TraceSegmentDocuments=[])


def test_traces_come_back_whole(xray):
    for seconds in (1.0, 2.5):
        shop = Shop(seconds=seconds).put(xray)
        answer = xray.call("BatchGetTraces", TraceIds=[shop.root])
        trace = {"Id": shop.root, "LimitExceeded": False, "Duration": {"$approx": seconds, "tol": 0.002}}
        answer.shows({"Traces": [trace], "UnprocessedTraceIds": []})
        for segment in answer["Traces"][0]["Segments"]:
            assert json.loads(segment["Document"])["id"] == segment["Id"]
        ids = [{"Id": shop.ids["shop"]}, {"Id": shop.ids["cart"]}]
        answer.shows({"Traces": [{"Segments": {"$contains": ids}}]})
    xray.call("BatchGetTraces", TraceIds=[new_root()]).shows({"Traces": [], "UnprocessedTraceIds": []})
    ids = [new_root() for _ in range(6)]
    xray.refuses("InvalidRequestException", "BatchGetTraces", "Exceeding maximum query size: 5", TraceIds=ids)
    text = "NextToken is currently not supported"
    xray.refuses("InvalidRequestException", "BatchGetTraces", text, TraceIds=[shop.root], NextToken="made-up")


def test_a_trace_has_a_limit(xray):
    shop = Shop()
    filler = {"metadata": {"default": {"filler": "x" * 300_000}}}
    large = [segment(trace_id=shop.root, **filler) for _ in range(3)]
    answer = put(xray, *large)
    refused = answer["UnprocessedTraceSegments"][0]
    assert refused["ErrorCode"] == "InvalidSegment" and "Trace Size Exceeded" in refused["Message"], refused
    answer.shows({"UnprocessedTraceSegments": [{"Id": large[2]["id"], "ErrorCode": "InvalidSegment"}]})
    xray.call("BatchGetTraces", TraceIds=[shop.root]).shows({"Traces": [{"Id": shop.root, "LimitExceeded": True}]})


def summary(xray, shop: Shop, **members) -> dict:
    """The answer that holds only this trace's summary."""
    query = shop.window() | {"FilterExpression": f'annotation.run = "{shop.run}"'} | members
    answer = xray.call("GetTraceSummaries", **query)
    assert [one["Id"] for one in answer["TraceSummaries"]] == [shop.root]
    return answer


def test_a_summary_tells_of_its_trace(xray):
    lambda_ = {"origin": "AWS::Lambda", "account": "444455556666"}
    for shop in (Shop(seconds=1.0), Shop(status=500, seconds=2.0), Shop(status=400, seconds=3.0), Shop(status=429, seconds=1.5, **lambda_)):
        shop.put(xray)
        fault, throttle = shop.status == 500, shop.status == 429
        error = shop.status == 400
        method = "GET" if shop.status == 200 else "PUT"
        answer = summary(xray, shop)
        answer.shows({
            "ApproximateTime": shop.window()["StartTime"],
            "TraceSummaries": [{
                "Id": shop.root, "StartTime": {"$approx": shop.start, "tol": 0.001}, "Duration": {"$approx": shop.seconds, "tol": 0.002},
                "ResponseTime": {"$approx": shop.seconds, "tol": 0.002}, "HasFault": fault, "HasError": error, "HasThrottle": throttle,
                "IsPartial": False, "Revision": 1,
                "Http": {
                    "HttpURL": f"http://shop/{shop.run}", "HttpStatus": shop.status, "HttpMethod": method,
                    "UserAgent": f"agent-{shop.run}", "ClientIp": f"203.0.113.{shop.status % 250}",
                },
                "Annotations": {
                    "run": [{"AnnotationValue": {"StringValue": shop.run}}],
                    "weight": [{"AnnotationValue": {"NumberValue": shop.seconds}}],
                    "good": [{"AnnotationValue": {"BooleanValue": shop.status == 200}}],
                },
                "Users": [{"UserName": f"user-{shop.run}"}],
                "ServiceIds": {"$contains": [node(shop.shop, shop.origin, shop.account), node(shop.cart, "AWS::ECS::Container"), node(shop.shop, "client")]},
                "ResourceARNs": [{"ARN": f"arn:aws:ec2:us-east-1:1:{shop.run}"}],
                "InstanceIds": [{"Id": f"i-{shop.run}"}],
                "AvailabilityZones": [{"Name": f"az-{shop.run}"}],
                "EntryPoint": node(shop.shop, shop.origin, shop.account),
            }],
        })
        assert answer["TracesProcessedCount"] >= 1
    other = Shop()
    other.documents = lambda: [segment(name=other.shop, trace_id=other.root, parent_id=new_span(), annotations={"run": other.run})]
    other.put(xray)
    summary(xray, other).shows({"TraceSummaries": [{"IsPartial": True, "EntryPoint": None, "ResponseTime": None}]})
    xray.refuses("InvalidRequestException", "GetTraceSummaries", FilterExpression="nonsense", **shop.window())


def test_revisions_count_deliveries(xray):
    shop = Shop()
    for revision, document in enumerate(shop.documents(), 1):
        put(xray, document)
        summary(xray, shop).shows({"TraceSummaries": [{"Revision": revision}]})


def test_causes_name_the_path_to_an_exception(xray):
    for status, kind in ((500, "FaultRootCauses"), (400, "ErrorRootCauses")):
        for account in ("111122223333", "444455556666"):
            shop = Shop(status=status, account=account)
            # Without silent callees, which would be the cause themselves.
            shop.documents = lambda shop=shop: [Shop.documents(shop)[0] | {"subsegments": []}]
            shop.put(xray)
            exceptions = [{"Name": f"Error{shop.run}", "Message": f"late in {shop.run}"}]
            path = [{"Name": shop.shop, "Remote": False, "Exceptions": exceptions}]
            service = node(shop.shop, shop.origin, account) | {"Inferred": False, "EntityPath": path}
            summary(xray, shop).shows({"TraceSummaries": [{kind: [{"ClientImpacting": True, "Services": [service]}]}]})
    # A silent callee that failed: the caller's entity is a call, the callee inferred, and a root that coped is not impacting.
    for status, kind, flag in ((500, "FaultRootCauses", "fault"), (400, "ErrorRootCauses", "error")):
        for number in (1, 2):
            shop, callee = Shop(), unique("callee")
            call = {"name": callee, "id": new_span(), "namespace": "remote", "start_time": shop.start, "end_time": shop.end, flag: True}
            root = Shop.documents(shop)[0] | {"subsegments": [call]} | ({flag: True} if number == 1 else {})
            shop.documents = lambda root=root: [root]
            shop.put(xray)
            inferred = node(callee, "remote") | {"Inferred": True, "EntityPath": [{"Name": callee, "Remote": False}]}
            caller = node(shop.shop, shop.origin, shop.account) | {"Inferred": False, "EntityPath": [{"Name": shop.shop, "Remote": False}, {"Name": callee, "Remote": True}]}
            services = [caller, inferred] if number == 1 else [inferred]
            summary(xray, shop).shows({"TraceSummaries": [{kind: [{"ClientImpacting": number == 1, "Services": services}]}]})


def test_response_time_causes_follow_the_slow_half(xray):
    for share, callee in ((0.75, unique("slow")), (0.6, unique("slow"))):
        shop = Shop(account="111122223333" if share == 0.75 else "444455556666")
        call = {"name": callee, "id": new_span(), "namespace": "remote", "start_time": shop.start, "end_time": shop.at(share)}
        shop.documents = lambda shop=shop, call=call: [Shop.documents(shop)[0] | {"subsegments": [call]}]
        shop.put(xray)
        path = [{"Name": shop.shop, "Coverage": 1.0, "Remote": False}, {"Name": callee, "Coverage": {"$approx": share, "tol": 0.002}, "Remote": True}]
        services = [
            node(shop.shop, shop.origin, shop.account) | {"Inferred": False, "EntityPath": path},
            node(callee, "remote") | {"Inferred": True, "EntityPath": [{"Name": callee, "Coverage": {"$approx": share, "tol": 0.002}, "Remote": False}]},
        ]
        summary(xray, shop).shows({"TraceSummaries": [{"ResponseTimeRootCauses": [{"ClientImpacting": True, "Services": services}]}]})


def test_time_ranges_match_by_what_they_say(xray):
    for ago in (100.0, 200.0):
        before = int(time.time())
        shop = Shop(ago=ago).put(xray)
        narrow = {"StartTime": int(shop.start) - 1, "EndTime": int(shop.end) + 2}
        summary(xray, shop, **narrow, TimeRangeType="TraceId").shows({"TraceSummaries": [{"MatchedEventTime": None}]})
        received = {"StartTime": before - 1, "EndTime": int(time.time()) + 2}
        answer = summary(xray, shop, **received, TimeRangeType="Event")
        matched = answer["TraceSummaries"][0]["MatchedEventTime"]
        assert before <= matched <= time.time()
        answer.shows({"TraceSummaries": [{"MatchedEventTime": matched}]})
        by_service = f'service("{shop.shop}") AND annotation.run = "{shop.run}"'
        summary(xray, shop, **narrow, TimeRangeType="Service", FilterExpression=by_service)
        until("the next one's receipt lies in another second", lambda: time.time() >= received["EndTime"])


def test_pages_go_on_with_another_sampling_rate(xray):
    run = unique("many")
    count = 500
    for _ in range(count // 50):
        put(xray, *(segment(annotations={"run": run}) for _ in range(50)))
    now = int(time.time())
    query = {"StartTime": now - 60, "EndTime": now + 60, "TimeRangeType": "Event", "FilterExpression": f'annotation.run = "{run}"'}
    found, token, tokens, rate = [], None, [], 1.0
    while True:
        page = {"NextToken": token} if token else {}
        strategy = {"Sampling": True, "SamplingStrategy": {"Name": "FixedRate", "Value": rate}}
        answer = xray.call("GetTraceSummaries", **query, **strategy, **page)
        found += [one["Id"] for one in answer["TraceSummaries"]]
        token = answer.get("NextToken")
        answer.shows({"NextToken": token, "TracesProcessedCount": answer["TracesProcessedCount"]})
        if not token:
            break
        tokens.append(token)
        rate = 0.5
    assert len(tokens) >= 2 and len(set(found)) == len(found), (len(tokens), len(found))
    assert 200 < len(found) < 400, "the first page whole, of the others about half"
    whole = {"Sampling": True, "SamplingStrategy": {"Name": "PartialScan", "Value": 1.1}}
    xray.call("GetTraceSummaries", **query, **whole)
    xray.refuses("InvalidRequestException", "GetTraceSummaries", "Invalid token made-up", **query, NextToken="made-up")


def test_telemetry_is_taken_and_told_by_the_doctor(xray, server):
    errors = ("TimeoutCount", "ConnectionRefusedCount", "HTTPCode4XXCount", "HTTPCode5XXCount", "UnknownHostCount", "OtherCount")
    segments = {"SegmentsReceivedCount": 40, "SegmentsSentCount": 30, "SegmentsSpilloverCount": 7, "SegmentsRejectedCount": 3}
    host, now = unique("host"), int(time.time())
    line = {"Timestamp": now, **segments, "BackendConnectionErrors": {name: number for number, name in enumerate(errors)}}
    for _ in range(2):
        xray.call("PutTelemetryRecords", TelemetryRecords=[line], EC2InstanceId="i-1", Hostname=host, ResourceARN="arn:1")
    report = requests.get(f"{server.endpoint}/_fluoro/doctor", timeout=30).json()
    totals = {"received": 80, "sent": 60, "spilled_over": 14, "rejected": 6, "connection_errors": 30, "latest": now}
    assert {"sender": host, "totals": totals} in report["daemons"], report["daemons"]
    xray.refuses("InvalidRequestException", "PutTelemetryRecords", "Telemetry records cannot be empty", TelemetryRecords=[])
