"""Studies: experiments without a network, each with an engine of its own, registered under the kind of its protocol."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.experiment.base import Arrays, Experiment, restoring
from sal_hw.experiment.runner import RunOptions, advance, warnings_of
from sal_hw.registry import STUDIES, load, names
from sal_hw.results.metrics import settle
from sal_hw.results.result import Finding, Health, RunResult
from sal_hw.spec.studies import StudyProtocol

#: what a result says in place of target and backend
STUDY_TARGET, STUDY_BACKEND = "ideal", "study"

_PREFIX = "experiment."


class Study(Experiment, Protocol):
    """An experiment that needs no session.

    A step may last a few seconds; between steps a run may be interrupted. A study that is restored from a checkpoint
    ends with the very same numbers as one that was not interrupted, whatever the number of threads.
    """

    def findings(self) -> Sequence[Finding]:
        """Return what the user of the result should know."""


class StudyFactory(Protocol):
    """Makes a study; a class with this constructor is one."""

    def __call__(self, protocol: Any, *, seed: int, threads: int, folder: Path | None) -> Study:
        """Return a study that has not begun.

        Parameters
        ----------
        protocol
            What the user wants, of the class that is registered for the kind.
        seed
            Seed of everything random in the run.
        threads
            Threads that may be used; the result does not depend on it.
        folder
            Folder that files of the protocol are looked up in; None is the working folder.
        """


@runtime_checkable
class ChecksAhead(Protocol):
    """A factory that can tell of mistakes in what its study opens later, before anything runs."""

    def check_ahead(self, protocol: Any, *, seed: int, folder: Path | None) -> None:
        """Open what the study will open; raise an InputError if that cannot be used."""


@runtime_checkable
class NeedsSoftware(Protocol):
    """A factory whose studies run with an optional library, without which they can be checked all the same."""

    def require_software(self, protocol: Any) -> None:
        """Raise a DeviceError if what the study needs cannot be found."""


def load_study(kind: str) -> StudyFactory:
    """Return what makes the studies of a kind.

    Raises
    ------
    InputError
        E303 if nothing is registered for that kind.
    """
    known = names(STUDIES)
    if kind not in known:
        raise InputError(
            Problem(
                code="E303",
                field="experiment.kind",
                value=quote_value(kind),
                allowed=f"a study that is installed: {', '.join(known) or 'there is none'}",
                hint="install sal-hw again; its studies are part of it",
            )
        )
    factory: StudyFactory = load(STUDIES, kind)
    return factory


def run_study(
    protocol: StudyProtocol, *, seed: int, folder: Path | None = None, options: RunOptions | None = None
) -> RunResult:
    """Run a study.

    Parameters
    ----------
    protocol
        Of a kind that is registered in the entry-point group ``sal_hw.studies``.
    seed
        Seed of everything random in the run; the same seed gives the same arrays, byte for byte.
    folder
        Folder that files of the study are looked up in; None is the working folder.
    options
        Threads, progress, interruption, checkpoints.

    Raises
    ------
    InputError
        E303 if no study of that kind is installed.
    Interrupted
        If `options.interrupted` said so.
    """
    options = options or RunOptions()
    begin = time.perf_counter()
    study = load_study(protocol.kind)(protocol, seed=seed, threads=options.threads, folder=folder)
    if options.resume and options.store and (kept := options.store.load_checkpoint()):
        with restoring():
            study.restore({key.removeprefix(_PREFIX): item for key, item in kept.items() if key.startswith(_PREFIX)})
    opened = time.perf_counter()
    advance(study, options, lambda: _checkpoint(study), steps="steps")
    outcome = study.outcome()
    health = Health(findings=tuple(study.findings()))
    metrics, undefined = settle({**outcome.metrics, "verdict": health.verdict})
    return RunResult(
        program_hash=None,
        backend=STUDY_BACKEND,
        target=STUDY_TARGET,
        seed=seed,
        metrics=metrics,
        undefined=undefined,
        weights={},
        weights_initial={},
        traces=outcome.traces,
        health=health,
        timings_s={"open": opened - begin, "run": time.perf_counter() - opened},
        warnings=warnings_of(health),
    )


def _checkpoint(study: Study) -> Arrays:
    return {f"{_PREFIX}{name}": values for name, values in study.checkpoint().items()}
