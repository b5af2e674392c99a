"""How fast questions are answered over a million spans in memory: the part `query` of scripts/bench."""

from __future__ import annotations

import http.client
import json
import statistics
import time
from dataclasses import dataclass
from typing import Iterator

SUMMARIES, GRAPH, SERIES, BATCH = "/TraceSummaries", "/ServiceGraph", "/TimeSeriesServiceStatistics", "/Traces"

FILTERS = {
    "no filter": None,
    "a service": 'service("checkout-api")',
    "a service and a duration": 'service("checkout-api") { responsetime > 0.5 }',
    "a call and its outcome": 'edge("checkout-api", "payment-fn") { fault }',
    "`fault`": "fault",
    "`!ok` and a method": '!ok AND http.method = "POST"',
    "one annotation value among 100,000": 'annotation.user_id = "{user}"',
    "one user among 100,000": 'user = "{user}"',
    "`http.url CONTAINS`, many": 'http.url CONTAINS "{path}"',
    "`http.url CONTAINS`, none": 'http.url CONTAINS "/is/nowhere"',
    "a root cause's service": 'rootcause.fault.service { name = "payment-fn" }',
    "a root cause's exception": 'rootcause.fault.exception { message CONTAINS "timeout" }',
    "a slow entity": "rootcause.responsetime.entity { remote AND coverage > 0.9 }",
    "a duration that none has": "duration > 3600",
}


@dataclass
class Question:
    what: str
    path: str
    body: dict
    bar: str = "–"


class Client:
    """One connection, kept."""

    def __init__(self, endpoint: str):
        self.connection = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=120)

    def ask(self, path: str, body: dict) -> tuple[float, dict]:
        """How long the answer took in milliseconds, and what it was."""
        text = json.dumps(body)
        began = time.perf_counter()
        self.connection.request("POST", path, text, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        read = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            raise SystemExit(f"{path} {text}: {answer.status} {read[:500]}")
        return took, json.loads(read)


def questions(client: Client) -> Iterator[Question]:
    now = int(time.time()) + 1

    def window(seconds: int) -> dict:
        return {"StartTime": now - seconds, "EndTime": now}

    _, page = client.ask(SUMMARIES, window(3600))
    some = page["TraceSummaries"][:5]
    known = {"user": some[0]["Users"][0]["UserName"], "path": some[0]["Http"]["HttpURL"].split("/", 3)[-1]}
    for what, expression in FILTERS.items():
        body = window(3600)
        if expression:
            body["FilterExpression"] = fill(expression, known)
        yield Question(f"first page of an hour, {what}", SUMMARIES, body, "20 ms")
    yield Question("five traces by id", BATCH, {"TraceIds": [trace["Id"] for trace in some]})
    for what, seconds, bar in (("15 minutes", 900, "–"), ("one hour", 3600, "10 ms"), ("6 hours", 21600, "–")):
        yield Question(f"service graph of {what}", GRAPH, window(seconds), bar)
    yield Question("time series of 6 hours, entries", SERIES, window(21600))
    yield Question("time series of 6 hours, one service", SERIES, window(21600) | {"EntitySelectorExpression": 'service("checkout-api")'})


def fill(expression: str, known: dict) -> str:
    for name, value in known.items():
        expression = expression.replace("{" + name + "}", value)
    return expression


def measure(endpoint: str, times: int) -> Iterator[tuple[str, str, str]]:
    """Each question with how long its answer took, and what is promised of it."""
    client = Client(endpoint)
    for question in questions(client):
        first, answer = client.ask(question.path, question.body)
        took = [client.ask(question.path, question.body)[0] for _ in range(times)]
        yield question.what, f"{spread(took)}, the first time {precise(first)} ms{found(answer)}", question.bar


def spread(took: list[float]) -> str:
    """Milliseconds in words."""
    if not took:
        return "too short to tell"
    took = sorted(took)
    return f"p50 {precise(statistics.median(took))} ms, p95 {precise(took[min(len(took) - 1, int(len(took) * 0.95))])} ms"


def precise(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def found(answer: dict) -> str:
    """How much an answer holds, for those whose size is not known beforehand."""
    if "TraceSummaries" not in answer:
        return ""
    more = "" if answer["NextToken"] is None else ", and there are more"
    return f" ({len(answer['TraceSummaries'])} of {answer['TracesProcessedCount']:,} looked at{more})"
