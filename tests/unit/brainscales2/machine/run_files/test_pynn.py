"""The run file for PyNN as text, and how run files are put together."""

from __future__ import annotations

import ast
import os
import py_compile
import re
import string
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from sal_hw.errors import InputError
from sal_hw_brainscales2.machine.ppu.kernels import program_files as kernel_files
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data
from sal_hw_brainscales2.machine.run_files.pynn import render_pynn
from sal_hw_brainscales2.machine.run_files.run_data import PopulationData, RunData, run_document
from sal_hw_brainscales2.machine.run_files.template import LINE_LENGTH, embed, literal, render, text_literal

ROOT = Path(__file__).parents[5]
GOLDEN = ROOT / "tests" / "golden" / "run_pynn.py.txt"


@pytest.fixture(scope="module")
def data(recorded):
    return collect_run_data(recorded.program, updates=6, seed=1)


@pytest.fixture(scope="module")
def kernels(recorded):
    files = kernel_files(recorded.program, updates=6)
    return {(0, polarity): files[f"kernel_0_pynn_{polarity}.cpp"].decode() for polarity in ("excitatory", "inhibitory")}


@pytest.fixture(scope="module")
def text(data, kernels):
    return render_pynn(data, kernels)


def changed(data: RunData, **facts) -> RunData:
    return replace(data, **facts)


def definitions(text: str) -> dict[str, object]:
    """Return the literals PROGRAM, KERNELS and ARRAYS of a run file."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found[node.target.id] = ast.literal_eval(node.value)
    return found


# --- the text ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def resting(sampled_program):
    return collect_run_data(sampled_program, updates=0, seed=1, duration_ms=150.0)


@pytest.mark.parametrize("learns", [True, False])
def test_it_passes_the_checks_of_this_project(text, resting, tmp_path, learns):
    path = tmp_path / "run_pynn.py"
    path.write_text(text if learns else render_pynn(resting, {}))
    py_compile.compile(str(path), cfile=str(tmp_path / "compiled"), doraise=True)
    tools = Path(sys.executable).parent
    config = ("--config", str(ROOT / "pyproject.toml"))
    for words in (("ruff", "check", *config), ("ruff", "format", "--check", *config)):
        done = subprocess.run([tools / words[0], *words[1:], path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_its_types_are_sound(text, resting, tmp_path, mypy_cache):
    paths = tmp_path / "run_pynn.py", tmp_path / "run_without_a_rule.py"
    for path, content in zip(paths, (text, render_pynn(resting, {})), strict=True):
        path.write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", os.devnull, "--cache-dir", mypy_cache, *paths],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout


def test_a_program_without_a_rule_lasts_as_long_as_it_is_told(resting, data, recorded):
    assert (resting.runtime_us, resting.updates, resting.rules) == (pytest.approx(150.0), 0, ())
    cells = PopulationData(name="cells", size=2, record_spikes=True, record_membrane=True)
    assert resting.populations == (cells,)
    with pytest.raises(TypeError, match="a learning rule or a duration"):
        collect_run_data(replace(recorded.program, rules=()), updates=5, seed=1)
    both = changed(resting, rules=data.rules)
    with pytest.raises(InputError, match="membranes and a learning rule"):
        render_pynn(both, {})


def test_the_same_program_gives_the_same_bytes(data, kernels, text):
    assert render_pynn(data, dict(reversed(kernels.items()))) == text


def test_it_is_the_text_that_was_reviewed(data, kernels):
    """Write the file anew with SAL_HW_UPDATE_GOLDEN=1; packed data are left out, since zlib may pack in other ways."""
    fixed = render_pynn(changed(data, program_hash="0" * 64), kernels)
    shown = re.sub(r"(\(  # base64\(zlib\(npy\)\)\n)(?: +\"[A-Za-z0-9+/=]+\",\n)+", r"\1", fixed)
    if "SAL_HW_UPDATE_GOLDEN" in os.environ:
        GOLDEN.write_text(shown)
    assert shown == GOLDEN.read_text()


def test_it_carries_what_the_program_is(data, kernels, text):
    found = definitions(text)
    assert found["KERNELS"] == {f"{number}.{polarity}": kernel for (number, polarity), kernel in kernels.items()}
    program = found["PROGRAM"]
    for name in ("program_hash", "seed", "updates", "runtime_us", "populations"):
        assert program[name] == run_document(data)[name]
    # the router counts synapses in this order: those that learn are a rectangle if they come first
    learn = [item["learns"] for item in program["projections"]]
    assert learn == sorted(learn, reverse=True)
    assert len(set(learn)) == 2
    by_name = {(item["name"], item["polarity"]): item for item in run_document(data)["projections"]}
    assert {(item["name"], item["polarity"]): item for item in program["projections"]} == by_name
    for polarity, kept in program["rules"][0]["kept"].items():
        for word in ("final", "finished", "updates", "records", "times"):
            assert kept[word] == f"sal_{polarity}_0_{word}"
        # a row per source
        assert (kept["rows"], kept["causal"]) == (data.populations[1].size, "")
    assert program["rules"][0]["record_every"] == 1
    names = {symbol["constant"] for symbol in program["rules"][0]["symbols"]["inhibitory"]}
    # the host writes what the kernel does not measure
    assert names == set(data.rules[0].constants)
    assert data.rules[0].measured == ("baseline_anticausal", "baseline_causal", "residual")
    assert program["rules"][0]["lead_calls"] == data.rules[0].lead_calls > 1
    assert program["lead_us"] == data.rules[0].lead_calls * data.rules[0].period_us
    digests = {name: digest for name, (digest, _) in found["ARRAYS"].items()}
    assert "codes.feedback.excitatory" in digests
    # settings of neurons come from the calibration
    assert {name.rpartition(".")[2] for name in digests if name.startswith("neurons.")} == {"site"}


def test_it_needs_nothing_of_ours(text):
    imported = {
        name.name.partition(".")[0]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import)
        for name in node.names
    }
    imported |= {
        node.module.partition(".")[0] for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)
    }
    assert imported - set(sys.stdlib_module_names) - {"__future__"} == {"numpy"}


def test_a_name_is_only_data(data, kernels):
    evil = '"""]}\\\nimport os #<ARRAYS> \u202e\u00e9'
    named = replace(data.populations[0], name=evil)
    text = render_pynn(changed(data, populations=(named, data.populations[1])), kernels)
    assert definitions(text)["PROGRAM"]["populations"][0]["name"] == evil
    assert text.isascii()


