"""A server may have as many files open as the system lets it, whatever limit it was started with: shells and service managers start
programs with 1,024, and each block at rest takes three, each connection one."""

import http.client
from pathlib import Path
from urllib.parse import urlsplit

import fluoro


def test_more_connections_than_the_limit_it_was_started_with(tmp_path: Path) -> None:
    server = fluoro.Server(tmp_path / "data", under=("prlimit", "--nofile=64:2048"))
    try:
        address = urlsplit(server.endpoint).netloc
        connections = [http.client.HTTPConnection(address, timeout=30) for _ in range(300)]
        for connection in connections:
            connection.request("GET", "/_fluoro/health")
            answer = connection.getresponse()
            assert answer.status == 200
            answer.read()
        # None was closed for another.
        for connection in connections:
            assert connection.sock is not None
            connection.request("GET", "/_fluoro/health")
            assert connection.getresponse().status == 200
            connection.close()
    finally:
        server.stop()
