"""Whatever is called with whatever: an answer in the protocol's form, never a crash, never an error of ours."""

from __future__ import annotations

import itertools
import json
import os

import pytest
import requests

import fluoro
from random_calls import Calls

# Statuses that the service's own errors have. 500 is among them: a null in a list of structures, a tag's key twice and
# a boost without cooldown are faults of the real service's own (recorded).
KNOWN = {200, 400, 403, 404, 429, 500}


@pytest.fixture(scope="module")
def server():
    with fluoro.running() as running:
        yield running


@pytest.mark.parametrize("seed", range(1, 1 + int(os.environ.get("FLUORO_CALL_SEEDS", 3))))
def test_random_calls_are_answered_in_the_protocols_form(server, seed):
    session = requests.Session()
    served = set()
    for operation, path, body in itertools.islice(Calls(seed), 1200):
        answer = session.post(server.endpoint + path, body, headers={"Content-Type": "application/json"}, timeout=60)
        told = f"seed {seed}, {operation} {body[:2000]!r}: {answer.status_code} {answer.text[:500]}"
        assert answer.status_code in KNOWN, told
        assert isinstance(json.loads(answer.content), dict), told
        if answer.status_code == 500:
            assert answer.headers["x-amzn-errortype"] == "InternalFailure" and answer.json() == {"message": None}, told
            assert is_fault_of_the_services_own(json.loads(body)), told
        if answer.status_code == 200:
            served.add(operation)
    # Most calls must get beyond the reading of their input, or this tests little.
    assert len(served) > 15, served
    assert "panicked" not in server.log.read_text(errors="replace")


def is_fault_of_the_services_own(body: dict) -> bool:
    lists = [value for value in body.values() if isinstance(value, list)]
    keys = [tag["Key"] for tag in body.get("Tags") or [] if isinstance(tag, dict) and "Key" in tag]
    return any(None in values for values in lists) or len(set(keys)) < len(keys) or "SamplingRateBoost" in json.dumps(body)
