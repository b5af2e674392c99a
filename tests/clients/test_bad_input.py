"""Bad input of every kind gets a clear error in the right shape."""

from __future__ import annotations

import json
import os
import socket
import subprocess

import pytest
import requests

import fluoro
from tools import new_root, new_span


def run(*arguments: str, **options) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FLUORO_")}
    options.setdefault("env", clean)
    return subprocess.run([str(fluoro.binary()), *arguments], capture_output=True, text=True, timeout=60, **options)


def refused(done: subprocess.CompletedProcess, *words: str) -> None:
    assert done.returncode not in (0, 101) and done.returncode > 0, f"status {done.returncode}: {done.stderr}"
    for word in words:
        assert word in done.stderr, done.stderr


def test_a_port_in_use_is_named_with_its_setting(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "127.0.0.1:%d" % taken.getsockname()[1]
        refused(run("serve", "--data", str(tmp_path / "d"), "--listen", address, "--daemon", "127.0.0.1:0"), address, "listen")


def test_data_of_a_newer_version_is_left_alone(tmp_path):
    data = tmp_path / "data"
    fluoro.Server(data).stop()
    version = data / "VERSION"
    version.write_text("999999\n")
    refused(run("serve", "--data", str(data), "--listen", "127.0.0.1:0", "--daemon", "127.0.0.1:0"), "newer", str(data))
    assert version.read_text() == "999999\n"


def test_data_in_use_by_another_process_is_refused(server):
    refused(run("serve", "--data", str(server.data), "--listen", "127.0.0.1:0", "--daemon", "127.0.0.1:0"), str(server.data))


def test_another_listener_than_loopback_is_refused(tmp_path):
    refused(run("serve", "--data", str(tmp_path / "d"), "--listen", "0.0.0.0:0"), "--insecure-listen")


def test_unknown_settings_are_errors(tmp_path):
    (tmp_path / "fluoro.toml").write_text('lisen = "127.0.0.1:0"\n')
    refused(run("serve", cwd=tmp_path), "lisen", "listen")
    (tmp_path / "fluoro.toml").unlink()
    refused(run("serve", cwd=tmp_path, env=dict(os.environ) | {"FLUORO_SAMPEL": "all"}), "FLUORO_SAMPEL")


@pytest.mark.parametrize("path", ["/TraceSegments", "/Traces", "/TraceSummaries", "/CreateSamplingRule"])
def test_malformed_json_is_a_serialization_exception(server, path):
    answer = requests.post(server.endpoint + path, data=b'{"TraceIds": [', timeout=20)
    assert answer.status_code == 400
    assert answer.headers["x-amzn-errortype"] == "SerializationException"
    assert "message" in {key.lower() for key in answer.json()}


def test_a_body_that_is_too_large_is_refused(server):
    answer = requests.post(server.endpoint + "/TraceSegments", data=b"x" * (80 << 20), timeout=60)
    assert answer.status_code == 413


def test_headers_that_are_too_large_are_refused(server):
    answer = requests.get(server.endpoint + "/_fluoro/health", headers={"X-Long": "x" * (2 << 20)}, timeout=20)
    assert answer.status_code in (400, 431)


def test_what_is_no_http_does_not_hang(server):
    host, port = server.endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        connection.settimeout(20)
        assert connection.recv(4096)[:12] in (b"HTTP/1.1 400", b"")


def test_unknown_operations_are_refused_by_name(server):
    headers = {"X-Amz-Target": "DynamoDB_20120810.Nonsense", "Content-Type": "application/x-amz-json-1.0"}
    assert requests.post(server.endpoint, headers=headers, data="{}", timeout=20).status_code == 400
    answer = requests.post(server.endpoint, data={"Action": "Nonsense", "Version": "2010-05-08"}, timeout=20)
    assert answer.status_code == 400 and "Nonsense" in answer.text
    answer = requests.post(server.endpoint, headers={"X-Amz-Target": "Kinesis_20131202.ListStreams"}, data="{}", timeout=20)
    assert answer.status_code >= 400 and "kinesis" in answer.text and "downstream" in answer.text


def test_a_template_with_what_is_not_supported_is_refused_by_name(server, tmp_path):
    template = tmp_path / "template.yaml"
    template.write_text("Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n")
    refused(run("--endpoint", server.endpoint, "up", str(template)), "AWS::S3::Bucket", "Bucket")
    template.write_text(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Hello:\n    Type: AWS::Serverless::Function\n"
        "    Properties:\n      Runtime: python3.12\n      Handler: app.handler\n      InlineCode: x\n      VpcConfig: {}\n"
    )
    refused(run("--endpoint", server.endpoint, "up", str(template)), "VpcConfig", "Hello")


def test_documents_that_are_wrong_are_counted_by_door_client_and_cause(server):
    bad = json.dumps({"name": "x", "id": "xyz", "trace_id": new_root(), "start_time": 1, "end_time": 2})
    headers = {"User-Agent": "clumsy/1"}
    answer = requests.post(server.endpoint + "/TraceSegments", json={"TraceSegmentDocuments": [bad]}, headers=headers, timeout=20)
    assert answer.json()["UnprocessedTraceSegments"][0]["ErrorCode"] == "InvalidId"
    shown = run("--endpoint", server.endpoint, "doctor")
    assert shown.returncode == 0 and "clumsy/1" in shown.stdout and "InvalidId" in shown.stdout, shown.stdout + shown.stderr


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({}, 200),
    ],
)
def test_a_web_page_reaches_no_management_operation(server, headers, status):
    for path in ("/GetSamplingRules", "/Groups") if status == 403 else ("/GetSamplingRules",):
        assert requests.post(server.endpoint + path, data="{}", headers=headers, timeout=20).status_code == status, path


