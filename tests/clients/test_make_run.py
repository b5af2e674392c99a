"""`make run` twice, on the same ports and the same data directory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import fluoro


def run(data: Path, listen: int, daemon: int, otlp: int) -> str:
    command = [
        sys.executable, str(fluoro.ROOT / "scripts/run"), "--once", "--binary", str(fluoro.binary()), "--data", str(data),
        "--listen", f"127.0.0.1:{listen}", "--daemon", f"127.0.0.1:{daemon}", "--otlp-http", f"127.0.0.1:{otlp}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_second_run_takes_up_the_first(tmp_path: Path):
    data, ports = tmp_path / "data", [fluoro.free_port() for _ in range(3)]
    first = run(data, *ports)
    second = run(data, *ports)
    for text in (first, second):
        # The waterfall goes through the gateway into the function's own calls, and the map knows the table.
        waterfall, map_ = text.split("The service map")
        # Names may be cut to the width of a terminal.
        for part in ("orders/Prod [AWS::ApiGateway", "Invocation", "orders-OrdersTable"):
            assert part in waterfall, text
        assert re.search(r"OrdersTable.* 10 +10 ", map_), text
    # The APIs and functions are the first run's; the table and the queue are new, since their servers begin empty.
    assert "unchanged" in second, second
