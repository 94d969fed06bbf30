"""Two who want to write one folder at the same time: one does, the other is refused, and nothing is mixed up."""

from __future__ import annotations

import shutil
import signal
import time

from faulted_runs import Case, Command

Faults = tuple[str, int, tuple[str, ...]]


def two_writers(case: Case, times: int) -> list[Faults]:
    """Start commands at the same time in all combinations that may meet."""
    together = [
        ("two new runs at once", (), ()),
        ("two --resume at once", ("--resume",), ("--resume",)),
        ("two --force at once", ("--force",), ("--force",)),
        ("--resume and --force at once", ("--resume",), ("--force",)),
    ]
    found = [_pairs(case, what, times, one, other) for what, one, other in together]
    return [*found, _default_folders(case)]


def _pairs(case: Case, what: str, times: int, one: tuple[str, ...], other: tuple[str, ...]) -> Faults:
    failures = []
    for number in range(times):
        out = f"shared-{number}"
        if "--resume" in one or "--force" in one:
            _leave_unfinished(case, out)
        commands = [case.begin(out, *words) for words in (one, other)]
        wrong = _only_one(case, out, commands)
        if wrong:
            failures.append(f"{out}: {wrong}")
        shutil.rmtree(case.home / out, ignore_errors=True)
    return what, times, tuple(failures)


def _leave_unfinished(case: Case, out: str) -> None:
    command = case.begin(out)
    command.wait_for_steps()
    time.sleep(0.3 * case.lasts_s)
    command.send(signal.SIGKILL)
    command.wait()


def _only_one(case: Case, out: str, commands: list[Command]) -> str | None:
    """Return what is wrong about two commands of which at least one must succeed."""
    ends = [command.wait() for command in commands]
    for ended in ends:
        # who comes late may find the other's run finished
        late = "E501" in ended.said or "E505" in ended.said or "nothing was left" in ended.said
        if ended.code not in (0, 2) or (ended.code == 2 and "E509" not in ended.said and not late):
            return f"exit code {ended.code}: {ended.said[-300:]}"
    best = min(ends, key=lambda ended: ended.code)
    return case.what_is_wrong(case.home / out, best)


def _default_folders(case: Case) -> Faults:
    """Start runs in one second that name no folder."""
    commands = [Command(*case.words, folder=case.home) for _ in range(3)]
    ends = [command.wait() for command in commands]
    folders = sorted((case.home / "runs").iterdir())
    failures = [f"exit code {ended.code}: {ended.said[-300:]}" for ended in ends if ended.code != 0]
    if len(folders) != len(commands):
        failures.append(f"{len(folders)} folders of {len(commands)} runs")
    for folder in folders:
        wrong = case.what_is_wrong(folder, ends[0])
        failures += [f"{folder.name}: {wrong}"] if wrong else []
    return "three runs at once that name no folder", len(commands), tuple(failures)
