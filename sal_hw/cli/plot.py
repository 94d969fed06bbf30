"""``sal-hw plot``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sal_hw.cli.console import say, show, show_json, show_next, show_table
from sal_hw.cli.options import AsJson, Debug, Force


def plot(
    words: Annotated[list[str], typer.Argument(metavar="[KIND] RUN...", help="Kind of figure, then run folders.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="PNG file; by default KIND.png here.")] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the kinds that a run can show.")] = False,
    force: Force = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Draw a figure of one run, or of several for comparison; its data goes to a file beside it.

    Example: sal-hw plot dkl runs/with_sal runs/without_sal -o dkl.png
    """
    from sal_hw import plots
    from sal_hw.storage.single_files import refuse_existing
    from sal_hw.workflow import api

    del debug
    if listing:
        return _list(words[-1], as_json=as_json)
    kind, *folders = words
    if not folders:
        raise typer.BadParameter("name a kind of figure and at least one run folder; --list RUN shows the kinds")
    path = out or Path(f"{kind}.png")
    refuse_existing(plots.picture_at(path), force=force, named=out is not None)
    table = plots.collect(kind, {label: api.load_run(folder).result for label, folder in _labels(folders)})
    numbers = plots.numbers_at(plots.numbers_beside(path, table), path)
    refuse_existing(numbers, force=force, named=out is not None)
    written = plots.save(plots.render(kind, table), path, table)
    if as_json:
        show_json({"status": "ok", "files": [str(item) for item in written]})
    else:
        for item in written:
            show(str(item))
        show_next("plot", "--list", Path(folders[-1]))
    return 0


def _list(folder: str, *, as_json: bool) -> int:
    from sal_hw import plots
    from sal_hw.workflow import api

    kinds, result = plots.all_kinds(), api.load_run(folder).result
    shown = {name: kinds[name].description for name in plots.available(result)}
    for problem in plots.unusable_kinds():
        say(problem.render())
    if as_json:
        show_json({"status": "ok", "kinds": shown})
    else:
        show_table(list(shown.items()), ("kind", "shows"))
        if shown:
            show_next("plot", next(iter(shown)), Path(folder))
        else:
            show("this run recorded nothing to draw")
    return 0


def _labels(folders: list[str]) -> list[tuple[str, str]]:
    """Name each run by its folder; by its whole path where two folders have the same name."""
    names = [Path(folder).resolve().name for folder in folders]
    return [(name if names.count(name) == 1 else folder, folder) for name, folder in zip(names, folders, strict=True)]
