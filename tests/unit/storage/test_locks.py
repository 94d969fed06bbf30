"""One writer per folder, and whoever dies lets go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sal_hw.errors import InputError
from sal_hw.storage.locks import LOCK, FolderLock, locked

#: takes a lock, says so, and keeps it
_HOLDER = """
import sys, time
from pathlib import Path
from sal_hw.storage.locks import FolderLock
held = FolderLock.take(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


def refused(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        FolderLock.take(folder)
    assert (caught.value.code, caught.value.exit_code) == ("E509", 2)
    return caught.value.problems[0].allowed


def test_a_second_writer_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    with locked(tmp_path):
        assert f"process {os.getpid()}" in refused(tmp_path)
    FolderLock.take(tmp_path).release()


def test_what_a_killed_process_held_is_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert f"process {holder.pid}" in refused(tmp_path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert f'"pid": {holder.pid}' in (tmp_path / LOCK).read_text(), "nothing was tidied up"
    FolderLock.take(tmp_path).release()


@pytest.mark.parametrize("note", ["", "{", "null", "[1]", '{"pid": "x"}', "\0" * 5000])
def test_what_a_lock_file_says_does_not_lock(tmp_path: Path, note: str) -> None:
    (tmp_path / LOCK).write_text(note)
    with locked(tmp_path):
        (tmp_path / LOCK).write_text(note)
        assert "another process does" in refused(tmp_path)


def test_an_error_lets_go(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    lock = FolderLock.take(tmp_path)
    lock.release()
    lock.release()
    assert (tmp_path / LOCK).read_bytes() == b""
