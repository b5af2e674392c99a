"""Retrieval of traces: start, list, graph, cancel."""

from __future__ import annotations

import json
import time

import pytest
from documents import STATUSES, Shop, graph
from tools import new_span, segment, unique, until


def retrieve(xray, *shops: Shop) -> str:
    window = shops[0].window()
    answer = xray.call("StartTraceRetrieval", TraceIds=[shop.root for shop in shops], **window)
    answer.shows({"RetrievalToken": answer["RetrievalToken"]})
    return answer["RetrievalToken"]


def complete(xray, operation: str, token: str, **members):
    def found():
        answer = xray.call(operation, RetrievalToken=token, **members)
        assert answer["RetrievalStatus"] in ("SCHEDULED", "RUNNING", "COMPLETE"), answer
        return answer if answer["RetrievalStatus"] == "COMPLETE" else None

    return until("the retrieval is complete", found).shows({"RetrievalStatus": "COMPLETE"})


def test_retrieved_traces_in_both_formats(xray):
    shops = [Shop(seconds=seconds).put(xray) for seconds in (1.0, 2.0)]
    token = retrieve(xray, *shops)
    for form in ("XRAY", "OTEL"):
        answer = complete(xray, "ListRetrievedTraces", token, TraceFormat=form)
        answer.shows({"TraceFormat": form})
        for shop in shops:
            trace = {"Id": shop.root, "Duration": {"$approx": shop.seconds, "tol": 0.002}, "Spans": {"$contains": [{"Id": shop.ids["shop"]}]}}
            answer.shows({"Traces": {"$contains": [trace]}})
            found = next(one for one in answer["Traces"] if one["Id"] == shop.root)
            documents = {span["Id"]: json.loads(span["Document"]) for span in found["Spans"]}
            told = documents[shop.ids["shop"]]
            assert told["name"] == shop.shop, told
            if form == "OTEL":
                assert told["traceId"] == shop.root[2:].replace("-", ""), told
            spans = {"Spans": {"$contains": [{"Id": span["Id"], "Document": span["Document"]} for span in found["Spans"]]}}
            answer.shows({"Traces": {"$contains": [spans]}})


@pytest.mark.parametrize("account", ("111122223333", "444455556666"))
def test_the_graph_of_retrieved_traces(xray, account):
    run = unique("run")
    for number, status in enumerate(STATUSES):
        ago = 5.0 + number
        shops = [Shop(status=status, seconds=1.0 + number, run=run, account=account, ago=ago).put(xray) for _ in range(1 + number % 2)]
        answer = complete(xray, "GetRetrievedTracesGraph", retrieve(xray, *shops))
        seconds = [int(shop.start) for shop in shops]
        services = [one["Service"] for one in answer["Services"]]
        expected = graph(services, shops, {"StartTime": min(seconds), "EndTime": max(seconds) + 1})
        answer.shows({"Services": {"$unordered": [{"Service": service} for service in expected]}, "NextToken": None})


def test_the_graph_of_retrieved_traces_links_them(xray):
    for _ in range(2):
        sender = Shop().put(xray)
        receiver = Shop(sender=sender, origin="AWS::ECS::Container").put(xray)
        answer = complete(xray, "GetRetrievedTracesGraph", retrieve(xray, sender, receiver))
        links = [{"ReferenceType": "parent", "SourceTraceId": receiver.root, "DestinationTraceIds": [sender.root]}]
        service = {"Service": {"Name": receiver.shop, "Type": receiver.origin}, "Links": links}
        answer.shows({"Services": {"$contains": [service]}})


def test_retrieved_traces_come_in_pages(xray):
    shops = [Shop().put(xray) for _ in range(12)]
    token = retrieve(xray, *shops)
    page = complete(xray, "ListRetrievedTraces", token)
    found, pages = [trace["Id"] for trace in page["Traces"]], 1
    while next_token := page.get("NextToken"):
        page.shows({"NextToken": next_token})
        page = xray.call("ListRetrievedTraces", RetrievalToken=token, NextToken=next_token)
        found += [trace["Id"] for trace in page["Traces"]]
        pages += 1
    assert pages >= 3 and sorted(found) == sorted(shop.root for shop in shops)
    xray.refuses("InvalidRequestException", "ListRetrievedTraces", RetrievalToken=token, NextToken="made-up")
    xray.refuses("InvalidRequestException", "GetRetrievedTracesGraph", RetrievalToken=token, NextToken="made-up")


def test_a_large_graph_comes_in_pages(xray):
    run = unique("run")
    roots = []
    for batch in range(2):
        documents = []
        for number in range(50):
            document = segment(name=f"{run}-{batch}-{number}")
            document["subsegments"] = [
                {"name": f"{document['name']}-{callee}", "id": new_span(), "namespace": "remote", "start_time": document["start_time"], "end_time": document["end_time"]}
                for callee in range(10)
            ]
            documents.append(document)
        roots += [document["trace_id"] for document in documents]
        xray.call("PutTraceSegments", TraceSegmentDocuments=[json.dumps(document) for document in documents])
    now = int(time.time())
    answer = xray.call("StartTraceRetrieval", TraceIds=roots, StartTime=now - 60, EndTime=now + 60)
    page = complete(xray, "GetRetrievedTracesGraph", answer["RetrievalToken"])
    names = [one["Service"]["Name"] for one in page["Services"]]
    assert len(names) == 1000
    page.shows({"NextToken": page["NextToken"]})
    page = xray.call("GetRetrievedTracesGraph", RetrievalToken=answer["RetrievalToken"], NextToken=page["NextToken"])
    page.shows({"NextToken": None})
    names += [one["Service"]["Name"] for one in page["Services"]]
    # A client, a service and ten callees for each trace.
    assert len(names) == 12 * len(roots) and all(name.startswith(run) for name in names)


def test_retrievals_end(xray):
    shop = Shop().put(xray)
    token = retrieve(xray, shop)
    xray.call("CancelTraceRetrieval", RetrievalToken=token)
    assert xray.call("ListRetrievedTraces", RetrievalToken=token)["RetrievalStatus"] in ("CANCELLED", "COMPLETE")
    for operation in ("ListRetrievedTraces", "GetRetrievedTracesGraph", "CancelTraceRetrieval"):
        xray.refuses("ResourceNotFoundException", operation, RetrievalToken=unique("token"))
    late = {"StartTime": int(time.time()), "EndTime": int(time.time()) - 60}
    xray.refuses("InvalidRequestException", "StartTraceRetrieval", TraceIds=[shop.root], **late)
