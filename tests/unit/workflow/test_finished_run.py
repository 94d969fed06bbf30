"""A finished run: completed folders are read back checked, and figures come from the result alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sal_hw.errors import InputError, IntegrityError
from sal_hw.storage.artifact import is_unfinished, read_manifest
from sal_hw.workflow import api
from sal_hw.workflow.finished_run import Run, load_run

RECIPE = Path(__file__).parents[3] / "recipes" / "two_neuron.yaml"
SHORT = ("experiment.duration=12 s", "experiment.average_last_updates=5")


@pytest.fixture
def stored(tmp_path: Path) -> Run:
    """Return a short run in a folder, without figures."""
    return api.run(api.load_recipe(RECIPE, overrides=SHORT), seed=3, out=tmp_path / "run", figures=False)


def test_the_manifest_says_what_ran(stored: Run) -> None:
    assert stored.folder is not None
    assert not is_unfinished(stored.folder)
    manifest = read_manifest(stored.folder, "run", schema_versions=(1,))
    assert (manifest["recipe"], manifest["seed"], manifest["target"]) == ("two_neuron", 3, "ideal")
    assert manifest["program_hash"] == stored.result.program_hash
    assert manifest["verdict"] == stored.health.verdict


def test_a_changed_file_is_not_read(stored: Run) -> None:
    assert stored.folder is not None
    path = stored.folder / "metrics.json"
    path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
    with pytest.raises(IntegrityError) as caught:
        load_run(stored.folder)
    assert caught.value.code == "E504"


def test_a_folder_of_something_else_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_run(tmp_path)
    assert caught.value.code == "E505"


def test_a_run_that_was_not_stored_draws_its_figures() -> None:
    run = api.run(api.load_recipe(RECIPE, overrides=SHORT))
    assert (run.folder, run.figures) == (None, ())
    assert run.plot("alignment").axes
    assert set(run.weights) == {"forward", "backward"}
    with pytest.raises(InputError):
        run.plot("nothing of the kind")
