"""The traces that `make bench-store` loads, one set after the other on one timeline, and what is known of them: to ask for it, and
to check answers against."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

from bench_load import Tracegen
from bench_query import BATCH, GRAPH, SUMMARIES

# Where the generator's own timeline begins (`BASE` in its source).
BASE = 1_767_225_600
# Traces a second. Slow enough that a quarter of an hour holds a part of what an hour holds, fast enough that an hour holds all.
RATE = 200
HOUR = 3600
# Longer than any trace.
TAIL = 60
SERVICES = {
    "api-gateway", "catalog-api", "search-api", "user-api", "cart-api", "checkout-api", "inventory-api", "order-worker", "auth-fn", "pricing-fn",
    "payment-fn", "notification-fn",
}


@dataclass
class Part:
    """A set of traces in files."""

    folder: Path
    traces: int
    summary: dict

    @property
    def spans(self) -> int:
        return self.summary["spans"]

    @property
    def segments(self) -> int:
        return self.summary["xray"]["segments"]


@dataclass
class Known:
    """Of the loaded traces: how many each user has, and of every twentieth its id and its spans."""

    users: Counter = field(default_factory=Counter)
    some: list[tuple[str, int]] = field(default_factory=list)
    seen: int = 0


@dataclass
class Timeline:
    """Sets that follow each other, so that `traces` of them end about now; nothing of them is in the future."""

    tracegen: Tracegen
    scratch: Path
    traces: int
    begin: int = 0
    made: int = 0
    # The end of the minute in which the last of them arrived.
    arrived: int = 0
    seed: int = 0
    random_ids: bool = False
    # In the columns of the OpenTelemetry collector's exporter for ClickHouse, too.
    rows: bool = False
    known: Known = field(default_factory=Known)

    def __post_init__(self) -> None:
        self.rate = max(RATE, -(-self.traces // (HOUR - 2 * TAIL)))
        self.begin = int(time.time()) - self.traces // self.rate - 2 * TAIL

    @property
    def delta(self) -> int:
        return self.begin - BASE

    @property
    def end(self) -> int:
        """Shortly after the last trace that was made."""
        return self.begin + self.made // self.rate + TAIL

    def next(self, traces: int) -> Part:
        """The next set, of the next seed."""
        self.seed += 1
        folder = self.scratch / f"seed-{self.seed}"
        options = ["--first", str(self.made), "--rate", str(self.rate), *(["--rows"] if self.rows else []), *(["--random-ids"] if self.random_ids else [])]
        summary = self.tracegen.generate(folder, traces, *options, seed=self.seed)
        self.made += traces
        return Part(folder, traces, summary)

    def loaded(self, part: Part) -> None:
        """Remembers what it held, now that it has arrived, and lets its files go."""
        self.arrived = -(-int(time.time() + 1) // 60) * 60
        for line in open(part.folder / "traces.tsv"):
            trace, spans, user, *_ = line.split("\t")
            self.known.users[user] += 1
            if self.known.seen % 20 == 0:
                self.known.some.append((self.shifted(trace), int(spans)))
            self.known.seen += 1
        shutil.rmtree(part.folder)

    def shifted(self, trace: str) -> str:
        """A trace's id as it is replayed, in X-Ray's spelling."""
        return f"1-{(int(trace[:8], 16) + self.delta) % 2**32:08x}-{trace[8:]}"


@dataclass
class Question:
    """What is asked, with other values each time, and whether the answer can be right."""

    what: str
    path: str
    bar: str
    ask: Callable[[random.Random], tuple[dict, Callable[[dict], bool]]]


def questions(timeline: Timeline) -> Iterator[Question]:
    known = timeline.known

    def window(end: int, seconds: int, chance: random.Random) -> dict:
        # Seldom the same twice, and what it is to hold it holds all the same.
        end += chance.randrange(TAIL)
        return {"StartTime": end - seconds, "EndTime": end}

    def found(expression: str | None, right: Callable[[dict], bool], chance: random.Random) -> tuple[dict, Callable[[dict], bool]]:
        body = window(timeline.end, HOUR, chance)
        return (body | {"FilterExpression": expression} if expression else body), lambda answer: all(map(right, answer["TraceSummaries"]))

    def trace(chance: random.Random):
        wanted, spans = chance.choice(known.some)
        return {"TraceIds": [wanted]}, lambda answer: [sum(map(elements, one["Segments"])) for one in answer["Traces"]] == [spans]

    def slow(chance: random.Random):
        name, least = chance.choice(sorted(SERVICES)), 0.1 * 20 ** chance.random()
        return found(f'service("{name}") {{ responsetime > {least:.3f} }}', lambda one: goes_through(one, name), chance)

    def needle(chance: random.Random):
        user = chance.choice(users)
        body, _ = found(f'annotation.user_id = "{user}"', lambda one: True, chance)
        return body, lambda answer: len(answer["TraceSummaries"]) == known.users[user]

    def errors(chance: random.Random):
        name = chance.choice(sorted(SERVICES))
        return found(f'service("{name}") {{ fault }}', lambda one: one["FaultRootCauses"] and goes_through(one, name), chance)

    def everything(chance: random.Random):
        body, _ = found(None, lambda one: True, chance)
        return body, lambda answer: len(answer["TraceSummaries"]) == min(100, known.seen)

    def graph(seconds: int):
        # Graphs are of what arrived in their window, not of what began in it.
        return lambda chance: (window(timeline.arrived, seconds, chance), lambda answer: SERVICES <= {service["Name"] for service in answer["Services"]})

    users = sorted(known.users)
    yield Question("trace by its id", BATCH, "p50 0.5 ms at 3.3 M, 1 ms at 10 M", trace)
    yield Question("a service and a duration, first page of an hour", SUMMARIES, "p50 2 ms at 3.3 M, 3 ms at 10 M", slow)
    yield Question("one annotation value among 100,000, an hour", SUMMARIES, "p50 3 ms at 3.3 M, 8 ms at 10 M", needle)
    yield Question("faults of a service, first page of an hour", SUMMARIES, "p50 2 ms at 3.3 M, 3 ms at 10 M", errors)
    yield Question("everything, first page of an hour", SUMMARIES, "p50 2 ms at 3.3 M, 3 ms at 10 M", everything)
    for what, seconds, bar in (("15 minutes", 900, "–"), ("one hour", HOUR, "p50 5 ms"), ("6 hours", 6 * HOUR, "–")):
        yield Question(f"service graph of {what}", GRAPH, bar, graph(seconds))


def cut(timeline: Timeline, began: float, ended: float) -> Question:
    """A window that begins within a minute in which traces came in at full speed: that part of it is made of its traces."""

    def ask(chance: random.Random):
        body = {"StartTime": began + (ended - began) * chance.uniform(0.4, 0.6), "EndTime": timeline.arrived}
        return body, lambda answer: SERVICES <= {service["Name"] for service in answer["Services"]}

    return Question("service graph from within a minute of full speed on", GRAPH, "–", ask)


def traces_of(spans: int) -> int:
    """How many traces have about so many spans."""
    return spans * 60_000 // 1_000_000


def elements(segment: dict) -> int:
    """How many spans a segment holds; none, if it tells of somebody who sent none."""

    def count(entity: dict) -> int:
        return 1 + sum(map(count, entity.get("subsegments", [])))

    document = json.loads(segment["Document"])
    return 0 if document.get("inferred") else count(document)


def goes_through(summary: dict, service: str) -> bool:
    return any(service in one["Names"] for one in summary["ServiceIds"])
