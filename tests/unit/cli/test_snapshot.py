"""``sal-hw snapshot`` as its users and their scripts see it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from terminal import Terminal

from sal_hw.contracts import targets
from sal_hw.error_texts.catalog import CATALOG
from sal_hw.target import snapshot_io
from sal_hw.target.description import CircuitGrid, TargetDescription
from sal_hw.target.snapshot_io import read_snapshot, write_snapshot
from sal_hw.target.tables import TABLES
from sal_hw_brainscales2.emulation.model import draw_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads


@pytest.fixture
def chip(tmp_path: Path) -> str:
    """A small chip on disk, one table of which was measured nowhere."""
    small = draw_chip(4, columns=8, rows=6)
    tables = tuple(
        replace(table, ok=np.zeros_like(table.ok)) if table.name == "tau_mem_ratio" else table for table in small.tables
    )
    write_snapshot(tmp_path / "small", replace(small, tables=tables))
    return "small"


def _install(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Make ``brainscales2`` a registered target of this size, whatever else is installed."""
    grid = CircuitGrid(block="half", blocks=2, rows=6, columns=columns)
    kind = TargetDescription(family="brainscales2", summary="a test", capabilities=("lif",), limits={}, grid=grid)
    target = targets.Target(description=kind, passes=(), backend=None, emulator=None)
    monkeypatch.setattr(targets, "target_names", lambda: ("brainscales2",))
    monkeypatch.setattr(targets, "load_target", lambda _: target)


# --- draw -------------------------------------------------------------------------------------------------------------


def test_draw_writes_the_truth_of_the_chip(terminal: Terminal) -> None:
    assert terminal("snapshot", "draw", "--seed", "7", "-o", "chips/7") == 0
    drawn = read_snapshot(Path("chips/7"))
    assert drawn.hash == draw_chip(7).hash
    assert drawn.hash in terminal.out
    assert "synthetic-7 of brainscales2" in terminal.out
    assert terminal.out.splitlines()[-1] == "next: sal-hw snapshot show chips/7"
    assert terminal.err == ""
    assert terminal("snapshot", "verify", "chips/7") == 0


def test_draw_takes_spreads(terminal: Terminal) -> None:
    words = ("--spread", "tau_mem=0.2", "--spread", "v_leak=0")
    assert terminal("snapshot", "draw", "--seed", "18446744073709551615", *words, "-o", "out", "--json") == 0
    spreads = load_spreads().with_overrides({"tau_mem": 0.2, "v_leak": 0.0})
    wanted = draw_chip(2**64 - 1, spreads=spreads)
    assert terminal.document["status"] == "ok"
    assert terminal.document["folder"] == "out"
    assert terminal.document["chip_id"] == "synthetic-18446744073709551615"
    # the options are kept, so that a report can say how to draw it again
    wanted = replace(wanted, conditions=(("--spread", "tau_mem=0.2 --spread v_leak=0"),))
    assert terminal.document["hash"] == wanted.hash == read_snapshot(Path("out")).hash


def test_draw_overwrites_nothing_by_accident(terminal: Terminal, chip: str) -> None:
    before = read_snapshot(Path(chip)).hash
    assert terminal("snapshot", "draw", "--seed", "7", "-o", chip) == 2
    assert "E501" in terminal.err
    assert read_snapshot(Path(chip)).hash == before
    assert terminal("snapshot", "draw", "--seed", "7", "-o", chip, "--force") == 0
    assert read_snapshot(Path(chip)).hash == draw_chip(7).hash


_WRONG = {
    "negative seed": (("draw", "--seed", "-1", "-o", "out"), "E705"),
    "long seed": (("draw", "--seed", str(2**64), "-o", "out"), "E705"),
    "no number": (("draw", "--seed", "seven", "-o", "out"), "E604"),
    "no seed": (("draw", "-o", "out"), "E604"),
    "no folder": (("draw", "--seed", "1"), "E604"),
    "unknown spread": (("draw", "--seed", "1", "--spread", "tau_men=0.1", "-o", "out"), "E704"),
    "negative spread": (("draw", "--seed", "1", "--spread", "tau_mem=-0.1", "-o", "out"), "E704"),
    "absurd spread": (("draw", "--seed", "1", "--spread", "tau_mem=nan", "-o", "out"), "E704"),
    "no value": (("draw", "--seed", "1", "--spread", "tau_mem", "-o", "out"), "E704"),
    "no such command": (("drow", "--seed", "1"), "E604"),
    "nothing to show": (("show", "nowhere"), "E505"),
    "nothing to verify": (("verify", "nowhere"), "E505"),
}


@pytest.mark.parametrize("case", _WRONG)
def test_bad_input_exits_with_2(terminal: Terminal, case: str) -> None:
    words, code = _WRONG[case]
    assert terminal("snapshot", *words) == 2
    assert terminal.out == ""
    assert code in terminal.err
    assert terminal("snapshot", *words, "--json") == 2
    assert (terminal.document["status"], terminal.document["exit_code"]) == ("error", 2)
    assert {problem["code"] for problem in terminal.document["problems"]} == {code} <= set(CATALOG)
    assert terminal.err == ""
    assert list(Path().iterdir()) == []


