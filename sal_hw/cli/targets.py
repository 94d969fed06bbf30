"""``sal-hw targets``."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sal_hw.cli.console import show, show_json, show_table
from sal_hw.cli.options import AsJson, Debug

if TYPE_CHECKING:
    from sal_hw.contracts.targets import Target
    from sal_hw.target.description import Range

_WIDTH = 100


def targets(
    limits: Annotated[bool, typer.Option("--limits", help="Also list every limit with its source.")] = False,
    matrix: Annotated[bool, typer.Option("--matrix", help="Show what each one can do, side by side.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """List the machines that programs can be compiled for, with their abilities; --json has everything.

    Example: sal-hw targets --limits
    """
    from sal_hw.contracts.targets import load_target, target_names

    del debug
    found = [load_target(name) for name in target_names()]
    if as_json:
        show_json({"status": "ok", "targets": [_document(target) for target in found]})
        return 0
    if matrix:
        _show_matrix(found)
        return 0
    rows = [
        (target.description.family, target.backend or "-", target.emulator or "-", str(len(target.description.limits)))
        for target in found
    ]
    show_table(rows, ("target", "machine", "emulation", "limits"))
    for target in found:
        show()
        _show(target, limits=limits)
    show()
    show("next: sal-hw check RECIPE --target TARGET" if limits else "next: sal-hw targets --matrix, or --limits")
    return 0


def _show_matrix(found: list[Target]) -> None:
    """Print the matrix ability by ability, since a terminal is too narrow for all targets side by side."""
    from sal_hw.contracts.matrix import capability_matrix

    rows = capability_matrix([target.description for target in found])
    names = rows[0][1:]
    for name, *cells in rows[1:]:
        show_table([(target, cell) for target, cell in zip(names, cells, strict=True)], (name, ""))
        show()


def _show(target: Target, *, limits: bool) -> None:
    found = target.description
    _show_wrapped(f"{found.family}: {found.summary}")
    _show_wrapped(f"  can do: {', '.join(word.replace('_', ' ') for word in found.capabilities)}")
    for pair in found.exclusions:
        one, other = (word.replace("_", " ") for word in (pair.first, pair.second))
        _show_wrapped(f"  not together: {one} and {other}")
    for each in target.front_ends:
        _show_wrapped(f"  --via {each.name}: for {each.releases}; cannot do: {'; '.join(each.cannot)}")
    if limits:
        rows = [(name.replace("_", " "), _ends(limit)) for name, limit in found.limits.items()]
        left, right = (max(len(row[index]) for row in rows) for index in range(2))
        for (name, ends), limit in zip(rows, found.limits.values(), strict=True):
            lead = f"  {name:<{left}}  {ends:<{right}}  "
            for index, line in enumerate(wrap(limit.source, max(_WIDTH - len(lead), 20)) or [""]):
                show(((" " * len(lead) if index else lead) + line).rstrip())


def _show_wrapped(text: str) -> None:
    for line in wrap(text, _WIDTH, subsequent_indent="    ", drop_whitespace=True):
        show(line)


def _ends(limit: Range) -> str:
    unit = "" if limit.unit == "1" else f" {limit.unit}"
    if limit.low == limit.high and limit.low is not None:
        return f"{limit.low:.10g}{unit}"
    low, high = ("" if end is None else f"{end:.10g}" for end in (limit.low, limit.high))
    return f"{low} .. {high}".strip() + unit


def _document(target: Target) -> dict[str, Any]:
    from sal_hw.storage.codec import encode

    document, _ = encode(target.description)
    front_ends = [encode(each)[0] for each in target.front_ends]
    return {**document, "backend": target.backend, "emulator": target.emulator, "front_ends": front_ends}
