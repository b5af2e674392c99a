"""The server that `make bench-store` measures, and who looks at it while it is loaded."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

import fluoro
from bench_query import BATCH, SUMMARIES, Client

BY_ID, BY_SEARCH = "readable by its id after the answer", "found by a search after the answer"


@dataclass
class Subject:
    """The server that is measured, and its data directory, which outlives it."""

    data: Path
    settings: list[str]

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.running = fluoro.Server(self.data, "--sample", "all", *self.settings, patience=1800)

    def restart(self) -> None:
        """Stops it, lets the system forget what it has cached of the data directory, starts it again."""
        self.running.stop(600)
        for file in self.files():
            handle = os.open(file, os.O_RDONLY)
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)
        self.start()

    @property
    def pid(self) -> int:
        return self.running.process.pid

    def files(self) -> list[Path]:
        return [file for file in self.data.rglob("*") if file.is_file()]

    def bytes(self, below: str = "") -> int:
        """What its files take of the disk; files may go while they are counted."""
        taken = 0
        for file in (self.data / below).rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                taken += file.stat().st_blocks * 512
        return taken

    def settle(self) -> bool:
        """Asks for everything to be brought to its place at rest. Whether the server can do that."""
        request = urllib.request.Request(self.running.endpoint + "/_fluoro/settle", data=b"", method="POST")
        try:
            urllib.request.urlopen(request, timeout=3600).close()
        except urllib.error.HTTPError as refusal:
            if refusal.code != 404:
                raise
            return False
        return True


@contextlib.contextmanager
def subject(scratch: Path, settings: list[str]) -> Iterator[Subject]:
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        one = Subject(Path(folder) / "data", settings)
        try:
            yield one
        finally:
            if one.running.process.poll() is None:
                one.running.stop(600)


class Watch(threading.Thread):
    """Looks at a server as long as the block lasts: how large its log gets, and how long it takes until a trace is there."""

    def __init__(self, one: Subject):
        super().__init__(daemon=True)
        self.one, self.over, self.log = one, threading.Event(), 0
        self.probes: list[tuple[float, str, float]] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            prober = Prober(self.one)
            while not self.over.wait(0.5):
                self.log = max(self.log, self.one.bytes("log"))
                for what in (BY_ID, BY_SEARCH):
                    self.probes.append((time.time(), what, prober.until(what)))
        except BaseException as failure:
            self.failure = failure

    def took(self, what: str, begin: float, end: float) -> list[float]:
        """Milliseconds of the probes that began then."""
        return [took for at, probed, took in self.probes if probed == what and begin < at < end]

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.join()
        if self.failure:
            raise self.failure


class Prober:
    """Puts one trace at a time and asks for it until it is there."""

    def __init__(self, one: Subject):
        self.client = Client(one.running.endpoint)

    def until(self, what: str) -> float:
        """Milliseconds from the answer that acknowledges it to the answer that has it."""
        now, mark = time.time(), secrets.token_hex(8)
        trace = f"1-{int(now):08x}-{secrets.token_hex(12)}"
        document = {"name": "probe", "id": secrets.token_hex(8), "trace_id": trace, "start_time": now, "end_time": now + 0.01, "annotations": {"probe": mark}}
        _, answer = self.client.ask("/TraceSegments", {"TraceSegmentDocuments": [json.dumps(document)]})
        began = time.perf_counter()
        if answer["UnprocessedTraceSegments"]:
            sys.exit(f"a probe was refused: {answer}")
        search = {"StartTime": int(now) - 60, "EndTime": int(now) + 60, "FilterExpression": f'annotation.probe = "{mark}"'}
        while True:
            if what == BY_ID:
                there = self.client.ask(BATCH, {"TraceIds": [trace]})[1]["Traces"]
            else:
                there = self.client.ask(SUMMARIES, search)[1]["TraceSummaries"]
            took = time.perf_counter() - began
            if there:
                return took * 1000
            if took > 120:
                sys.exit(f"an acknowledged trace is not {what} within two minutes")
            time.sleep(0.002)
