"""``sal-hw check``."""

from __future__ import annotations

from sal_hw.cli.console import show, show_json
from sal_hw.cli.options import (
    AsJson,
    Calibration,
    Chip,
    Debug,
    Overrides,
    Presets,
    RecipePath,
    Seed,
    Strict,
    Target,
)


def check(
    recipe: RecipePath,
    target: Target = "ideal",
    chip: Chip = None,
    calibration: Calibration = None,
    seed: Seed = None,
    overrides: Overrides = None,
    presets: Presets = None,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Show all problems of a recipe on a target, and what its program would use, without running it.

    Example: sal-hw check recipes/chip_alignment.yaml --target brainscales2
    """
    from sal_hw import api
    from sal_hw.cli.chip_tables import show_program
    from sal_hw.cli.compiling import compile_as_asked

    del debug
    loaded = api.load_recipe(recipe, overrides=overrides or (), presets=presets or (), seed=seed)
    compiled = compile_as_asked(loaded, target, chip, calibration, strict=strict)
    if as_json:
        show_json({"status": "ok", **compiled.as_document()})
        return 0
    show_program(compiled.program.trace, compiled.report, compiled.knowledge)
    show(f"{recipe}: no problems on {target}")
    show(f"next: {compiled.next_run(recipe, chip, calibration)}")
    return 0
