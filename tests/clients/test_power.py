"""Power loss of the whole process under load loses nothing that was acknowledged, and splits no trace, while traces come to rest; nor does
power loss soon after the process alone was killed.

The server runs under `power/watch.c`, which writes down what becomes of its data directory. Of that `power/disk.py` makes what a disk may
have after power loss at a random moment; the next life begins with it. FLUORO_POWER_LOSSES says how many lives.
"""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterable, Iterator

import pyarrow.parquet
import pytest
import requests

import fluoro
from tools import new_root, new_span

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "power"))

from disk import Disk, File, Folder, events

LOSSES = int(os.environ.get("FLUORO_POWER_LOSSES", "15"))
# So many lives have the same data directory; then another is begun.
LIVES = 15
# Traces come to rest all the time.
SETTINGS = {"FLUORO_STORE_FLUSH": "1s", "FLUORO_STORE_MEMORY": "1MB", "FLUORO_STORE_CACHE": "1MB"}
# What a server may say after power loss: nothing else was damaged.
TORN = "which is not whole: a write that was not acknowledged"
# A document: its trace and its id.
Sent = tuple[str, str]


def document(sent: Sent) -> str:
    now = time.time()
    root, span = sent
    most = 50_000 if random.random() < 0.02 else 1_000
    return json.dumps({
        "name": "power", "id": span, "trace_id": root, "start_time": now - 0.1, "end_time": now,
        "metadata": {"default": {"filler": random.randbytes(random.randrange(most)).hex()}},
    })


@dataclass
class Life:
    """What a server was asked and has answered, and when."""

    endpoint: str
    # Whatever was sent, in earlier lives, too.
    texts: dict[Sent, str]
    documents: dict[Sent, float] = field(default_factory=dict)
    # Of each record of the catalog the numbers that were in it.
    records: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    settled: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    wrong: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: object = None) -> requests.Response:
        return requests.request(method, self.endpoint + path, json=body, timeout=60)

    def load(self, seconds: float, doing: Iterable[Callable[[], None]], end: Callable[[], int]) -> None:
        """Keeps the server busy until `end` takes it away."""

        def until_the_end(once: Callable[[], None]) -> None:
            while not self.over.is_set():
                try:
                    once()
                except requests.RequestException:
                    # Nothing answers any more, unless it is too early for that.
                    if not self.over.is_set() and not self.over.wait(5):
                        self.wrong.append(f"{once.__name__} got no answer")
                    return
                except Exception as error:
                    self.wrong.append(f"{once.__name__}: {error!r}")
                    return

        threads = [threading.Thread(target=until_the_end, args=(once,)) for once in doing]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        status = end()
        self.over.set()
        for thread in threads:
            thread.join()
        assert status == 0, f"the server ended by itself: {status}"
        assert not self.wrong, self.wrong[:3]

    def send(self) -> None:
        """Of each trace a document, and another with a later call, when the first may be at rest."""
        known = random.sample(list(self.documents), min(5, len(self.documents)))
        roots = [new_root() for _ in range(5)] + list({root for root, _ in known})
        sent = {one: document(one) for one in [(root, new_span()) for root in roots]}
        self.texts |= sent
        answer = self.ask("POST", "/TraceSegments", {"TraceSegmentDocuments": list(sent.values())})
        if answer.status_code == 200:
            refused = {one["Id"] for one in answer.json()["UnprocessedTraceSegments"]}
            now = time.monotonic()
            self.documents |= {(root, span): now for root, span in sent if span not in refused}

    def settle(self) -> None:
        if not self.over.wait(random.uniform(0, 0.1)):
            answer = self.ask("POST", "/_fluoro/settle")
            assert answer.status_code == 200, answer.text
            self.settled += 1

    def record(self) -> None:
        """Writes a record into the catalog, so long that the catalog begins new files now and then."""
        number = time.monotonic_ns()
        name = f"stack-{number % 7}"
        answer = self.ask("PUT", f"/_fluoro/stacks/{name}", {"number": number, "filler": "x" * random.choice([10, 250_000])})
        assert answer.status_code < 300, answer.text
        self.records.setdefault(name, []).append((time.monotonic(), number))

    def listed(self) -> list[str]:
        """The ids of all traces, page by page."""
        ids, now, token = [], int(time.time()), {}
        while True:
            window = {"StartTime": now - 6 * 3600, "EndTime": now + 60}
            answer = self.ask("POST", "/TraceSummaries", window | token).json()
            ids += [summary["Id"] for summary in answer["TraceSummaries"]]
            if not answer["NextToken"]:
                assert len(ids) == len(set(ids)), "a trace is listed twice"
                return ids
            token = {"NextToken": answer["NextToken"]}

    def told(self, roots: list[str]) -> set[Sent]:
        """The documents of these traces, each as it was sent, and once."""
        found: set[Sent] = set()
        for start in range(0, len(roots), 5):
            some = roots[start : start + 5]
            answer = self.ask("POST", "/Traces", {"TraceIds": some}).json()
            assert answer["UnprocessedTraceIds"] == [] and len(answer["Traces"]) == len(some), answer
            for trace in answer["Traces"]:
                for segment in trace["Segments"]:
                    sent, text = (trace["Id"], segment["Id"]), segment["Document"]
                    assert sent not in found, f"{sent} came back twice"
                    found.add(sent)
                    was = self.texts[sent]
                    assert json.loads(text) == json.loads(was), f"{sent} came back as {text}"
        return found


