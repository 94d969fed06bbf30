"""The text of kernels: golden files, and that nothing but checked integers gets into it.

After a change that is meant: ``SAL_HW_UPDATE_GOLDEN=1 python -m pytest tests/unit/brainscales2/ppu/test_ppu_text.py``
writes the golden files anew; read what has changed before it is kept.
"""

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sal_hw.kernel.builder import KernelBuilder
from sal_hw.kernel.ir import Instruction, Kernel, Operation
from sal_hw.workflow import api
from sal_hw_brainscales2.machine.ppu.kept import Kept
from sal_hw_brainscales2.machine.ppu.kernels import MAX_SEED, program_files, render_kernel
from sal_hw_brainscales2.machine.ppu.statements import integer, statements
from sal_hw_brainscales2.machine.ppu.symbols import kernel_symbols, row_bytes, row_values

ROOT = Path(__file__).parents[5]
GOLDEN = ROOT / "tests" / "golden" / "ppu"
UPDATE = "SAL_HW_UPDATE_GOLDEN"

PLAIN = {"width": 16, "rounding": "stochastic", "balanced": False, "sal_gain": 0.2}
#: name of the file, arguments of the rule, arguments of the rendering
GOLDENS = {
    "pynn_excitatory": ({**PLAIN, "memory": "sram"}, {"front_end": "pynn", "polarity": "excitatory"}),
    "pynn_inhibitory": (
        {"width": 8, "rounding": "symmetric", "balanced": True, "sal_gain": -0.25, "memory": "sram"},
        {"front_end": "pynn", "polarity": "inhibitory", "number": 1},
    ),
    "pynn_sensed": (
        {**PLAIN, "memory": "sram"},
        {"front_end": "pynn", "polarity": "excitatory", "kept": Kept(updates=12, every=5, senses=True)},
    ),
    "hxtorch_signed": ({**PLAIN, "memory": "sram"}, {"front_end": "hxtorch", "seed": 200}),
    "hxtorch_external": (
        {**PLAIN, "balanced": True, "residual": True, "memory": "external"},
        {"front_end": "hxtorch", "number": 2},
    ),
}


@pytest.fixture
def tiles(tile):
    return [
        tile("excitatory", 0, [0, 2, 4], [0, 1]),
        tile("inhibitory", 0, [1, 3, 5], [0, 1]),
        tile("excitatory", 1, [7, 9, 11], [0, 1, 2]),
    ]


@pytest.mark.parametrize("name", GOLDENS)
def test_golden_texts(name, placed, tiles):
    rule, chosen = GOLDENS[name]
    text = render_kernel(placed(**rule), tiles, **{"number": 0, **chosen})
    file = GOLDEN / f"{name}.cpp"
    if os.environ.get(UPDATE):
        file.write_bytes(text.encode("ascii"))
    assert text.encode("ascii") == file.read_bytes()


def everything(placed, tiles):
    for rule, chosen in GOLDENS.values():
        yield render_kernel(placed(**rule), tiles, **{"number": 0, **chosen})


def test_texts_are_what_grenade_expects(placed, tiles):
    for text in everything(placed, tiles):
        # grenade renames the first occurrence only
        assert text.count("PLASTICITY_RULE_KERNEL") == 1
        assert re.search(r"template <size_t N, size_t M>\nvoid PLASTICITY_RULE_KERNEL\(", text)
        assert text.count("get_correlation(row, true)") == 1
        assert text.count("extern volatile libnux::vx::PPUOnDLS ppu;") == 1
        assert "hemisphere != ppu" in text
        assert max(map(len, text.splitlines())) <= 120
        before, after = text.split("\nnamespace {\n")
        # symbols are global and not static; all functions but the entry have no linkage
        assert "static" not in before
        assert after.count("} // namespace") == 1


def test_the_same_input_gives_the_same_text(placed, tiles):
    first, second = list(everything(placed, tiles)), list(everything(placed, tiles))
    assert first == second
    assert len(set(first)) == len(first)


