"""A server of its own, and the evidence of all tests, written where FLUORO_EVIDENCE says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent / "scripts"), str(HERE.parent / "clients"), str(HERE)]

import fluoro
from evidence import Evidence
from witness import XRay

EVIDENCE = Evidence()


def pytest_configure(config):
    fluoro.isolate()


def pytest_sessionfinish(session):
    if file := os.environ.get("FLUORO_EVIDENCE"):
        Path(file).write_text(json.dumps(EVIDENCE.to_json()))


@pytest.fixture(scope="session")
def server():
    with fluoro.running("--sample", "all") as running:
        yield running


@pytest.fixture
def xray(server, request) -> XRay:
    return XRay(server.endpoint, request.node.name, EVIDENCE)
