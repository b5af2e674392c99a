"""`sam traces` of the AWS SAM CLI, unmodified: one trace, those of the last minutes, and a tail."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import fluoro
import pytest
import tools
from tools import segment


@pytest.fixture(scope="module")
def executable() -> Path:
    """It pins so much that it has an environment of its own."""
    requirements = Path(__file__).resolve().parent / "sam" / "requirements.txt"
    environment = subprocess.check_output([str(fluoro.ROOT / "scripts/venv"), str(requirements)], text=True).strip()
    return Path(environment) / "bin" / "sam"


@pytest.fixture
def command(server, executable, tmp_path):
    def command(*words: str) -> dict:
        environment = os.environ | {"AWS_ENDPOINT_URL": server.endpoint, "SAM_CLI_TELEMETRY": "0", "HOME": str(tmp_path)}
        return {"args": [str(executable), "traces", *words], "env": environment, "text": True}

    return command


@pytest.fixture
def sam(command):
    def sam(*words: str) -> str:
        done = subprocess.run(**command(*words), capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return sam


def send(server) -> dict:
    document = segment(name=tools.unique("service"), http={"response": {"status": 207}})
    tools.put_segments(server.endpoint, document)
    return document


def test_one_trace_by_its_id(server, sam):
    document = send(server)
    told = sam("--trace-id", document["trace_id"])
    assert document["trace_id"] in told and f"{document['name']} [HTTP: 207]" in told, told


def test_the_traces_of_the_last_minutes_with_their_graph(server, sam):
    documents = [send(server) for _ in range(3)]
    told = sam()
    for document in documents:
        assert document["trace_id"] in told and f"(Root) None - {document['name']}" in told, told
    lines = [json.loads(line) for line in sam("--output", "json").splitlines() if line.startswith("{")]
    seen = {line.get("Id") for line in lines}
    assert {document["trace_id"] for document in documents} <= seen, lines


def test_a_tail_shows_what_comes_later(server, command):
    first = send(server)
    with subprocess.Popen(**command("--tail"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=1) as tail:
        try:
            read_until(tail, first["trace_id"])
            later = send(server)
            read_until(tail, later["trace_id"])
        finally:
            tail.send_signal(signal.SIGKILL)


def read_until(process: subprocess.Popen, text: str) -> None:
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"the tail ended before {text}")
