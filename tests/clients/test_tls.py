"""TLS to what is behind us: backends of HTTP integrations, `https://` downstream addresses, and AWS itself. The other side
has a certificate of an authority that only SSL_CERT_FILE knows."""

from __future__ import annotations

import http.server
import json
import shutil
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

import fluoro
from tools import Boto, fields, new_root, unique

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    environment = subprocess.check_output(
        [str(fluoro.ROOT / "scripts/venv"), str(fluoro.ROOT / "examples/requirements.txt")], text=True
    ).strip()
    python = Path(environment) / "bin" / "python"
    names = ["localhost", "127.0.0.1", "sqs.us-east-1.amazonaws.com"]
    subprocess.run([str(python), str(HERE / "certificates.py"), str(folder), *names], check=True)
    return folder


class Backend(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({"path": self.path, "trace": self.headers.get("X-Amzn-Trace-Id")})

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.answer({"QueueUrls": ["https://here/jobs"]})

    def answer(self, body: dict) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def backend(certificates: Path) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()


def trusting(certificates: Path) -> dict[str, str]:
    return {"SSL_CERT_FILE": str(certificates / "authority.pem")}


def stage(server, backend: str) -> str:
    """The URL of a traced stage that hands everything to the backend."""
    client = Boto(server.endpoint).client("apigateway")
    api = client.create_rest_api(name=unique("secure"))["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    where = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    client.put_method(**where, authorizationType="NONE")
    client.put_integration(**where, type="HTTP_PROXY", integrationHttpMethod="GET", uri=f"{backend}/behind")
    client.create_deployment(restApiId=api, stageName="dev", tracingEnabled=True)
    return f"{server.endpoint}/_aws/execute-api/{api}/dev/"


def test_a_secure_backend_answers(certificates, backend):
    with fluoro.running("--sample", "all", variables=trusting(certificates)) as server:
        answer = requests.get(stage(server, backend), timeout=20)
    assert answer.status_code == 200
    assert answer.json()["path"] == "/behind"
    assert "Root" in fields(answer.json()["trace"])


def test_a_backend_of_an_unknown_authority_is_refused_and_the_trace_says_why(backend):
    with fluoro.running("--sample", "all") as server:
        # An answer of the gateway's own names no trace, so the caller does.
        root = new_root()
        headers = {"X-Amzn-Trace-Id": f"Root={root};Sampled=1"}
        answer = requests.get(stage(server, backend), headers=headers, timeout=20)
        assert answer.status_code >= 500
        verb = [str(fluoro.binary()), "--endpoint", server.endpoint, "trace", root, "--wait"]
        text = subprocess.run(verb, capture_output=True, text=True, check=True).stdout
    assert "! Execution failed" in text and "certificate" in text, text


def test_a_secure_downstream_answers(certificates, backend):
    with fluoro.running("--downstream", f"sqs={backend}", variables=trusting(certificates)) as server:
        queues = Boto(server.endpoint).client("sqs").list_queues()
    assert queues["QueueUrls"] == ["https://here/jobs"]


def test_aws_itself_is_called_as_the_operator(certificates):
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rmn", "true"], capture_output=True).returncode != 0:
        pytest.skip("this machine gives no namespaces, so nobody can stand in for AWS")
    command = [unshare, "-rmn", sys.executable, str(HERE / "aws_itself.py"), str(certificates)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answer"].endswith("/123456789012/jobs")
    [seen] = told["seen"]
    assert seen["host"] == "sqs.us-east-1.amazonaws.com"
    assert seen["credential"].startswith("AKIAOPERATOR/") and seen["credential"].endswith("/us-east-1/sqs/aws4_request")
    assert seen["token"] == "the operator's token"
    assert seen["signed"], "the signature is not the operator's"
    assert seen["body"] == {"QueueName": "jobs"}
