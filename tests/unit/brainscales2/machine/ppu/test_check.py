"""The syntax check against the vendor's headers finds mistakes and, where there are clones, none in our texts.

To check against clones: set ``SAL_HW_LIBNUX``, ``SAL_HW_GRENADE`` and ``SAL_HW_HATE`` to their folders.
"""

import os
from pathlib import Path

import pytest

from sal_hw.cli import doctor
from sal_hw_brainscales2.machine.ppu import check as ppu_check
from sal_hw_brainscales2.machine.ppu.check import check_against_headers, find_compiler
from sal_hw_brainscales2.machine.ppu.kept import Kept
from sal_hw_brainscales2.machine.ppu.kernels import render_kernel

SHIM = Path(__file__).parents[4] / "host" / "shim"
CLONES = {name: os.environ.get(f"SAL_HW_{name.upper()}") for name in ("libnux", "grenade", "hate")}
FRONT_ENDS = [("hxtorch", None), ("pynn", "excitatory"), ("pynn", "inhibitory")]
RULES = [
    {"width": width, "rounding": rounding, "balanced": balanced, "sal_gain": 0.25, "memory": memory}
    for width in (8, 16)
    for rounding in ("symmetric", "stochastic")
    for balanced in (False, True)
    for memory in ("sram", "external")
]
KEPT = (Kept(), Kept(updates=6, every=2, senses=True))


@pytest.fixture
def look_alikes(tmp_path):
    """Folders in the form of clones that hold the stand-ins of the host's execution."""
    if find_compiler() is None:
        pytest.skip("no C++ compiler: neither g++ nor c++ is on the PATH")
    folders = {name: tmp_path / name for name in CLONES}
    for folder in folders.values():
        folder.mkdir()
        (folder / "include").symlink_to(SHIM)
    return folders


def texts(placed, tile, rules, **options):
    tiles = [tile("excitatory", 0, [0, 2], [0]), tile("inhibitory", 1, [1, 3], [0])]
    for rule in rules:
        for front_end, polarity in FRONT_ENDS:
            yield render_kernel(placed(**rule), tiles, number=0, front_end=front_end, polarity=polarity, **options)


def test_sound_texts_have_no_findings(look_alikes, placed, tile):
    for kept in KEPT:
        for text in texts(placed, tile, RULES[-1:], kept=kept):
            assert check_against_headers(text, **look_alikes) == []


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("handle.get_correlation", "handle.get_correlations", "get_correlations"),
        ("static_cast<VectorRowFracSat8>(v", "static_cast<VectorRowFracSat8>(w", "not declared"),
        ("parallel_rng.h", "parallel_rngs.h", "No such file"),
        ("VectorRowFracSat16 const v4 =", "VectorRowFracSat8 const v4 =", "conversion"),
    ],
)
def test_mistakes_are_found(look_alikes, placed, tile, old, new, finding):
    text = next(texts(placed, tile, RULES[-1:]))
    assert old in text
    told = check_against_headers(text.replace(old, new), **look_alikes)
    assert any(finding in line for line in told)
    assert all("error" in line for line in told)


def test_clones_and_compiler_have_to_be_there(look_alikes, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        check_against_headers("", **{**look_alikes, "hate": tmp_path / "nowhere"})
    monkeypatch.setattr(ppu_check, "find_compiler", lambda: None)
    with pytest.raises(FileNotFoundError, match="no C"):
        check_against_headers("", **look_alikes)


@pytest.mark.skipif(not all(CLONES.values()), reason="SAL_HW_LIBNUX, SAL_HW_GRENADE and SAL_HW_HATE name no clones")
def test_texts_fit_the_vendor_headers(placed, tile):
    folders = {name: Path(str(folder)) for name, folder in CLONES.items()}
    for kept in KEPT:
        for text in texts(placed, tile, RULES, kept=kept):
            assert check_against_headers(text, **folders) == []


@pytest.mark.parametrize("path", [None, "/somewhere/g++"])
def test_doctor_names_the_compiler_and_is_never_unhappy_without_one(monkeypatch, path):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: path if name == "g++" else None)
    what, good, detail = doctor._compiler()
    assert what == "C++ compiler for kernel checks"
    assert good
    assert detail == path if path else "not checked" in detail
