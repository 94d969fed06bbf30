"""Compiling a recipe and mapping its program without the machine; nothing runs."""

from __future__ import annotations

from pathlib import Path

from sal_hw.contracts.mapping import MAPPING_SCHEMA, MappingReport
from sal_hw.contracts.targets import load_target
from sal_hw.program import CompiledProgram
from sal_hw.results.store import write_program
from sal_hw.spec.protocols import AlignProtocol, NetworkProtocol
from sal_hw.storage.codec import encode
from sal_hw.storage.folder import ArtifactFolder
from sal_hw.workflow.compiled_recipe import compile_without_running
from sal_hw.workflow.machines import choose_mapper
from sal_hw.workflow.network_recipe import NetworkRecipe
from sal_hw.workflow.request import RunRequest


def map_network(recipe: NetworkRecipe, request: RunRequest) -> tuple[MappingReport, Path | None]:
    """Compile a recipe, let the machine's own software map the program without the machine, and say where it is kept.

    Parameters
    ----------
    request
        Target, strictness and seed; its folder is for report, program and recipe. What else there is of a run is
        without effect.

    Raises
    ------
    sal_hw.errors.SalHwError
        With code, field, value and hint; E835 if there is nothing that maps it.
    """
    mapper = choose_mapper(load_target(request.target))
    program = compile_without_running(recipe, request).program
    seed = recipe.file.seed if request.seed is None else request.seed
    report = mapper.map_program(program, updates=_updates(recipe.protocol, program), seed=seed)
    if request.out is None:
        return report, None
    header = {"target": request.target, "seed": seed, "program_hash": program.hash, "mode": "map-only"}
    with ArtifactFolder.make(request.out, "mapping", force=request.force, numbered=request.numbered) as folder:
        folder.write_json("mapping.json", encode(report)[0])
        folder.write_json("recipe.json", dict(recipe.file.document))
        write_program(folder, program)
        folder.finish(header, schema_version=MAPPING_SCHEMA)
    return report, folder.path


def _updates(protocol: NetworkProtocol, program: CompiledProgram) -> int:
    """Return how many updates a run would last; one where the experiment is not one of so many updates."""
    if not isinstance(protocol, AlignProtocol) or program.update_ms is None:
        return 1
    return max(1, round(protocol.duration_ms / program.update_ms))
