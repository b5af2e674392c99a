"""The ledger, `docs/parity.md`: each operation, member and error of the model, its state, and the tests that show it.

An item is *tested*, or it stands in `listed.txt` with the reason why not; one that is neither, or both, is wrong.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from pathlib import Path

from evidence import Evidence
from model import Item

ROOT = Path(__file__).resolve().parents[2]
LISTED = Path(__file__).resolve().parent / "listed.txt"
STATES = ("in process", "constant", "stored only", "refused", "ignored", "never")
HEADING = """# Parity with the X-Ray API

Made by `scripts/parity` from the API's model as botocore has it and from what tests assert: the conformance vectors
(`topic/name`) and `tests/parity` (`test_…`, through boto3). An output counts as tested when the values asserted there
differ from call to call, an input when a call with it succeeded, an error when a call got it.

| state | means |
|---|---|
| tested | the tests named show it; at most three are named |
| in process | the Rust test named asserts it, in process: it takes a clock of its own |
| constant | tests assert it, and it has one value |
| stored only | it is kept and given back, and no other answer depends on it |
| refused | a call with it gets an error that says so |
| ignored | it is taken and has no effect, as with AWS |
| never | no answer of ours has it, for the reason given |
"""


@dataclass(frozen=True)
class Listed:
    pattern: str
    state: str
    reason: str


def listed() -> list[Listed]:
    found = []
    for number, line in enumerate(LISTED.read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            pattern, state, reason = (part.strip() for part in line.split("|"))
            assert state in STATES, f"{LISTED.name}:{number}: no state {state}"
            found.append(Listed(pattern, state, reason))
    return found


def judge(items: dict[str, list[Item]], evidence: Evidence) -> tuple[str, list[str]]:
    """The ledger's text, and what is wrong."""
    rules, used, wrong, parts, counts = listed(), set(), [], [], {}
    for operation, members in items.items():
        rows = []
        for item in members:
            tests = evidence.tests(item)
            rule = next((rule for rule in rules if fnmatch.fnmatchcase(str(item).replace("[]", ""), rule.pattern)), None)
            if rule:
                used.add(rule)
            if tests and rule and rule.state != "stored only":
                wrong.append(f"{item} is listed as {rule.state}, and tested: {tests[0]}")
            if rule and rule.state == "constant" and not evidence.constant(item):
                wrong.append(f"{item} is listed as constant, and no test asserts it")
            if not tests and not rule:
                constant = " (what tests assert of it never changes)" if evidence.constant(item) else ""
                wrong.append(f"{item} is neither tested nor listed{constant}")
            state = rule.state if rule else "tested"
            counts[state] = counts.get(state, 0) + 1
            rows.append(f"| {item.part} | `{item.path}` | {state} | {'; '.join(tests[:3]) if tests else rule.reason if rule else ''} |")
        head = [f"\n## {operation}\n", "| | member | state | shown by, or why not |", "|---|---|---|---|"]
        parts += [*head, *rows] if rows else head[:1]
    wrong += [f"{LISTED.name}: nothing fits {rule.pattern}" for rule in rules if rule not in used]
    wrong += [f"{LISTED.name}: there is no test {rule.reason}" for rule in rules if rule.state == "in process" and not exists(rule.reason)]
    total = ", ".join(f"{counts[state]} {state}" for state in ("tested", *STATES) if state in counts)
    return f"{HEADING}\n{len(items)} operations, {sum(counts.values())} members and errors: {total}.\n" + "\n".join(parts) + "\n", wrong


def exists(test: str) -> bool:
    """Whether `path::name` is a function of that file."""
    path, _, name = test.partition("::")
    file = ROOT / path
    return file.is_file() and re.search(rf"\bfn {name}\(", file.read_text()) is not None
