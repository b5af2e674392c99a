"""Power loss of the whole process under load loses nothing that was acknowledged, and splits no trace, while traces come to rest; nor does
power loss soon after the process alone was killed. What functions run is there whole or not at all.

The server runs under `power/watch.c`, which writes down what becomes of its data directory. Of that `power/disk.py` makes what a disk may
have after power loss at a random moment; the next life begins with it. FLUORO_POWER_LOSSES says how many lives.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
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
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterable, Iterator

import pyarrow.parquet
import pytest
import requests

import fluoro
from tools import TRUST, archive, new_root, new_span

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
# And after a function was taken away soon after it was given new code.
GONE = "function was not made ready"
# A document: its trace and its id.
Sent = tuple[str, str]
# A function's code: the archive's SHA-256, in hex.
Code = str
FUNCTIONS = "/2015-03-31/functions"
# Where it is.
CODE = "data/functions/code"
# Of what syncs have no effect.
Lies = Callable[[Disk, File | Folder], bool]


def document(sent: Sent) -> str:
    now = time.time()
    root, span = sent
    most = 50_000 if random.random() < 0.02 else 1_000
    return json.dumps({
        "name": "power", "id": span, "trace_id": root, "start_time": now - 0.1, "end_time": now,
        "metadata": {"default": {"filler": random.randbytes(random.randrange(most)).hex()}},
    })


def package() -> bytes:
    """A zip of a few files, now and then with a link among them."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as bundle:
        for number in range(random.randrange(1, 8)):
            name = random.choice(["", "lib/", "node_modules/tool/bin/"]) + f"{number}.bin"
            bundle.writestr(name, random.randbytes(random.choice([0, 100, 2_000, 20_000])))
        if random.random() < 0.3:
            link = zipfile.ZipInfo("lib/first")
            link.create_system, link.external_attr = 3, 0o120777 << 16
            bundle.writestr(link, "../0.bin")
    return data.getvalue()


def not_as_packed(package: bytes, folder: Path) -> list[str]:
    """What is in the folder and not so in the archive, or the other way round."""
    packed: dict[str, bytes | str] = {}
    with zipfile.ZipFile(io.BytesIO(package)) as bundle:
        for entry in bundle.infolist():
            is_link = entry.external_attr >> 28 == 0o12
            packed[entry.filename] = bundle.read(entry).decode() if is_link else bundle.read(entry)
    there: dict[str, bytes | str] = {}
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_dir():
            there[str(path.relative_to(folder))] = os.readlink(path) if path.is_symlink() else path.read_bytes()
    return [name for name in packed.keys() | there.keys() if packed.get(name) != there.get(name)]


