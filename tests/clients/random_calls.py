"""Calls made up from X-Ray's service model: mostly well-formed, partly nonsense, the same for the same seed."""

from __future__ import annotations

import json
import random
import time
from typing import Any, Iterator

import botocore.session

NONSENSE = [None, 1, "x", [], {}, True, -1.5, 1e308, "\0", "é" * 10]
FILTERS = [
    "fault",
    "partial",
    'service("shop")',
    'edge("shop", "cart")',
    'service("shop") {fault AND responsetime > 1e300}',
    'annotation.a = 1 OR annotation[b] CONTAINS "x"',
    'rootcause.fault.service("cart")',
    'group.name = "g"',
    'id(name: "shop", type: "AWS::EC2::Instance")',
    "duration >= 0 AND NOT ok",
    "(((",
    "!!",
]
POLICIES = [
    "x",
    "{}",
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},'
    '"Action":"xray:PutTraceSegments","Resource":"*"}]}',
]
# By member, what makes sense, and what does not.
TEXTS = {
    "FilterExpression": (FILTERS[:-2], FILTERS[-2:]),
    "EntitySelectorExpression": (['service("shop")', 'edge("shop", "cart")', 'service(id(name: "shop", type: "x"))'], FILTERS),
    "NextToken": ([""], ["x", "eyJ"]),
    "PolicyDocument": (POLICIES[2:], POLICIES[:2]),
    "ClientID": (["0123456789abcdef01234567"], ["x"]),
    "RuleName": (["Default", "r1", "r2"], ["a b", "x" * 40]),
    "GroupName": (["Default", "g", "h"], ["a b", "x" * 40]),
    "PolicyName": (["p", "q"], ["a b", ""]),
    "ResourceARN": (["*", "arn:aws:xray:us-east-1:000000000000:group/Default"], ["", "x" * 1012]),
}
# What clients do often is called often.
OFTEN = {"PutTraceSegments": 8, "GetTraceSummaries": 5, "GetServiceGraph": 3, "GetTraceGraph": 3, "BatchGetTraces": 3}


class Documents:
    """Segment documents of a few traces, whose entities share their ids."""

    def __init__(self, chance: random.Random):
        self.chance = chance
        self.now = time.time()
        self.traces = [f"1-67000001-{chance.getrandbits(96):024x}" for _ in range(6)]
        self.ids = [f"{chance.getrandbits(64):016x}" for _ in range(16)]

    def text(self) -> str:
        if self.chance.random() < 0.03:
            return self.chance.choice(["{", "[]", "{}", ""])
        document = self.entity() | {"trace_id": self.chance.choice(self.traces)}
        if self.chance.random() < 0.3:
            document["type"] = self.chance.choice(["segment", "subsegment"])
        return json.dumps(document)

    def entity(self, depth: int = 0) -> dict[str, Any]:
        choice = self.chance.choice
        start = choice([self.now - 100 * self.chance.random(), 0, -1, 1e300, self.now + 1e5])
        entity = {"name": choice(["shop", "cart", "DynamoDB", "SQS", "x" * 250]), "id": choice(self.ids), "start_time": start}
        if self.chance.random() < 0.85:
            entity["end_time"] = start + choice([0, 1, 10 * self.chance.random(), -5])
        else:
            entity["in_progress"] = True
        exception = {"id": choice(self.ids), "type": "Boom", "message": "no", "stack": [{"line": None}]}
        link = {"trace_id": choice(self.traces), "id": choice(self.ids)}
        members = {
            "fault": True,
            "error": True,
            "throttle": True,
            "namespace": choice(["aws", "remote", "local"]),
            "parent_id": choice(self.ids),
            "http": {"request": {"url": "http://a/b"}, "response": {"status": choice([200, 404, 429, 503, "x", -1])}},
            "aws": {"operation": "Do", "table_name": "t", "queue_url": "q", "account_id": choice(["000000000000", "1"])},
            "annotations": {choice("abc"): choice([1, "x", True, 1e308, None])},
            "cause": choice([choice(self.ids), {"exceptions": [exception]}, {"id": choice(self.ids)}, {"exceptions": ["x"]}]),
            "user": "ada",
            "origin": choice(["AWS::EC2::Instance", "AWS::Lambda"]),
            "sql": {"url": "u"},
            "links": [link | {"attributes": {"aws.xray.reserved.reference_type": choice(["parent", "child"])}}],
        }
        entity |= {name: value for name, value in members.items() if self.chance.random() < 0.35}
        if depth < 4 and self.chance.random() < 0.5:
            entity["subsegments"] = [self.entity(depth + 1) for _ in range(self.chance.randrange(4))]
        return entity


class Calls:
    """An endless row of calls: operation, path, body."""

    def __init__(self, seed: int):
        self.chance = random.Random(seed)
        self.documents = Documents(self.chance)
        self.model = botocore.session.Session().get_service_model("xray")

    def __iter__(self) -> Iterator[tuple[str, str, bytes]]:
        names = [name for name in self.model.operation_names for _ in range(OFTEN.get(name, 1))]
        while True:
            operation = self.model.operation_model(self.chance.choice(names))
            body = self.value(operation.input_shape, "", 0) if operation.input_shape else {}
            data = bytearray(json.dumps(body).encode())
            if self.chance.random() < 0.02:
                # Not randrange: how often that asks for more chance depends on the length, and that on the time.
                data[int(self.chance.random() * len(data))] = self.chance.randrange(256)
            yield operation.name, operation.http["requestUri"], bytes(data)

    def value(self, shape, name: str, depth: int) -> Any:
        choice, now = self.chance.choice, self.documents.now
        if self.chance.random() < 0.012:
            return choice(NONSENSE)
        if depth > 6:
            return None
        match shape.type_name:
            case "structure":
                kept = [member for member in shape.members if member in shape.required_members or self.chance.random() < 0.5]
                return {member: self.value(shape.members[member], member, depth + 1) for member in kept}
            case "list":
                least = shape.metadata.get("min", 0)
                length = self.chance.randint(least, max(least, 3)) + (60 if self.chance.random() < 0.02 else 0)
                return [self.value(shape.member, name, depth + 1) for _ in range(length)]
            case "map":
                return {key: self.value(shape.value, name, depth + 1) for key in self.chance.sample(["a", "b", ""], 2)}
            case "timestamp":
                around = {"StartTime": [now - 60, now - 600, now - 3000], "EndTime": [now + 60, now + 0.5, now + 1000]}
                return self.mostly(around.get(name, [now]), [0, -1, 1e18])
            case "integer" | "long":
                return 1 if name == "Version" else self.mostly([1, 10, 60, 300], [0, -1, 2**31, 2**53])
            case "double" | "float":
                return self.mostly([0, 0.5, 1], [1.1, -1, 1e308])
            case "boolean":
                return choice([True, False])
            case _:
                return self.text(shape, name)

    def text(self, shape, name: str) -> str:
        if name == "TraceSegmentDocuments":
            return self.documents.text()
        if name == "TraceIds":
            return self.mostly(self.documents.traces, ["bad"])
        if enum := getattr(shape, "enum", []):
            return self.mostly(enum, ["Nope"])
        return self.mostly(*TEXTS.get(name, (["*", "shop"], ["", "é", "y" * 300])))

    def mostly(self, sound: list, odd: list) -> Any:
        return self.chance.choice(sound if self.chance.random() < 0.95 else odd)
