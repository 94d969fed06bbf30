"""Campaigns: order, keeping, resuming, being killed, and what the snapshot says."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.contracts.calibrator import CampaignOptions
from sal_hw.errors import InputError
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw.target.snapshot_io import read_snapshot
from sal_hw_brainscales2.emulation.instrument import EmulatedInstrument
from sal_hw_calibration import campaign
from sal_hw_calibration.campaign import keep_snapshot, remove_campaign, run_campaign
from sal_hw_calibration.stages import STAGES, chosen_stages

NEURONS = np.array([0, 1, 256])
OPTIONS = CampaignOptions(seed=5, stages=("membranes", "synapses"), neurons=NEURONS)


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def _instrument(truth: CalibrationSnapshot) -> EmulatedInstrument:
    return EmulatedInstrument(truth, synthetic_time="2026-01-31T12:00:00Z")


@pytest.fixture(scope="module")
def whole_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the campaign of these tests is kept that nobody disturbs."""
    return tmp_path_factory.mktemp("whole") / "campaign"


@pytest.fixture(scope="module")
def whole(truth: CalibrationSnapshot, whole_folder: Path) -> CalibrationSnapshot:
    """What it gives."""
    return run_campaign(_instrument(truth), whole_folder, OPTIONS).snapshot


def test_stages_come_after_what_they_need() -> None:
    seen: set[str] = set()
    for stage in STAGES:
        assert set(stage.needs) <= seen
        seen.add(stage.name)
    assert [stage.name for stage in chosen_stages(["balance"])] == ["converters", "membranes", "baselines", "balance"]


def test_an_unknown_stage_is_refused_with_a_suggestion() -> None:
    with pytest.raises(InputError) as caught:
        chosen_stages(["membrane"])
    assert caught.value.code == "E710"
    assert caught.value.problems[0].hint == 'did you mean "membranes"?'


def test_the_snapshot_says_where_it_comes_from(whole: CalibrationSnapshot) -> None:
    assert (whole.chip_id, whole.origin) == ("synthetic-7", "measured")
    assert whole.taken_at == whole.finished_at == "2026-01-31T12:00:00Z"
    conditions = dict(whole.conditions)
    assert conditions["neurons"] == "0-1,256"
    assert conditions["stages"] == "converters membranes synapses"
    assert "sal-hw" in dict(whole.software)
    assert whole.table("usable") is not None
    assert whole.table("balance_ratio") is None


def test_the_same_seed_gives_the_same_snapshot_and_another_one_does_not(
    truth: CalibrationSnapshot, whole: CalibrationSnapshot, tmp_path: Path
) -> None:
    again = run_campaign(_instrument(truth), tmp_path / "a", replace(OPTIONS, threads=2)).snapshot
    assert again.hash == whole.hash
    other = run_campaign(_instrument(truth), tmp_path / "b", replace(OPTIONS, seed=6)).snapshot
    assert other.hash != whole.hash


def test_more_stages_can_follow_later(truth: CalibrationSnapshot, whole: CalibrationSnapshot, tmp_path: Path) -> None:
    folder = tmp_path / "campaign"
    run_campaign(_instrument(truth), folder, replace(OPTIONS, stages=("converters",)))
    done = run_campaign(_instrument(truth), folder, replace(OPTIONS, resume=True))
    assert [stage.kept for stage in done.stages] == [True, False, False]
    assert done.snapshot.hash == whole.hash


def test_a_begun_campaign_is_only_resumed_on_request_and_by_the_same_command(
    truth: CalibrationSnapshot, tmp_path: Path
) -> None:
    folder = tmp_path / "campaign"
    first = replace(OPTIONS, stages=("converters",))
    run_campaign(_instrument(truth), folder, first)
    with pytest.raises(InputError) as caught:
        run_campaign(_instrument(truth), folder, first)
    assert caught.value.code == "E501"
    with pytest.raises(InputError) as caught:
        run_campaign(_instrument(truth), folder, replace(first, seed=9, resume=True))
    assert caught.value.code == "E506"
    assert "seed" in caught.value.problems[0].allowed


