"""Checks a whole specification: each field on its own, then what fields and entries say together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sal_hw.errors import InputError, Problem
from sal_hw.spec.checks.experiment import check_experiment, check_probes
from sal_hw.spec.checks.learning import check_learning
from sal_hw.spec.checks.names import check_names
from sal_hw.spec.checks.readable import ReadableSpec, readable_of
from sal_hw.spec.checks.times import check_times
from sal_hw.spec.checks.values import check_values
from sal_hw.spec.experiments import ExperimentProtocol, experiment_type
from sal_hw.spec.fields import MAX_SEED
from sal_hw.spec.findings import Path, SpecFinding
from sal_hw.spec.network import NetworkSpec
from sal_hw.spec.schema import FieldType, read_type
from sal_hw.spec.translate import translate

_CHECKS: tuple[Callable[[ReadableSpec], Iterator[SpecFinding]], ...] = (
    check_names,
    check_values,
    check_times,
    check_learning,
    check_experiment,
    check_probes,
)


def find_conflicts(readable: ReadableSpec) -> list[SpecFinding]:
    """Return what fields and entries of a specification say against each other."""
    return [finding for check in _CHECKS for finding in check(readable)]


def cross_check(
    network: NetworkSpec, protocol: ExperimentProtocol | None = None, seed: int | None = None
) -> list[Problem]:
    """Return what fields and entries of a specification say against each other.

    Parameters
    ----------
    network, protocol
        Each field must be legal on its own; see :func:`validate`.
    seed
        Seed of the run.
    """
    found = find_conflicts(readable_of(network, protocol))
    if seed is not None and not 0 <= seed <= MAX_SEED:
        found.append(SpecFinding(code="E223", path=("seed",), allowed=f"a whole number, 0 .. {MAX_SEED}", value=seed))
    return [finding.as_problem() for finding in found]


def validate(network: NetworkSpec, protocol: ExperimentProtocol | None = None) -> None:
    """Check a specification that was built in Python; a recipe's was checked when it was loaded.

    Raises
    ------
    InputError
        With all findings, and the same codes as for a recipe.
    """
    found = _check_fields(network, NetworkSpec, ())
    if protocol is not None:
        found += _check_fields(protocol, experiment_type(), ("experiment",))
    problems = [finding.as_problem() for finding in found] or cross_check(network, protocol)
    if problems:
        raise InputError(problems)


@cache
def _reader(annotation: Any) -> tuple[TypeAdapter[Any], FieldType]:
    return TypeAdapter(annotation), read_type(annotation)


def _check_fields(tree: object, annotation: Any, base: Path) -> list[SpecFinding]:
    adapter, kind = _reader(annotation)
    try:
        read = adapter.validate_python(tree, by_alias=False, by_name=True)
    except ValidationError as error:
        return translate(error, kind, tree, base, recipe=False)
    return list(_find_stand_ins(tree, read, base))


def _find_stand_ins(given: Any, read: Any, path: Path) -> Iterator[SpecFinding]:
    """Find what pydantic would turn into a class, but what is not one yet: a number, a list or a mapping."""
    if is_dataclass(read):
        if type(given) is not type(read):
            name = type(read).__name__
            yield SpecFinding(code="E203", path=path, allowed=f"an object of the class {name}", value=given)
            return
        for item in fields(read):
            yield from _find_stand_ins(getattr(given, item.name), getattr(read, item.name), (*path, item.name))
    elif isinstance(read, tuple):
        for index, (one, other) in enumerate(zip(given, read, strict=True)):
            yield from _find_stand_ins(one, other, (*path, index))
    elif type(read).__name__ == "ndarray" and not isinstance(given, type(read)):
        yield SpecFinding(code="E203", path=path, allowed="a numpy array of numbers", value=given)
