"""A call that goes to AWS itself, where AWS is a server of ours: `aws_itself.py FOLDER`, below `unshare -rmn`.

In namespaces of its own (users, mounts, network) port 443 is free and `/etc/hosts` may say who `sqs.us-east-1.amazonaws.com`
is. FOLDER holds the certificates. Prints what AWS saw, as JSON.
"""

import ctypes
import fcntl
import http.server
import json
import os
import socket
import ssl
import struct
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "scripts"))

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials

import fluoro

HOST = "sqs.us-east-1.amazonaws.com"
OPERATOR = botocore.credentials.Credentials("AKIAOPERATOR", "the operator's own secret", "the operator's token")


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        up_and_running = 0x41
        fcntl.ioctl(handle, 0x8914, struct.pack("16sh14x", b"lo", up_and_running))


def name_hosts(folder: Path) -> None:
    hosts = folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost {HOST}\n")
    bind = 4096
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(str(hosts).encode(), b"/etc/hosts", None, bind, None) != 0:
        raise OSError(ctypes.get_errno(), "cannot name hosts")


def signed_by_operator(method: str, headers: dict[str, str], body: bytes) -> bool:
    """Signs what came as the operator would and compares."""
    sent = headers["authorization"]
    names = sent.split("SignedHeaders=")[1].split(",")[0].split(";")
    request = botocore.awsrequest.AWSRequest(method, f"https://{HOST}/", {name: headers[name] for name in names}, body)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = botocore.auth.SigV4Auth(OPERATOR, "sqs", "us-east-1")
    canonical = signer.canonical_request(request)
    return sent.endswith(signer.signature(signer.string_to_sign(request, canonical), request))


class Aws(http.server.BaseHTTPRequestHandler):
    seen: list[dict] = []

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers["content-length"]))
        self.seen.append({
            "host": headers["host"],
            "credential": headers["authorization"].split("Credential=")[1].split(",")[0],
            "token": headers.get("x-amz-security-token"),
            "signed": signed_by_operator("POST", headers, body),
            "body": json.loads(body),
        })
        answer = json.dumps({"QueueUrl": f"https://{HOST}/123456789012/jobs"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def main() -> None:
    folder = Path(sys.argv[1])
    raise_loopback()
    name_hosts(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    aws = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Aws)
    aws.socket = context.wrap_socket(aws.socket, server_side=True)
    threading.Thread(target=aws.serve_forever, daemon=True).start()
    variables = {
        "SSL_CERT_FILE": str(folder / "authority.pem"),
        "AWS_ACCESS_KEY_ID": OPERATOR.access_key,
        "AWS_SECRET_ACCESS_KEY": OPERATOR.secret_key,
        "AWS_SESSION_TOKEN": OPERATOR.token,
    }
    with fluoro.running("--downstream", "sqs=aws", variables=variables) as server:
        client = boto3.client(
            "sqs", region_name="us-east-1", endpoint_url=server.endpoint,
            aws_access_key_id="anybody", aws_secret_access_key="anything",
        )
        url = client.get_queue_url(QueueName="jobs")["QueueUrl"]
    print(json.dumps({"answer": url, "seen": Aws.seen}))


if __name__ == "__main__":
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    main()
