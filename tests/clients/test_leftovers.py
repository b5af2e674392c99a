"""No process outlives the server, not even one that a function started in a session of its own."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import fluoro
from tools import Boto, archive, make_function, make_role, until

# Gone from the function's process group and from its parent, as a daemon goes.
CODE = """
import subprocess
def handler(event, context):
    left = subprocess.Popen(["sleep", "3600"], start_new_session=True)
    return {"left": left.pid}
"""


def start_one(server: fluoro.Server) -> int:
    boto = Boto(server.endpoint)
    function = make_function(boto, make_role(boto), archive(app__py=CODE))
    answer = boto.call("lambda", "invoke", FunctionName=function["FunctionName"])
    return json.loads(answer["Payload"])["left"]


def runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(") ", 1)[1]
    except (FileNotFoundError, ProcessLookupError):
        return False
    # A zombie waits for its parent alone.
    return not state.startswith("Z")


def watcher(left: int) -> int:
    """The process that waits for the server's end: it has the mark in its arguments."""

    def marks() -> list[bytes]:
        # Empty for a moment after it was started.
        variables = Path(f"/proc/{left}/environ").read_bytes().split(b"\0")
        return [one.split(b"=")[1] for one in variables if one.startswith(b"_FLUORO_MARK=")]

    def marked() -> int | None:
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "cmdline").read_bytes().split(b"\0"):
                    return int(entry.name)
            except OSError:
                pass
        return None

    [mark] = until("the process has its mark", marks)
    return until("somebody watches", marked)


def test_nothing_is_left_after_a_kill(tmp_path: Path):
    server = fluoro.Server(tmp_path / "data")
    left = start_one(server)
    assert runs(left)
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    until("the process is gone", lambda: not runs(left))
    server.process.stdout.close()


def test_nothing_is_left_after_a_stop(tmp_path: Path):
    server = fluoro.Server(tmp_path / "data")
    left = start_one(server)
    server.stop()
    until("the process is gone", lambda: not runs(left))


def test_what_is_left_all_the_same_is_gone_after_the_next_start(tmp_path: Path):
    server = fluoro.Server(tmp_path / "data")
    left = start_one(server)
    # Nobody can end it now.
    os.kill(watcher(left), signal.SIGKILL)
    server.kill()
    assert runs(left)
    again = fluoro.Server(tmp_path / "data")
    until("the process is gone", lambda: not runs(left))
    again.stop()
