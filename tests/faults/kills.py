"""Runs that are killed, or told to end, at random moments of their steps, and go on."""

from __future__ import annotations

import random
import signal

from faulted_runs import KILLED, Case, interrupt

#: a run is killed so often at most before it may end
_IN_A_ROW = 4

#: how often a signal is sent at most, as a multiple of how often it is to come in time
_TRIES = 5

#: exit codes that the signals give
_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}


def kill_runs(case: Case, kills: int, chance: random.Random) -> tuple[int, tuple[str, ...]]:
    """Kill runs in mid-run, each up to four times, and compare what they end with; return kills and failures."""
    done, failures, number = 0, [], 0
    while done < kills:
        out, number, more = f"killed-{number}", number + 1, ()
        for _ in range(chance.randint(1, _IN_A_ROW)):
            ended = interrupt(case, out, signal.SIGKILL, chance.random(), *more)
            if ended.code != KILLED:
                break
            done, more = done + 1, ("--resume",)
        wrong = case.finish(out)
        if wrong:
            failures.append(f"{out}: {wrong}")
    return done, tuple(failures)


def send_signals(case: Case, times: int, chance: random.Random) -> tuple[int, tuple[str, ...]]:
    """Tell runs to end, and check exit code, message, and what they end with; return how many were told in time."""
    failures, told = [], 0
    for number in range(_TRIES * times):
        if told == times:
            break
        wanted, out = list(_CODES)[told % len(_CODES)], f"told-{number}"
        ended = interrupt(case, out, wanted, 0.6 * chance.random())
        if ended.code == 0:
            wrong = case.what_is_wrong(case.home / out, ended)
        else:
            told += 1
            wrong = f"exit code {ended.code} after {wanted.name}: {ended.said[-200:]}"
            if ended.code == _CODES[wanted] and "E602" in ended.said:
                wrong = case.finish(out)
        if wrong:
            failures.append(f"{out}: {wrong}")
    return told, tuple(failures)
