"""``sal-hw snapshot diff``: what drifted between two calibrations."""

from __future__ import annotations

from terminal import Terminal

FEW = ("--only-neurons", "0-3,256-259")


def test_drift_shows_in_a_comparison_and_nothing_else(terminal: Terminal) -> None:
    words = ("calibrate", "--synthetic", "7", *FEW, "--stage", "membranes")
    assert terminal(*words, "--at", "2026-01-01T00:00:00Z", "-o", "old") == 0
    later = ("--at", "2026-02-01T00:00:00Z", "--drift", "v_threshold=4", "--seed", "2")
    assert terminal(*words, *later, "-o", "new") == 0
    assert terminal("snapshot", "diff", "old", "new", "--json") == 0
    assert terminal.document["drifted"] == ["v_threshold_offset_lsb"]
    assert terminal("snapshot", "diff", "old", "new") == 0
    assert "drifted: v_threshold_offset_lsb" in terminal.out
    assert "2026-02-01T00:00:00Z" in terminal.out