# --- what PyNN cannot do ----------------------------------------------------------------------------------------------


def refused(data: RunData, kernels) -> InputError:
    with pytest.raises(InputError) as caught:
        render_pynn(data, kernels)
    assert {problem.code for problem in caught.value.problems} == {"E806"}
    assert all(problem.hint for problem in caught.value.problems)
    return caught.value


def test_more_generators_than_buses(data, kernels):
    source = data.background[0]
    error = refused(changed(data, background=tuple(replace(source, generator=place) for place in range(5))), kernels)
    assert "5 background generators" in str(error.value)
    assert "at most 4" in error.problems[0].allowed


def test_generators_of_one_bus_on_both_hemispheres_get_buses_of_their_own(data, kernels):
    source = data.background[0]
    sources = tuple(replace(source, generator=place, hemisphere=place // 4) for place in (1, 5, 2))
    found = definitions(render_pynn(changed(data, background=sources), kernels))
    assert [item["bus"] for item in found["PROGRAM"]["background"]] == [1, 0, 2]


def test_a_run_that_outlasts_the_timer(data, kernels):
    error = refused(changed(data, runtime_us=34.4e6), kernels)
    assert "34.36 s" in error.problems[0].allowed
    assert render_pynn(changed(data, runtime_us=34.3e6), kernels)
    # what comes before the run counts
    # and the call after it
    assert "34.402 s" in str(refused(changed(data, runtime_us=34.3e6, lead_us=0.1e6), kernels).problems[0].value)


def test_more_records_than_memory(data, recorded):
    def kernels(updates):
        files = kernel_files(recorded.program, updates=updates)
        return {(0, sign): files[f"kernel_0_pynn_{sign}.cpp"].decode() for sign in ("excitatory", "inhibitory")}

    # four rows of 256 bytes on both hemispheres and a time of four bytes, for each sign and update
    most = 2**28 // (2 * (2 * 4 * 256 + 2 * 4)) - 1
    assert render_pynn(data, kernels(most))
    error = refused(data, kernels(most + 2))
    assert "bytes in the FPGA's memory" in str(error.value)
    assert "every_updates" in error.problems[0].hint


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("_baseline_causal", "_password", "no constant"),
        ("volatile uint32_t sal_excitatory_0_updates;", "", "does not count its updates"),
        ("volatile uint8_t sal_excitatory_0_baseline_causal", "extern uint8_t sal_excitatory_0_x", "other constants"),
        ("sal_excitatory_0_baseline_causal[", "stolen[", "does not begin with"),
    ],
)
def test_a_kernel_with_other_symbols_is_a_mistake(data, kernels, old, new, message):
    wrong = {**kernels, (0, "excitatory"): kernels[(0, "excitatory")].replace(old, new)}
    with pytest.raises(ValueError, match=message):
        render_pynn(data, wrong)