@pytest.mark.parametrize("query", ["Action=DeleteRole&Version=2010-05-08&RoleName=x", "X-Amz-Credential=a/20260101/us-east-1/iam/aws4_request"])
def test_a_link_of_a_web_page_reaches_no_management_operation(server, query):
    navigation = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert requests.get(f"{server.endpoint}/?{query}", headers=navigation, timeout=20).status_code == 403
    opened = requests.get(server.endpoint, headers=navigation, timeout=20, allow_redirects=False)
    assert (opened.status_code, opened.headers["Location"]) == (302, "/_fluoro/console/")


def test_an_image_under_a_name_that_browsers_do_not_trust_changes_nothing(server):
    asked = requests.get(f"{server.endpoint}/?Action=DeleteRole&Version=2010-05-08&RoleName=x", timeout=20)
    assert asked.status_code == 403 and "POST" in asked.text, asked.text


def test_a_full_disk_refuses_and_recovers(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"this machine does not let us mount a small disk: {mounted.stderr.strip()}")
    try:
        server = fluoro.Server(disk / "data", log=tmp_path / "server.log")
        try:
            filler = disk / "filler"
            with open(filler, "wb") as sink, pytest.raises(OSError):
                while True:
                    sink.write(os.urandom(1 << 16))
                    sink.flush()

            def put() -> tuple[int, str]:
                root = new_root()
                body = {"name": "full", "id": new_span(), "trace_id": root, "start_time": 1, "end_time": 2}
                body["metadata"] = {"default": {"noise": os.urandom(20_000).hex()}}
                answer = requests.post(
                    server.endpoint + "/TraceSegments", json={"TraceSegmentDocuments": [json.dumps(body)]}, timeout=30
                )
                return answer.status_code, root

            statuses = {put()[0] for _ in range(40)}
            assert max(statuses) >= 500 or 429 in statuses, statuses
            assert requests.get(server.endpoint + "/_fluoro/health", timeout=20).status_code == 200
            filler.unlink()
            status, root = put()
            assert status == 200, "there is room again, and it still refuses"
            answer = requests.post(server.endpoint + "/Traces", json={"TraceIds": [root]}, timeout=20).json()
            assert [trace["Id"] for trace in answer["Traces"]] == [root]
        finally:
            server.kill()
    finally:
        subprocess.run(["umount", str(disk)], check=False)
