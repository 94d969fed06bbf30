"""``sal-hw compile``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sal_hw.cli.console import show, show_json
from sal_hw.cli.options import (
    AsJson,
    Calibration,
    Chip,
    Debug,
    Force,
    Overrides,
    Presets,
    RecipePath,
    Seed,
    Strict,
    Target,
    Via,
)

if TYPE_CHECKING:
    from sal_hw.workflow.compiled_recipe import CompiledRecipe


def compile_program(
    recipe: RecipePath,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write the program to.")],
    target: Target = "ideal",
    via: Via = None,
    chip: Chip = None,
    calibration: Calibration = None,
    seed: Seed = None,
    overrides: Overrides = None,
    presets: Presets = None,
    strict: Strict = False,
    figures: Annotated[
        bool, typer.Option("--figures/--no-figures", help="Draw pictures of a chip program into the folder.")
    ] = True,
    force: Force = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Compile a recipe and write the program, the passes' report, pictures of the chip, and files to run it there.

    Example: sal-hw compile recipes/chip_alignment.yaml --target brainscales2 -o build/chip_alignment
    """
    from sal_hw.cli.program_report import show_program
    from sal_hw.workflow import api
    from sal_hw.workflow.compiled_recipe import compile_without_running
    from sal_hw.workflow.request import RunRequest

    del debug
    loaded = api.load_recipe(recipe, overrides=overrides or (), presets=presets or (), seed=seed)
    request = RunRequest(target=target, chip=chip, calibration=calibration, strict=strict)
    compiled = compile_without_running(loaded.job.on_network(), request)
    made = _machine_files(compiled, via)
    pictures = _store(out, compiled, made, force=force, figures=figures)
    if as_json:
        files = {"folder": str(out), "figures": [str(path) for path in pictures], "files": sorted(made)}
        show_json({"status": "ok", **files, **compiled.as_document()})
        return 0
    show_program(compiled.program.trace, compiled.report(), compiled.knowledge)
    if not made and compiled.target.files is not None:
        show(f"no run file: {_MACHINE_RUNS}")
    for line in (*(f"file: {out / name}" for name in made), *(f"figure: {path}" for path in pictures)):
        show(line)
    show(f"program {compiled.program.hash} in {out}")
    show(f"next: {compiled.run_command()}")
    return 0


#: what run files are made of; see :func:`_machine_files`
_MACHINE_RUNS = "a machine runs experiments of the kind align only, in one piece"


def _machine_files(compiled: CompiledRecipe, via: str | None) -> dict[str, bytes]:
    """Return what the machine's own software needs; nothing where it has none or the experiment is run step by step."""
    if compiled.target.files is None or compiled.updates is None:
        return {}
    seed = compiled.recipe.file.seed
    return compiled.target.files(compiled.program, updates=compiled.updates, seed=seed, via=via)


def _store(
    out: Path, compiled: CompiledRecipe, made: dict[str, bytes], *, force: bool, figures: bool
) -> tuple[Path, ...]:
    """Write program, recipe, report, files and pictures, the manifest over all of them last; return the pictures."""
    from sal_hw.program import PROGRAM_SCHEMA
    from sal_hw.results.store import write_program
    from sal_hw.storage.codec import encode
    from sal_hw.storage.folder import FIGURE_FILES, ArtifactFolder

    recipe, program = compiled.recipe, compiled.program
    header = {
        "target": program.target,
        "seed": program.seed,
        "spec_hash": program.spec_hash,
        "program_hash": program.hash,
        "snapshot_hash": program.snapshot_hash,
    }
    names = ("recipe.json", "report.json", "experiment.json", "program.json", "program.npz", *made, *FIGURE_FILES)
    with ArtifactFolder.create(out, "program", force=force, names=names) as folder:
        folder.write_json("recipe.json", dict(recipe.file.document))
        folder.write_json("report.json", compiled.as_document())
        folder.write_json("experiment.json", encode(recipe.protocol)[0])
        write_program(folder, program)
        for name, data in made.items():
            folder.write(name, data)
        pictures = compiled.draw(out / "figures") if figures else ()
        folder.finish(header, schema_version=PROGRAM_SCHEMA)
    return pictures