@dataclass
class Life:
    """What a server was asked and has answered, and when."""

    endpoint: str
    # Whatever was sent, in earlier lives, too.
    texts: dict[Sent, str]
    archives: dict[Code, bytes]
    documents: dict[Sent, float] = field(default_factory=dict)
    # Of each record of the catalog the numbers that were in it.
    records: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    # Of each function what it was given, None where it was taken away, in order, and when that was acknowledged.
    given: dict[str, list[tuple[float, Code | None]]] = field(default_factory=dict)
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

    def make_role(self) -> None:
        members = {"Action": "CreateRole", "Version": "2010-05-08", "RoleName": "power", "AssumeRolePolicyDocument": TRUST}
        answer = requests.post(self.endpoint, data=members, timeout=60)
        # Earlier lives had it.
        assert answer.status_code == 200 or "EntityAlreadyExists" in answer.text, answer.text

    def deploy(self, name: str, packed: bytes | None) -> None:
        """Makes a function, gives it other code, or takes it away."""
        given = self.given[name]
        had = given[-1][1]
        if packed is None:
            code, answers, call = None, (204,), ("DELETE", f"{FUNCTIONS}/{name}")
        else:
            code, text = hashlib.sha256(packed).hexdigest(), base64.b64encode(packed).decode()
            self.archives[code] = packed
            new = {
                "FunctionName": name, "Runtime": "provided.al2023", "Handler": "none", "Role": "arn:aws:iam::000000000000:role/power",
                "Code": {"ZipFile": text},
            }
            answers, call = (201,), ("POST", FUNCTIONS, new)
            if had:
                answers, call = (200, 409), ("PUT", f"{FUNCTIONS}/{name}/code", {"ZipFile": text})
        given.append((math.inf, code))
        answer = self.ask(*call)
        assert answer.status_code in answers, answer.text
        # What was given before is not in use yet.
        given[-1] = (time.monotonic(), had if answer.status_code == 409 else code)

    def deploy_something(self) -> None:
        """Code of its own, or what another one has or had."""
        name = random.choice("abc")
        # One function is there always.
        if name != "a" and self.given[name][-1][1] and random.random() < 0.2:
            return self.deploy(name, None)
        known = list(self.archives.values())[-5:]
        self.deploy(name, random.choice(known) if random.random() < 0.4 else package())

    def deploy_now_and_then(self) -> None:
        if not self.over.wait(random.uniform(0, 0.1)):
            self.deploy_something()

    def has(self, name: str) -> Code | None:
        """The code that a function has, if there is one."""
        answer = self.ask("GET", f"{FUNCTIONS}/{name}")
        if answer.status_code == 404:
            return None
        return base64.b64decode(answer.json()["Configuration"]["CodeSha256"]).hex()

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
        # Of each function any of what it may have.
        self.given: dict[str, set[Code | None]] = {name: {None} for name in "abc"}
        self.archives: dict[Code, bytes] = {}
        self.count = self.settled = self.deployed = 0

    def power_on(self, lies: Lies | None) -> Disk:
        """The disk on which the next life begins."""
        if self.powered:
            return self.powered
        shutil.rmtree(self.disk, ignore_errors=True)
        self.root.save(self.disk)
        return Disk(self.disk, self.root, lies)

    def start(self, **options) -> tuple[fluoro.Server, Life]:
        self.count += 1
        log = self.folder / f"life-{self.count}.log"
        self.look_at_code()
        server = fluoro.Server(self.disk / "data", log=log, variables=SETTINGS, **options)
        return server, Life(server.endpoint, self.texts, self.archives)

    def look_at_code(self) -> None:
        """Whatever passes for code is whole, in use or not."""
        for code in (self.disk / CODE).glob("[0-9a-f]*"):
            if code.suffix == ".zip":
                assert code.read_bytes() == self.archives[code.stem], f"{code.name} is damaged"
            else:
                assert not (wrong := not_as_packed(self.archives[code.name], code)), f"{code.name} is half there: {wrong}"

    def live(self, seconds: float, lies: Lies | None = None, chance: random.Random | None = None, has_syncfs: bool = True) -> None:
        """Looks for what was kept, adds to it, and loses power, or only the process. `lies` are syncs without effect."""
        with self.life(lies, chance, has_syncfs) as (_, server, life):
            life.deploy("a", package())
            life.load(seconds, [life.send] * 3 + [life.settle, life.record, life.deploy_now_and_then], server.stop)

    @contextlib.contextmanager
    def life(
        self, lies: Lies | None = None, chance: random.Random | None = None, has_syncfs: bool = True
    ) -> Iterator[tuple[Disk, fluoro.Server, Life]]:
        """Begins with a look for what was kept; whoever lives it ends it."""
        disk = self.power_on(lies)
        options = [] if has_syncfs else ["-s"]
        server, life = self.start(under=(str(self.watch), *options, str(self.disk), str(self.journal)))
        try:
            assert not (lost := self.lost(life)), f"{len(lost)} lost, first {lost[:3]}"
            life.make_role()
            yield disk, server, life
        finally:
            if server.process.poll() is None:
                server.kill()
        said = server.log.read_text().splitlines()
        assert not (more := [line for line in said if TORN not in line and GONE not in line]), more[:5]
        self.settled += life.settled
        self.deployed += sum(len(given) - 1 for given in life.given.values())
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
        return lost + self.functions_lost(life)

    def functions_lost(self, life: Life) -> list[str]:
        lost = []
        for name, given in self.given.items():
            code = life.has(name)
            life.given[name] = [(time.monotonic(), code)]
            is_there = code is None or all((self.disk / CODE / file).exists() for file in (code, f"{code}.zip"))
            lost += [] if code in given and is_there else [f"function {name}"]
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
        for name, given in life.given.items():
            # The last that was acknowledged, or what came after.
            if certain := [at for at, (acknowledged, _) in enumerate(given) if acknowledged < moment]:
                self.given[name] = {code for _, code in given[certain[-1] :]}

    def ends(self) -> None:
        """All is there, and comes to rest: once, and to the bit."""
        self.power_on(None)
        server, life = self.start()
        try:
            listed = life.listed()
            assert not (lost := self.functions_lost(life)), lost
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
    chance, done, documents, settled, deployed = random.Random(), 0, 0, 0, 0
    while done < LOSSES:
        lives = Lives(folder / f"from-{done}")
        try:
            for _ in range(min(LIVES, LOSSES - done)):
                # Some systems have no syncfs.
                lives.live(random.uniform(0.3, 2), chance=chance, has_syncfs=chance.random() < 0.8)
                done += 1
            lives.ends()
        except BaseException:
            # For whoever looks into it: what the last life began with, what it did, and what it said.
            lives.root.save(tmp_path / "began-with")
            shutil.copytree(lives.folder, tmp_path / "left")
            raise
        documents, settled, deployed = documents + len(lives.kept), settled + lives.settled, deployed + lives.deployed
        shutil.rmtree(lives.folder)
    print(f"{done} losses of power, {documents} documents kept, 0 lost; came to rest {settled} times; functions were changed {deployed} times")
    assert documents > LOSSES and settled > 0 and deployed > LOSSES, "the load never got going"


