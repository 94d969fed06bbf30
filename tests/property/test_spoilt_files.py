"""However a stored folder or a NIR file is spoilt and sealed again, commands refuse it in words or take it as it is."""

from __future__ import annotations

import io
import json
import os
import random
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spoilt import spoil_folder, spoilt_array, spoilt_bytes

from sal_hw.cli.main import main
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[2] / "recipes"
#: ok, bad input, calibration, integrity
CODES = {0, 2, 3, 6}
#: bytes of memory that one file may take, with everything that is imported for it
MOST_MEMORY = 2**30


def _settings(examples: int) -> settings:
    return settings(max_examples=examples, suppress_health_check=list(HealthCheck))


#: examples of each of the long tests: `make test-spoilt` asks for 2000, which take half an hour
NUMBER = int(os.environ.get("SAL_HW_SPOILT_FILES", "200"))
FEW, MANY = _settings(25), _settings(NUMBER)
SEEDS = st.integers(0, 2**32)


@pytest.fixture(scope="module")
def sound_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sound") / "run"
    short = ["experiment.duration=6 s", "experiment.average_last_updates=1"]
    api.run(api.load_recipe(RECIPES / "two_neuron.yaml", overrides=short), out=out, figures=False)
    return out


@pytest.fixture(scope="module")
def sound_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sound") / "snapshot"
    assert main(["snapshot", "draw", "--seed", "7", "-o", str(out)]) == 0
    return out


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - nothing is kept secret


def _peak_bytes() -> int:
    resource = pytest.importorskip("resource")
    factor = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) * factor


def _call(what: str, *words: str) -> str:
    """Call a command; return what it printed."""
    out, err, before = io.StringIO(), io.StringIO(), _peak_bytes()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    assert code in CODES, (what, words, out.getvalue(), err.getvalue())
    assert "Traceback" not in err.getvalue()
    assert _peak_bytes() - before < MOST_MEMORY, (what, words)
    return out.getvalue()


def _check_run(sound: Path, seed: int) -> None:
    rng, path = _chance(seed), sound.with_name("spoilt")
    what = spoil_folder(rng, sound, path)
    kinds = list(json.loads(_call("nothing", "plot", "--list", str(sound), "--json"))["kinds"])
    _call(what, "plot", "--list", str(path))
    _call(what, "plot", rng.choice(kinds), str(path), "-o", str(sound.with_name("p.png")), "--force")


def _check_snapshot(sound: Path, seed: int) -> None:
    rng, path = _chance(seed), sound.with_name("spoilt")
    what = spoil_folder(rng, sound, path)
    _call(what, "snapshot", rng.choice(["show", "verify"]), str(path))
    _call(what, "snapshot", "diff", str(sound), str(path))


def _check_nir(folder: Path, seed: int) -> None:
    graphs, h5py = pytest.importorskip("nir_graphs"), pytest.importorskip("h5py")
    rng, path = _chance(seed), folder / "spoilt.nir"
    graphs.write(path, *graphs.loop())
    if rng.random() < 0.5:
        path.write_bytes(spoilt_bytes(rng, path.read_bytes()))
    else:
        with h5py.File(path, "r+") as file:
            _spoil_graph(rng, file)
    words = ("nir", "import", str(path), "--time-unit", "ms", "-o", str(folder / "taken.yaml"), "--force")
    _call("graph", *words)


def _spoil_graph(rng: random.Random, file: Any) -> None:
    names: list[str] = []
    file.visit(names.append)
    for name in rng.sample(sorted(names), 2):
        if name not in file:
            continue
        item = file[name]
        value = spoilt_array(rng, item[()]) if hasattr(item, "shape") and item.dtype.kind in "if" else b"x"
        action = rng.choice(["lose", "rename", "change", "change"])
        if action == "rename":
            to = rng.choice(["x", f"{name}x", "node/nodes/" + "a" * 300])
            if to not in file:
                file.move(name, to)
            continue
        del file[name]
        if action == "change":
            file[name] = np.asarray(value).astype("S8") if np.asarray(value).dtype.kind == "U" else value


@FEW
@given(SEEDS)
def test_spoilt_runs(sound_run: Path, seed: int) -> None:
    _check_run(sound_run, seed)


@FEW
@given(SEEDS)
def test_spoilt_snapshots(sound_snapshot: Path, seed: int) -> None:
    _check_snapshot(sound_snapshot, seed)


@_settings(8)
@given(SEEDS)
def test_spoilt_graphs(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    _check_nir(tmp_path_factory.getbasetemp(), seed)


@pytest.mark.slow
@MANY
@given(SEEDS)
def test_many_spoilt_runs(sound_run: Path, seed: int) -> None:
    _check_run(sound_run, seed)


@pytest.mark.slow
@MANY
@given(SEEDS)
def test_many_spoilt_snapshots(sound_snapshot: Path, seed: int) -> None:
    _check_snapshot(sound_snapshot, seed)


@pytest.mark.slow
@MANY
@given(SEEDS)
def test_many_spoilt_graphs(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    _check_nir(tmp_path_factory.getbasetemp(), seed)
