"""What cannot be taken over is refused before a folder is made."""

from __future__ import annotations

from pathlib import Path

import pytest

from sal_hw.cli.main import main
from sal_hw.errors import InputError, IntegrityError
from sal_hw.workflow.import_results import import_calibration, import_result

RECIPE = Path(__file__).parents[3] / "recipes" / "two_neuron.yaml"


@pytest.fixture
def compiled(tmp_path: Path) -> Path:
    """A folder that ``sal-hw compile`` wrote, for a target without a machine."""
    assert main(("compile", str(RECIPE), "-o", str(tmp_path / "program"), "--no-figures")) == 0
    return tmp_path / "program"


def test_only_a_machine_has_results(compiled: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ideal has none") as caught:
        import_result(tmp_path, program_folder=compiled, out=tmp_path / "run")
    assert caught.value.code == "E808"
    assert not (tmp_path / "run").exists()


def test_a_changed_program_is_not_played_back(compiled: Path, tmp_path: Path) -> None:
    path = compiled / "experiment.json"
    path.write_text(path.read_text().replace("900000", "900001"))
    with pytest.raises(IntegrityError) as caught:
        import_result(tmp_path, program_folder=compiled, out=tmp_path / "run")
    assert caught.value.code == "E504"
    assert not (tmp_path / "run").exists()


def test_another_folder_is_no_program(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        import_result(tmp_path, program_folder=tmp_path, out=tmp_path / "run")
    assert caught.value.code == "E505"


@pytest.mark.parametrize("target", ["ideal", "spinnaker2"])
def test_only_machines_that_are_calibrated_have_calibrations(tmp_path: Path, target: str) -> None:
    with pytest.raises(InputError) as caught:
        import_calibration(tmp_path / "a.json", target=target)
    assert (caught.value.code, caught.value.field) == ("E805", "target")
