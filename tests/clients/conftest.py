"""One server for all client tests, with a real DynamoDB-compatible server behind it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "scripts"))

import fluoro
from tools import Boto, CommandLine


def pytest_configure(config):
    fluoro.isolate()


def await_port(port: int, process: subprocess.Popen, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nothing listens on port {port}") from None
            time.sleep(0.05)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    return Path(subprocess.check_output([str(fluoro.ROOT / "scripts/npm-tree"), str(HERE / "node")], text=True).strip())


@pytest.fixture(scope="session")
def dynamodb(node_modules: Path):
    """The address of a DynamoDB-compatible server."""
    port = fluoro.free_port()
    cli = node_modules / "dynalite" / "cli.js"
    process = subprocess.Popen(
        ["node", str(cli), "--host", "127.0.0.1", "--port", str(port), "--createTableMs", "0"], stdout=subprocess.DEVNULL
    )
    await_port(port, process)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture(scope="session")
def server(dynamodb: str):
    """A server that samples everything and forwards DynamoDB."""
    with fluoro.running("--sample", "all", "--downstream", f"dynamodb={dynamodb}") as running:
        yield running


@pytest.fixture(scope="session")
def boto(server) -> Boto:
    return Boto(server.endpoint)


@pytest.fixture(scope="session", params=["boto3", "aws-cli"])
def tool(request, server):
    return Boto(server.endpoint) if request.param == "boto3" else CommandLine(server.endpoint)
