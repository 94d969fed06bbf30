"""The layers of the architecture page are those that are checked."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]

CONTRACTS = [
    {
        "name": "layers",
        "type": "layers",
        "containers": ["toy"],
        "layers": ["cli", "plots : experiment", "spec | target"],
    },
    {"name": "wings", "type": "layers", "layers": ["wing", "toy"]},
    {"name": "no circle", "type": "acyclic_siblings"},
]


@pytest.fixture(scope="module")
def make_layers() -> ModuleType:
    specification = importlib.util.spec_from_file_location("make_layers", ROOT / "docs" / "make_layers.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_page_has_the_layers_of_the_contracts(make_layers):
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    contracts = make_layers.contracts_of(ROOT / "pyproject.toml")
    assert len(contracts) > 5
    assert page == make_layers.with_layers(page, contracts), "run make docs"


def test_layers_are_written_in_their_order(make_layers):
    page = f"before\n{make_layers.BEGIN}\nold\n{make_layers.END}\nafter\n"
    expected = [
        "before",
        make_layers.BEGIN,
        "```",
        "toy: cli > (plots : experiment) > (spec | target)",
        "packages: wing > toy",
        "```",
        "",
        "Besides:",
        "",
        "* no circle",
        make_layers.END,
        "after",
        "",
    ]
    assert make_layers.with_layers(page, CONTRACTS) == "\n".join(expected)


def test_long_lines_are_wrapped(make_layers):
    contract = {"name": "many", "type": "layers", "containers": ["toy"], "layers": [f"layer_{k}" for k in range(40)]}
    lines = list(make_layers.layer_lines([contract]))
    assert max(len(line) for line in lines) <= make_layers.WIDTH
    assert all(line.startswith("    ") for line in lines[2 : lines.index("```", 1)])


@pytest.mark.parametrize("page", ["nothing", "<!-- end of layers -->\n<!-- layers: written by make docs -->\n"])
def test_a_page_without_a_place_for_them(make_layers, page):
    with pytest.raises(ValueError, match="the page needs a line"):
        make_layers.with_layers(page, CONTRACTS)


def test_the_command_writes_the_page(make_layers, tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(f"{make_layers.BEGIN}\n{make_layers.END}\n")
    monkeypatch.setattr(sys, "argv", ["make_layers.py", "--out", str(page)])
    make_layers.main()
    assert "sal_hw: cli > " in page.read_text()
