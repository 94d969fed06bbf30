"""Writes an imported network as a recipe: a YAML file, and an ``.npz`` file with its numbers beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem
from sal_hw.nir_exchange.expressible import NirPopulation, NirProjection
from sal_hw.nir_exchange.import_network import Imported
from sal_hw.storage.files import beside, npz_bytes, sha256, write_atomic
from sal_hw.storage.reading import BROKEN, read_regular
from sal_hw.storage.single_files import NewFile, has_digest, refuse_existing
from sal_hw.workflow.checked_recipe import load_recipe

#: what a proposed rule says until its user decides; the learning itself is off
RULE_DEFAULTS = {
    "learning_rate": 0.01,
    "rate_per": "pair",
    "update_every": "1 s",
    "window": "exponential",
    "tau_causal": "10 ms",
    "tau_anticausal": "10 ms",
}
DURATION = "100 s"

#: first line of a recipe: as long as it is right, nobody has changed what follows
_SEAL = b"# Written by sal-hw nir import; sha256 of what follows: %s, of the numbers: %s\n"
_SEALED = re.compile(_SEAL.replace(b"%s", b"([0-9a-f]{64})") + b"(.*)", re.DOTALL)


def write_recipe(imported: Imported, path: Path, *, name: str, timestep: str, force: bool = False) -> tuple[str, ...]:
    """Write a recipe and return all decisions that it contains, in words.

    Parameters
    ----------
    path
        The YAML file; its numbers go to the same name with ``.npz``.
    name
        Of the recipe.
    timestep
        With unit, for example ``0.1 ms``; also the refractory time, which NIR does not have.

    Raises
    ------
    InputError
        E414 if nothing could align; E501 if a file exists; and what a recipe would be refused for.
    """
    if not imported.pairs:
        raise InputError(_nothing_aligns())
    numbers = beside(path, "").with_suffix(".npz")
    refuse_existing(*_files(path, numbers), force=force)
    document, arrays = _document(imported, name=name, timestep=timestep, file=numbers.name)
    data = npz_bytes(arrays)
    write_atomic(numbers, data)
    write_atomic(path, _sealed(_yaml(document).encode(), data))
    try:
        load_recipe(path)
    except InputError:
        # what cannot be read back is not left lying around
        path.unlink()
        numbers.unlink()
        raise
    return (*imported.notes, *_decisions(imported, timestep))


def _sealed(text: bytes, numbers: bytes) -> bytes:
    """Return a recipe below a line with its checksum and that of its numbers, so that changes show."""
    return _SEAL % (sha256(text).encode(), sha256(numbers).encode()) + text


def _files(path: Path, numbers: Path) -> tuple[NewFile, NewFile]:
    """Return the two files that are to be written: those that are there are ours as long as nobody changed them."""

    def seals() -> tuple[bytes, str, str] | None:
        try:
            match = _SEALED.fullmatch(read_regular(path))
        except BROKEN:
            return None
        return None if match is None else (match[3], match[1].decode(), match[2].decode())

    def is_written(file: Path) -> bool:
        found = seals()
        return found is not None and (sha256(found[0]) == found[1] if file == path else has_digest(file, found[2]))

    return (
        NewFile(path=path, kind="a recipe of a NIR file", is_ours=is_written),
        NewFile(path=numbers, kind="the numbers of such a recipe", is_ours=is_written),
    )


def recipe_name(path: Path) -> str:
    """Return a legal name for the recipe of a file."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "_", path.stem)[:60]
    return plain if re.match(r"[A-Za-z]", plain) else f"n_{plain}"


def _decisions(imported: Imported, timestep: str) -> list[str]:
    rule = ", ".join(f"{key} {value}" for key, value in RULE_DEFAULTS.items())
    return [
        f"timestep: {timestep}, since NIR has none",
        f"tau_ref of all populations: {timestep}, the shortest, since NIR has none",
        *(
            f"proposed as plastic, switched off: {backward} would align to {forward}; write enabled: true to accept"
            for forward, backward in imported.pairs
        ),
        f"defaults of the proposed rules: {rule}",
        f"experiment: align for {DURATION}",
    ]


def _document(
    imported: Imported, *, name: str, timestep: str, file: str
) -> tuple[dict[str, Any], dict[str, NDArray[np.float64]]]:
    arrays: dict[str, NDArray[np.float64]] = {}
    populations, stimuli = {}, []
    for item in imported.network.populations:
        uniform = bool((item.v_leak_mv == item.v_leak_mv[0]).all())
        rest = float(item.v_leak_mv[0]) if uniform else 0.0
        populations[item.name] = {"size": item.size, "neuron": _neuron(item, rest, timestep)}
        if not uniform:
            key = f"drive_{item.name}"
            arrays[key] = item.v_leak_mv
            amplitude = {"file": file, "key": key, "unit": "mV"}
            stimuli.append({"kind": "constant", "name": key[:64], "target": item.name, "amplitude": amplitude})
    projections = []
    for projection in imported.network.projections:
        key = f"weight_{projection.name}"
        arrays[key] = projection.weights_mv
        projections.append(_projection(projection, {"file": file, "key": key, "unit": "mV"}))
    document = {
        "recipe": 1,
        "name": name,
        "description": "Taken over from a NIR file.",
        "seed": 1,
        "timestep": timestep,
        "populations": populations,
        "projections": projections,
        "stimuli": stimuli,
        "plasticity": [_rule(number, *pair) for number, pair in enumerate(imported.pairs, start=1)],
        "experiment": {"kind": "align", "duration": DURATION},
    }
    return document, arrays


def _neuron(item: NirPopulation, rest_mv: float, timestep: str) -> dict[str, str]:
    return {
        "model": "lif",
        "tau_mem": f"{item.tau_mem_ms!r} ms",
        "tau_syn_exc": f"{item.tau_syn_ms!r} ms",
        "tau_syn_inh": f"{item.tau_syn_ms!r} ms",
        "tau_ref": timestep,
        "v_rest": f"{rest_mv!r} mV",
        "v_reset": f"{item.v_reset_mv!r} mV",
        "v_threshold": f"{item.v_threshold_mv!r} mV",
    }


def _projection(item: NirProjection, weight: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"name": item.name, "source": item.source, "target": item.target, "weight": weight}
    if item.delay_ms > 0.0:
        found["delay"] = f"{item.delay_ms!r} ms"
    if item.source == item.target:
        found["self_connections"] = bool(np.diagonal(item.weights_mv).any())
    return found


def _rule(number: int, forward: str, backward: str) -> dict[str, Any]:
    head = {"kind": "sal", "name": f"proposed_{number}", "enabled": False, "forward": forward, "backward": backward}
    return head | RULE_DEFAULTS


def _yaml(document: dict[str, Any]) -> str:
    import yaml

    return yaml.safe_dump(document, sort_keys=False, allow_unicode=False, width=120)


def _nothing_aligns() -> Problem:
    return Problem(
        code="E414",
        field="graph",
        allowed="at least one reciprocal pair: a projection from A to B and one from B to A, or a recurrent one",
        hint="alignment learning needs weights in both directions; add the feedback projection to the graph",
    )
