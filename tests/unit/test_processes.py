"""Processes end with their deadline, with whoever started them, and with all that they have started."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sal_hw.processes import run_to_deadline

#: a process that starts another one, writes into a pipe that both hold, and computes for ever
_FAMILY = """
import os, subprocess, sys
descriptor = int(sys.argv[1])
if len(sys.argv) == 2:
    subprocess.Popen([sys.executable, *sys.orig_argv[1:], "child"], pass_fds=(descriptor,))
os.write(descriptor, b"x")
while True:
    pass
"""
#: starts the family and is killed
_PARENT = """
import os, signal, sys, threading
from pathlib import Path
from sal_hw.processes import Child
family, descriptor = sys.argv[1:]
def start():
    global child
    command = [sys.executable, "-c", family, descriptor]
    child = Child(command, folder=Path("."), log=Path("log"), descriptors=(int(descriptor),))
thread = threading.Thread(target=start)
thread.start()
thread.join()
sys.stdin.read()
os.kill(os.getpid(), signal.SIGKILL)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux ends children")


def closes(reading: int) -> bool:
    """Return whether nobody holds the other end of a pipe within a minute, however much is written before."""
    while select.select((reading,), (), (), 60.0)[0]:
        if not os.read(reading, 100):
            return True
    return False


def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    command = [sys.executable, "-c", _PARENT, _FAMILY, str(writing)]
    parent = subprocess.Popen(command, cwd=tmp_path, pass_fds=(writing,), stdin=subprocess.PIPE)
    os.close(writing)
    seen = b""
    while len(seen) < 2:
        seen += os.read(reading, 2)
    assert not select.select((reading,), (), (), 0.0)[0], "both live, though the thread that started them ended"
    assert parent.stdin is not None
    parent.stdin.close()
    assert parent.wait() == -signal.SIGKILL
    assert closes(reading)
    os.close(reading)


def test_what_misses_its_deadline_ends_with_all_that_it_started(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    path = f"/proc/{os.getpid()}/fd/{writing}"
    script = _FAMILY.replace("int(sys.argv[1])", f"os.open({path!r}, os.O_WRONLY)", 1)
    command = [sys.executable, "-c", script, "first"]
    assert run_to_deadline(command, folder=tmp_path, log=tmp_path / "log", deadline_s=2.0) is None
    os.close(writing)
    assert closes(reading)
    os.close(reading)


def test_the_exit_code_and_what_was_said_are_kept(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('words'); sys.exit(3)"]
    assert run_to_deadline(command, folder=tmp_path, log=tmp_path / "log", deadline_s=60.0) == 3
    assert (tmp_path / "log").read_text() == "words\n"