def test_names_never_reach_the_text(placed, tiles):
    hostile = '"; system("true"); //'
    rule = placed(**PLAIN)
    renamed = replace(rule, rule=hostile, projection=hostile, excitatory=replace(rule.excitatory, name=hostile))
    chosen = {"number": 0, "front_end": "pynn", "polarity": "excitatory"}
    assert render_kernel(renamed, tiles, **chosen) == render_kernel(rule, tiles, **chosen)


@given(number=st.integers(-(10**20), 10**20))
def test_whole_numbers_are_inserted_as_they_are_or_refused(number):
    if -128 <= number <= 127:
        assert int(integer(number, -128, 127)) == number
    else:
        with pytest.raises(ValueError, match="leaves"):
            integer(number, -128, 127)


@given(value=st.one_of(st.text(), st.floats(), st.booleans(), st.none(), st.binary(), st.lists(st.integers())))
def test_anything_else_is_refused(value):
    with pytest.raises(TypeError, match="only whole numbers"):
        integer(value, -(10**9), 10**9)


WEIGHT = Instruction(operation="weight", kind="mod8", highest=63)


@pytest.mark.parametrize(
    ("instruction", "error", "match"),
    [
        (Instruction(operation="literal", kind="frac8", number=200), ValueError, "leaves"),
        (Instruction(operation="literal", kind="frac8", number="1; exit(0)"), TypeError, "whole numbers"),
        (Instruction(operation="shift_right", kind="mod8", inputs=(0,), number=8), ValueError, "leaves"),
        (Instruction(operation="add", kind="mod8", inputs=(0, 1)), ValueError, "not before it"),
        (Instruction(operation="add", kind="mod8", inputs=(0,)), ValueError, "takes 2"),
        (Instruction(operation="narrow", kind="mod8", inputs=(0,)), ValueError, "makes frac8"),
        (Instruction(operation="system", kind="mod8"), ValueError, "unknown operation"),
        (Instruction(operation="weight", kind="int"), ValueError, "unknown type"),
        (Instruction(operation="constant", kind="mod8", name="x"), KeyError, "x"),
        (Instruction(operation="causal", kind="mod8"), ValueError, "ends with a weight"),
    ],
)
def test_what_no_builder_makes_is_refused(instruction, error, match):
    with pytest.raises(error, match=match):
        statements(Kernel(name="bad", instructions=(WEIGHT, instruction), constants={}), {})


def test_every_operation_has_a_statement(host, placed, tile):
    """Also those that no learning rule uses now; all of them together are one kernel that compiles and runs."""
    build = KernelBuilder()
    rest = build.subtract(build.convert_contiguous(build.causal()), build.constant("residual", "frac8"), saturates=True)
    wide = build.multiply(build.widen_high(rest), build.constant("wake", "frac16"), saturates=True)
    wide = build.add(wide, build.widen_low(build.shift_right(build.anticausal(), 1)), saturates=True)
    low = build.shift_left(build.shift_right(build.narrow(wide), 3), 2)
    random = build.reinterpret(build.shift_right(build.random(), 1))
    mixed = build.if_negative(low, build.literal(-128, "frac8"), build.multiply(random, random))
    build.clip_weight(build.add(build.reinterpret(build.weight()), mixed, saturates=True))
    kernel = build.finish("everything")
    assert {item.operation for item in kernel.instructions} == set(get_args(Operation))
    rule = replace(placed(**PLAIN), excitatory=kernel, inhibitory=None)
    text = render_kernel(rule, [tile("excitatory", 0, [0], [0])], number=0, front_end="hxtorch")
    handles = [tile("excitatory", 0, [0], [0]), tile("inhibitory", 0, [1], [0])]
    compiled = host(text, handles, name="everything")
    compiled.run(0)
    assert compiled.faults == 0


@pytest.mark.parametrize(
    ("front_end", "polarity", "match"),
    [
        ("pynn", None, "no kernel"),
        ("pynn", "both", "no kernel"),
        ("pynn", "inhibitory", "no kernel"),
        ("hxtorch", "excitatory", "learns both"),
    ],
)
def test_rules_that_do_not_fit_the_front_end(placed, tiles, front_end, polarity, match):
    rule = placed(polarities=("excitatory",), **PLAIN)
    with pytest.raises(ValueError, match=match):
        render_kernel(rule, tiles, number=0, front_end=front_end, polarity=polarity)


