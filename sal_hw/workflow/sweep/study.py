"""The ``sweep`` study, see :mod:`sal_hw.workflow.sweep.schema`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.targets import load_target
from sal_hw.experiment.base import Arrays, Outcome
from sal_hw.results.metrics import Found, Undefined
from sal_hw.results.result import Finding, Trace, Verdict
from sal_hw.workflow.sweep.member import MemberOutcome, MemberRun, check_member, load_member, refuse_unequal
from sal_hw.workflow.sweep.members import SweepMember, member_recipe, sweep_members
from sal_hw.workflow.sweep.schema import SweepProtocol

_SEVERITIES: tuple[Verdict, ...] = ("ok", "degraded", "failed")


def _telling(members: Sequence[SweepMember]) -> Iterator[SweepMember]:
    """Yield as few members as hold every level, repetition and variant at least once."""
    seen: set[object] = set()
    for member in members:
        facts = {("variant", member.variant), ("level", member.level), *enumerate(member.repeats)}
        if not facts <= seen:
            seen |= facts
            yield member


class SweepStudy:
    """Runs the members of a set, as many at a time as there are threads; what a finished one gave is kept at once.

    Parameters
    ----------
    protocol
        What the user wants.
    seed
        Seed of the first level and repetition.
    threads
        Members that may run at the same time; each is a run of its own, so the result does not depend on it.
    folder
        Folder below which the members' recipe lies.
    """

    def __init__(self, protocol: SweepProtocol, *, seed: int, threads: int, folder: Path | None) -> None:
        self._protocol, self._threads = protocol, threads
        self._path = member_recipe(protocol, folder)
        self._members = sweep_members(protocol, seed)
        for member in _telling(self._members):
            load_member(protocol, self._path, member)
        self.done, self.total = 0, len(self._members)
        self._running: dict[int, MemberRun] = {}
        self._found: dict[int, MemberOutcome] = {}

    @classmethod
    def check_ahead(cls, protocol: SweepProtocol, *, seed: int, folder: Path | None) -> None:
        """Check the members' recipe with every level, repetition and variant once, before hours of work.

        Raises
        ------
        InputError
            From the first member that cannot be read or compiled, or will not give what is to be kept of it.
        """
        path, target = member_recipe(protocol, folder), load_target(protocol.target)
        for member in _telling(sweep_members(protocol, seed)):
            check_member(protocol, path, member, target)

    def step(self) -> None:
        """Advance the members that run, each up to where it may be interrupted."""
        self._start_members()
        chosen = sorted(self._running)[: self._threads]
        if len(chosen) == 1:
            self._running[chosen[0]].step()
        else:
            with ThreadPoolExecutor(max_workers=len(chosen)) as pool:
                list(pool.map(lambda place: self._running[place].step(), chosen))
        for place in chosen:
            if self._running[place].finished:
                self._keep(place)

    def _start_members(self) -> None:
        waiting = (place for place in range(self.total) if place not in self._found and place not in self._running)
        while len(self._running) < self._threads and (place := next(waiting, None)) is not None:
            self._running[place] = MemberRun(self._protocol, self._path, self._members[place])

    def _keep(self, place: int) -> None:
        run = self._running.pop(place)
        outcome = run.outcome()
        run.close()
        if self._found:
            refuse_unequal(next(iter(self._found.values())), outcome)
        self._found[place] = outcome
        self.done += 1

    def outcome(self) -> Outcome:
        """Return the members' traces and metrics side by side, and means over the repetitions."""
        protocol, members = self._protocol, self._members
        found = [self._found[place] for place in range(self.total)]
        columns: dict[str, list[float]] = {
            "level": [member.level for member in members],
            "variant": [float(member.variant) for member in members],
        }
        for place, each in enumerate(protocol.repeats):
            columns[f"repeat.{each.name}"] = [member.repeats[place] for member in members]
        index = np.array([member.index for member in members])
        traces = {f"sweep.{name}": _over(index, values) for name, values in columns.items()}
        for place, name in enumerate(protocol.metrics):
            traces[f"sweep_metric.{name}"] = _over(index, [each.metrics[place] for each in found])
        for place, name in enumerate(protocol.follow):
            values = np.stack([each.traces[place] for each in found], axis=1)
            # a dot would make a rule of the set
            traces[f"sweep_trace.{name.replace('.', '_')}"] = Trace(
                at=found[0].at.astype(np.int64), values=values, axis="update"
            )
        return Outcome(metrics=self._metrics(found), traces=traces)

    def _metrics(self, found: Sequence[MemberOutcome]) -> dict[str, Found]:
        protocol = self._protocol
        metrics: dict[str, Found] = {"members": self.total, "level": protocol.levels.name}
        metrics |= {f"variant_{number}": variant.name for number, variant in enumerate(protocol.variants)}
        groups: dict[tuple[int, float], list[NDArray[np.float64]]] = {}
        for member, outcome in zip(self._members, found, strict=True):
            groups.setdefault((member.variant, member.level), []).append(outcome.metrics)
        for (variant, level), rows in groups.items():
            for name, values in zip(protocol.metrics, np.array(rows).T, strict=True):
                key = f"{name}_{protocol.variants[variant].name}_at_{level:g}"
                metrics |= _mean_and_error(key, values[np.isfinite(values)])
        return metrics

    def findings(self) -> Sequence[Finding]:
        """Return what sessions noticed, each kind with the number of members in which it happened."""
        kinds: dict[str, list[Finding]] = {}
        for outcome in self._found.values():
            for finding in outcome.findings:
                kinds.setdefault(finding.kind, []).append(finding)
        return [_summed(kind, found) for kind, found in kinds.items()]

    def checkpoint(self) -> Arrays:
        """Return what finished members gave, and everything of the members that run."""
        arrays: Arrays = {}
        for place, outcome in self._found.items():
            names = ("at", "traces", "metrics")
            arrays |= {f"found.{place}.{name}": getattr(outcome, name) for name in names}
            for number, finding in enumerate(outcome.findings):
                arrays[f"finding.{place}.{number}"] = _packed(finding)
        for place, run in self._running.items():
            arrays |= {f"running.{place}.{name}": values for name, values in run.checkpoint().items()}
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        for place in sorted({int(key.split(".")[1]) for key in arrays}):
            if f"found.{place}.at" in arrays:
                self._found[place] = _unpacked(place, arrays)
                continue
            prefix = f"running.{place}."
            run = MemberRun(self._protocol, self._path, self._members[place])
            run.restore({key.removeprefix(prefix): arrays[key] for key in arrays if key.startswith(prefix)})
            self._running[place] = run
        self.done = len(self._found)


