"""What was interrupted goes on exactly, with nothing lost, doubled or computed again."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sal_hw.errors import InputError, IntegrityError, SalHwError
from sal_hw.experiment import runner
from sal_hw.experiment.runner import Interrupted
from sal_hw.results.store import CHECKPOINT
from sal_hw.results.stored_run import read_run
from sal_hw.storage.artifact import MANIFEST, is_unfinished
from sal_hw.storage.files import npz_bytes
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"
Failing = Callable[[Any, int, BaseException], Callable[..., Any]]


def _interrupt(out: Path, asked: int, recipe: api.Recipe) -> None:
    remaining = iter(range(asked))
    with pytest.raises(Interrupted) as caught:
        api.run(recipe, out=out, figures=False, interrupted=lambda: next(remaining, None) is None)
    assert (caught.value.code, caught.value.exit_code) == ("E602", 130)
    assert "--resume" in (caught.value.hint or "")
    assert is_unfinished(out)


@pytest.mark.parametrize("asked", [0, 1, 4, 8])
def test_an_interrupted_run_goes_on_exactly(short: Any, finished: api.Run, tmp_path: Path, asked: int) -> None:
    assert finished.folder is not None
    out = tmp_path / "out"
    _interrupt(out, asked, short.recipe())
    begun_at: list[int] = []
    api.run(short.recipe(), out=out, resume=True, figures=False, progress=lambda done, _total: begun_at.append(done))
    assert begun_at[0] == 2 * (asked + 1), "it begins where it stopped"
    assert short.content(out) == short.content(finished.folder)
    assert read_run(out).metrics == finished.metrics


def test_an_interruption_after_the_last_update_changes_nothing(short: Any, finished: api.Run, tmp_path: Path) -> None:
    assert finished.folder is not None
    calls = iter([False] * 9)
    api.run(short.recipe(), out=tmp_path / "out", figures=False, interrupted=lambda: next(calls, True))
    assert short.content(tmp_path / "out") == short.content(finished.folder)


def test_an_interrupted_run_without_a_folder_says_that_nothing_is_kept(short: Any) -> None:
    with pytest.raises(Interrupted) as caught:
        api.run(short.recipe(), interrupted=lambda: True)
    assert "nothing was kept" in caught.value.problems[0].allowed
    assert "--out" in (caught.value.hint or "")


def test_recorded_spikes_of_a_resumed_run_are_neither_lost_nor_doubled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (RECIPES / "two_neuron.yaml").read_text()
    source = tmp_path / "spikes.yaml"
    source.write_text(text.replace("probes:", "probes:\n  - {kind: spikes, population: upper}"))
    overrides = ["experiment.duration=30 s", "experiment.average_last_updates=1"]
    recipe = api.load_recipe(source, overrides=overrides)
    monkeypatch.setattr("sal_hw.results.spike_store.SPIKES_PER_PART", 300)
    whole = api.run(recipe, out=tmp_path / "whole", figures=False)
    out = tmp_path / "out"
    _interrupt(out, 20, recipe)
    # what was written after the checkpoint, when the power failed, must not count
    (out / "spikes" / "000090.npz").write_bytes(npz_bytes({"time_ms.upper": np.ones(1), "neuron.upper": np.ones(1)}))
    api.run(recipe, out=out, resume=True, figures=False)
    assert whole.folder is not None
    found, expected = read_run(out).spikes["upper"], read_run(whole.folder).spikes["upper"]
    assert len(expected.time_ms) > 600
    np.testing.assert_array_equal(found.time_ms, expected.time_ms)
    np.testing.assert_array_equal(found.neuron, expected.neuron)


@pytest.mark.parametrize(
    ("settings", "seed", "what"),
    [
        ((), 6, "seed"),
        (("parameters.learning_rate=0.5",), 5, "program_hash"),
        (("experiment.updates=40",), 5, "experiment_hash"),
    ],
    ids=["seed", "program", "experiment"],
)
def test_another_run_is_not_resumed(
    short: Any, tmp_path: Path, settings: tuple[str, ...], seed: int, what: str
) -> None:
    out = tmp_path / "out"
    _interrupt(out, 1, short.recipe())
    before = (out / CHECKPOINT).read_bytes()
    with pytest.raises(InputError) as caught:
        api.run(short.recipe(*settings, seed=seed), out=out, resume=True)
    assert (caught.value.code, caught.value.exit_code) == ("E506", 2)
    assert what in caught.value.problems[0].allowed
    assert (out / CHECKPOINT).read_bytes() == before


def test_a_finished_run_is_not_run_again(short: Any, copy: Path, finished: api.Run) -> None:
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    again = api.run(short.recipe(), out=copy, resume=True, progress=lambda *_: pytest.fail("it runs"))
    assert again.was_finished
    assert again.metrics == finished.metrics
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before
    with pytest.raises(InputError) as caught:
        api.run(short.recipe(seed=6), out=copy, resume=True)
    assert caught.value.code == "E506"


@pytest.mark.parametrize("there", [True, False])
def test_nothing_to_resume_is_said(short: Any, tmp_path: Path, there: bool) -> None:
    if there:
        (tmp_path / "out").mkdir()
    with pytest.raises(InputError, match="nothing is to be resumed") as caught:
        api.run(short.recipe(), out=tmp_path / "out", resume=True)
    assert caught.value.code == "E505"
    assert "--resume" in (caught.value.hint or "")


def test_two_never_write_one_run(short: Any, tmp_path: Path) -> None:
    out, refused = tmp_path / "out", []
    _interrupt(out, 1, short.recipe())

    def second(*_: int) -> None:
        for how in ({"resume": True}, {"force": True}):
            with pytest.raises(InputError) as caught:
                api.run(short.recipe(), out=out, figures=False, **how)
            refused.append(caught.value.code)
            assert str(os.getpid()) in caught.value.problems[0].allowed

    api.run(short.recipe(), out=out, resume=True, figures=False, progress=second)
    assert set(refused) == {"E509"}
    read_run(out)


def test_torn_files_of_a_killed_writer_are_removed(short: Any, finished: api.Run, tmp_path: Path) -> None:
    assert finished.folder is not None
    out = tmp_path / "out"
    _interrupt(out, 1, short.recipe())
    (out / ".checkpoint.npz.0123abcd.tmp").write_bytes(b"torn")
    (out / "mine.tmp").write_text("not yours")
    api.run(short.recipe(), out=out, resume=True, figures=False)
    assert sorted(path.name for path in out.glob("*.tmp")) + list(out.glob(".*.tmp")) == ["mine.tmp"]
    assert short.content(out) == short.content(finished.folder)


@pytest.mark.parametrize("at", [0.02, 0.5, 0.98])
def test_a_flipped_bit_of_a_checkpoint_is_an_integrity_error(short: Any, tmp_path: Path, at: float) -> None:
    out = tmp_path / "out"
    _interrupt(out, 1, short.recipe())
    data = bytearray((out / CHECKPOINT).read_bytes())
    data[int(at * len(data))] ^= 4
    (out / CHECKPOINT).write_bytes(data)
    with pytest.raises(IntegrityError) as caught:
        api.run(short.recipe(), out=out, resume=True)
    assert caught.value.code == "E504"
    assert "--force" in (caught.value.hint or "")


@pytest.mark.parametrize("name", [CHECKPOINT, "identity.json"])
def test_a_torn_file_of_an_interrupted_run_is_an_integrity_error(short: Any, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    _interrupt(out, 1, short.recipe())
    data = (out / name).read_bytes()
    (out / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(SalHwError) as caught:
        api.run(short.recipe(), out=out, resume=True)
    assert (caught.value.code, caught.value.exit_code) == ("E504", 6)


def test_a_full_disk_at_the_end_does_not_cost_the_run(
    short: Any, finished: api.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: Failing
) -> None:
    assert finished.folder is not None
    out = tmp_path / "out"
    monkeypatch.setattr(runner, "CHECKPOINT_EVERY_S", 0.0)
    with monkeypatch.context() as patch:
        full = OSError(errno.ENOSPC, "No space left on device")
        patch.setattr("sal_hw.results.store.write_program", failing(lambda *_: None, 1, InputError(_full(full))))
        with pytest.raises(InputError):
            api.run(short.recipe(), out=out, figures=False)
    begun_at: list[int] = []
    api.run(short.recipe(), out=out, resume=True, figures=False, progress=lambda done, _total: begun_at.append(done))
    assert begun_at[0] == 20, "nothing is computed again"
    assert short.content(out) == short.content(finished.folder)


def _full(error: OSError) -> Any:
    from sal_hw.storage.files import writing

    with pytest.raises(InputError) as caught, writing(Path("out")):
        raise error
    assert caught.value.code == "E503"
    return caught.value.problems


#: a run that keeps a checkpoint after each step, and is killed where it flushes a file, or a folder, to the disk
_KILLED = """
import os
import signal
import sys
from sal_hw.cli.main import main
from sal_hw.experiment import runner
runner.CHECKPOINT_EVERY_S = 0.0
fsync, calls = os.fsync, iter(range(int(sys.argv.pop(1))))
def killed(handle):
    if next(calls, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(handle)
os.fsync = killed
main()
"""


@pytest.mark.parametrize("flushes", [10, 15])
def test_a_killed_run_is_unfinished_and_goes_on_exactly(
    short: Any, finished: api.Run, tmp_path: Path, flushes: int
) -> None:
    assert finished.folder is not None
    out = tmp_path / "out"
    settings = [word for override in short.settings for word in ("--set", override)]
    words = ["run", str(short.path), "--seed", "5", "--no-figures", "--out", str(out), *settings]
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, str(flushes), *words], stderr=subprocess.DEVNULL, check=False
    )
    assert ended.returncode == -signal.SIGKILL, "it finished before it could be killed"
    assert not (out / MANIFEST).exists()
    assert is_unfinished(out)
    begun_at: list[int] = []
    api.run(short.recipe(), out=out, resume=True, figures=False, progress=lambda done, _total: begun_at.append(done))
    assert 0 < begun_at[0] < 20, "it was killed between its first and its last checkpoint"
    assert short.content(out) == short.content(finished.folder)
    read_run(out)
