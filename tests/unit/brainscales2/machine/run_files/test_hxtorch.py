"""The run file for hxtorch as text, and what hxtorch cannot do."""

from __future__ import annotations

import ast
import os
import py_compile
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import InputError
from sal_hw_brainscales2.machine.ppu.kernels import program_files as kernel_files
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data
from sal_hw_brainscales2.machine.run_files.hxtorch.render import dense_bytes, render_hxtorch
from sal_hw_brainscales2.machine.run_files.run_data import ExternalData, RunData, run_document

ROOT = Path(__file__).parents[5]
GOLDEN = ROOT / "tests" / "golden" / "run_hxtorch.py.txt"


@pytest.fixture(scope="module")
def data(recorded):
    return collect_run_data(recorded.program, updates=6, seed=1)


@pytest.fixture(scope="module")
def kernels(recorded):
    return {0: kernel_files(recorded.program, updates=6)["kernel_0_hxtorch.cpp"].decode()}


@pytest.fixture(scope="module")
def text(data, kernels):
    return render_hxtorch(data, kernels)


def changed(data: RunData, **facts) -> RunData:
    return replace(data, **facts)


def definitions(text: str) -> dict[str, object]:
    """Return the literals PROGRAM, KERNELS and ARRAYS of a run file."""
    return {
        node.target.id: ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None
    }