def _over(index: NDArray[np.int64], values: Sequence[float]) -> Trace:
    return Trace(at=index, values=np.array(values, dtype=np.float64), axis="index")


def _mean_and_error(key: str, values: NDArray[np.float64]) -> dict[str, Found]:
    """Return mean and standard error over the repetitions that have a value."""
    mean = float(values.mean()) if values.size else Undefined("no member has this metric")
    if values.size < 2:
        return {key: mean}
    return {key: mean, f"{key}_error": float(values.std(ddof=1) / np.sqrt(values.size))}


def _summed(kind: str, found: Sequence[Finding]) -> Finding:
    severity = max((finding.severity for finding in found), key=_SEVERITIES.index)
    advice = f"in {len(found)} of the members, for example: {found[0].advice}"
    return Finding(kind=kind, severity=severity, count=sum(finding.count for finding in found), advice=advice)


def _packed(finding: Finding) -> NDArray[np.str_]:
    return np.array([finding.kind, finding.severity, str(finding.count), finding.advice])


def _unpacked(place: int, arrays: Mapping[str, NDArray[Any]]) -> MemberOutcome:
    at, traces, metrics = (np.array(arrays[f"found.{place}.{name}"]) for name in ("at", "traces", "metrics"))
    findings: list[Finding] = []
    while (name := f"finding.{place}.{len(findings)}") in arrays:
        kind, severity, count, advice = arrays[name].tolist()
        findings.append(
            Finding(kind=kind, severity=_SEVERITIES[_SEVERITIES.index(severity)], count=int(count), advice=advice)
        )
    return MemberOutcome(at=at, traces=traces, metrics=metrics, findings=tuple(findings))
