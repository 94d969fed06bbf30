"""Reading a run file's result folder: every byte and every number is checked before anything is believed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem, quote_path, quote_value
from sal_hw.kernel.ir import MAX_WEIGHT
from sal_hw.program import CompiledProgram
from sal_hw.spec.probes import MembraneProbe
from sal_hw.storage.files import sha256
from sal_hw.storage.reading import BROKEN, parse_json, read_npz, read_regular
from sal_hw_brainscales2.machine.ppu.kept import keeps
from sal_hw_brainscales2.machine.result_header import FORMAT, KIND, ResultHeader, check_header, refuse_result
from sal_hw_brainscales2.machine.run_files.run_data import Arrays
from sal_hw_brainscales2.program import ChipProgram

#: bytes of spikes that are read at most: twelve bytes each, so more spikes than the chip's FPGA can hold (256 MiB)
MAX_SPIKE_BYTES = 2**31
#: a reading of the CADC has eight bits
HIGHEST_READING = 255
#: bytes of result.json and manifest.json
MAX_JSON_BYTES = 2**22
#: chip time by which a recording may outlast the run, in microseconds: clocks start and end one after the other
SLACK_US = 1000.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ChipResult:
    """A checked result.

    Attributes
    ----------
    header
        What ``result.json`` says.
    arrays
        ``spikes.POPULATION.time_us`` and ``.neuron`` (spikes,), in order of time; ``weights.PROJECTION.POLARITY``
        (records, pre, post) and ``.time_us`` (records,), the last of which is of the end; of projections with a
        correlation probe also ``causal.PROJECTION.POLARITY`` and ``anticausal.PROJECTION.POLARITY``, raw readings;
        ``placement.PROJECTION.POLARITY`` (pre, post, 3), hemisphere, row and column of each synapse, -1 where there is
        none, if the front end tells; of programs without a learning rule ``membrane.POPULATION`` (samples, neurons) and
        ``.time_us`` (samples,).
    """

    header: ResultHeader
    arrays: Arrays

    @property
    def updates(self) -> int:
        """How many updates the run lasted."""
        return self.header.updates


def read_result(folder: Path, program: CompiledProgram) -> ChipResult:
    """Return the result that a run file of a program left.

    Raises
    ------
    InputError
        E505 if `folder` is no result folder.
    IntegrityError
        E804 with the reason if it is damaged, of another program, or holds what cannot be.
    """
    if not (folder / "manifest.json").is_file():
        allowed = "a finished result folder of a run file: manifest.json is missing"
        hint = "run the run file again; it writes the manifest last"
        raise InputError(Problem(code="E505", field="result", value=quote_path(folder), allowed=allowed, hint=hint))
    manifest = _read_json(folder, "manifest.json", None)
    hashes = manifest.get("sha256")
    if manifest.get("kind") != KIND or manifest.get("format") != FORMAT or not isinstance(hashes, dict):
        refuse_result(folder, f"a manifest of kind {KIND}, format {FORMAT}")
    document = _read_json(folder, "result.json", hashes.get("result.json"))
    header = check_header(folder / "result.json", document, program)
    data = _read(folder, "arrays.npz", hashes.get("arrays.npz"), _most_bytes(header, program))
    try:
        arrays = read_npz(data)
    except BROKEN as error:
        refuse_result(folder / "arrays.npz", f"a readable .npz file ({type(error).__name__})")
    return check_result(header, arrays, program, folder)


def _read(folder: Path, name: str, digest: object, limit: float) -> bytes:
    path = folder / name
    try:
        if path.stat().st_size > limit:
            refuse_result(path, f"at most {limit / 2**20:.0f} MiB, which is more than such a run can leave")
        data = read_regular(path)
    except (OSError, ValueError) as error:
        refuse_result(path, f"a readable file ({type(error).__name__})")
    if digest is not None and sha256(data) != digest:
        refuse_result(path, "the bytes that were written (sha256 differs)")
    return data


def _read_json(folder: Path, name: str, digest: object) -> dict[str, Any]:
    if name != "manifest.json" and not isinstance(digest, str):
        refuse_result(folder / "manifest.json", f"a sha256 of {name}")
    try:
        found = parse_json(_read(folder, name, digest, MAX_JSON_BYTES))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        refuse_result(folder / name, "a readable JSON document")
    return found


def _most_bytes(header: ResultHeader, program: CompiledProgram) -> float:
    learning = {placed.projection for placed in program.part_of(ChipProgram).kernels}
    synapses = sum(block.weights.size for block in program.synapses if block.projection in learning)
    # weights and both readings; membranes are a few samples only
    return MAX_SPIKE_BYTES + 4.0 * header.updates * (synapses + 4096)


def check_result(
    header: ResultHeader, arrays: Arrays, program: CompiledProgram, folder: Path = Path("checkpoint")
) -> ChipResult:
    """Check arrays against the program and return them with spikes in order of time.

    Raises
    ------
    IntegrityError
        E804 with the reason.
    """
    chip, path = program.part_of(ChipProgram), folder / "arrays.npz"
    if program.update_ms is not None:
        runtime_us = header.updates * program.update_ms * 1e3 / chip.time_scale
    elif header.runtime_us is not None:
        runtime_us = header.runtime_us
    else:
        raise TypeError("a result of a program without a learning rule says how long it ran")
    checked: Arrays = {}
    for block in program.neurons:
        key = f"spikes.{block.population}"
        if f"{key}.time_us" in arrays or f"{key}.neuron" in arrays:
            checked |= _check_spikes(path, arrays, key, block.size, runtime_us)
    for probe in program.probes_of(MembraneProbe) if program.update_ms is None else ():
        size = program.neuron_block(probe.population).size
        checked |= _check_samples(path, arrays, f"membrane.{probe.population}", size, runtime_us)
    for key, shape, highest, least in _learning(program, header):
        form = (shape, highest, least)
        checked |= _check_records(path, arrays, key, form, header=header, runtime_us=runtime_us)
    for owner, exists in stored_synapses(program):
        if f"placement.{owner}" in arrays:
            checked |= _check_placement(path, arrays, f"placement.{owner}", exists, chip)
    unknown = sorted(set(arrays) - set(checked))
    if unknown:
        refuse_result(
            path, f"only populations and learning projections of the program; {quote_value(unknown[0])} is none"
        )
    return ChipResult(header=header, arrays=checked)


def _learning(program: CompiledProgram, header: ResultHeader) -> Iterator[tuple[str, tuple[int, int], int, int]]:
    """Yield what is recorded of learning projections, with its shape, its largest number and the fewest records."""
    chip = program.part_of(ChipProgram)
    took_place = max(header.updates - header.counters.updates_missed - header.counters.scheduler_dropped, 0)
    for placed in chip.kernels:
        shape = program.synapse_block(placed.projection).weights.shape
        kept = keeps(program, placed, took_place)
        for polarity in dict.fromkeys(tile.polarity for tile in chip.tiles_of(placed.projection)):
            # the last weights are always there
            yield f"weights.{placed.projection}.{polarity}", (shape[0], shape[1]), MAX_WEIGHT, max(kept.records, 1)
            for branch in ("causal", "anticausal") if kept.senses else ():
                key = f"{branch}.{placed.projection}.{polarity}"
                yield key, (shape[0], shape[1]), HIGHEST_READING, took_place


def stored_synapses(program: CompiledProgram) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield projections by polarity with which of their synapses there are, shape (pre, post)."""
    chip = program.part_of(ChipProgram)
    for block in program.synapses:
        for polarity in dict.fromkeys(tile.polarity for tile in chip.tiles_of(block.projection)):
            exists = np.zeros(block.weights.shape, dtype=np.bool_)
            for tile in chip.tiles_of(block.projection):
                if tile.polarity == polarity:
                    exists[:, tile.post] = tile.exists
            yield f"{block.projection}.{polarity}", exists


