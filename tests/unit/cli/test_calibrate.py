"""``sal-hw calibrate`` as its users see it, up to the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from terminal import Terminal

from sal_hw.target.snapshot_io import read_snapshot

FEW = ("--only-neurons", "0-3,256-259")
CHIP = ("--synthetic", "7", "--at", "2026-01-31T12:00:00Z", *FEW)


def test_a_chip_is_measured_and_reported(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal("calibrate", *CHIP, "--stage", "check", "-o", "chip") == 0
    assert "membranes" in terminal.out
    assert terminal.out.rstrip().endswith("next: sal-hw snapshot report chip -o chip.html")
    assert "calibrate: membranes" in terminal.err
    assert not (tmp_path / "chip.campaign").exists()
    snapshot = read_snapshot(tmp_path / "chip")
    assert snapshot.finished_at == "2026-01-31T12:00:00Z"
    tau = snapshot.table("tau_mem_ratio")
    assert tau is not None
    assert tau.after is not None
    assert terminal("snapshot", "report", "chip", "-o", "chip.html") == 0
    page = (tmp_path / "chip.html").read_text()
    assert len(page) < 3e6
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("data:image/png;base64,") >= 3
    command = "sal-hw calibrate --target brainscales2 --synthetic 7 --seed 1 --only-neurons 0-3,256-259"
    assert command in page
    assert terminal("snapshot", "report", "chip", "-o", "chip.html") == 2
    assert "E501" in terminal.err
    assert terminal("snapshot", "report", "chip", "-o", "chip.html", "--force") == 0
    (tmp_path / "mine.html").write_text("<html>mine</html>")
    assert terminal("snapshot", "report", "chip", "-o", "mine.html", "--force") == 2
    assert (tmp_path / "mine.html").read_text() == "<html>mine</html>"


def test_what_is_measured_is_compared_with_the_truth(terminal: Terminal, tmp_path: Path) -> None:
    words = ("calibrate", *CHIP, "--stage", "membranes", "--against-truth", "--json", "-o", "chip")
    assert terminal(*words) == 0
    recovery = terminal.document["recovery"]
    kept = json.loads((tmp_path / "chip.metrics.json").read_text())
    assert kept == {"kind": "calibration-recovery", **recovery}
    assert {table["table"] for table in recovery["tables"]} >= {"v_leak_offset_lsb", "tau_mem_ratio"}
    assert recovery["passed"]
    assert all(table["instances"] == 8 for table in recovery["tables"])


def test_a_file_in_the_place_of_the_comparison_is_kept(terminal: Terminal, tmp_path: Path) -> None:
    mine = tmp_path / "chip.metrics.json"
    mine.write_text('{"thesis": 1}')
    words = ("calibrate", *CHIP, "--stage", "membranes", "--against-truth", "-o", "chip", "--force")
    assert terminal(*words) == 2
    assert "E501" in terminal.err
    assert mine.read_text() == '{"thesis": 1}'
    # nothing was measured in vain
    assert not (tmp_path / "chip.campaign").exists()


def test_a_chip_below_its_yield_is_refused_and_nothing_is_written(terminal: Terminal, tmp_path: Path) -> None:
    words = ("calibrate", "--synthetic", "3", "--spread", "share_of_dead_neurons=0.5", *FEW, "--stage", "membranes")
    assert terminal(*words, "-o", "chip") == 3
    assert "E707" in terminal.err
    assert "it does not fire" in terminal.err
    assert not (tmp_path / "chip").exists()
    # what was measured is kept, so another yield needs no new measurement
    assert terminal(*words, "--min-yield", "0.1", "--resume", "-o", "chip") == 0
    assert "kept" in terminal.out


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("calibrate", "--synthetic", "7"), 2, "E202"),
        (("calibrate", "--at", "2026-01-31T12:00:00Z", "-o", "x"), 2, "E711"),
        (("calibrate", "--synthetic", "7", "--only-neurons", "0-600", "-o", "x"), 2, "E713"),
        (("calibrate", "--synthetic", "7", "--only-neurons", "a", "-o", "x"), 2, "E713"),
        (("calibrate", "--synthetic", "7", "--stage", "balanse", "-o", "x"), 2, "E710"),
        (("calibrate", "--target", "ideal", "--synthetic", "7", "-o", "x"), 4, "E712"),
        (("calibrate", "--synthetic", "7", "--drift", "nothing=1", "-o", "x"), 2, "E704"),
        (("calibrate", "--synthetic", "-1", "-o", "x"), 2, "E705"),
    ],
)
def test_wrong_words_are_refused(
    terminal: Terminal, tmp_path: Path, words: tuple[str, ...], code: int, error: str
) -> None:
    assert terminal(*words) == code
    assert error in terminal.err
    assert not (tmp_path / "x").exists()


def test_stages_are_listed(terminal: Terminal) -> None:
    assert terminal("calibrate", "--list-stages", "--json") == 0
    stages = {stage["name"]: stage["needs"] for stage in terminal.document["stages"]}
    assert stages["balance"] == ["baselines"]


def test_a_calibration_that_is_too_old_is_refused(terminal: Terminal) -> None:
    recipe = str(Path(__file__).parents[3] / "recipes" / "chip_alignment.yaml")
    assert terminal("calibrate", *CHIP, "--stage", "converters", "-o", "chip") == 0
    words = ("run", recipe, "--target", "brainscales2", "--emulate", "--chip", "7", "--calibration", "chip")
    assert terminal(*words, "--max-calibration-age", "24", "--no-figures") == 3
    assert "E708" in terminal.err
