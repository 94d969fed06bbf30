"""``sal-hw run --map-only``: a program mapped without the machine, as tables and as a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from sal_hw.cli.console import show, show_json, show_table

if TYPE_CHECKING:
    from sal_hw.contracts.mapping import MappingReport
    from sal_hw.workflow.api import Recipe
    from sal_hw.workflow.request import RunRequest

#: said with every report, since an empty list of spikes could be taken for silence
NOTHING_RAN = (
    "map-only: nothing ran, so that there are no spikes, no learned weights and no metrics; stored weights, delays, "
    "scales, cores, keys and routes are those of the program"
)


def refuse_with(**others: object) -> None:
    """Refuse options that ask for another mode than --map-only.

    Parameters
    ----------
    others
        What was given for each option, by its name.
    """
    for name, given in others.items():
        if given not in (None, False):
            raise typer.BadParameter(f"--map-only and --{name.replace('_', '-')} exclude each other")


def run_map_only(recipe: Recipe, request: RunRequest, *, as_json: bool) -> int:
    """Map a recipe's program, store the report and print it."""
    from sal_hw.storage.codec import encode
    from sal_hw.workflow.request import RunRequest

    report, folder = recipe.job.map_only(request)
    if as_json:
        found = {"mode": "map-only", "spikes": None, "mapping": encode(report)[0], "folder": str(folder)}
        show_json({"status": "ok", "exit_code": 0, **found})
        return 0
    show(f"{recipe.name} for {report.target} (map-only), {report.software}, {report.machine}")
    show()
    _show_report(report)
    show(NOTHING_RAN)
    show(f"folder: {folder}")
    show(f"next: {RunRequest(target=request.target, emulate=True).command(recipe.file.path)}")
    return 0


def _show_report(report: MappingReport) -> None:
    cores = [
        (
            item.owner,
            f"{item.first}..{item.last}",
            f"{item.x},{item.y},{item.core}",
            "-" if item.key is None or item.mask is None else f"{item.key:08x}/{item.mask:08x}",
            str(item.memory_bytes),
        )
        for item in report.cores
    ]
    show_table(cores, ("on a core", "indices", "x,y,core", "key/mask", "bytes"))
    show()
    synapses = [
        (item.name, str(item.synapses), str(item.shift), f"{item.word_min}..{item.word_max}")
        for item in report.synapses
    ]
    show_table(synapses, ("synapses", "number", "shift", "words"))
    show()
    tables = [(f"{item.x},{item.y}", str(item.entries)) for item in report.tables]
    show_table(tables, ("router of chip", "entries"))
    show()