def _check_placement(
    path: Path, arrays: Arrays, key: str, exists: NDArray[np.bool_], chip: ChipProgram
) -> dict[str, NDArray[Any]]:
    places, name = arrays[key], quote_value(key)
    if places.dtype.kind not in "iu" or places.shape != (*exists.shape, 3):
        refuse_result(path, f"{name} as hemisphere, row and column of each synapse")
    used, most = places[exists], (chip.hemispheres, chip.rows, chip.columns)
    if (used < 0).any() or (used >= most).any() or len(np.unique(used, axis=0)) != len(used):
        refuse_result(path, f"{name} on {most[0]} hemispheres of {most[1]} rows and {most[2]} columns, once each")
    return {key: places.astype(np.int16)}


def _check_spikes(path: Path, arrays: Arrays, key: str, size: int, runtime_us: float) -> Arrays:
    times, neurons = arrays.get(f"{key}.time_us"), arrays.get(f"{key}.neuron")
    if times is None or neurons is None or times.ndim != 1 or times.shape != neurons.shape:
        refuse_result(path, f"{quote_value(key)} as times and neurons, one each per spike")
    if neurons.dtype.kind not in "iu" or ((neurons < 0) | (neurons >= size)).any():
        refuse_result(path, f"neurons of {quote_value(key)} from 0 to {size - 1}")
    times = _check_times(path, times, key, runtime_us)
    order = np.argsort(times, kind="stable")
    return {f"{key}.time_us": times[order], f"{key}.neuron": neurons[order].astype(np.int32)}


