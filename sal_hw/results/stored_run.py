"""A finished run read back: every file is checked, and so is everything that figures and comparisons build on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from sal_hw.results.metrics import Metric
from sal_hw.results.result import Axis, Finding, Health, RunResult, Spikes, Trace
from sal_hw.results.spike_store import read_spikes
from sal_hw.results.store import RUN_SCHEMA, read_program
from sal_hw.storage.artifact import believing, read_arrays, read_manifest
from sal_hw.storage.codec import decode
from sal_hw.storage.reading import read_json

Arrays = dict[str, NDArray[Any]]

T = TypeVar("T")

_INITIAL = "initial."


@dataclass(frozen=True, kw_only=True, slots=True)
class _Head:
    """What the manifest of a run says of its result; see :class:`sal_hw.results.result.RunResult`."""

    program_hash: str | None
    backend: str
    target: str
    seed: int
    chip_id: str | None
    timings_s: dict[str, float]
    warnings: tuple[str, ...]


def read_run(path: Path) -> RunResult:
    """Return the result of a finished run folder, after checking every file.

    Raises
    ------
    InputError
        E505 if it is no finished run folder.
    IntegrityError
        E504 if a file does not match the manifest, or holds what no run leaves.
    """
    manifest = read_manifest(path, "run", schema_versions=(RUN_SCHEMA,))
    with believing(path / "manifest.json", "a manifest with all that a run says of itself"):
        head = decode(_Head, {item.name: manifest[item.name] for item in fields(_Head)}, {})
        undefined = decode(dict[str, str], manifest.get("undefined", {}), {})
    with believing(path / "metrics.json", "named numbers"):
        metrics = decode(dict[str, Metric], read_json(path / "metrics.json"), {})
    with believing(path / "health.json", "the findings about a run"):
        findings = decode(tuple[Finding, ...], read_json(path / "health.json")["findings"], {})
    weights = read_arrays(path / "weights.npz")
    with believing(path / "weights.npz", "matrices of finite numbers"):
        _check(weights, _is_matrix)
    traces = read_arrays(path / "traces.npz")
    with believing(path / "traces.npz", "traces with as many values as places"):
        followed = _traces(traces)
    with believing(path / "spikes", "spikes with a time and a neuron each"):
        spikes = read_spikes(path)
        _check(spikes, _is_record)
    aligned = {} if head.program_hash is None else read_program(path).aligned
    final = {name: values for name, values in weights.items() if not name.startswith(_INITIAL)}
    initial = {name.removeprefix(_INITIAL): values for name, values in weights.items() if name.startswith(_INITIAL)}
    with believing(path / "weights.npz", "the weights of all projections that a rule aligns"):
        for pair in aligned.values():
            _check_pair(final, *pair)
            _check_pair(initial, *pair)
    return RunResult(
        program_hash=head.program_hash,
        backend=head.backend,
        target=head.target,
        seed=head.seed,
        chip_id=head.chip_id,
        metrics=metrics,
        weights=final,
        weights_initial=initial,
        traces=followed,
        aligned=aligned,
        health=Health(findings=findings),
        spikes=spikes,
        timings_s=head.timings_s,
        warnings=head.warnings,
        undefined=undefined,
    )


def _check(named: Mapping[str, T], sound: Callable[[T], bool]) -> None:
    for name, item in named.items():
        if not sound(item):
            raise ValueError(name)


def _is_real(values: NDArray[Any]) -> bool:
    return values.dtype.kind in "biuf"


def _is_matrix(values: NDArray[Any]) -> bool:
    return values.ndim == 2 and _is_real(values) and bool(np.isfinite(values).all())


def _is_record(spikes: Spikes) -> bool:
    times, neurons = spikes.time_ms, spikes.neuron
    flat = times.ndim == neurons.ndim == 1 and times.shape == neurons.shape
    whole = neurons.dtype.kind in "iu" and bool((neurons >= 0).all())
    return flat and whole and _is_real(times) and bool(np.isfinite(times).all())


def _traces(arrays: Arrays) -> dict[str, Trace]:
    known: dict[str, Axis] = {axis: axis for axis in get_args(Axis)}
    traces = {}
    for key, at in arrays.items():
        name, mark, axis = key.rpartition("@")
        if mark:
            traces[name] = Trace(at=at, values=arrays[name], axis=known[axis])
    _check(traces, _is_trace)
    return traces


def _is_trace(trace: Trace) -> bool:
    at, values = trace.at, trace.values
    fits = at.ndim == 1 and values.ndim >= 1 and len(at) == len(values)
    return fits and _is_real(at) and _is_real(values) and bool(np.isfinite(at).all())


def _check_pair(weights: Arrays, forward: str, backward: str) -> None:
    if weights[forward].shape != weights[backward].T.shape:
        raise ValueError(f"{forward} and {backward} do not connect the same populations")