def test_it_passes_the_checks_of_this_project(text, tmp_path, mypy_cache):
    path = tmp_path / "run_hxtorch.py"
    path.write_text(text)
    py_compile.compile(str(path), cfile=str(tmp_path / "compiled"), doraise=True)
    config = ("--config", str(ROOT / "pyproject.toml"))
    strict = ("--strict", "--config-file", os.devnull, "--cache-dir", str(mypy_cache))
    for words in (("ruff", "check", *config), ("ruff", "format", "--check", *config), ("mypy", *strict)):
        tool = Path(sys.executable).parent / words[0]
        done = subprocess.run([tool, *words[1:], path], capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_program_gives_the_same_bytes(data, kernels, text):
    assert render_hxtorch(data, dict(kernels)) == text


def test_it_is_the_text_that_was_reviewed(data, kernels):
    """Write the file anew with SAL_HW_UPDATE_GOLDEN=1; packed data are left out, since zlib may pack in other ways."""
    fixed = render_hxtorch(changed(data, program_hash="0" * 64), kernels)
    shown = re.sub(r"(\(  # base64\(zlib\(npy\)\)\n)(?: +\"[A-Za-z0-9+/=]+\",\n)+", r"\1", fixed)
    if "SAL_HW_UPDATE_GOLDEN" in os.environ:
        GOLDEN.write_text(shown)
    assert shown == GOLDEN.read_text()


def test_it_carries_what_the_program_is(data, kernels, text):
    found = definitions(text)
    assert found["KERNELS"] == kernels
    program = found["PROGRAM"]
    for name in ("program_hash", "seed", "updates", "runtime_us", "populations"):
        assert program[name] == run_document(data)[name]
    rule = program["rules"][0]
    kept = rule["kept"]
    assert (kept["final"], kept["updates"]) == ("sal_signed_0_final", "sal_signed_0_updates")
    assert rule["polarities"] == ["excitatory", "inhibitory"]
    # a row per source and sign
    assert kept["rows"] == 2 * data.populations[1].size
    assert all(symbol["bytes"] == kept["rows"] * 256 for symbol in rule["constants_symbols"])
    assert [layer["rule"] for layer in program["layers"]] == [None, 0, None, None, None, None]
    # all synapses of projections exist, while a background source has one target per train
    assert {name for name in found["ARRAYS"] if name.startswith("exists.")} == {f"exists.{at}" for at in range(2, 6)}


def test_it_needs_nothing_of_ours(text):
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    imported = {name.partition(".")[0] for name in names}
    assert imported - set(sys.stdlib_module_names) - {"__future__"} == {"numpy"}


def test_a_name_is_only_data(data, kernels):
    evil = '"""]}\\\nimport os #<ARRAYS> \u202e\u00e9'
    text = render_hxtorch(changed(data, target=evil), kernels)
    assert definitions(text)["PROGRAM"]["target"] == evil
    assert text.isascii()


# --- what hxtorch cannot do -------------------------------------------------------------------------------------------


def refused(data: RunData, kernels) -> InputError:
    with pytest.raises(InputError) as caught:
        render_hxtorch(data, kernels)
    assert {problem.code for problem in caught.value.problems} == {"E806"}
    assert all(problem.hint for problem in caught.value.problems)
    return caught.value


def test_constants_of_each_synapse(data, kernels):
    rules = (replace(data.rules[0], constants_per_synapse=True),)
    error = refused(changed(data, rules=rules), kernels)
    assert "--via pynn" in error.problems[0].hint


def test_a_run_that_outlasts_the_timer(data, kernels):
    # a timer of 32 bits counts to 2**32 - 1, in cycles of 8 ns; the moment after the last update takes 100 us
    most = (2**32 - 1) / 125.0 - 100.0 - data.lead_us - data.after_us
    assert data.lead_us > 0
    assert render_hxtorch(changed(data, runtime_us=most), kernels)
    assert "34.36 s" in refused(changed(data, runtime_us=most + 1.0), kernels).problems[0].allowed


def test_no_stimulus_and_no_input(data, kernels):
    assert "no stimulus" in str(refused(changed(data, background=()), kernels).problems[0].value)
    lonely = (*data.populations, replace(data.populations[0], name="lonely"))
    assert "lonely, which has no input" in str(refused(changed(data, populations=lonely), kernels).problems[0].value)


def test_given_spikes_that_fill_the_memory(data, kernels):
    """Four bytes for each step of 0.1 us and each source, the time before the run included."""

    def with_last(time_us):
        arrays = {**data.arrays, "external.given.time_us": np.array([time_us]), "external.given.neuron": np.array([0])}
        arrays |= {"codes.given.excitatory": np.eye(4, dtype=np.uint8), "exists.given.excitatory": np.eye(4) > 0}
        return replace(data, external=(ExternalData(name="given", population="visible"),), arrays=arrays)

    # of the program's own stimuli none is given
    most_us = (2**29 / 16 - 1) * 0.1 - data.lead_us
    assert dense_bytes(with_last(10_000.0)) == 16 * (10 * round(data.lead_us) + 100_001)
    assert render_hxtorch(with_last(most_us - 1.0), kernels)
    error = refused(with_last(most_us + 1.0), kernels)
    assert "512 MiB of given spikes" in str(error.value)
    assert "--via pynn" in error.problems[0].hint


def with_arrays(data: RunData, **arrays: np.ndarray) -> RunData:
    return replace(data, arrays={**data.arrays, **{name.replace("__", "."): each for name, each in arrays.items()}})


def test_connections_of_both_signs(data, kernels):
    codes = np.full((4, 4), 5, dtype=np.uint8)
    both = with_arrays(data, codes__feedback__excitatory=codes, codes__feedback__inhibitory=codes)
    assert "16 connections of feedback that excite and inhibit" in str(refused(both, kernels).problems[0].value)


def test_rules_of_some_synapses(data, kernels):
    exists = ~np.eye(4, dtype=np.bool_)
    some = with_arrays(data, exists__feedback__excitatory=exists, exists__feedback__inhibitory=exists)
    assert "some of whose synapses are left out" in str(refused(some, kernels).problems[0].value)


def test_more_rows_than_a_bus_has(data, kernels):
    # sources on one output share a bus: each takes a row of each sign, and there are 64
    size, arrays = 33, {"neurons__hidden__site": np.arange(33) % 32 + 256 * (np.arange(33) // 32)}
    for owner, shape in (("feedback", (size, 4)), ("forward", (4, size))):
        for polarity in ("excitatory", "inhibitory"):
            arrays[f"codes__{owner}__{polarity}"] = np.zeros(shape, dtype=np.uint8)
            arrays[f"exists__{owner}__{polarity}"] = np.ones(shape, dtype=np.bool_)
    quiet = tuple(item for item in data.background if item.population == "visible")
    error = refused(with_arrays(changed(data, background=quiet), **arrays), kernels)
    assert "64 per bus" in error.problems[0].allowed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sal_signed_0_baseline_causal[", "sal_signed_0_password[", "declares sal_signed_0_password"),
        ("volatile uint32_t sal_signed_0_updates;", "", "does not count its updates"),
        ("volatile uint8_t sal_signed_0_final[", "extern uint8_t sal_signed_0_final[", "leaves no weights"),
    ],
)
def test_a_kernel_with_other_symbols_is_a_mistake(data, kernels, old, new, message):
    assert old in kernels[0]
    with pytest.raises(ValueError, match=message):
        render_hxtorch(data, {0: kernels[0].replace(old, new)})