def _check_samples(path: Path, arrays: Arrays, key: str, size: int, runtime_us: float) -> Arrays:
    codes, times = arrays.get(key), arrays.get(f"{key}.time_us")
    name = quote_value(key)
    if codes is None or times is None or codes.ndim != 2 or codes.shape != (*times.shape, size):
        refuse_result(path, f"{name} of shape (samples, {size}), and one time per sample")
    if codes.dtype.kind not in "iu" or ((codes < 0) | (codes > HIGHEST_READING)).any():
        refuse_result(path, f"{name} as whole numbers from 0 to {HIGHEST_READING}")
    times = _check_times(path, times, key, runtime_us)
    if (np.diff(times) <= 0).any():
        refuse_result(path, f"samples of {name} in order of time")
    return {key: codes.astype(np.uint8), f"{key}.time_us": times}


def _check_times(path: Path, times: NDArray[Any], key: str, runtime_us: float) -> NDArray[np.float64]:
    if times.dtype.kind not in "iuf" or not np.isfinite(times).all():
        refuse_result(path, f"finite times of {quote_value(key)}")
    if ((times < 0) | (times > runtime_us + SLACK_US)).any():
        refuse_result(path, f"times of {quote_value(key)} within the run: 0 .. {runtime_us:g} us")
    return times.astype(np.float64)


def _check_records(
    path: Path,
    arrays: Arrays,
    key: str,
    form: tuple[tuple[int, int], int, int],
    *,
    header: ResultHeader,
    runtime_us: float,
) -> Arrays:
    shape, highest, least = form
    codes, times = arrays.get(key), arrays.get(f"{key}.time_us")
    name, updates = quote_value(key), header.updates
    if codes is None or times is None:
        refuse_result(path, f"{name} and its times")
    if codes.ndim != 3 or codes.shape[1:] != shape or times.shape != codes.shape[:1]:
        words = f"{name} of shape (records, {shape[0]}, {shape[1]}) with one time per record; it has {codes.shape}"
        refuse_result(path, words)
    if codes.dtype.kind not in "iu" or ((codes < 0) | (codes > highest)).any():
        refuse_result(path, f"{name} as whole numbers from 0 to {highest}")
    times = _check_times(path, times, key, runtime_us)
    if (np.diff(times) < 0).any():
        refuse_result(path, f"records of {name} in order of time")
    if not least <= len(codes) <= updates:
        lost = header.counters.updates_missed + header.counters.scheduler_dropped
        words = (
            f"{least} to {updates} records of {name} of {updates} updates, {lost} of which did not take place; it has"
        )
        refuse_result(path, f"{words} {len(codes)}")
    return {key: codes.astype(np.uint8), f"{key}.time_us": times}
