"""Starts the server for a test on free ports, in a data directory of its own, and stops it again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parent.parent


def binary() -> Path:
    """The built `fluoro`; `FLUORO_BINARY` names another one."""
    if named := os.environ.get("FLUORO_BINARY"):
        return Path(named)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / os.environ.get("FLUORO_PROFILE", "debug") / "fluoro"


def isolate() -> None:
    """Lets clients meet nothing of the machine's own AWS settings, here and in what is started from here."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
    }


CLAIMED: list[socket.socket] = []


def free_port() -> int:
    """A port, TCP and UDP, that nobody else gets as long as this process lives, for servers that cannot choose one themselves:
    below those that the system hands out, and claimed among all who ask here by a name that ends with us."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(max(1024, lowest - 10_000), lowest)
    for port in random.sample(ports, len(ports)):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0fluoro-port-{port}")
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        CLAIMED.append(claim)
        return port
    raise RuntimeError("no port is free")


# Free ports.
ANYWHERE = ("--listen", "127.0.0.1:0", "--daemon", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0")


class Server:
    """A running `fluoro serve`. `endpoint`, `daemon` and `otlp` say where it listens. `under` is a command that runs it."""

    def __init__(
        self, data: Path, *arguments: str, log: Path | None = None, variables: dict[str, str] | None = None, patience: float = 60,
        under: tuple[str, ...] = (),
    ):
        self.data = data
        self.log = log or data.with_suffix(".log")
        command = [*under, str(binary()), "serve", "--data", str(data), *ANYWHERE]
        # Settings come as arguments; FLUORO_BINARY and the like are ours, and no settings of the server.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FLUORO_")}
        environment["FLUORO_CACHE"] = os.environ.get("FLUORO_CACHE", str(ROOT / ".cache"))
        environment |= variables or {}
        with open(self.log, "ab") as sink:
            self.process = subprocess.Popen(
                [*command, "--json", *arguments],
                stdout=subprocess.PIPE, stderr=sink, start_new_session=True, env=environment,
            )
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"fluoro did not start: {self.log.read_text(errors='replace')[-2000:]}")
        self.listeners = json.loads(line)
        self.endpoint = "http://" + self.listeners["listen"]
        self.daemon = self.listeners["daemon"]
        self.otlp = f"http://{self.listeners['otlp_http']}"
        self.await_health(patience)

    def await_health(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(self.endpoint + "/_fluoro/health", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"fluoro is not healthy: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.002)

    def kill(self) -> None:
        """As power loss would, for this process and those it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def stop(self, seconds: float = 20) -> int:
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self.process.stdout.close()


@contextlib.contextmanager
def running(*arguments: str, variables: dict[str, str] | None = None) -> Iterator[Server]:
    """A server that lives as long as the block, on an empty data directory."""
    with tempfile.TemporaryDirectory(prefix="fluoro-test-") as folder:
        server = Server(Path(folder) / "data", *arguments, variables=variables)
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.stop()