# --- how run files are put together -----------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.text(string.ascii_letters + "._-", min_size=1),
        st_numpy.arrays(st.sampled_from([np.float64, np.int64, np.uint8, np.bool_]), st_numpy.array_shapes(max_dims=3)),
        max_size=3,
    )
)
def test_embedded_arrays_come_back(arrays):
    namespace: dict[str, object] = {}
    common = render_common()
    exec(common, namespace)  # noqa: S102 - our own text
    packed = ast.literal_eval(embed(arrays))
    unpacked = namespace["unpack"](packed)
    assert list(unpacked) == sorted(arrays)
    for name, array in arrays.items():
        assert unpacked[name].dtype == array.dtype
        np.testing.assert_array_equal(unpacked[name], array)
    assert all(
        len(line) <= max(LINE_LENGTH, len(line.split('"')[1]) + 20)
        for line in embed(arrays).splitlines()
        if '"' in line
    )


def render_common() -> str:
    """Return the common part with the imports that templates bring."""
    path = ROOT / "backends" / "sal_hw_brainscales2" / "machine" / "run_files" / "templates" / "common.py.txt"
    modules = "argparse base64 hashlib importlib io json signal subprocess sys zlib"
    names = "from pathlib import Path\nfrom typing import Any\nimport numpy as np\n"
    imports = "\n".join(f"import {name}" for name in modules.split())
    return f"from __future__ import annotations\n{imports}\n{names}{path.read_text()}"


def test_results_are_written_by_an_older_numpy_too(tmp_path, monkeypatch):
    """Before numpy 2.2, which the vendor's software may come with, every named argument of savez was an array."""
    save = np.savez

    def older(file, *arrays, **named):
        save(file, *arrays, **{name: np.asarray(each) for name, each in named.items()})

    namespace: dict[str, object] = {}
    exec(render_common(), namespace)  # noqa: S102 - our own text
    monkeypatch.setattr(np, "savez", older)
    namespace["write_result"](tmp_path / "result", {}, {"a": np.arange(5)})
    with np.load(tmp_path / "result" / "arrays.npz") as found:
        assert found.files == ["a"]


def test_a_damaged_array_is_noticed():
    namespace: dict[str, object] = {}
    exec(render_common(), namespace)  # noqa: S102 - our own text
    packed = ast.literal_eval(embed({"a": np.arange(5), "b": np.arange(6)}))
    packed["a"] = (packed["b"][0], packed["a"][1])
    with pytest.raises(namespace["Stop"], match="the array a of this file is damaged"):
        namespace["unpack"](packed)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON)
def test_a_literal_is_its_value(value):
    written = literal(value)
    assert ast.literal_eval(written) == value
    assert written.isascii()


def test_a_literal_is_no_place_for_objects():
    with pytest.raises(TypeError, match="ndarray is no JSON data"):
        literal({"a": np.arange(3)})


@pytest.mark.parametrize("kernel", ["int a = 1;\n", 'char const* b = "x\\n";\n', "// it's\n"])
def test_a_kernel_stands_as_it_is(kernel):
    assert ast.literal_eval(text_literal(kernel)) == kernel
    assert kernel in text_literal(kernel)


@pytest.mark.parametrize("kernel", ['"""', 'a"', "a\\", '""" + __import__("os").name + r"""'])
def test_a_kernel_cannot_leave_its_literal(kernel):
    with pytest.raises(ValueError, match="triple quotes"):
        text_literal(kernel)


def test_parts_and_places_of_a_template_belong_together():
    with pytest.raises(KeyError, match="no place for"):
        render("run_pynn", RELEASE="", PROGRAM="", KERNELS="", ARRAYS="", OTHER="")
    with pytest.raises(KeyError, match="ARRAYS"):
        render("run_pynn", RELEASE="", PROGRAM="", KERNELS="")
