"""One member of a ``sweep`` study on its way: a recipe that is compiled, opened and advanced piece by piece."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import OpenRequest
from sal_hw.contracts.targets import Target, load_target
from sal_hw.errors import DeviceError, InputError, Problem, quote_value
from sal_hw.experiment.base import Arrays
from sal_hw.experiment.run_findings import present_weights, run_findings
from sal_hw.experiment.runner import make_experiment, promise
from sal_hw.program import CompiledProgram
from sal_hw.results.result import Finding
from sal_hw.spec.findings import did_you_mean
from sal_hw.workflow.checked_recipe import load_recipe
from sal_hw.workflow.machines import choose_backend
from sal_hw.workflow.network_recipe import NetworkRecipe
from sal_hw.workflow.sweep.members import SweepMember
from sal_hw.workflow.sweep.schema import SweepProtocol


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MemberOutcome:
    """What is kept of a member.

    Attributes
    ----------
    at
        Updates at which the followed traces were sampled, shape (samples,).
    traces
        Shape (followed, samples).
    metrics
        Shape (metrics,); NaN where the member has no value.
    findings
        All that a run of its own would tell of.
    """

    at: NDArray[np.float64]
    traces: NDArray[np.float64]
    metrics: NDArray[np.float64]
    findings: tuple[Finding, ...] = ()


def load_member(protocol: SweepProtocol, path: Path, member: SweepMember) -> NetworkRecipe:
    """Read the recipe of a member, with its overrides and its seed.

    Raises
    ------
    InputError
        If it cannot be read; E330 if it is a study itself.
    """
    recipe = load_recipe(path, overrides=member.overrides, presets=protocol.presets, seed=member.seed)
    if recipe.network is None:
        words = "a recipe with a network; this one is a study"
        raise InputError(
            Problem(
                code="E330",
                field="experiment.recipe",
                value=quote_value(protocol.recipe),
                allowed=words,
                hint="name a recipe with populations",
            )
        )
    return recipe.job.on_network()


def check_member(protocol: SweepProtocol, path: Path, member: SweepMember, target: Target) -> None:
    """Read and compile a member, and compare what is to be kept of it with what it will give.

    Raises
    ------
    InputError
        If it cannot be read or compiled; E508 if it will not give what is to be kept.
    """
    recipe = load_member(protocol, path, member)
    program = recipe.compile(target, seed=member.seed)
    promised = promise(recipe.protocol, program)
    problems = _missing("follow", protocol.follow, promised.numbers)
    if not promised.metrics.issuperset(protocol.metrics):
        counters = _counters(target, program, member.seed)
        # without its software nobody knows what a target counts
        problems += _missing("metrics", protocol.metrics, promised.metrics | counters) if counters is not None else []
    if problems:
        raise InputError(problems)


def _counters(target: Target, program: CompiledProgram, seed: int) -> Set[str] | None:
    """Return the names of what a target's session counts, None if it cannot be opened here."""
    try:
        session = choose_backend(target, emulate=True).open(program, OpenRequest(seed=seed))
    except DeviceError:
        return None
    with closing(session):
        return session.counters().keys()


class MemberRun:
    """A member that is open and can be advanced.

    Parameters
    ----------
    protocol
        The set that it belongs to.
    path
        Its recipe.
    member
        Which one it is.
    """

    def __init__(self, protocol: SweepProtocol, path: Path, member: SweepMember) -> None:
        recipe = load_member(protocol, path, member)
        target = load_target(protocol.target)
        backend = choose_backend(target, emulate=True)
        program = recipe.compile(target, seed=member.seed)
        self._protocol = protocol
        self._recipe, self._compiled = recipe, program
        self._session = backend.open(program, OpenRequest(seed=member.seed))
        self._initial = present_weights(program, self._session)
        self._experiment = make_experiment(
            recipe.protocol,
            program,
            self._session,
            lambda other: backend.open(other, OpenRequest(seed=member.seed + 1)),
            recipe.file.folder,
        )

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return self._experiment.done >= self._experiment.total

    def step(self) -> None:
        """Advance to the next point where the member may be interrupted."""
        self._experiment.step()

    def close(self) -> None:
        """Release the session."""
        self._session.close()

    def outcome(self) -> MemberOutcome:
        """Return what the set keeps of a finished member.

        Raises
        ------
        InputError
            E508 if the member has not recorded what is to be kept.
        """
        outcome = self._experiment.outcome()
        metrics = {**outcome.metrics, **self._session.counters()}
        scalars = {name: trace for name, trace in outcome.traces.items() if trace.values.ndim == 1}
        problems = _missing("follow", self._protocol.follow, scalars)
        problems += _missing("metrics", self._protocol.metrics, metrics)
        if problems:
            raise InputError(problems)
        traces = [scalars[name] for name in self._protocol.follow]
        if any(not np.array_equal(trace.at, traces[0].at) for trace in traces):
            raise InputError(_unequal("the traces of one member"))
        at = np.asarray(traces[0].at if traces else np.zeros(0), dtype=np.float64)
        return MemberOutcome(
            at=at,
            traces=np.array([trace.values for trace in traces]).reshape(len(traces), len(at)),
            metrics=np.array([_number(metrics[name]) for name in self._protocol.metrics], dtype=np.float64),
            findings=run_findings(self._compiled, self._recipe.protocol, self._session, self._initial),
        )

    def checkpoint(self) -> Arrays:
        """Return everything that is needed to go on."""
        arrays = {f"experiment.{name}": values for name, values in self._experiment.checkpoint().items()}
        return arrays | {f"session.{name}": values for name, values in self._session.checkpoint().items()}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        for prefix, owner in (("experiment.", self._experiment), ("session.", self._session)):
            owner.restore({key.removeprefix(prefix): item for key, item in arrays.items() if key.startswith(prefix)})


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else np.nan


def _missing(field: str, wanted: tuple[str, ...], known: Collection[str]) -> list[Problem]:
    return [
        Problem(
            code="E508",
            field=f"experiment.{field}",
            value=quote_value(name),
            allowed=f"what the members record: {', '.join(sorted(known)) or 'nothing'}",
            hint=did_you_mean(name, known) or "name one of these, or probe more in the members' recipe",
        )
        for name in wanted
        if name not in known
    ]


def _unequal(of_what: str) -> Problem:
    allowed = f"traces that are sampled at the same updates; those of {of_what} are not"
    return Problem(code="E508", field="experiment.follow", allowed=allowed, hint="follow fewer traces")


def refuse_unequal(one: MemberOutcome, other: MemberOutcome) -> None:
    """Refuse members whose traces do not stand side by side.

    Raises
    ------
    InputError
        E508.
    """
    if not np.array_equal(one.at, other.at):
        raise InputError(_unequal("different members"))
