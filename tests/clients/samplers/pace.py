"""Asks a sampler at an even pace, and tells second by second what it said. For test_samplers.py."""

from __future__ import annotations

import json
import time
from typing import Callable


def run(paths: list[str], requests_a_second: int, decide: Callable[[str], bool]) -> None:
    """Never returns. Prints a line for each second: what was asked and kept by path, and whether all of it lies in it."""
    while True:
        second = int(time.time()) + 1
        counts = {path: [0, 0] for path in paths}
        whole = True
        for number in range(requests_a_second):
            # Away from the second's ends, so that the sampler sees the same second as we do.
            due = second + 0.05 + 0.85 * number / requests_a_second
            time.sleep(max(0.0, due - time.time()))
            for path in paths:
                before = time.time()
                kept = decide(path)
                whole = whole and int(before) == second == int(time.time())
                counts[path][0] += 1
                counts[path][1] += bool(kept)
        print(json.dumps({"second": second, "whole": whole, "counts": counts}), flush=True)
