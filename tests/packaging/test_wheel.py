"""The wheel holds every package under its import name, and nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from clean_environment import ROOT


@pytest.fixture(scope="module")
def wheel(wheel_file: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(wheel_file)


def test_every_module_is_in_the_wheel_under_its_import_name(wheel: zipfile.ZipFile) -> None:
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "sal_hw").rglob("*.py")}
    for folder in ("backends", "calibration"):
        sources |= {path.relative_to(ROOT / folder).as_posix() for path in (ROOT / folder).rglob("*.py")}
    packed = {name for name in wheel.namelist() if name.endswith(".py")}
    assert packed == sources


def test_nothing_generic_lands_in_site_packages(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    wings = (path for folder in ("backends", "calibration") for path in (ROOT / folder).glob("*/__init__.py"))
    packages = {"sal_hw", *(path.parent.name for path in wings)}
    assert all(name.startswith("sal_hw") for name in packages)
    assert {top for top in tops if not top.endswith(".dist-info")} == packages


def test_packages_are_typed_and_registered(wheel: zipfile.ZipFile) -> None:
    assert {"sal_hw/py.typed", "sal_hw_emulator/py.typed"} <= set(wheel.namelist())
    (name,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(name).decode()
    for line in ("sal-hw = sal_hw.cli.main:entry_point", "ideal = sal_hw_emulator.target:ideal_target"):
        assert line in text


def test_images_come_with_their_licence(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    assert "sal_hw_deep/data/fashion_mnist_5k.npz" in names
    assert "Zalando SE" in wheel.read("sal_hw_deep/data/LICENSE-fashion-mnist.txt").decode()