# --- show -------------------------------------------------------------------------------------------------------------


def test_show_tells_whose_it_is_and_what_it_holds(terminal: Terminal, chip: str) -> None:
    assert terminal("snapshot", "show", chip) == 0
    lines = terminal.out.splitlines()
    assert lines[:4] == [
        "chip id: synthetic-4",
        "target: brainscales2",
        "origin: drawn",
        "taken at: 1970-01-01T00:00:00Z",
    ]
    assert f"hash: {read_snapshot(Path(chip)).hash}" in lines
    rows = {line.split()[0]: line for line in lines if line.split() and line.split()[0] in TABLES}
    assert set(rows) == {table.name for table in read_snapshot(Path(chip)).tables}
    assert rows["v_leak_offset_lsb"].endswith("16 of 16")
    assert rows["gain_ratio"].endswith("96 of 96")
    assert rows["tau_mem_ratio"].endswith("0 of 16")
    assert lines[-1] == "next: sal-hw snapshot verify small"


def test_show_in_json_has_the_same_numbers(terminal: Terminal, chip: str) -> None:
    assert terminal("snapshot", "show", chip, "--json") == 0
    snapshot, document = read_snapshot(Path(chip)), terminal.document
    assert (document["chip_id"], document["hash"]) == (snapshot.chip_id, snapshot.hash)
    shown = {table["name"]: table for table in document["tables"]}
    for table in snapshot.tables:
        row = shown[table.name]
        assert (row["unit"], row["ok"], row["total"]) == (table.unit, int(table.ok.sum()), table.ok.size)
        if row["ok"]:
            numbers = (row["low_10"], row["median"], row["high_90"])
            np.testing.assert_allclose(numbers, np.quantile(table.measured, (0.1, 0.5, 0.9)), rtol=1e-6)
    assert shown["tau_mem_ratio"]["median"] is None


# --- verify -----------------------------------------------------------------------------------------------------------


def test_verify_compares_with_the_installed_target(
    terminal: Terminal, chip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _install(monkeypatch, columns=8)
    assert terminal("snapshot", "verify", chip) == 0
    assert terminal.out.startswith("ok: synthetic-4, 23 tables, fits brainscales2\n")
    assert terminal("snapshot", "verify", chip, "--json") == 0
    assert (terminal.document["status"], terminal.document["compared_with_target"]) == ("ok", True)
    _install(monkeypatch, columns=16)
    assert terminal("snapshot", "verify", chip) == 3
    assert "E703" in terminal.err
    assert terminal.out == ""


def test_verify_says_when_there_is_no_target_to_compare_with(
    terminal: Terminal, chip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "target_names", tuple)
    assert terminal("snapshot", "verify", chip) == 0
    assert "not compared with brainscales2" in terminal.out
    assert terminal("snapshot", "verify", chip, "--json") == 0
    assert terminal.document["compared_with_target"] is False


@pytest.mark.parametrize("command", ["show", "verify"])
def test_a_damaged_snapshot_exits_with_6(terminal: Terminal, chip: str, command: str) -> None:
    data = bytearray(Path(chip, "tables.npz").read_bytes())
    data[len(data) // 2] ^= 1
    Path(chip, "tables.npz").write_bytes(data)
    assert terminal("snapshot", command, chip) == 6
    assert "E504" in terminal.err
    assert terminal("snapshot", command, chip, "--json") == 6
    assert terminal.document["exit_code"] == 6


@pytest.mark.parametrize("command", ["show", "verify"])
def test_an_absurd_snapshot_exits_with_3(terminal: Terminal, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    small = draw_chip(4, columns=8, rows=6)
    absurd = replace(small.tables[0], measured=np.full(16, 1e6))
    with monkeypatch.context() as patch:
        patch.setattr(snapshot_io, "check_tables", lambda _: None)
        write_snapshot(Path("absurd"), replace(small, tables=(absurd, *small.tables[1:])))
    assert terminal("snapshot", command, "absurd") == 3
    assert "E703" in terminal.err
    assert "v_leak_offset_lsb" in terminal.err


@pytest.mark.parametrize("target", ["ideal", "spinnaker1"])
def test_a_target_without_chips_draws_none(terminal: Terminal, target: str) -> None:
    assert terminal("snapshot", "draw", "--target", target, "--seed", "7", "-o", "chip") == 2
    assert "E316" in terminal.err
    assert not Path("chip").exists()


# --- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["draw", "show", "verify"])
def test_help_shows_an_example(terminal: Terminal, command: str) -> None:
    assert terminal("snapshot", command, "--help") == 0
    assert f"Example: sal-hw snapshot {command}" in terminal.out


_IMPORTED = """
import sys
from sal_hw.cli.main import main
code = main(sys.argv[1:])
sys.stderr.write(",".join(name for name in ("numpy", "numba", "pint", "yaml") if name in sys.modules))
sys.exit(code)
"""


@pytest.mark.parametrize("words", [("--help",), ("snapshot", "--help"), ("snapshot", "draw", "--help")], ids=" ".join)
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    process = subprocess.run(
        [sys.executable, "-c", _IMPORTED, *words], capture_output=True, check=True, text=True, timeout=60.0
    )
    assert process.stderr == ""
    assert "snapshot" in process.stdout
