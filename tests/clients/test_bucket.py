"""Traces at rest in a bucket of an S3-compatible server: they survive `kill -9` and outages, and other tools read them there."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Iterator

import duckdb
import pyarrow.dataset
import pyarrow.fs
import pytest
import requests

import fluoro
from conftest import await_port
from tools import Boto, new_root, put_segments, segment

BUCKET, PREFIX = "traces", "fluoro"


class Bucket:
    """An S3-compatible server over a folder; see crates/s3/examples/bucket-server.rs."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / BUCKET).mkdir(parents=True)
        self.start()

    def start(self) -> None:
        target = Path(os.environ.get("CARGO_TARGET_DIR", fluoro.ROOT / "target"))
        self.process = subprocess.Popen(
            [target / "debug/examples/bucket-server", str(self.folder)], stdout=subprocess.PIPE, text=True
        )
        self.endpoint = self.process.stdout.readline().strip()
        assert self.endpoint, "the server of the bucket did not start"

    def objects(self) -> list[str]:
        return sorted(file.name for file in (self.folder / BUCKET / PREFIX).glob("[!.]*"))

    def blocks(self) -> int:
        return sum(name.endswith("-segments.parquet") for name in self.objects())

    def settings(self) -> list[str]:
        blocks = f"store.blocks=s3://{BUCKET}/{PREFIX}"
        return ["--set", blocks, "--set", f"bucket.endpoint={self.endpoint}"]

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Moto(Bucket):
    """Another server, by others, that keeps objects in memory."""

    def __init__(self):
        port = fluoro.free_port()
        environment = subprocess.check_output(
            [str(fluoro.ROOT / "scripts/venv"), str(fluoro.ROOT / "examples/requirements.txt")], text=True
        ).strip()
        command = [f"{environment}/bin/python", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        await_port(port, self.process)
        self.endpoint = f"http://127.0.0.1:{port}"
        self.client = Boto(self.endpoint).client("s3")
        self.client.create_bucket(Bucket=BUCKET)

    def objects(self) -> list[str]:
        listed = self.client.list_objects_v2(Bucket=BUCKET, Prefix=PREFIX + "/").get("Contents", [])
        names = (one["Key"].removeprefix(PREFIX + "/") for one in listed)
        return sorted(name for name in names if not name.startswith("."))


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[Bucket]:
    bucket = Bucket(tmp_path / "buckets")
    yield bucket
    bucket.stop()


@pytest.fixture(params=["s3s", "moto"])
def any_bucket(request, tmp_path: Path) -> Iterator[Bucket]:
    bucket = Bucket(tmp_path / "buckets") if request.param == "s3s" else Moto()
    yield bucket
    bucket.stop()


def settle(server: fluoro.Server) -> requests.Response:
    return requests.post(server.endpoint + "/_fluoro/settle", timeout=120)


def names(server: fluoro.Server, roots: list[str]) -> dict[str, int]:
    """How many segments each of these traces has."""
    xray = Boto(server.endpoint).client("xray")
    found = {}
    for start in range(0, len(roots), 5):
        for trace in xray.batch_get_traces(TraceIds=roots[start : start + 5])["Traces"]:
            found[trace["Id"]] = len(trace["Segments"])
    return found


def test_traces_in_a_bucket_survive_and_are_read_by_others(tmp_path: Path, any_bucket: Bucket):
    bucket, data = any_bucket, tmp_path / "data"
    server = fluoro.Server(data, *bucket.settings())
    roots = [new_root() for _ in range(40)]
    put_segments(server.endpoint, *(segment(trace_id=root) for root in roots))
    assert settle(server).status_code == 200
    assert bucket.blocks() == 1
    assert not (data / "blocks").exists()
    late = [new_root() for _ in range(10)]
    put_segments(server.endpoint, *(segment(trace_id=root) for root in late + roots[:5]))
    server.kill()

    server = fluoro.Server(data, *bucket.settings())
    try:
        expected = {root: 1 for root in roots + late} | {root: 2 for root in roots[:5]}
        assert names(server, roots + late) == expected
        now = time.time()
        xray = Boto(server.endpoint).client("xray")
        found = xray.get_trace_summaries(StartTime=now - 600, EndTime=now + 5)["TraceSummaries"]
        assert {one["Id"] for one in found} == set(expected)
        assert settle(server).status_code == 200
        assert names(server, roots + late) == expected
    finally:
        server.stop()

    files = pyarrow.fs.S3FileSystem(
        endpoint_override=bucket.endpoint, access_key="test", secret_key="test", region="us-east-1", allow_bucket_creation=False
    )
    listed = files.get_file_info(pyarrow.fs.FileSelector(f"{BUCKET}/{PREFIX}"))
    segments = [file.path for file in listed if file.path.endswith("-segments.parquet")]
    rows = pyarrow.dataset.dataset(segments, filesystem=files, format="parquet").to_table(columns=["trace_id", "name"])
    counted = duckdb.sql("select hex(trace_id), count(*) from rows group by all").fetchall()
    assert {trace: count for trace, count in counted} == {
        root[2:].replace("-", "").upper(): count for root, count in expected.items()
    }


def test_an_outage_of_the_bucket_loses_nothing(tmp_path: Path, bucket: Bucket):
    server = fluoro.Server(tmp_path / "data", *bucket.settings())
    try:
        before, during = new_root(), new_root()
        put_segments(server.endpoint, segment(trace_id=before))
        assert settle(server).status_code == 200
        bucket.stop()
        put_segments(server.endpoint, segment(trace_id=during))
        assert names(server, [during]) == {during: 1}
        answer = settle(server)
        assert answer.status_code >= 500, answer.text
        assert names(server, [during]) == {during: 1}
        assert requests.get(server.endpoint + "/_fluoro/health", timeout=10).status_code == 200
        log = server.log.read_text()
        assert "s3://traces/fluoro" in log and "Connection refused" in log
        server.kill()
    finally:
        if server.process.poll() is None:
            server.kill()

    # Without its bucket it does not start, and says so; with it everything is there.
    with pytest.raises(RuntimeError, match="failed to open s3://traces/fluoro"):
        fluoro.Server(tmp_path / "data", *bucket.settings())
    bucket.start()
    server = fluoro.Server(tmp_path / "data", *bucket.settings())
    try:
        assert names(server, [before, during]) == {before: 1, during: 1}
        assert settle(server).status_code == 200
        assert bucket.blocks() == 1
    finally:
        server.stop()


def test_a_prefix_of_another_data_directory_is_refused(tmp_path: Path, bucket: Bucket):
    fluoro.Server(tmp_path / "mine", *bucket.settings()).stop()
    with pytest.raises(RuntimeError, match="it is used by another data directory"):
        fluoro.Server(tmp_path / "yours", *bucket.settings())
