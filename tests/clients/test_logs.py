"""What a function wrote is there after the server's end, however it came."""

from __future__ import annotations

import subprocess
from pathlib import Path

import fluoro
from tools import Boto, archive, make_function, make_role, until

CODE = """
def handler(event, context):
    print("wrote", event["number"])
"""


def logs(server: fluoro.Server, function: str) -> str:
    verb = [str(fluoro.binary()), "--endpoint", server.endpoint, "logs", function]
    return subprocess.run(verb, capture_output=True, text=True, check=True).stdout


def test_logs_outlive_the_server(tmp_path: Path):
    server = fluoro.Server(tmp_path / "data")
    boto = Boto(server.endpoint)
    made = make_function(boto, make_role(boto), archive(app__py=CODE))
    function = made["FunctionName"]
    boto.call("lambda", "invoke", FunctionName=function, Payload=b'{"number": 1}')
    server.stop()

    server = fluoro.Server(tmp_path / "data")
    assert "wrote 1\n" in logs(server, function)
    assert "wrote 1\n" in logs(server, made["FunctionArn"])
    Boto(server.endpoint).call("lambda", "invoke", FunctionName=function, Payload=b'{"number": 2}')
    kept = list((tmp_path / "data" / "functions" / "logs").glob("*/newer.jsonl"))
    assert len(kept) == 1
    until("the line is written", lambda: "wrote 2" in kept[0].read_text())
    server.kill()

    server = fluoro.Server(tmp_path / "data")
    text = logs(server, function)
    assert text.index("wrote 1\n") < text.index("wrote 2\n")
    Boto(server.endpoint).call("lambda", "delete_function", FunctionName=function)
    assert not kept[0].exists()
    server.stop()
