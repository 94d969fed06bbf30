"""``compile()``: from what the user wants to a program for a kind of machine."""

from __future__ import annotations

from pathlib import Path

from sal_hw.contracts.targets import Target, load_target
from sal_hw.errors import InputError, Problem
from sal_hw.passes.draft import Draft
from sal_hw.program import CompiledProgram
from sal_hw.spec.network import NetworkSpec
from sal_hw.spec.validate import validate
from sal_hw.storage.codec import digest
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw.target.snapshot_io import check_snapshot


def compile_network(
    spec: NetworkSpec,
    *,
    target: str | Target = "ideal",
    seed: int = 0,
    folder: Path | None = None,
    snapshot: CalibrationSnapshot | None = None,
    strict: bool = False,
) -> CompiledProgram:
    """Compile a network for a target.

    Parameters
    ----------
    spec
        The network.
    target
        Name of a registered target, or a target.
    seed
        Seed for generators of weights, biases and amplitudes that have none of their own.
    folder
        Folder that weight files are looked up in; None is the working folder.
    snapshot
        What is known of the chip; None compiles for a nominal one.
    strict
        Refuse weights that the target cannot store instead of reporting how many were clipped.

    Returns
    -------
    CompiledProgram
        The same inputs give the same program, byte for byte.

    Raises
    ------
    sal_hw.errors.InputError
        With all findings: the specification is invalid or asks for what the target does not offer.
    sal_hw.errors.CalibrationError
        If the snapshot does not fit the target.
    """
    validate(spec)
    chosen = load_target(target) if isinstance(target, str) else target
    if snapshot is not None:
        check_snapshot(snapshot, chosen.description)
    draft = Draft(spec=spec, target=chosen.description, seed=seed, folder=folder, snapshot=snapshot, strict=strict)
    for lower in chosen.passes:
        draft = lower(draft)
    if strict:
        _refuse_clipped(draft)
    return CompiledProgram(
        spec_hash=digest(spec),
        target=chosen.description.family,
        seed=seed,
        timestep_ms=spec.timestep_ms,
        timing=draft.timing,
        neurons=draft.neurons,
        synapses=draft.synapses,
        stimuli=draft.stimuli,
        rules=draft.rules,
        probes=spec.probes,
        trace=draft.trace,
        part=draft.part,
        scaling=draft.scaling,
        snapshot_hash=snapshot.hash if snapshot is not None else None,
    )


def _refuse_clipped(draft: Draft) -> None:
    """Refuse what the target's passes have cut; those that know more of it have refused it before."""
    owners = [item.name for item in draft.spec.projections]
    problems = [
        Problem(
            code="E313",
            field=f"projections[{owners.index(item.owner)}].weight" if item.owner in owners else item.owner,
            value=f"{item.requested_max:.6g}",
            allowed=f"at most {item.representable_max:.6g} in model units on {draft.target.family}; {item.clipped} of "
            f"{item.total} weights of {item.owner} would be clipped",
            hint="make the weights smaller, or run without --strict to clip them",
        )
        for item in draft.scaling
        if item.clipped
    ]
    if problems:
        raise InputError(problems)
