"""A server under the generator's load: how it is loaded, and what it is seen to take from outside."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import fluoro

ROOT = Path(__file__).resolve().parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


def target() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def build_fluoro() -> None:
    say("building (release)")
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "fluoro"], cwd=ROOT, check=True)


def built(name: str) -> Path:
    """The release binary of a crate below bench/, which stands outside the workspace."""
    manifest = ROOT / "bench" / name / "Cargo.toml"
    subprocess.run(["cargo", "build", "--release", "--quiet", "--manifest-path", manifest, "--target-dir", target() / "bench"], check=True)
    return target() / "bench" / "release" / name


# === the server, seen from outside ===


def proc(pid: int, field: str) -> int:
    """A field of /proc/PID/status in KiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.M)[1])


def cpu(pid: int) -> float:
    """The CPU seconds that the process has used."""
    stat = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / TICKS


def settled_cpu(pid: int, minutes: float = 2) -> float:
    """The CPU seconds once the process has rested for half a second."""
    used = cpu(pid)
    for _ in range(int(minutes * 120)):
        time.sleep(0.5)
        before, used = used, cpu(pid)
        if used - before <= 1.5 / TICKS:
            return used
    sys.exit(f"the server did not come to rest within {minutes:g} minutes")


def megabytes(kib: int) -> str:
    return f"{kib / 1024:,.0f} MiB"


def losses(running: fluoro.Server) -> list[dict]:
    """What the server's ledger has refused or dropped; the load gives it no cause to."""
    with urllib.request.urlopen(running.endpoint + "/_fluoro/doctor", timeout=60) as answer:
        return [line for line in json.load(answer)["lines"] if line["class"] in ("refused", "trimmed", "dropped")]


# === the load ===


@dataclass
class Tracegen:
    """The generator (bench/tracegen), which makes sets of traces and replays them over four connections."""

    binary: Path

    @classmethod
    def build(cls) -> "Tracegen":
        return cls(built("tracegen"))

    def generate(self, into: Path, traces: int, *options: str, seed: int = 1) -> dict:
        """Makes segments of 4 KB on average, with their subsegments, and returns their counts."""
        say("making traces")
        command = [self.binary, "gen", "--out", into, "--seed", str(seed), "--traces", str(traces), "--xray", *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return json.loads((into / "summary.json").read_text())

    def start(self, data: Path, endpoint: str, *options: str, otlp: bool = False) -> subprocess.Popen:
        how = ["replay", "--path", "/v1/traces"] if otlp else ["replay-xray", "--path", "/TraceSegments", "--docs", "50"]
        command = [self.binary, *how, "--data", data, "--to", endpoint.removeprefix("http://"), "--conns", "4", *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def send(self, data: Path, endpoint: str, *options: str, otlp: bool = False) -> dict:
        """What it reports."""
        with self.start(data, endpoint, *options, otlp=otlp) as process:
            output = process.communicate()[0]
        if process.returncode:
            sys.exit(f"tracegen ended with status {process.returncode}")
        report = output.strip().splitlines()[-1]
        try:
            return json.loads(report)
        except json.JSONDecodeError:
            # It tells the first refusal as a program's text.
            sys.exit(f"the server did not take everything: {report}")

    def load(self, running: fluoro.Server, data: Path, *options: str, endpoint: str = "", otlp: bool = False) -> dict:
        """What it reports once the server has taken everything, and let nothing of it go."""
        report = self.send(data, endpoint or running.endpoint, *options, otlp=otlp)
        lost = losses(running)
        if report["failed"] or lost:
            sys.exit(f"the server did not keep everything: {report} {lost}")
        return report
