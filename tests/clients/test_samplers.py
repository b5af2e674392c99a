"""Real samplers in several processes at once against the same rules: together they keep what the rules promise.

The X-Ray SDKs for Python and Node, and OpenTelemetry's AwsXRayRemoteSampler with its report of anomalies. What the SDK for
Node makes of a quota is its own: it reads the time to which it is good in other units, so it goes on to borrow one request
a second.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
from collections import defaultdict

import pytest

import fluoro
from conftest import HERE
from tools import unique, until

SAMPLERS = HERE / "samplers"
PYTHONS, PACE = 3, 40
EXACT, SHARED = 12, 20
RATE, BOOSTED = 0.25, 0.1
# What is measured, once the samplers have settled.
SECONDS = 10


class Fleet:
    """Processes that ask their samplers, and what they said by second."""

    def __init__(self):
        self.processes: list[subprocess.Popen] = []
        self.said: dict[int, dict[str, dict]] = defaultdict(dict)

    def start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.PIPE, cwd=SAMPLERS, text=True)
        self.processes.append(process)
        threading.Thread(target=self.listen, args=(name, process), daemon=True).start()

    def listen(self, name: str, process: subprocess.Popen) -> None:
        for line in process.stdout:
            told = json.loads(line)
            self.said[told["second"]][name] = told

    def complete(self, names: list[str]) -> list[int]:
        """Seconds of which all of these have told, and whole ones."""
        seconds = sorted(self.said)
        return [second for second in seconds if all(self.said[second].get(name, {}).get("whole") for name in names)]

    def sum(self, second: int, path: str, names: list[str]) -> tuple[int, int]:
        """Requests and what was kept of them."""
        counts = [self.said[second][name]["counts"][path] for name in names]
        return sum(count[0] for count in counts), sum(count[1] for count in counts)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def rule(boto, name: str, path: str, **members) -> None:
    members = {
        "RuleName": name, "Priority": 9, "FixedRate": 0.0, "ReservoirSize": 0, "ServiceName": "*", "ServiceType": "*",
        "Host": "*", "HTTPMethod": "*", "URLPath": path, "ResourceARN": "*", "Version": 1,
    } | members
    boto.call("xray", "create_sampling_rule", SamplingRule=members)


@pytest.fixture(scope="module")
def paths(boto):
    run = unique("run")
    paths = {kind: f"/{run}/{kind}" for kind in ("exact", "shared", "fails")}
    names = {kind: f"{run[:20]}-{kind}" for kind in paths}
    rule(boto, names["exact"], paths["exact"], ReservoirSize=EXACT)
    rule(boto, names["shared"], paths["shared"], ReservoirSize=SHARED, FixedRate=RATE)
    boost = {"MaxRate": 1.0, "CooldownWindowMinutes": 1}
    rule(boto, names["fails"], paths["fails"], FixedRate=BOOSTED, SamplingRateBoost=boost)
    yield paths
    for name in names.values():
        boto.call("xray", "delete_sampling_rule", RuleName=name)


@pytest.fixture(scope="module")
def pythons() -> list[str]:
    return [f"python-{number}" for number in range(PYTHONS)]


@pytest.fixture(scope="module")
def fleet(server, paths, pythons, node_modules):
    venv = subprocess.check_output([str(fluoro.ROOT / "scripts/venv"), str(SAMPLERS / "requirements.txt")], text=True)
    fleet = Fleet()
    daemon = {"AWS_XRAY_DAEMON_ADDRESS": server.daemon}
    mixed = [str(PACE), paths["exact"], paths["shared"]]
    for name in pythons:
        fleet.start(name, [sys.executable, "xray_sdk.py", *mixed], daemon)
    node = ["node", "xray_sdk.js", str(PACE), paths["shared"]]
    fleet.start("node", node, daemon | {"NODE_PATH": str(node_modules)})
    otel = [f"{venv.strip()}/bin/python", "otel.py", f"http://{server.daemon}", str(PACE), paths["shared"], paths["fails"]]
    fleet.start("otel", otel, {})
    yield fleet
    fleet.stop()


def settled(fleet: Fleet, path: str, names: list[str]) -> int:
    """The second from which on the whole reservoir is kept, three times in a row."""

    def found():
        seconds = fleet.complete(names)
        kept = {second: fleet.sum(second, path, names)[1] for second in seconds}
        runs = [second for second in kept if all(kept.get(second + ahead) == EXACT for ahead in range(3))]
        return runs[:1]

    return until("the reservoir is divided", found, seconds=60)[0]


def test_the_sum_of_all_processes_is_the_reservoir_in_every_second(fleet, paths, pythons):
    begin = settled(fleet, paths["exact"], pythons)

    def measured():
        seconds = [second for second in fleet.complete(pythons) if second >= begin]
        return seconds if len(seconds) >= SECONDS else None

    seconds = until("so many seconds have passed", measured, seconds=60)
    kept = [fleet.sum(second, paths["exact"], pythons)[1] for second in seconds]
    assert max(kept) <= EXACT, kept
    assert sum(kept) >= 0.9 * EXACT * len(kept), kept


def test_before_quotas_are_told_each_process_borrows_one_a_second(fleet, paths, pythons):
    begin = settled(fleet, paths["exact"], pythons)
    before = [second for second in fleet.complete(pythons) if second < begin]
    # Who has none yet borrows, while others may have theirs.
    kept = [fleet.sum(second, paths["exact"], pythons)[1] for second in before if len(fleet.said[second]) == PYTHONS + 2]
    assert all(count <= EXACT + PYTHONS for count in kept), kept


def test_reservoir_and_rate_together_keep_what_the_rule_promises(fleet, paths, pythons):
    everybody = [*pythons, "node", "otel"]
    begin = settled(fleet, paths["exact"], pythons)

    def measured():
        seconds = [second for second in fleet.complete(everybody) if second >= begin]
        return seconds[:SECONDS] if len(seconds) >= SECONDS else None

    seconds = until("so many seconds have passed", measured, seconds=60)
    sums = [fleet.sum(second, paths["shared"], everybody) for second in seconds]
    requests, kept = sum(one[0] for one in sums), sum(one[1] for one in sums)

    def promised(from_reservoir: int) -> float:
        return from_reservoir + RATE * (requests - from_reservoir)

    deviation = math.sqrt(requests * RATE * (1 - RATE))
    # At least the quotas of the SDK for Python, a fifth each; at most all of it, what Node borrows, and a second's worth
    # that OpenTelemetry's bucket may hold at the begin.
    least = promised(SHARED * PYTHONS // 5 * SECONDS) - 5 * deviation
    most = promised((SHARED + 1) * SECONDS + SHARED // 4) + 5 * deviation
    assert least <= kept <= most, f"{kept} of {requests}, promised {least:.0f} to {most:.0f}"


def test_anomalies_that_opentelemetry_reports_raise_the_rate(fleet, paths):
    def of_late(count: int) -> float | None:
        seconds = fleet.complete(["otel"])[-count:]
        sums = [fleet.sum(second, paths["fails"], ["otel"]) for second in seconds]
        return sum(one[1] for one in sums) / sum(one[0] for one in sums) if len(sums) == count else None

    # Twice the rate or more, over eight seconds: at the rule's own rate one in a hundred thousand such times has as much.
    until("the rate is raised", lambda: (of_late(8) or 0) >= 1.75 * BOOSTED, seconds=90)
    # One boost lasts a minute at most, and the next comes with the next cooldown window.
    assert of_late(8) <= 4 * BOOSTED
