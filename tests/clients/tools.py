"""The same calls through boto3 and through the AWS CLI as a process of its own."""

from __future__ import annotations

import io
import json
import re
import secrets
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any, Callable

import boto3
from botocore.config import Config

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
MANAGED = "arn:aws:iam::aws:policy/"
ACCOUNT, REGION = "000000000000", "us-east-1"


class Boto:
    name = "boto3"

    def __init__(self, endpoint: str):
        self.endpoint = endpoint
        self.clients: dict[str, Any] = {}

    def client(self, service: str):
        if service not in self.clients:
            config = Config(retries={"total_max_attempts": 1}, read_timeout=60)
            self.clients[service] = boto3.client(service, endpoint_url=self.endpoint, config=config)
        return self.clients[service]

    def call(self, service: str, operation: str, **members) -> dict:
        answer = getattr(self.client(service), operation)(**members)
        if "Payload" in answer:
            answer["Payload"] = answer["Payload"].read()
        return answer


class CommandLine:
    name = "aws-cli"

    def __init__(self, endpoint: str):
        self.endpoint = endpoint

    def call(self, service: str, operation: str, **members) -> dict:
        command = [sys.executable, "-m", "awscli", "--endpoint-url", self.endpoint, "--output", "json"]
        command += [service, operation.replace("_", "-")]
        with tempfile.TemporaryDirectory() as folder:
            blob, output = Path(folder) / "blob", Path(folder) / "output"
            # Blobs are given as files, as people do.
            if operation == "create_function":
                blob.write_bytes(members.pop("Code")["ZipFile"])
                command += ["--zip-file", f"fileb://{blob}"]
            if operation == "invoke":
                blob.write_bytes(members.pop("Payload", b""))
                # One that takes an output file wants its members as options.
                command += [str(output), "--payload", f"fileb://{blob}"]
                options = [[f"--{kebab(name)}", value] for name, value in members.items()]
                command += sum(options, [])
                members = {}
            if members:
                command += ["--cli-input-json", json.dumps(members)]
            done = subprocess.run(command, capture_output=True, text=True)
            assert done.returncode == 0, f"{service} {operation}: {done.stderr}"
            answer = json.loads(done.stdout) if done.stdout.strip() else {}
            if operation == "invoke":
                answer["Payload"] = output.read_bytes()
        return answer


def kebab(name: str) -> str:
    """`FunctionName` as the command line has it: `function-name`."""
    return re.sub("(?<!^)([A-Z])", r"-\1", name).lower()


def archive(**files: str) -> bytes:
    """A zip of text files; a double underscore in a name stands for a dot. `bootstrap` can be executed."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, text in files.items():
            path = name.replace("__", ".")
            entry = zipfile.ZipInfo(path, date_time=(2024, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = (0o755 if path == "bootstrap" else 0o644) << 16
            bundle.writestr(entry, text)
    return data.getvalue()


def unique(what: str) -> str:
    return f"{what}-{secrets.token_hex(4)}"


def new_root() -> str:
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def new_span() -> str:
    return secrets.token_hex(8)


def segment(**members) -> dict:
    """The document of a segment that took the last second."""
    now = time.time()
    return {"name": "lone", "id": new_span(), "trace_id": new_root(), "start_time": now - 1, "end_time": now, **members}


def put_segments(endpoint: str, *documents: dict) -> None:
    """Sends documents that all are to be kept."""
    client = Boto(endpoint).client("xray")
    answer = client.put_trace_segments(TraceSegmentDocuments=[json.dumps(document) for document in documents])
    assert answer["UnprocessedTraceSegments"] == [], answer


def until(what: str, probe: Callable[[], Any], seconds: float = 20) -> Any:
    """What `probe` returns once it is not empty."""
    deadline = time.monotonic() + seconds
    while True:
        if found := probe():
            return found
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.1)


def make_role(tool, *policies: str) -> str:
    name = unique("role")
    arn = tool.call("iam", "create_role", RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    for policy in policies or ("AWSXRayDaemonWriteAccess", "service-role/AWSLambdaBasicExecutionRole"):
        tool.call("iam", "attach_role_policy", RoleName=name, PolicyArn=MANAGED + policy)
    return arn


def make_function(tool, role: str, code: bytes, **members) -> dict:
    members = {"Runtime": "python3.12", "Handler": "app.handler", "Timeout": 15} | members
    name = members.pop("FunctionName", None) or unique("fn")
    made = tool.call("lambda", "create_function", FunctionName=name, Role=role, Code={"ZipFile": code}, **members)

    def active() -> bool:
        return tool.call("lambda", "get_function_configuration", FunctionName=name).get("State") == "Active"

    until(f"function {name} is active", active)
    return made


def make_api(tool, function: dict, *, traced: bool = True) -> tuple[str, str]:
    """An API whose every path calls the function: its id and its name."""
    name = unique("api")
    api = tool.call("apigateway", "create_rest_api", name=name)
    root = tool.call("apigateway", "get_resources", restApiId=api["id"])["items"][0]["id"]
    greedy = tool.call("apigateway", "create_resource", restApiId=api["id"], parentId=root, pathPart="{proxy+}")["id"]
    where = {"restApiId": api["id"], "resourceId": greedy, "httpMethod": "ANY"}
    tool.call("apigateway", "put_method", **where, authorizationType="NONE")
    arn = function["FunctionArn"]
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    tool.call("apigateway", "put_integration", **where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    allow(tool, function, api["id"])
    tool.call("apigateway", "create_deployment", restApiId=api["id"], stageName="dev", tracingEnabled=traced)
    return api["id"], name


def allow(tool, function: dict, api: str) -> None:
    tool.call(
        "lambda",
        "add_permission",
        FunctionName=function["FunctionName"],
        StatementId=unique("allow"),
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}/*",
    )


def fields(header: str | None) -> dict[str, str]:
    """The fields of a trace header."""
    return dict(re.findall(r"(\w+)=([^;]*)", header or ""))


class Trace:
    """A trace as BatchGetTraces gives it back, its documents parsed."""

    def __init__(self, documents: list[dict]):
        self.documents = documents

    def of(self, origin: str) -> list[dict]:
        return [one for one in self.documents if one.get("origin") == origin]

    def one(self, origin: str) -> dict:
        found = self.of(origin)
        assert len(found) == 1, f"{len(found)} segments of {origin} in {self.outline()}"
        return found[0]

    def outline(self) -> list[str]:
        return [f"{one.get('name')} ({one.get('origin')}, {one.get('id')} under {one.get('parent_id')})" for one in self.documents]


def walk(document: dict):
    yield document
    for child in document.get("subsegments", []):
        yield from walk(child)


def child(document: dict, name: str) -> dict:
    found = [one for one in walk(document) if one is not document and one.get("name") == name]
    assert len(found) == 1, f"{len(found)} subsegments {name} in {[one.get('name') for one in walk(document)]}"
    return found[0]


def fetch(tool, root: str) -> Trace:
    traces = tool.call("xray", "batch_get_traces", TraceIds=[root])["Traces"]
    return Trace([json.loads(one["Document"]) for trace in traces for one in trace["Segments"]])


def finished(tool, root: str, *origins: str) -> Trace:
    """The trace once the server says that it is complete; it must have these segments then, without further waiting."""
    import urllib.request

    with urllib.request.urlopen(f"{tool.endpoint}/_fluoro/traces/{root}?wait=20s", timeout=40) as answer:
        state = json.load(answer)
    assert state["complete"], state
    trace = fetch(tool, root)
    for origin in origins:
        assert trace.of(origin), f"no {origin} in {trace.outline()}"
    return trace
