"""``sal-hw compile``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sal_hw.cli.console import show, show_json
from sal_hw.cli.options import AsJson, Debug, Force, Overrides, Presets, RecipePath, Seed, Target


def compile_program(
    recipe: RecipePath,
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder to write the program to.")],
    target: Target = "ideal",
    seed: Seed = None,
    overrides: Overrides = None,
    presets: Presets = None,
    force: Force = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Compile a recipe and write the program: neurons, synapses, rules and the passes' report.

    Example: sal-hw compile recipes/two_neuron.yaml --target ideal -o build/two_neuron
    """
    from sal_hw import api
    from sal_hw.store import store_program

    del debug
    loaded = api.load_recipe(recipe, overrides=overrides or (), presets=presets or (), seed=seed)
    program = api.compile_recipe(loaded, target=target)
    store_program(out, program, loaded.file.document, force=force)
    if as_json:
        show_json({"status": "ok", "folder": str(out), "target": target, "program_hash": program.hash})
        return 0
    for item in program.trace:
        counts = ", ".join(f"{value:g} {name}" for name, value in item.counts.items())
        show(f"{item.name}: {'; '.join(part for part in (counts, *item.notes) if part) or 'ok'}")
    show(f"program {program.hash} in {out}")
    show(f"next: sal-hw run {recipe} --target {target}")
    return 0
