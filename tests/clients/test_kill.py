"""`kill -9` of the whole process under load loses no document that was acknowledged, and splits no trace, while traces come to rest.

FLUORO_KILLS says how often.
"""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections import defaultdict
from pathlib import Path

import requests

import fluoro
from tools import new_root, new_span

ROUNDS = int(os.environ.get("FLUORO_KILLS", "15"))
# A document: its trace and its id.
Sent = tuple[str, str]


def document(sent: Sent) -> str:
    now = time.time()
    root, span = sent
    return json.dumps({
        "name": "kill", "id": span, "trace_id": root, "start_time": now - 0.1, "end_time": now,
        "metadata": {"default": {"filler": "x" * random.randrange(2000)}},
    })


def send(endpoint: str, acknowledged: list[Sent], stop: threading.Event) -> None:
    """Of each trace a document, and another with the next call, when the first may be at rest."""
    session = requests.Session()
    earlier: list[str] = []
    while not stop.is_set():
        roots = [new_root() for _ in range(5)]
        sent = [(root, new_span()) for root in roots + earlier]
        earlier = roots
        try:
            answer = session.post(
                f"{endpoint}/TraceSegments", json={"TraceSegmentDocuments": [document(one) for one in sent]}, timeout=10
            )
        except requests.RequestException:
            return
        if answer.status_code == 200:
            assert answer.json()["UnprocessedTraceSegments"] == []
            acknowledged.extend(sent)


def settle(endpoint: str, times: list[int], stop: threading.Event) -> None:
    """Brings everything to rest again and again, so that kills fall into flushes and compactions."""
    while not stop.is_set():
        try:
            answer = requests.post(f"{endpoint}/_fluoro/settle", timeout=30)
        except requests.RequestException:
            return
        assert answer.status_code == 200, answer.text
        times.append(len(answer.json()["blocks"]))


def missing(endpoint: str, sent: list[Sent]) -> list[Sent]:
    lost = []
    spans = defaultdict(set)
    for root, span in sent:
        spans[root].add(span)
    roots = list(spans)
    for start in range(0, len(roots), 5):
        some = roots[start : start + 5]
        answer = requests.post(f"{endpoint}/Traces", json={"TraceIds": some}, timeout=20).json()
        found = {trace["Id"]: [segment["Id"] for segment in trace["Segments"]] for trace in answer["Traces"]}
        assert all(len(ids) == len(set(ids)) for ids in found.values()), f"a segment came back twice: {found}"
        lost += [(root, span) for root in some for span in spans[root].difference(found.get(root, []))]
    return lost


def test_nothing_acknowledged_is_lost(tmp_path: Path):
    data, everything, settled, starts = tmp_path / "data", [], [], []
    for turn in range(ROUNDS):
        server = fluoro.Server(data)
        acknowledged: list[Sent] = []
        stop = threading.Event()
        senders = [threading.Thread(target=send, args=(server.endpoint, acknowledged, stop)) for _ in range(3)]
        senders.append(threading.Thread(target=settle, args=(server.endpoint, settled, stop)))
        for sender in senders:
            sender.start()
        time.sleep(random.uniform(0.1, 1.0))
        server.kill()
        stop.set()
        for sender in senders:
            sender.join()
        everything += acknowledged

        began = time.monotonic()
        again = fluoro.Server(data)
        starts.append(time.monotonic() - began)
        try:
            # What this round acknowledged, and some of all earlier rounds.
            asked = acknowledged + random.sample(everything, min(200, len(everything)))
            lost = missing(again.endpoint, list(dict.fromkeys(asked)))
            assert not lost, f"round {turn}: {len(lost)} of {len(acknowledged)} lost, first {lost[:3]}"
        finally:
            again.kill()
    took = f"a start took {sorted(starts)[len(starts) // 2] * 1000:.0f} ms, at most {max(starts) * 1000:.0f} ms"
    print(f"{ROUNDS} kills, {len(everything)} acknowledged documents, 0 lost; came to rest {len(settled)} times; {took}")
    assert len(everything) > ROUNDS, "the load never got going"
    assert max(settled) > 0, "nothing came to rest"
