"""`kill -9` of the whole process under load loses no document that was acknowledged. FLUORO_KILLS says how often."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from pathlib import Path

import requests

import fluoro
from tools import new_root, new_span

ROUNDS = int(os.environ.get("FLUORO_KILLS", "15"))
# Room for every trace of many rounds: beyond it the oldest go, and are counted, but not lost to a kill.
ROOM = ("--set", "store.memory=2GB")


def document(root: str) -> str:
    now = time.time()
    return json.dumps({
        "name": "kill", "id": new_span(), "trace_id": root, "start_time": now - 0.1, "end_time": now,
        "metadata": {"default": {"filler": "x" * random.randrange(2000)}},
    })


def send(endpoint: str, acknowledged: list[str], stop: threading.Event) -> None:
    session = requests.Session()
    while not stop.is_set():
        roots = [new_root() for _ in range(10)]
        try:
            answer = session.post(
                f"{endpoint}/TraceSegments", json={"TraceSegmentDocuments": [document(root) for root in roots]}, timeout=10
            )
        except requests.RequestException:
            return
        if answer.status_code == 200:
            assert answer.json()["UnprocessedTraceSegments"] == []
            acknowledged.extend(roots)


def missing(endpoint: str, roots: list[str]) -> list[str]:
    lost = []
    for start in range(0, len(roots), 5):
        some = roots[start : start + 5]
        answer = requests.post(f"{endpoint}/Traces", json={"TraceIds": some}, timeout=20).json()
        found = {trace["Id"]: len(trace["Segments"]) for trace in answer["Traces"]}
        assert all(count == 1 for count in found.values()), f"a segment came back twice: {found}"
        lost += [root for root in some if root not in found]
    return lost


def test_nothing_acknowledged_is_lost(tmp_path: Path):
    data, everything = tmp_path / "data", []
    for turn in range(ROUNDS):
        server = fluoro.Server(data, *ROOM)
        acknowledged: list[str] = []
        stop = threading.Event()
        senders = [threading.Thread(target=send, args=(server.endpoint, acknowledged, stop)) for _ in range(3)]
        for sender in senders:
            sender.start()
        time.sleep(random.uniform(0.1, 1.0))
        server.kill()
        stop.set()
        for sender in senders:
            sender.join()
        everything += acknowledged

        again = fluoro.Server(data, *ROOM)
        try:
            # What this round acknowledged, and some of all earlier rounds.
            asked = acknowledged + random.sample(everything, min(200, len(everything)))
            lost = missing(again.endpoint, list(dict.fromkeys(asked)))
            assert not lost, f"round {turn}: {len(lost)} of {len(acknowledged)} lost, first {lost[:3]}"
        finally:
            again.kill()
    print(f"{ROUNDS} kills, {len(everything)} acknowledged documents, 0 lost")
    assert len(everything) > ROUNDS, "the load never got going"
