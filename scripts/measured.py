"""What benchmarks measured, and the tables of SPECIFICATION.md that they rewrite."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Row:
    """What was measured, once or under each of a table's heads."""

    what: str
    value: str | tuple[str, ...]
    bar: str = "–"

    def line(self) -> str:
        values = (self.value,) if isinstance(self.value, str) else self.value
        return f"| {' | '.join([self.what, *values, self.bar])} |"


def busy_note() -> str:
    """What to add to a table of this moment: nothing on a machine that rests. Says it at once, too. It looks for some seconds: the
    load average still tells of the build before."""

    def used() -> int:
        user, nice, system, _idle, _waiting, *others = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:])
        return user + nice + system + sum(others[:3])

    seconds = 5
    before = used()
    time.sleep(seconds)
    load = (used() - before) / os.sysconf("SC_CLK_TCK") / seconds
    if load <= 0.2:
        return ""
    print(f"==> this machine is busy ({load:.1f} cores are taken): what follows is too pessimistic", flush=True)
    return f"; the machine was busy ({load:.1f} cores were taken), so all of it is too pessimistic"


def machine() -> str:
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 1024**2
    return f"{os.cpu_count()} cores{f' ({model[1].strip()})' if model else ''}, {memory:.0f} GiB, Linux {os.uname().release}"


def commit() -> str:
    def git(*words: str) -> str:
        return subprocess.check_output(["git", *words], cwd=ROOT, text=True).strip()

    changed = git("status", "--porcelain", "--", "crates", "console", "Cargo.toml", "Cargo.lock")
    return git("rev-parse", "--short=12", "HEAD") + (" with uncommitted changes" if changed else "")


def rewrite(command: str, note: str, rows: list[Row], heads: tuple[str, ...] = ("measured",)) -> None:
    page = ROOT / "SPECIFICATION.md"
    lines = [f"`{command}` at commit {commit()} on {time.strftime('%Y-%m-%d', time.gmtime())}, client and server on one machine: {machine()}{note}.", ""]
    lines += [Row("what", heads, "promised").line(), "|---" * (len(heads) + 2) + "|"]
    lines += [row.line() for row in rows]
    begin, end = f"<!-- {command} writes from here -->", "<!-- to here -->"
    text = page.read_text()
    if begin not in text:
        sys.exit(f"{page.name} has lost the line {begin}")
    before, rest = text.split(begin, 1)
    page.write_text(f"{before}{begin}\n" + "\n".join(lines) + f"\n{end}" + rest.split(end, 1)[1])
