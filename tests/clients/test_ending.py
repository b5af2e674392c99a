"""The server ends when it is told to, and not before."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import pytest
import requests

import fluoro
from tools import until


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_stops_at_once(tmp_path: Path, sent: signal.Signals, status: int):
    server = fluoro.Server(tmp_path / "data", "--set", "shutdown=5m")
    host, port = server.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        # A request whose body does not come: the server would wait for it.
        connection.sendall(b"POST /TraceSegments HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 100 ")
        server.process.send_signal(sent)

        def closed() -> bool:
            try:
                socket.create_connection((host, int(port)), 10).close()
            except OSError:
                return True
            return False

        until("the listener is closed", closed)
        assert server.process.poll() is None
        server.process.send_signal(sent)
        assert server.process.wait(20) == status
    server.process.stdout.close()


def test_nobody_has_to_read_what_it_prints(tmp_path: Path):
    listen = f"127.0.0.1:{fluoro.free_port()}"
    command = [str(fluoro.binary()), "serve", "--data", str(tmp_path / "data"), "--listen", listen, *fluoro.ANYWHERE[2:]]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()

    def healthy() -> bool:
        assert process.poll() is None, process.stderr.read()
        try:
            return requests.get(f"http://{listen}/_fluoro/health", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    until("it is up", healthy)
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 0, said
