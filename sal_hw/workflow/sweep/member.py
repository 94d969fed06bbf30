"""One member of a ``sweep`` study on its way: a recipe that is compiled, opened and advanced piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.backend import OpenRequest
from sal_hw.contracts.stored_weights import weight_findings
from sal_hw.contracts.targets import load_target
from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.experiment.base import Arrays
from sal_hw.experiment.runner import make_experiment
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
        What was noticed about its weights on the way to the target, and by its session.
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
        self._compiled = program
        self._session = backend.open(program, OpenRequest(seed=member.seed))
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
        _require("follow", self._protocol.follow, scalars)
        _require("metrics", self._protocol.metrics, metrics)
        traces = [scalars[name] for name in self._protocol.follow]
        if any(not np.array_equal(trace.at, traces[0].at) for trace in traces):
            raise InputError(_unequal("the traces of one member"))
        return MemberOutcome(
            at=np.asarray(traces[0].at if traces else np.zeros(0), dtype=np.float64),
            traces=np.array([trace.values for trace in traces]).reshape(len(traces), -1),
            metrics=np.array([_number(metrics[name]) for name in self._protocol.metrics], dtype=np.float64),
            findings=(*weight_findings(self._compiled), *self._session.findings()),
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


def _require(field: str, wanted: tuple[str, ...], known: Mapping[str, object]) -> None:
    missing = [name for name in wanted if name not in known]
    if missing:
        raise InputError(
            Problem(
                code="E508",
                field=f"experiment.{field}",
                value=quote_value(name),
                allowed=f"what the members record: {', '.join(sorted(known)) or 'nothing'}",
                hint=did_you_mean(name, known) or "name one of these, or probe more in the members' recipe",
            )
            for name in missing
        )


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
