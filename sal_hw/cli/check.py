"""``sal-hw check``."""

from __future__ import annotations

from sal_hw.cli.console import show, show_json, show_table
from sal_hw.cli.options import AsJson, Debug, Overrides, Presets, RecipePath, Seed, Target


def check(
    recipe: RecipePath,
    target: Target = "ideal",
    seed: Seed = None,
    overrides: Overrides = None,
    presets: Presets = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Show all problems of a recipe on a target, without running it.

    Example: sal-hw check recipes/two_neuron.yaml --target ideal
    """
    from sal_hw import api

    del debug
    loaded = api.load_recipe(recipe, overrides=overrides or (), presets=presets or (), seed=seed)
    program = api.compile_recipe(loaded, target=target)
    if as_json:
        trace = [{"pass": item.name, "notes": list(item.notes), "counts": item.counts} for item in program.trace]
        show_json({"status": "ok", "target": target, "program_hash": program.hash, "trace": trace})
        return 0
    rows = [
        (
            item.name,
            ", ".join(f"{value:g} {name}" for name, value in item.counts.items()),
            "; ".join(item.notes),
        )
        for item in program.trace
    ]
    show_table(rows, ("pass", "counts", "notes"))
    show(f"{recipe}: no problems on {target}")
    show(f"next: sal-hw run {recipe} --target {target}")
    return 0
