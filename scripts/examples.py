"""The examples, up and running: a DynamoDB- and an SQS-compatible server, `fluoro` before them, both examples deployed, and
some traffic through them. What `make run`, the tests of the console and its benchmark start."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

from fluoro import free_port

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
# One trace of 10,000 subsegments is more than AWS takes.
LARGE = ("--set", "limits.trace_size=64MB", "--set", "limits.document_size=8MB")


def say(text: str) -> None:
    mark = "\033[1;36m==>\033[0m" if sys.stdout.isatty() else "==>"
    print(f"{mark} {text}", flush=True)


# === processes ===


class Processes(contextlib.ExitStack):
    def start(self, command: list[str], **options) -> subprocess.Popen:
        process = subprocess.Popen(command, start_new_session=True, **options)
        self.callback(self.end, process)
        return process

    @staticmethod
    def end(process: subprocess.Popen) -> None:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def prepared(script: str, what: Path) -> Path:
    return Path(subprocess.check_output([str(ROOT / "scripts" / script), str(what)], text=True).strip())


def await_port(port: int, process: subprocess.Popen, what: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{what} did not start on port {port}")
        time.sleep(0.1)


def table_server(processes: Processes, modules: Path) -> int:
    port = free_port()
    cli = str(modules / "dynalite" / "cli.js")
    command = ["node", cli, "--host", "127.0.0.1", "--port", str(port), "--createTableMs", "0", "--deleteTableMs", "0"]
    await_port(port, processes.start(command, stdout=subprocess.DEVNULL), "dynalite")
    return port


def queue_server(processes: Processes, environment: Path) -> int:
    port = free_port()
    command = [str(environment / "bin" / "python"), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    await_port(port, processes.start(command, **quiet), "moto")
    return port


def serve(processes: Processes, fluoro: Path, data: str, tables: int, queues: int, *options: str) -> dict:
    """Starts the server, and returns where it listens once it is healthy."""
    command = [
        str(fluoro), "serve", "--json", "--data", data, "--sample", "all",
        "--downstream", f"dynamodb=http://127.0.0.1:{tables}", "--downstream", f"sqs=http://127.0.0.1:{queues}", *options,
    ]
    process = processes.start(command, stdout=subprocess.PIPE)
    line = process.stdout.readline()
    if not line:
        sys.exit("fluoro did not start; what it says stands above")
    listeners = json.loads(line)
    health = f"http://{listeners['listen']}/_fluoro/health"
    deadline = time.monotonic() + 60
    while call("GET", health)[0] != 200:
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit("fluoro did not become healthy; what it says stands above")
        time.sleep(0.05)
    return listeners


def show(fluoro: Path, endpoint: str, *verb: str) -> None:
    subprocess.run([str(fluoro), "--endpoint", endpoint, *verb], check=True)


def deploy(fluoro: Path, endpoint: str) -> dict[str, str]:
    """Deploys the examples, and returns the URL of each one's stage."""
    for example in ("hello", "orders"):
        say(f"Deploying examples/{example}")
        show(fluoro, endpoint, "up", str(EXAMPLES / example / "template.yaml"))
    return stage_urls(endpoint)


@contextlib.contextmanager
def up(fluoro: Path) -> Iterator[str]:
    """A server on free ports with both examples, some traffic, and room for large traces: its endpoint."""
    own_cache()
    # Variables of ours, such as the one that names the binary, are no settings of the server.
    for name in [name for name in os.environ if name.startswith("FLUORO_") and name != "FLUORO_CACHE"]:
        del os.environ[name]
    with Processes() as processes, ThreadPoolExecutor(2) as background:
        modules = background.submit(prepared, "npm-tree", EXAMPLES / "dynamodb")
        environment = background.submit(prepared, "venv", EXAMPLES / "requirements.txt")
        data = processes.enter_context(tempfile.TemporaryDirectory(prefix="fluoro-examples-"))
        tables, queues = table_server(processes, modules.result()), queue_server(processes, environment.result())
        where = ("--listen", "127.0.0.1:0", "--daemon", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0")
        listeners = serve(processes, fluoro, f"{data}/data", tables, queues, *where, *LARGE)
        endpoint = "http://" + listeners["listen"]
        traffic(deploy(fluoro, endpoint))
        yield endpoint


# === calls ===


def call(verb: str, url: str, body: dict | None = None) -> tuple[int, dict, dict]:
    """Status, headers and JSON of the answer; status 0 when there was none."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"} if data else {}, method=verb)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), decoded(answer.read())
    except urllib.error.HTTPError as failure:
        return failure.code, dict(failure.headers), decoded(failure.read())
    except OSError:
        return 0, {}, {}


def decoded(body: bytes):
    try:
        return json.loads(body)
    except ValueError:
        return {}


def stage_urls(endpoint: str) -> dict[str, str]:
    """The URL of each deployed example's stage, by the example's name."""
    _, _, answer = call("GET", f"{endpoint}/restapis")
    return {api["name"]: f"{endpoint}/_aws/execute-api/{api['id']}/Prod" for api in answer.get("item", [])}


def traffic(urls: dict[str, str]) -> str:
    """Sends the examples some requests, and returns the id of the most telling trace."""
    hello, orders = urls["hello"], urls["orders"]
    basket = {"customer": "ada", "lines": [{"sku": "tea", "price": 4.5, "count": 2}, {"sku": "cup", "price": 7, "count": 1}]}
    expect(200, call("GET", f"{hello}/hello"))
    status, headers, order = expect(201, call("POST", f"{orders}/orders", basket))
    told = root(headers)
    for customer in ("grace", "alan", "edsger"):
        expect(201, call("POST", f"{orders}/orders", basket | {"customer": customer}))
    for _ in range(3):
        expect(200, call("GET", f"{orders}/orders/{order['id']}"))
        expect(200, call("GET", f"{hello}/hello"))
    expect(404, call("GET", f"{orders}/orders/nobody-ordered-this"))
    expect(502, call("GET", f"{orders}/orders/broken"))
    expect(429, call("POST", f"{orders}/rush"))
    expect(200, call("GET", f"{orders}/report"))
    return told


def expect(status: int, answer: tuple[int, dict, dict]) -> tuple[int, dict, dict]:
    if answer[0] != status:
        sys.exit(f"an example answered {answer[0]} where {status} was to be expected: {answer[2]}")
    return answer


def root(headers: dict) -> str:
    header = next(value for name, value in headers.items() if name.lower() == "x-amzn-trace-id")
    return header.split("Root=")[1].split(";")[0]


def ends_in_order() -> None:
    """Lets SIGTERM end this program as Ctrl-C does, with all that it has started."""
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))


def own_cache() -> None:
    """As the scripts that install packages have it: nothing outside the checkout."""
    os.environ.setdefault("FLUORO_CACHE", str(ROOT / ".cache"))
