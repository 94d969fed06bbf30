"""Which releases of the vendor's software doctor tells apart, by packages of our own that have what these have."""

from __future__ import annotations

import sys

import pytest

from sal_hw_brainscales2.machine.backend import BrainScaleS2Backend
from sal_hw_brainscales2.machine.sdk import COMPILER, QUEUE_CLIENT
from sal_hw_brainscales2.machine.software import MARKS, vendor_software


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """Return a folder of modules, the only one there is, on a computer without a chip."""
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setenv("PATH", str(tmp_path / "tools"))
    for name in ("QUIGGELDY_ENABLED", "QUIGGELDY_IP", "SLURM_FPGA_IPS", "SLURM_HARDWARE_LICENSES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("HXCOMM_ENABLE_ZERO_MOCK", raising=False)
    # what another test has imported would be found without looking
    for name in (*MARKS, "dlens_vx_v3", QUEUE_CLIENT):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def found():
    return {each.name: each for each in vendor_software()}


def package(folder, name, *, mark):
    inner = folder / name / MARKS[name].file
    inner.parent.mkdir(parents=True)
    (folder / name / "__init__.py").write_text("raise SystemExit('imported')\n")
    if mark or MARKS[name].word:
        inner.write_text(f"# {MARKS[name].word if mark else 'something else'}\nraise SystemExit('imported')\n")


def test_nothing_is_there(bare):
    assert {name for name, each in found().items() if not each.present} == set(found())
    assert found()[COMPILER].detail == "not on the PATH: module load ppu-toolchain"
    assert set(MARKS) < set(found())


@pytest.mark.parametrize("name", MARKS)
@pytest.mark.parametrize("mark", [True, False])
def test_releases_are_told_apart_without_importing_them(bare, name, mark):
    package(bare, name, mark=mark)
    each = found()[name]
    assert each.detail.endswith(MARKS[name].since if mark else MARKS[name].before)
    # an older grenade is what the other front end needs
    assert each.present is (mark or name == "pygrenade_vx")


def test_the_way_to_a_chip_is_named(bare, monkeypatch):
    monkeypatch.setenv("QUIGGELDY_ENABLED", "1")
    monkeypatch.setenv("QUIGGELDY_IP", "10.0.0.1")
    assert found()["connection to a chip"].detail == "by QUIGGELDY_ENABLED, QUIGGELDY_IP"
    monkeypatch.setenv("HXCOMM_ENABLE_ZERO_MOCK", "1")
    assert "answers with zeros" in found()["HXCOMM_ENABLE_ZERO_MOCK"].detail


def test_the_compiler_is_where_it_is(bare):
    tools = bare / "tools"
    tools.mkdir()
    (tools / COMPILER).write_text("#!/bin/sh\n")
    (tools / COMPILER).chmod(0o755)
    assert found()[COMPILER].detail == str(tools / COMPILER)


def test_the_backend_tells_it(bare):
    assert BrainScaleS2Backend().software() == vendor_software()
