"""The X-Ray SDK for Node in an Express application, unmodified."""

from __future__ import annotations

import os
import subprocess

import pytest

import fluoro
from conftest import HERE, await_port
from test_xray_sdk_python import request, segment
from tools import child, fetch, until, walk


@pytest.fixture(scope="module")
def application(server, node_modules):
    port = fluoro.free_port()
    environment = os.environ | {"AWS_XRAY_DAEMON_ADDRESS": server.daemon, "NODE_PATH": str(node_modules)}
    process = subprocess.Popen(
        ["node", str(HERE / "node" / "express.js"), str(port)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    await_port(port, process)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def test_a_request_with_its_steps_and_a_call(application, boto):
    root, parent, answer = request(application, "/books")
    assert answer.text == "ok"

    def whole():
        found = segment(boto, root, parent)
        return found if len(list(walk(found))) == 23 else None

    found = until("the segment has its 22 subsegments", whole)
    assert found["name"] == "shelf" and found["http"]["response"]["status"] == 200
    looked = child(found, "look up")
    assert looked["annotations"] == {"shelf": "b7"}
    assert looked["metadata"]["shelf"]["found"] == {"titles": ["Émile"]}
    call = child(found, "127.0.0.1")
    assert call["namespace"] == "remote"
    assert until("the callee's segment is there", lambda: [
        one for one in fetch(boto, root).documents if one.get("parent_id") == call["id"] and not one.get("inferred")
    ])


def test_a_failure_is_a_fault_with_its_exception(application, boto):
    root, parent, answer = request(application, "/broken")
    assert answer.status_code == 500
    found = segment(boto, root, parent)
    assert found["fault"] is True
    assert found["cause"]["exceptions"][0]["message"] == "no such shelf"
