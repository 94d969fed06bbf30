"""``sal-hw nir export`` and ``sal-hw nir import``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sal_hw.cli.console import show, show_json, show_next
from sal_hw.cli.options import AsJson, Debug, Force, Overrides, Presets, RecipePath, Seed

app = typer.Typer(
    help="Exchange networks through NIR, the Neural Intermediate Representation.\n\n"
    "Example: sal-hw nir export recipes/two_populations.yaml -o two_populations.nir",
    no_args_is_help=True,
)

#: losses that are listed; --json and the sidecar have all
_SHOWN = 60


@app.command("export")
def export(
    recipe: RecipePath,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The NIR file to write.")],
    seed: Seed = None,
    overrides: Overrides = None,
    presets: Presets = None,
    force: Force = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Write a recipe's network as a NIR file; what NIR cannot express goes to FILE.json and is listed.

    Example: sal-hw nir export recipes/two_populations.yaml -o two_populations.nir
    """
    from dataclasses import asdict

    from sal_hw.nir_exchange.export import export_recipe
    from sal_hw.workflow.checked_recipe import load_recipe

    del debug
    loaded = load_recipe(recipe, overrides=overrides or (), presets=presets or (), seed=seed)
    done = export_recipe(loaded, out, force=force)
    if as_json:
        files = {"file": str(done.file), "sidecar": str(done.sidecar)}
        show_json({"status": "ok", **files, "digest": done.digest, "losses": [asdict(item) for item in done.losses]})
        return 0
    for item in done.losses[:_SHOWN]:
        show(f"not in the file: {item.field} = {item.value}  ({item.reason})")
    if len(done.losses) > _SHOWN:
        show(f"... and {len(done.losses) - _SHOWN} more, in {done.sidecar}")
    show(f"{done.file}: times in ms, potentials in mV; {len(done.losses)} fields are in {done.sidecar} only")
    show(f"expressible part {done.digest}")
    show_next("nir", "import", done.file, "--time-unit", "ms", "-o", "imported.yaml")
    return 0


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A NIR file.")],
    time_unit: Annotated[
        str, typer.Option("--time-unit", metavar="s|ms|us", help="Unit of times in the file, which does not say it.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="RECIPE", help="The recipe to write.")],
    voltage_unit: Annotated[
        str, typer.Option("--voltage-unit", metavar="V|mV", help="Unit of potentials in the file.")
    ] = "mV",
    timestep: Annotated[str, typer.Option("--timestep", help="Time step of the recipe.")] = "0.1 ms",
    force: Force = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Take over a NIR file as a recipe; reciprocal projections are proposed as plastic, switched off.

    Example: sal-hw nir import network.nir --time-unit ms -o network.yaml
    """
    from sal_hw.nir_exchange.expressible import realize
    from sal_hw.nir_exchange.import_network import import_network
    from sal_hw.nir_exchange.recipes import recipe_name, write_recipe
    from sal_hw.workflow.checked_recipe import load_recipe

    del debug
    imported = import_network(file, time_unit=time_unit, voltage_unit=voltage_unit)
    notes = write_recipe(imported, out, name=recipe_name(file), timestep=timestep, force=force)
    found = realize(load_recipe(out)).network.digest
    if as_json:
        pairs = [{"forward": forward, "backward": backward} for forward, backward in imported.pairs]
        show_json({"status": "ok", "recipe": str(out), "digest": found, "proposed": pairs, "notes": list(notes)})
        return 0
    for note in notes:
        show(note)
    show(f"expressible part {found}")
    show_next("run", out, "--set", "plasticity[0].enabled=true")
    return 0
