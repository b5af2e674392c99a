"""Traces for the tests: what they send, small and with all that the answers tell."""

from __future__ import annotations

import json
import time

from tools import new_root, new_span, unique


class Shop:
    """A shop that calls a cart, which reports itself, a table and a payment host, which are silent."""

    def __init__(
        self, *, status: int = 200, seconds: float = 1.0, run: str | None = None, ago: float = 5.0,
        origin: str = "AWS::EC2::Instance", account: str = "111122223333", sender: Shop | None = None,
    ):  # fmt: skip
        self.run = run or unique("run")
        self.root, self.seconds, self.status = new_root(), seconds, status
        self.shop, self.cart = f"shop-{self.run}", f"cart-{self.run}"
        self.ids = {name: new_span() for name in ("shop", "cart", "call", "table", "pay")}
        self.start = round(time.time() - ago, 3)
        self.end = self.start + seconds
        self.origin, self.account, self.sender = origin, account, sender

    def at(self, share: float) -> float:
        return round(self.start + self.seconds * share, 6)

    def outcome(self) -> dict:
        flags = {400: {"error": True}, 429: {"throttle": True, "error": True}, 500: {"fault": True}}
        return flags.get(self.status, {})

    def cause(self) -> dict:
        exception = {"id": new_span(), "type": f"Error{self.run}", "message": f"late in {self.run}"}
        return {"cause": {"working_directory": "/srv", "exceptions": [exception]}} if self.status >= 400 else {}

    def links(self) -> dict:
        if self.sender is None:
            return {}
        attributes = {"aws.xray.reserved.reference_type": "parent"}
        return {"links": [{"trace_id": self.sender.root, "id": self.sender.ids["shop"], "attributes": attributes}]}

    def documents(self) -> list[dict]:
        shop = {
            "name": self.shop, "id": self.ids["shop"], "trace_id": self.root, "start_time": self.start, "end_time": self.end,
            "origin": self.origin, "user": f"user-{self.run}", "resource_arn": f"arn:aws:ec2:us-east-1:1:{self.run}",
            "aws": {"account_id": self.account, "ec2": {"instance_id": f"i-{self.run}", "availability_zone": f"az-{self.run}"}, "region": "us-east-1"},
            "http": {
                "request": {"method": "GET" if self.status == 200 else "PUT", "url": f"http://shop/{self.run}", "user_agent": f"agent-{self.run}", "client_ip": f"203.0.113.{self.status % 250}"},
                "response": {"status": self.status},
            },
            "annotations": {"run": self.run, "weight": self.seconds, "good": self.status == 200},
            **self.outcome(), **self.cause(), **self.links(),
            "subsegments": [
                {"name": self.cart, "id": self.ids["call"], "start_time": self.at(0.1), "end_time": self.at(0.8), "namespace": "remote", **self.outcome()},
                {
                    "name": "DynamoDB", "id": self.ids["table"], "start_time": self.at(0.8), "end_time": self.at(0.9), "namespace": "aws",
                    "aws": {"operation": "Query", "table_name": f"table-{self.run}", "region": "us-east-1"}, **self.outcome(),
                },
                {"name": f"pay-{self.run}", "id": self.ids["pay"], "start_time": self.at(0.9), "end_time": self.at(1), "namespace": "remote", **self.outcome()},
            ],
        }
        cart = {
            "name": self.cart, "id": self.ids["cart"], "trace_id": self.root, "parent_id": self.ids["call"], "start_time": self.at(0.2),
            "end_time": self.at(0.7), "origin": "AWS::ECS::Container", "http": {"response": {"status": self.status}}, **self.outcome(),
        }
        return [shop, cart]

    def put(self, xray) -> Shop:
        texts = [json.dumps(document) for document in self.documents()]
        xray.call("PutTraceSegments", TraceSegmentDocuments=texts).shows({"UnprocessedTraceSegments": []})
        return self

    def window(self) -> dict:
        return {"StartTime": int(self.start) - 60, "EndTime": int(time.time()) + 600}


def node(name: str, kind: str | None, account: str | None = None) -> dict:
    return {"Name": name, "Names": [name], "Type": kind, "AccountId": account}


STATUSES = {200: "ok", 400: "error", 429: "throttle", 500: "fault"}


def statistics(traces: list[Shop], share: float) -> dict:
    """Of work that took this share of each trace, by the outcomes of the traces."""
    of = {outcome: sum(STATUSES[trace.status] == outcome for trace in traces) for outcome in STATUSES.values()}
    total = sum(trace.seconds for trace in traces) * share
    return {
        "OkCount": of["ok"], "ErrorStatistics": {"ThrottleCount": of["throttle"], "OtherCount": of["error"], "TotalCount": of["throttle"] + of["error"]},
        "FaultStatistics": {"OtherCount": of["fault"], "TotalCount": of["fault"]}, "TotalCount": len(traces),
        "TotalResponseTime": {"$approx": total, "tol": 0.003},
    }


def histogram(traces: list[Shop], share: float) -> dict:
    """Traces of one length make one bin."""
    lengths = [trace.seconds for trace in traces]
    bins = [{"Value": {"$approx": length * share, "tol": 0.002}, "Count": lengths.count(length)} for length in sorted(set(lengths))]
    return {"$unordered": bins}


def graph(answer: list[dict], traces: list[Shop], times: dict) -> list[dict]:
    """What these traces, all of one run, make of a graph's services; `times` are those of each node and edge."""
    shop = traces[0]
    place = {(service["Name"], service.get("Type")): service["ReferenceId"] for service in answer}

    def edge(to: tuple, share: float, aliases: list) -> dict:
        statistics_ = {"SummaryStatistics": statistics(traces, share), "ResponseTimeHistogram": histogram(traces, share)}
        return {"ReferenceId": place[to], "Aliases": aliases, **statistics_, **times}

    def served(name: str, kind: str, share: float, state: str, **members) -> dict:
        bins = histogram(traces, share)
        known = {"ReferenceId": place[name, kind], "State": state, "Root": None, "Edges": [], "SummaryStatistics": statistics(traces, share)}
        return node(name, kind) | known | {"DurationHistogram": bins, "ResponseTimeHistogram": bins} | times | members

    cart, table, pay = (shop.cart, "AWS::ECS::Container"), (f"table-{shop.run}", "AWS::DynamoDB::Table"), (f"pay-{shop.run}", "remote")
    alias = {"Name": shop.cart, "Names": [shop.cart], "Type": "remote"}
    calls = [edge(cart, 0.7, [alias]), edge(table, 0.1, []), edge(pay, 0.1, [])]
    client = node(shop.shop, "client") | {"State": "unknown", "SummaryStatistics": None, "Edges": [edge((shop.shop, shop.origin), 1, [])]} | times
    return [
        served(shop.shop, shop.origin, 1, "active", Root=True, AccountId=shop.account, Edges={"$unordered": calls}),
        served(*cart, 0.5, "active"), served(*table, 0.1, "unknown"), served(*pay, 0.1, "passive"), client,
    ]
