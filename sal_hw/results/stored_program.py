"""A stored program read back: its hash, older versions of its format, and the machine's part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from sal_hw import registry
from sal_hw.program import PROGRAM_SCHEMA, CompiledProgram
from sal_hw.storage.codec import decode, digest, with_arrays


def decode_program(
    document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], written_hash: str
) -> CompiledProgram:
    """Return a program as it was written, of this or an older version of the format.

    Raises
    ------
    ValueError
        If the document does not have the hash that it was written with, or is of a newer version.
    KeyError
        If an array is missing.
    sal_hw.errors.InputError
        E317 or E318 if the class of the machine's part cannot be had.
    """
    whole = with_arrays(document, arrays)
    version = document.get("schema_version")
    if digest(whole) != written_hash or version not in range(1, PROGRAM_SCHEMA + 1):
        raise ValueError(f"no program of schema version 1 .. {PROGRAM_SCHEMA} with the hash it was written with")
    program = decode(CompiledProgram, _upgraded(dict(whole)) if version == 1 else whole, {})
    # without the machine's package the part stays plain data, which is enough to look at a run
    if program.part is None or program.target not in registry.names(registry.PROGRAM_PARTS):
        return program
    kind = registry.load(registry.PROGRAM_PARTS, program.target)
    return replace(program, part=decode(kind, program.part, {}))


def _upgraded(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document of version 1 as one of version 2: the part is one field, and clips belong to the program."""
    chip, digital = document.pop("chip", None), document.pop("digital", None)
    part: dict[str, Any] | None = None
    scaling: list[Any] = []
    if chip is not None:
        part = {key: item for key, item in chip.items() if key != "scaling"}
        scaling = chip["scaling"]
    elif digital is not None:
        ticks = digital.get("ticks")
        words = {key: item for key, item in digital.items() if key != "ticks"}
        part = words if ticks is None else {**ticks, "time_scale_factor": digital["time_scale_factor"]}
    return {**document, "part": part, "scaling": scaling, "schema_version": 2}
