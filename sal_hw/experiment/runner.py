"""Runs a compiled program under a protocol: opens the session, steps, saves, and makes the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.contracts.backend import Backend, OpenRequest, Session, SpikeRecorder, WholeRun, never
from sal_hw.errors import Interrupted, Problem
from sal_hw.experiment.align import AlignExperiment
from sal_hw.experiment.base import Arrays, Experiment, Promise, restoring
from sal_hw.experiment.run_findings import present_weights, run_findings
from sal_hw.experiment.sample import SampleExperiment
from sal_hw.experiment.train_distribution import TrainDistributionExperiment
from sal_hw.program import CompiledProgram
from sal_hw.results.metrics import settle
from sal_hw.results.result import Health, RunResult
from sal_hw.spec.network import NetworkSpec
from sal_hw.spec.probes import StateProbe
from sal_hw.spec.protocols import AlignProtocol, NetworkProtocol, SampleProtocol, TrainDistributionProtocol
from sal_hw.target.snapshot import CalibrationSnapshot

#: wall-clock seconds between two checkpoints
CHECKPOINT_EVERY_S = 10.0


class Store(Protocol):
    """Keeps checkpoints and spikes of a run."""

    @property
    def spikes(self) -> SpikeRecorder:
        """Takes recorded spikes."""

    def save_checkpoint(self, arrays: Arrays) -> None:
        """Keep a checkpoint."""

    def load_checkpoint(self) -> Arrays | None:
        """Return the last checkpoint."""


def _no_progress(done: int, total: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """How a run behaves towards its surroundings; none of it changes the result.

    Attributes
    ----------
    threads
        Threads for independent chains.
    progress
        Called with the updates done and their total.
    interrupted
        Asked between steps whether to stop.
    store, resume
        Where checkpoints and spikes go; whether to begin at the last checkpoint.
    """

    threads: int = 1
    progress: Callable[[int, int], None] = _no_progress
    interrupted: Callable[[], bool] = never
    store: Store | None = None
    resume: bool = False


def with_required_probes(network: NetworkSpec, protocol: NetworkProtocol) -> NetworkSpec:
    """Return the network with the probes that an experiment cannot do without."""
    if not isinstance(protocol, (TrainDistributionProtocol, SampleProtocol)):
        return network
    present = any(item.population == protocol.population for item in network.probes_of(StateProbe))
    return (
        network if present else replace(network, probes=(*network.probes, StateProbe(population=protocol.population)))
    )


def run_program(
    program: CompiledProgram,
    protocol: NetworkProtocol,
    backend: Backend,
    *,
    seed: int,
    folder: Path | None = None,
    chip: CalibrationSnapshot | None = None,
    options: RunOptions | None = None,
) -> RunResult:
    """Run an experiment on a compiled program.

    Parameters
    ----------
    program, protocol, backend
        What runs, how, and where.
    seed
        Seed of everything random in the run; the same seed gives the same arrays, byte for byte.
    folder
        Folder that files of the experiment are looked up in; None is the working folder.
    chip
        The chip to emulate; None is a nominal one, or the machine itself.
    options
        Threads, progress, interruption, checkpoints.

    Raises
    ------
    Interrupted
        If `options.interrupted` said so.
    """
    options = options or RunOptions()
    begin = time.perf_counter()
    recorder = options.store.spikes if options.store else None
    session = backend.open(
        program,
        OpenRequest(seed=seed, threads=options.threads, recorder=recorder, chip=chip, interrupted=options.interrupted),
    )
    other = partial(backend.open, request=OpenRequest(seed=seed + 1, chip=chip, interrupted=options.interrupted))
    with closing(session):
        experiment = make_experiment(protocol, program, session, other, folder)
        initial = present_weights(program, session)
        _go_on(experiment, session, options)
        opened = time.perf_counter()
        advance(experiment, options, lambda: _checkpoint(experiment, session))
        outcome = experiment.outcome()
        health = Health(findings=run_findings(program, protocol, session, initial))
        machine = session.chip_id if isinstance(session, WholeRun) else None
        metrics, undefined = settle({**outcome.metrics, **session.counters(), "verdict": health.verdict})
        return RunResult(
            program_hash=program.hash,
            backend=backend.name,
            target=program.target,
            seed=seed,
            chip_id=machine if chip is None else chip.chip_id,
            metrics=metrics,
            undefined=undefined,
            weights=present_weights(program, session),
            weights_initial=initial,
            traces=outcome.traces,
            aligned=program.aligned,
            health=health,
            timings_s={"open": opened - begin, "run": time.perf_counter() - opened},
            warnings=warnings_of(health),
        )


def _go_on(experiment: Experiment, session: Session, options: RunOptions) -> None:
    """Take up a checkpoint if there is one, and tell a machine that plays whole runs how long this one is."""
    if options.resume and options.store and (kept := options.store.load_checkpoint()):
        _restore(kept, experiment, session)
    if isinstance(session, WholeRun):
        session.prepare(experiment.total)


def make_experiment(
    protocol: NetworkProtocol,
    program: CompiledProgram,
    session: Session,
    open_session: Callable[[CompiledProgram], Session],
    folder: Path | None,
) -> Experiment:
    """Return the experiment that a protocol asks for, on an open session.

    Parameters
    ----------
    open_session
        Opens a session of another program on the same backend.
    folder
        Folder that files of the experiment are looked up in; None is the working folder.
    """
    match protocol:
        case AlignProtocol():
            return AlignExperiment(protocol, program, session)
        case SampleProtocol():
            return SampleExperiment(protocol, program, session)
        case TrainDistributionProtocol():
            return TrainDistributionExperiment(protocol, program, session, open_session, folder)
        case _:
            assert_never(protocol)


def promise(protocol: NetworkProtocol, program: CompiledProgram) -> Promise:
    """Return what the experiment that a protocol asks for will have found of a program."""
    match protocol:
        case AlignProtocol():
            return AlignExperiment.promise(protocol, program)
        case SampleProtocol():
            return SampleExperiment.promise(protocol, program)
        case TrainDistributionProtocol():
            return TrainDistributionExperiment.promise(protocol, program)
        case _:
            assert_never(protocol)


def warnings_of(health: Health) -> tuple[str, ...]:
    """Return the findings about a run as its warnings, each with its count."""
    return tuple(f"{finding.kind} x {finding.count}: {finding.advice}" for finding in health.findings)


def advance(
    experiment: Experiment, options: RunOptions, checkpoint: Callable[[], Arrays], *, steps: str = "updates"
) -> None:
    """Step through an experiment, keeping checkpoints, until it is done.

    Parameters
    ----------
    checkpoint
        Returns everything that is needed to go on.
    steps
        What `experiment.done` counts, in words.

    Raises
    ------
    Interrupted
        If `options.interrupted` said so.
    """
    saved = time.perf_counter()
    options.progress(experiment.done, experiment.total)
    while experiment.done < experiment.total:
        experiment.step()
        options.progress(experiment.done, experiment.total)
        stop = options.interrupted() and experiment.done < experiment.total
        if options.store and (stop or time.perf_counter() - saved > CHECKPOINT_EVERY_S):
            options.store.save_checkpoint(checkpoint())
            saved = time.perf_counter()
        if stop:
            raise Interrupted(_interruption(experiment, steps, kept=options.store is not None))


def _checkpoint(experiment: Experiment, session: Session) -> Arrays:
    arrays = {f"experiment.{name}": values for name, values in experiment.checkpoint().items()}
    return arrays | {f"session.{name}": values for name, values in session.checkpoint().items()}


def _restore(kept: Mapping[str, NDArray[Any]], experiment: Experiment, session: Session) -> None:
    with restoring():
        for prefix, owner in (("experiment.", experiment), ("session.", session)):
            owner.restore({key.removeprefix(prefix): item for key, item in kept.items() if key.startswith(prefix)})


def _interruption(experiment: Experiment, steps: str, *, kept: bool) -> Problem:
    return Problem(
        code="E602",
        field="run",
        value=f"{experiment.done} of {experiment.total} {steps}",
        allowed="the run was interrupted" + ("; what is done is kept" if kept else "; nothing was kept"),
        hint="repeat the command with --resume to go on" if kept else "give --out to be able to go on",
    )
