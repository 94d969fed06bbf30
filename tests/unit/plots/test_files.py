"""Figures as files: the same run gives the same bytes, and the numbers lie beside the picture."""

import subprocess
import sys

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw.plots import FigureTable, collect, render, save, table, write_figures
from sal_hw.storage.reading import read_npz


def test_very_long_tables_become_arrays(tmp_path, monkeypatch, make_sampler):
    monkeypatch.setattr(table, "MAX_CSV_ROWS", 5)
    numbers = collect("dkl", {"run": make_sampler()})
    _, path = save(render("dkl", numbers), tmp_path / "dkl.png", numbers)
    assert path.name == "dkl.npz"
    read = read_npz(path.read_bytes())
    for name, values in numbers.columns.items():
        np.testing.assert_array_equal(read[name], values)


def test_all_available_figures_are_written(tmp_path, make_sampler):
    written = write_figures(make_sampler(), tmp_path / "figures")
    assert [path.stem for path in written] == ["weights", "asymmetry", "dkl", "distribution"]
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == sorted(
        f"{path.stem}{suffix}" for path in written for suffix in (".csv", ".png")
    )


def test_a_folder_that_cannot_be_made_is_explained(tmp_path, make_sampler):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError) as caught:
        write_figures(make_sampler(), tmp_path / "taken")
    assert caught.value.code == "E502"


def test_tables_repeat_scalars_and_keep_order():
    made = FigureTable.of(update=[0, 1], unit=2.5)
    stacked = FigureTable.stack({"b": made, "a": made}, by="run")
    assert stacked.csv_bytes() == b"run,update,unit\nb,0,2.5\nb,1,2.5\na,0,2.5\na,1,2.5\n"
    assert [key for key, _ in stacked.groups("run")] == [("b",), ("a",)]


def test_listing_the_kinds_does_not_load_matplotlib():
    code = "import sys, sal_hw.plots; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
