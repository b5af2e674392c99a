"""A copy of the console with npm's packages from the cache, so that none need to be in the checkout."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parent.parent
CONSOLE = ROOT / "console"
NOT_SOURCE = shutil.ignore_patterns("node_modules", "dist", "test-results")


@contextlib.contextmanager
def workshop() -> Iterator[Path]:
    """The copy's folder, which goes when the block ends."""
    modules = subprocess.check_output([str(ROOT / "scripts/npm-tree"), str(CONSOLE)], text=True).strip()
    with tempfile.TemporaryDirectory(prefix="console-", dir=Path(modules).parent) as folder:
        copy = Path(folder) / "console"
        shutil.copytree(CONSOLE, copy, ignore=NOT_SOURCE)
        (copy / "node_modules").symlink_to(modules)
        # Tests hold some of what the console knows against the documentation.
        (Path(folder) / "docs").symlink_to(ROOT / "docs")
        yield copy


def run(folder: Path, *command: str, **options) -> subprocess.CompletedProcess:
    """Runs a command in a workshop; programs of the packages are found by their names."""
    programs = folder / "node_modules" / ".bin"
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}", "CI": "true", "DO_NOT_TRACK": "1", "NO_COLOR": "1"}
    environment.pop("NODE_ENV", None)
    return subprocess.run(command, cwd=folder, env=environment | options.pop("variables", {}), text=True, **options)
