"""ClickHouse with the table of the OpenTelemetry collector's exporter, which `make bench-store` gives the same spans and asks the same."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

from bench_load import ROOT, proc, settled_cpu
from bench_traces import HOUR, SERVICES, TAIL, Part, Timeline

# A question in SQL, and whether so many rows can be right.
Asked = tuple[str, Callable[[int], bool]]


@dataclass
class Taken:
    """What it took to take in a set of spans until all was merged."""

    spans_a_second: float
    cpu_seconds: float
    peak_kib: int
    bytes: int


class ClickHouse:
    """One in a process of its own; `bench/clickhouse.py` says what it is asked."""

    def __init__(self, data: Path, python: Path):
        self.process = subprocess.Popen([python, ROOT / "bench" / "clickhouse.py", data], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def do(self, **what: object) -> dict:
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"ClickHouse has ended with status {self.process.wait()}: {str(what)[:500]}")
        return json.loads(answer)

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


@dataclass
class Beside:
    peer: ClickHouse
    python: Path
    scratch: Path

    def take(self, part: Part, timeline: Timeline) -> Taken:
        blocks = self.scratch / "blocks"
        with opened(self.python) as maker:
            maker.do(make=str(part.folder / "rows.jsonl"), into=str(blocks), shift=timeline.delta)
        before = settled_cpu(self.peer.process.pid)
        taken = self.peer.do(take=str(blocks))
        used = settled_cpu(self.peer.process.pid) - before
        blocks.unlink()
        return Taken(part.spans / taken["seconds"], used, proc(self.peer.process.pid, "VmHWM"), taken["bytes"])

    def times(self, ask: Callable[[random.Random], Asked], what: str, times: int) -> list[float]:
        """Milliseconds that the answers took, which must be right; a tenth more were asked before."""
        chance, took = random.Random(what), []
        for _ in range(times // 10 + times):
            question, is_right = ask(chance)
            answer = self.peer.do(ask=question)
            if not is_right(answer["rows"]):
                raise SystemExit(f"ClickHouse: {question} was answered with {answer['rows']} rows")
            took.append(answer["took"])
        return took[times // 10 :]


@contextlib.contextmanager
def opened(python: Path) -> Iterator[ClickHouse]:
    with tempfile.TemporaryDirectory() as folder:
        peer = ClickHouse(Path(folder) / "data", python)
        try:
            yield peer
        finally:
            peer.close()


@contextlib.contextmanager
def beside(scratch: Path) -> Iterator[Beside]:
    printed = subprocess.check_output([ROOT / "scripts" / "venv", ROOT / "bench" / "store-requirements.txt"], text=True)
    python = Path(printed.strip()) / "bin" / "python"
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        peer = ClickHouse(Path(folder) / "data", python)
        try:
            yield Beside(peer, python, Path(folder))
        finally:
            peer.close()


def questions_beside(timeline: Timeline) -> dict[str, Callable[[random.Random], Asked]]:
    """Those of `bench_traces.questions` that the table can answer, by their names. What is found is told in less than we tell: the
    trace's id, its time and how long it took."""
    known = timeline.known

    def spans(condition: str, chance: random.Random) -> str:
        end = timeline.end + chance.randrange(TAIL)
        return f"FROM otel_traces WHERE {condition} AND Timestamp >= toDateTime({end - HOUR}) AND Timestamp < toDateTime({end})"

    def page(condition: str, chance: random.Random) -> Asked:
        found = f"SELECT TraceId, max(Timestamp) AS last, max(Duration) {spans(condition, chance)} GROUP BY TraceId ORDER BY last DESC LIMIT 100"
        return found, lambda rows: rows <= 100

    def trace(chance: random.Random) -> Asked:
        wanted, count = chance.choice(known.some)
        wanted = wanted[2:].replace("-", "")
        stretch = f"FROM otel_traces_trace_id_ts WHERE TraceId = '{wanted}'"
        within = f"Timestamp >= (SELECT min(Start) {stretch}) AND Timestamp <= (SELECT max(End) + 1 {stretch})"
        return f"SELECT * FROM otel_traces WHERE TraceId = '{wanted}' AND {within}", lambda rows: rows == count

    def slow(chance: random.Random) -> Asked:
        name, least = chance.choice(sorted(SERVICES)), 0.1 * 20 ** chance.random()
        served = "SpanKind IN ('Server', 'Consumer')"
        return page(f"ServiceName = '{name}' AND {served} AND Duration > {round(least * 1e9)}", chance)

    def needle(chance: random.Random) -> Asked:
        user = chance.choice(users)
        # The index is of values alone.
        meant = f"has(mapValues(SpanAttributes), '{user}') AND SpanAttributes['user.id'] = '{user}'"
        return page(meant, chance)[0], lambda rows: rows == known.users[user]

    def errors(chance: random.Random) -> Asked:
        return page(f"ServiceName = '{chance.choice(sorted(SERVICES))}' AND StatusCode = 'Error'", chance)

    def everything(chance: random.Random) -> Asked:
        roots = spans("ParentSpanId = ''", chance)
        return f"SELECT TraceId, Timestamp, Duration {roots} ORDER BY Timestamp DESC LIMIT 100", lambda rows: rows == min(100, known.seen)

    users = sorted(known.users)
    return {
        "trace by its id": trace,
        "a service and a duration, first page of an hour": slow,
        "one annotation value among 100,000, an hour": needle,
        "faults of a service, first page of an hour": errors,
        "everything, first page of an hour": everything,
    }