class Lives:
    """One life after the other of one data directory."""

    def __init__(self, folder: Path):
        self.folder, self.disk, self.journal = folder, folder / "disk", folder / "journal"
        self.watch = folder / "watch"
        folder.mkdir(exist_ok=True)
        subprocess.run(["cc", "-O2", "-Wall", "-o", self.watch, HERE / "power/watch.c"], check=True)
        # What the next life begins with, and the disk itself if it kept its power.
        self.root = Folder()
        self.powered: Disk | None = None
        # What must be there, and all that may be.
        self.kept: set[Sent] = set()
        self.texts: dict[Sent, str] = {}
        self.records: dict[str, int] = {}
        self.count = self.settled = 0

    def power_on(self, lies: Callable[[Disk, File | Folder], bool] | None = None) -> Disk:
        """The disk on which the next life begins."""
        if self.powered:
            return self.powered
        shutil.rmtree(self.disk, ignore_errors=True)
        self.root.save(self.disk)
        return Disk(self.disk, self.root, lies)

    def start(self, **options) -> tuple[fluoro.Server, Life]:
        self.count += 1
        log = self.folder / f"life-{self.count}.log"
        server = fluoro.Server(self.disk / "data", log=log, variables=SETTINGS, **options)
        return server, Life(server.endpoint, self.texts)

    def live(self, seconds: float, lies: Callable[[Disk, File | Folder], bool] | None = None, chance: random.Random | None = None) -> None:
        """Looks for what was kept, adds to it, and loses power, or only the process. `lies` are syncs without effect."""
        disk = self.power_on(lies)
        server, life = self.start(under=(str(self.watch), str(self.disk), str(self.journal)))
        try:
            assert not (lost := self.lost(life)), f"{len(lost)} lost, first {lost[:3]}"
            life.load(seconds, [life.send] * 3 + [life.settle, life.record], server.stop)
        finally:
            if server.process.poll() is None:
                server.kill()
        said = server.log.read_text().splitlines()
        assert not (more := [line for line in said if TORN not in line]), more[:5]
        self.settled += life.settled
        self.lose_power(disk, life, chance)

    def lost(self, life: Life, most: int = 100) -> list[Sent | str]:
        """What is not there of what must be, as far as the traces say that are asked for: the latest, and some others. What is there must
        stay."""
        listed = life.listed()
        latest = set(list(dict.fromkeys(root for root, _ in self.texts))[-most // 2 :])
        asked = {*latest.intersection(listed), *random.sample(listed, min(most // 2, len(listed)))}
        there = life.told(list(asked))
        life.documents |= dict.fromkeys(there, time.monotonic())
        unknown = set(listed) - asked
        lost: list[Sent | str] = [sent for sent in self.kept if sent not in there and sent[0] not in unknown]
        for name, number in self.records.items():
            answer = life.ask("GET", f"/_fluoro/stacks/{name}")
            found = answer.json()["number"] if answer.status_code == 200 else 0
            life.records[name] = [(time.monotonic(), found)]
            lost += [name] if found < number else []
        return lost

    def lose_power(self, disk: Disk, life: Life, chance: random.Random | None) -> None:
        """At a random moment of the life, or at its end; now and then the process ended there, and the disk has power still."""
        happened = list(events(self.journal))
        cut = len(happened)
        is_powered = chance is not None and chance.random() < 0.3
        if chance and not is_powered:
            # Half of them while something is synced: what is in doubt then is whole but for that.
            synced = [at for at, event in enumerate(happened) if event.what == "synced"]
            cut = chance.choice(chance.choice([range(len(happened)), synced]))
        for event in happened[:cut]:
            disk.happened(event)
        self.root = disk.root if is_powered else disk.lose_power(chance)
        for event in happened[cut:]:
            disk.happened(event)
        assert not (escaped := disk.differences()), escaped
        disk.began.clear()
        self.powered = disk if is_powered else None
        moment = happened[cut].seconds if cut < len(happened) else math.inf
        self.kept |= {sent for sent, at in life.documents.items() if at < moment}
        for name, numbers in life.records.items():
            self.records[name] = max([self.records.get(name, 0), *(number for at, number in numbers if at < moment)])

    def ends(self) -> None:
        """All is there, and comes to rest: once, and to the bit."""
        self.power_on()
        server, life = self.start()
        try:
            listed = life.listed()
            assert life.ask("POST", "/_fluoro/settle").status_code == 200
        finally:
            server.stop()
        rows = []
        for path in (self.disk / "data/blocks").glob("*-segments.parquet"):
            columns = pyarrow.parquet.read_table(path, columns=["trace_id", "id", "checksum"]).to_pydict()
            rows += zip(*columns.values(), strict=True)
        found = {(f"1-{trace.hex()[:8]}-{trace.hex()[8:]}", span.hex()): checksum for trace, span, checksum in rows}
        assert len(rows) == len(found), "a document is there twice"
        assert not (lost := self.kept.difference(found)), lost
        assert {root for root, _ in found} == set(listed)
        for sent, checksum in found.items():
            assert checksum & 0xFFFFFFFF == zlib.crc32(self.texts[sent].encode()), sent


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory if there is such a place: what syncs do is ours to say, and need not be waited for."""
    memory = Path("/dev/shm")
    has_room = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 << 30
    with tempfile.TemporaryDirectory(prefix="fluoro-power-", dir=memory if has_room else None) as folder:
        yield Path(folder).resolve()


def test_nothing_acknowledged_is_lost(folder: Path, tmp_path: Path):
    chance, done, documents, settled = random.Random(), 0, 0, 0
    while done < LOSSES:
        lives = Lives(folder / f"from-{done}")
        try:
            for _ in range(min(LIVES, LOSSES - done)):
                lives.live(random.uniform(0.3, 2), chance=chance)
                done += 1
            lives.ends()
        except BaseException:
            # For whoever looks into it: what the last life began with, what it did, and what it said.
            lives.root.save(tmp_path / "began-with")
            shutil.copytree(lives.folder, tmp_path / "left")
            raise
        documents, settled = documents + len(lives.kept), settled + lives.settled
        shutil.rmtree(lives.folder)
    print(f"{done} losses of power, {documents} documents kept, 0 lost; came to rest {settled} times")
    assert documents > LOSSES and settled > 0, "the load never got going"


def log_folder(disk: Disk) -> Folder:
    return disk.root.now["data"].now.get("log", Folder())


@pytest.mark.parametrize(
    "lies",
    [
        lambda disk, node: any(node is file for file in log_folder(disk).now.values()),
        lambda disk, node: node is log_folder(disk),
    ],
    ids=["files", "folder"],
)
def test_syncs_of_the_log_that_do_nothing_are_found_out(folder: Path, lies):
    lives = Lives(folder)
    lives.live(0.5, lies)
    assert lives.kept
    with pytest.raises(AssertionError, match="[0-9]+ lost"):
        lives.live(0)
