"""Disks that are full or cannot be written: a refusal with a code, whole files only, and a run that goes on later."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from faulted_runs import Case, Ended

Faults = tuple[str, int, tuple[str, ...]]


def disk_faults(case: Case) -> list[Faults]:
    """Do everything to a run's disk that can be done here."""
    return [_small_files(case), _small_disk(case), _read_only(case)]


def _limited(size: int) -> Callable[[], None]:
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    return limit


def _small_files(case: Case) -> Faults:
    """Let files end at a size between that of the smallest and of the largest, and then no more."""
    failures = []
    largest = max(len(data) for data in case.expected.values())
    sizes = [largest * share // 16 for share in range(1, 16)]
    for size in sizes:
        out = f"limited-{size}"
        ended = case.begin(out, before=_limited(size)).wait()
        wrong = _refused(ended, "E503", case.home / out) or case.finish(out)
        if wrong:
            failures.append(f"files of {size} bytes at most: {wrong}")
    return "disk full (limit of a file's size), then --resume", len(sizes), tuple(failures)


def _small_disk(case: Case) -> Faults:
    """Run on a disk in memory that is too small, and then larger."""
    what, failures = "disk full (small disk in memory), then --resume", []
    needed = sum(len(data) for data in case.expected.values())
    sizes = [needed * share // 8 for share in range(1, 8)]
    for size in sizes:
        with _disk(size) as disk:
            if disk is None:
                return f"{what}: needs root", 0, ()
            ended = case.begin(str(disk / "run")).wait()
            wrong = _refused(ended, "E503", disk / "run")
            _mount("remount,size=1g", disk)
            wrong = wrong or case.finish(str(disk / "run"))
        if wrong:
            failures.append(f"disk of {size} bytes: {wrong}")
    return what, len(sizes), tuple(failures)


def _read_only(case: Case) -> Faults:
    """Run, and go on, on a disk that cannot be written."""
    what, failures = "read-only disk, then --resume", []
    with _disk(2**30) as disk:
        if disk is None:
            return f"{what}: needs root", 0, ()
        command = case.begin(str(disk / "run"))
        command.wait_for_steps()
        command.send(signal.SIGKILL)
        command.wait()
        _mount("remount,ro", disk)
        for words in ((str(disk / "new"),), (str(disk / "run"), "--resume"), (str(disk / "run"), "--force")):
            wrong = _refused(case.begin(*words).wait(), "E502", disk / "new")
            if wrong:
                failures.append(f"{' '.join(words[1:]) or 'new'}: {wrong}")
        _mount("remount,rw", disk)
        wrong = case.finish(str(disk / "run"))
        if wrong:
            failures.append(wrong)
    return what, 4, tuple(failures)


def _refused(ended: Ended, code: str, out: Path) -> str | None:
    """Return what is wrong about a refusal; None if nothing is."""
    if ended.code != 2 or code not in ended.said:
        return f"exit code {ended.code} instead of a refusal with {code}: {ended.said[-300:]}"
    if (out / "manifest.json").exists():
        return "it counts as finished"
    torn = [path.name for path in out.rglob("*.tmp")] if out.exists() else []
    return f"torn files are left: {', '.join(torn)}" if torn else None


@contextmanager
def _disk(size: int) -> Iterator[Path | None]:
    """Give a disk in memory of so many bytes; None where that is not allowed."""
    path = Path(tempfile.mkdtemp(prefix="sal-hw-disk-"))
    mounted = os.geteuid() == 0 and _mount(f"size={max(size, 4096)}", path)
    try:
        yield path if mounted else None
    finally:
        if mounted:
            subprocess.run([_tool("umount"), str(path)], check=True)
        path.rmdir()


def _mount(options: str, path: Path) -> bool:
    command = [_tool("mount"), "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0


def _tool(name: str) -> str:
    return shutil.which(name) or f"/bin/{name}"
