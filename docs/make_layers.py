"""Writes the layers of docs/architecture.md anew, from the contracts that import-linter checks."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from importlinter.api import read_configuration

ROOT = Path(__file__).parents[1]

#: where the layers begin and end on the page
BEGIN, END = "<!-- layers: written by make docs -->", "<!-- end of layers -->"

#: longest line of the page, in characters
WIDTH = 120


def layer_lines(contracts: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield Markdown lines: all stacks of layers, and the other rules by their names."""
    yield "```"
    for contract in contracts:
        if contract["type"] == "layers":
            yield from _stack(contract)
    yield from ("```", "", "Besides:", "")
    for contract in contracts:
        if contract["type"] != "layers":
            yield f"* {contract['name']}"


def _stack(contract: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of one contract: each layer may import what is right of it."""
    layers = [layer if " " not in layer else f"({layer})" for layer in contract["layers"]]
    whose = ", ".join(contract.get("containers", ())) or "packages"
    yield from textwrap.wrap(f"{whose}: {' > '.join(layers)}", WIDTH, subsequent_indent="    ", break_on_hyphens=False)


def with_layers(page: str, contracts: list[Mapping[str, Any]]) -> str:
    """Return the page with its layers written anew.

    Raises
    ------
    ValueError
        If the page does not say where they stand.
    """
    before, found_begin, rest = page.partition(BEGIN)
    _, found_end, after = rest.partition(END)
    if not (found_begin and found_end):
        raise ValueError(f"the page needs a line {BEGIN} and, after it, a line {END}")
    return "\n".join([f"{before}{BEGIN}", *layer_lines(contracts), f"{END}{after}"])


def contracts_of(configuration: Path) -> list[Mapping[str, Any]]:
    """Return the contracts of a pyproject.toml."""
    return list(read_configuration(str(configuration))["contracts_options"])


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "architecture.md")
    out: Path = parser.parse_args().out
    out.write_text(
        with_layers(out.read_text(encoding="utf-8"), contracts_of(ROOT / "pyproject.toml")), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
