"""Traces go from one server to another in a file, which other tools read, too."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import time
from base64 import b64encode
from pathlib import Path

import duckdb
import pyarrow.parquet
import pytest
import requests

import fluoro
from tools import Boto, new_root, new_span, put_segments, segment


def run(server, *arguments, **options) -> subprocess.CompletedProcess:
    command = [str(fluoro.binary()), "--endpoint", server.endpoint, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def exported(server, path: Path, *arguments) -> dict:
    done = run(server, "--json", "export", *arguments, "-o", path)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def texts(server, root: str) -> list[str]:
    traces = Boto(server.endpoint).call("xray", "batch_get_traces", TraceIds=[root])["Traces"]
    return [one["Document"] for trace in traces for one in trace["Segments"]]


@pytest.fixture(scope="module")
def shops():
    """A server with traces, half of which came to rest: their ids, the faulty ones first."""
    with fluoro.running() as server:
        roots = [new_root() for _ in range(120)]
        for half in (roots[::2], roots[1::2]):
            for start in range(0, len(half), 20):
                documents = []
                for root in half[start : start + 20]:
                    call = {"name": "cart-api", "id": new_span(), "namespace": "remote", "start_time": time.time() - 1, "in_progress": True}
                    at = roots.index(root)
                    documents += [
                        segment(trace_id=root, name="shop", fault=at < 60, user=f"zoë-{at}", subsegments=[call]),
                        segment(trace_id=root, name="cart-api", parent_id=call["id"], metadata={"of": {"at": [at, None]}}),
                    ]
                put_segments(server.endpoint, *documents)
            if half[0] is roots[0]:
                requests.post(f"{server.endpoint}/_fluoro/settle", timeout=60).raise_for_status()
        yield server, roots


def test_traces_go_from_server_to_server_and_duckdb_and_pyarrow_read_them(shops, tmp_path):
    server, roots = shops
    path = tmp_path / "faults.fluoro"
    told = exported(server, path, "--since", "1h", "--filter", "fault")
    assert (told["traces"], told["documents"], told["bytes"]) == (60, 120, path.stat().st_size)
    by_name = duckdb.sql(f"select name, count(*) from read_parquet('{path}') group by name order by name").fetchall()
    assert by_name == [("cart-api", 60), ("shop", 60)]
    table = pyarrow.parquet.read_table(path, columns=["trace_id", "user"]).to_pydict()
    users = {f"1-{id.hex()[:8]}-{id.hex()[8:]}": user for id, user in zip(table["trace_id"], table["user"]) if user}
    assert users == {root: f"zoë-{at}" for at, root in enumerate(roots[:60])}
    with fluoro.running() as other:
        done = run(other, "import", path)
        assert (done.returncode, done.stdout) == (0, "120 documents accepted, 0 refused\n"), done.stderr
        for root in roots[:60]:
            assert texts(other, root) == texts(server, root) != []
        for root in roots[60:]:
            assert texts(other, root) == []
        # From there on again: it is what it was, but for when it came in.
        again = tmp_path / "again.fluoro"
        exported(other, again)
        query = "select trace_id, id, start_time, name, checksum from read_parquet('{}') order by all"
        assert duckdb.sql(query.format(again)).fetchall() == duckdb.sql(query.format(path)).fetchall()


def test_an_export_is_piped_and_its_progress_is_shown_on_a_terminal(shops, tmp_path):
    server, _ = shops
    path = tmp_path / "all.fluoro"
    terminal, screen = pty.openpty()
    command = [str(fluoro.binary()), "--endpoint", server.endpoint]
    with open(path, "wb") as out:
        subprocess.run([*command, "export", "-o", "-"], stdout=out, stderr=screen, timeout=60, check=True)
    with fluoro.running() as other:
        command[2] = other.endpoint
        subprocess.run([*command, "import", str(path)], stdout=subprocess.DEVNULL, stderr=screen, timeout=60, check=True)
    os.close(screen)
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # Linux's end of a terminal.
        pass
    os.close(terminal)
    lines = re.split(r"\r(?:\x1b\[2K)?\n?", shown.decode())
    assert any(re.fullmatch(r"120 traces: [\d.]+ kB", line) for line in lines), lines
    assert f"{path}: 100 %, 200 documents" in lines, lines


def test_documents_of_json_lines_and_what_is_refused(shops, tmp_path):
    server, _ = shops
    good, path = segment(), tmp_path / "segments.jsonl"
    path.write_text(f"{json.dumps(good)}\n{json.dumps(segment(id='nonsense'))}\n")
    done = run(server, "import", path)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "1 document accepted, 1 refused"
    assert done.stdout.splitlines()[1].startswith("  refused: ")
    assert done.stderr.startswith("fluoro: 1 document refused"), done.stderr
    assert [json.loads(text) for text in texts(server, good["trace_id"])] == [good]


def test_a_broken_export_leaves_nothing(shops, tmp_path):
    server, _ = shops
    path = tmp_path / "traces.fluoro"
    done = run(server, "export", "--filter", "falt", "-o", path)
    assert done.returncode == 1 and "did you mean fault?" in done.stderr, done.stderr
    done = subprocess.run(
        [str(fluoro.binary()), "--endpoint", "http://127.0.0.1:1", "export", "-o", str(path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_an_export_stops_with_its_reader_or_its_server(tmp_path):
    """An answer of which nobody reads more than the begin holds up nobody, and one that breaks off is told from one that is whole."""
    with fluoro.running() as server:
        # Text that nothing makes shorter: more than the buffers between server and client take.
        for _ in range(16):
            put_segments(server.endpoint, *[segment(metadata={"random": b64encode(os.urandom(220_000)).decode()}) for _ in range(10)])
        url = f"{server.endpoint}/_fluoro/export"
        slow = [requests.get(url, stream=True, timeout=60) for _ in range(2)]
        assert [answer.status_code for answer in slow] == [200, 200]
        many = requests.get(url, timeout=60)
        assert (many.status_code, many.json()["error"]["code"]) == (429, "TooManyExports")
        slow[0].close()
        deadline = time.monotonic() + 30
        while (again := requests.get(url, timeout=60)).status_code == 429:
            assert time.monotonic() < deadline
        assert again.content.endswith(b"PAR1")
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            assert slow[1].content