def folder_at(disk: Disk, path: str) -> Folder:
    """The folder, empty if there is none."""
    folder = disk.root
    for name in path.split("/"):
        folder = folder.now.get(name, Folder())
    return folder


def is_file_in(folder: Folder, node: File | Folder) -> bool:
    return isinstance(node, File) and any(node is file for file in folder.now.values())


def is_below(folder: Folder, node: File | Folder) -> bool:
    return any(child is node or isinstance(child, Folder) and is_below(child, node) for child in folder.now.values())


@pytest.mark.parametrize(
    "lies, found_out",
    [
        (lambda disk, node: is_file_in(folder_at(disk, "data/log"), node), "[0-9]+ lost"),
        (lambda disk, node: node is folder_at(disk, "data/log"), "[0-9]+ lost"),
        (lambda disk, node: is_file_in(folder_at(disk, CODE), node), "damaged"),
        (lambda disk, node: is_below(folder_at(disk, CODE), node) and not is_file_in(folder_at(disk, CODE), node), "half there"),
        (lambda disk, node: node is folder_at(disk, CODE), "function a"),
        (lambda disk, node: node is folder_at(disk, "data/functions"), "function a"),
    ],
    ids=["log-files", "log-folder", "archives", "code", "code-folder", "functions-folder"],
)
def test_syncs_that_do_nothing_are_found_out(folder: Path, lies, found_out):
    lives = Lives(folder)
    lives.live(0.5, lies)
    assert lives.kept and lives.given["a"] != {None}
    with pytest.raises(AssertionError, match=found_out):
        lives.live(0)


@pytest.mark.parametrize("has_syncfs", [True, False], ids=["syncfs", "each"])
def test_code_is_durable_when_acknowledged(folder: Path, has_syncfs: bool):
    lives, code = Lives(folder), archive(**{"a__txt": "a" * 2000, "lib/b__txt": "b" * 2000})
    with lives.life(has_syncfs=has_syncfs) as (_, server, life):
        life.deploy("a", code)
        life.load(0, [], server.stop)
    lives.ends()


def test_code_that_was_there_is_durable_when_acknowledged(folder: Path):
    """Who left it there may have been killed before it was."""
    lives, code = Lives(folder), package()
    with lives.life(lambda disk, node: node is folder_at(disk, CODE)) as (disk, server, life):
        life.deploy("a", code)
        life.load(0, [], server.stop)
    # Only the process ended.
    lives.powered, disk.lies = disk, lambda disk, node: False
    with lives.life() as (_, server, life):
        life.deploy("b", code)
        life.load(0, [], server.stop)
    lives.ends()