def test_constants_have_known_names_and_a_memory(placed, tiles):
    build = KernelBuilder()
    build.constant("mine", "mod8")
    build.weight()
    odd = replace(placed(**PLAIN), excitatory=build.finish("odd"), inhibitory=None)
    for rule, match in ((odd, "no symbol"), (placed(memory="none", **PLAIN), "no memory")):
        with pytest.raises(ValueError, match=match):
            render_kernel(rule, tiles, number=0, front_end="hxtorch")
    with pytest.raises(ValueError, match="leaves"):
        render_kernel(placed(**PLAIN), tiles, number=-1, front_end="hxtorch")
    with pytest.raises(ValueError, match="leaves"):
        render_kernel(placed(**PLAIN), [], number=0, front_end="hxtorch")


def test_hemispheres_have_different_seeds_and_none_is_zero(placed, tiles):
    for seed in range(1, MAX_SEED + 1):
        text = render_kernel(placed(**PLAIN), tiles, number=0, front_end="hxtorch", seed=seed)
        top, bottom = map(int, re.search(r"PPUOnDLS::top \? (\d+) : (\d+)\)", text).groups())
        assert top == seed
        assert bottom != top
        assert 1 <= bottom <= MAX_SEED
    with pytest.raises(ValueError, match="leaves"):
        render_kernel(placed(**PLAIN), tiles, number=0, front_end="hxtorch", seed=0)


def test_symbols_of_a_program_are_all_different(placed, tiles):
    rule, names = placed(balanced=True, residual=True, width=16, rounding="symmetric", sal_gain=1.0), []
    for number in range(3):
        for front_end, polarity in (("hxtorch", None), ("pynn", "excitatory"), ("pynn", "inhibitory")):
            symbols = kernel_symbols(rule, tiles, number=number, front_end=front_end, polarity=polarity)
            text = render_kernel(rule, tiles, number=number, front_end=front_end, polarity=polarity)
            # each is defined, and used once more at least: the linker drops what is not
            assert all(len(re.findall(rf"\b{item.name}\b", text)) >= 2 for item in symbols)
            names += [item.name for item in symbols]
    assert len(names) == len(set(names))
    # room for the busier hemisphere: six rows of both polarities, three of one
    shapes = {item.name: item.shape for item in kernel_symbols(rule, tiles, number=0, front_end="hxtorch")}
    assert shapes["sal_signed_0_balance"] == (2, 6, 256)
    assert shapes["sal_signed_0_updates"] == ()


def test_rows_in_memory_are_even_columns_then_odd_ones():
    values = np.random.default_rng(1).integers(0, 256, (5, 256), dtype=np.uint8)
    stored = row_bytes(values)
    np.testing.assert_array_equal(stored[:, :128], values[:, ::2])
    np.testing.assert_array_equal(stored[:, 128:], values[:, 1::2])
    np.testing.assert_array_equal(row_values(stored), values)
    wide = np.random.default_rng(2).integers(-32768, 32768, (5, 256))
    high, low = (row_values(row_bytes(wide, part)) for part in ("high", "low"))
    np.testing.assert_array_equal(high.view(np.int8).astype(np.int64) * 256 + low, wide)


def test_files_of_a_program():
    recipe = api.load_recipe(ROOT / "recipes" / "chip_alignment.yaml", overrides=["parameters.size=8"])
    files = program_files(api.compile_recipe(recipe, target="brainscales2"), updates=9)
    assert sorted(files) == ["kernel_0_hxtorch.cpp", "kernel_0_pynn_excitatory.cpp", "kernel_0_pynn_inhibitory.cpp"]
    assert files == program_files(api.compile_recipe(recipe, target="brainscales2"), updates=9)
    assert all(name.split("_")[2].removesuffix(".cpp") in {"pynn", "hxtorch"} for name in files)
    assert program_files(api.compile_recipe(recipe), updates=9) == {}
