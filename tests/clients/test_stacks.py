"""Templates that change: tables and queues are updated in place behind the server, what left is removed, and `down` leaves
nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import boto3
import pytest

import fluoro
from conftest import await_port

QUEUE = """
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: jobs
      VisibilityTimeout: {timeout}
"""

TABLE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Orders:
    Type: AWS::Serverless::SimpleTable
    Properties:
      TableName: orders
      PrimaryKey: {{Name: {key}, Type: String}}
      ProvisionedThroughput: {{ReadCapacityUnits: {units}, WriteCapacityUnits: 1}}
"""


@pytest.fixture(scope="module")
def queues() -> str:
    """The address of an SQS-compatible server."""
    environment = subprocess.check_output(
        [str(fluoro.ROOT / "scripts/venv"), str(fluoro.ROOT / "examples/requirements.txt")], text=True
    ).strip()
    port = fluoro.free_port()
    command = [f"{environment}/bin/python", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    await_port(port, process)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def behind(dynamodb: str, queues: str):
    with fluoro.running("--downstream", f"dynamodb={dynamodb}", "--downstream", f"sqs={queues}") as server:
        yield server


def verb(server: fluoro.Server, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(fluoro.binary()), "--endpoint", server.endpoint, *words], capture_output=True, text=True, timeout=120
    )


def up(server: fluoro.Server, template: Path, text: str) -> dict:
    template.write_text(text)
    done = verb(server, "--json", "up", str(template))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_tables_and_queues_are_updated_in_place(behind, tmp_path: Path):
    tables = boto3.client("dynamodb", endpoint_url=behind.endpoint)
    jobs = boto3.client("sqs", endpoint_url=behind.endpoint)
    template = tmp_path / "template.yaml"

    def units() -> int:
        return tables.describe_table(TableName="orders")["Table"]["ProvisionedThroughput"]["ReadCapacityUnits"]

    def timeout() -> str:
        url = jobs.get_queue_url(QueueName="jobs")["QueueUrl"]
        return jobs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]["VisibilityTimeout"]

    up(behind, template, TABLE.format(key="id", units=1) + QUEUE.format(timeout=30))
    tables.put_item(TableName="orders", Item={"id": {"S": "kept"}})
    assert (units(), timeout()) == (1, "30")

    up(behind, template, TABLE.format(key="id", units=3) + QUEUE.format(timeout=45))
    assert (units(), timeout()) == (3, "45")
    assert "Item" in tables.get_item(TableName="orders", Key={"id": {"S": "kept"}})

    # A table's key cannot be changed: said by name, and nothing is touched.
    template.write_text(TABLE.format(key="other", units=3) + QUEUE.format(timeout=45))
    refused = verb(behind, "up", str(template))
    assert refused.returncode == 1 and "orders" in refused.stderr and "key" in refused.stderr, refused.stderr
    assert "Item" in tables.get_item(TableName="orders", Key={"id": {"S": "kept"}})

    # What left the template is removed.
    up(behind, template, TABLE.format(key="id", units=3))
    assert jobs.list_queues().get("QueueUrls", []) == []

    down = verb(behind, "down", str(template))
    assert down.returncode == 0, down.stderr
    assert "orders" not in tables.list_tables()["TableNames"]


def test_a_table_needs_somebody_behind(tmp_path: Path):
    template = tmp_path / "template.yaml"
    template.write_text(TABLE.format(key="id", units=1))
    with fluoro.running() as server:
        refused = verb(server, "up", str(template))
    assert refused.returncode == 1
    assert "dynamodb" in refused.stderr and "--downstream" in refused.stderr, refused.stderr