def _dying_at(monkeypatch: pytest.MonkeyPatch, moment: int) -> Callable[[], int]:
    """Let the process end at the given write, rename or removal, and return a function that counts them."""
    count = 0

    def dying(original: Callable[..., object]) -> Callable[..., object]:
        def wrapped(*arguments: object, **named: object) -> object:
            nonlocal count
            count += 1
            if count == moment:
                raise Killed
            return original(*arguments, **named)

        return wrapped

    monkeypatch.setattr("sal_hw.storage.folder.write_atomic", dying(campaign.write_atomic))
    monkeypatch.setattr(campaign, "write_atomic", dying(campaign.write_atomic))
    monkeypatch.setattr(Path, "rename", dying(Path.rename))
    monkeypatch.setattr(Path, "mkdir", dying(Path.mkdir))
    monkeypatch.setattr(Path, "unlink", dying(Path.unlink))
    monkeypatch.setattr(Path, "rmdir", dying(Path.rmdir))
    return lambda: count


def _calibrate(truth: CalibrationSnapshot, folder: Path, out: Path, options: CampaignOptions) -> None:
    done = run_campaign(_instrument(truth), folder, options)
    keep_snapshot(out, done.snapshot, force=True)


@pytest.mark.parametrize(
    "stages", [("converters",), pytest.param(("membranes", "synapses"), marks=pytest.mark.slow)], ids=["one", "all"]
)
def test_a_kill_at_any_write_leaves_the_old_snapshot_or_none_and_can_be_resumed(
    truth: CalibrationSnapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stages: tuple[str, ...]
) -> None:
    options = replace(OPTIONS, stages=stages)
    previous = run_campaign(
        _instrument(truth), tmp_path / "p", replace(options, stages=("converters",), seed=1)
    ).snapshot
    with monkeypatch.context() as patched:
        writes = _dying_at(patched, 0)
        keep_snapshot(tmp_path / "count", previous, force=True)
        _calibrate(truth, tmp_path / "count.campaign", tmp_path / "count", options)
        moments = writes()
    assert moments > 10
    whole = read_snapshot(tmp_path / "count")
    for moment in range(1, moments + 1):
        out, folder = tmp_path / f"{moment}", tmp_path / f"{moment}.campaign"
        keep_snapshot(out, previous, force=True)
        with monkeypatch.context() as patched:
            _dying_at(patched, moment)
            with contextlib.suppress(Killed):
                _calibrate(truth, folder, out, options)
        if out.exists():
            assert read_snapshot(out).hash in (previous.hash, whole.hash)
        _calibrate(truth, folder, out, replace(options, resume=True))
        assert read_snapshot(out).hash == whole.hash


def test_damage_of_a_kept_stage_is_measured_again(
    truth: CalibrationSnapshot, whole: CalibrationSnapshot, whole_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "campaign"
    shutil.copytree(whole_folder, folder)
    arrays = folder / "membranes" / "tables.npz"
    data = bytearray(arrays.read_bytes())
    data[len(data) // 2] ^= 1
    arrays.write_bytes(bytes(data))
    done = run_campaign(_instrument(truth), folder, replace(OPTIONS, resume=True))
    assert [stage.kept for stage in done.stages] == [True, False, True]
    assert done.snapshot.hash == whole.hash


def test_only_what_a_campaign_has_kept_is_removed(truth: CalibrationSnapshot, tmp_path: Path) -> None:
    folder = tmp_path / "campaign"
    run_campaign(_instrument(truth), folder, replace(OPTIONS, stages=("converters",)))
    (folder / "thesis.tex").write_text("years of work")
    assert not remove_campaign(folder)
    assert [path.name for path in folder.iterdir()] == ["thesis.tex"]
    (folder / "thesis.tex").unlink()
    assert remove_campaign(folder)
    assert not folder.exists()


def test_what_was_put_into_a_stage_is_set_aside(truth: CalibrationSnapshot, tmp_path: Path) -> None:
    folder, options = tmp_path / "campaign", replace(OPTIONS, stages=("converters",))
    whole = run_campaign(_instrument(truth), folder, options).snapshot.hash
    (folder / "converters" / "thesis.tex").write_text("years of work")
    assert run_campaign(_instrument(truth), folder, replace(options, resume=True)).snapshot.hash == whole
    assert (folder / "converters.damaged-1" / "thesis.tex").read_text() == "years of work"
