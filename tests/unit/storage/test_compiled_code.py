"""Compiled functions are kept where that is possible, and run where it is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest
from numba import config

from sal_hw.storage import compiled_code

ROOT = Path(__file__).parents[3]


class _Kept:
    """What numba makes of a function: here, the folder that it would be kept in."""

    def __init__(self, folder: str | None) -> None:
        self.stats = self
        self.cache_path = folder


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba finds no place for compiled code but the folder that it is told."""

    def njit(*, cache: bool = False) -> Callable[..., _Kept]:
        if cache and not config.CACHE_DIR:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda _: _Kept(config.CACHE_DIR if cache else None)

    monkeypatch.setattr(numba, "njit", njit)
    monkeypatch.setattr(config, "CACHE_DIR", "")


def _temporary(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(compiled_code.tempfile, "gettempdir", lambda: str(folder))


def test_without_another_place_a_private_folder_below_the_temporary_one_is_used(
    nowhere: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _temporary(monkeypatch, tmp_path)
    place = compiled_code.place_of_compiled_code()
    assert place is not None
    assert place.parent == tmp_path
    assert str(os.getuid()) in place.name
    assert place.stat().st_mode & 0o777 == 0o700


def test_code_is_never_read_from_a_folder_that_others_can_write_to(
    nowhere: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _temporary(monkeypatch, tmp_path)
    (tmp_path / f"sal-hw-compiled-{os.getuid()}").mkdir()
    (tmp_path / f"sal-hw-compiled-{os.getuid()}").chmod(0o777)
    assert compiled_code.place_of_compiled_code() is None


def test_a_link_in_place_of_the_folder_is_not_followed(
    nowhere: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _temporary(monkeypatch, tmp_path)
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / f"sal-hw-compiled-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    assert compiled_code.place_of_compiled_code() is None


def test_without_any_place_functions_are_compiled_all_the_same(
    nowhere: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _temporary(monkeypatch, tmp_path / "missing")
    assert compiled_code.place_of_compiled_code() is None


def _in_read_only_installation(words: list[Any], **environment: str) -> subprocess.CompletedProcess[str]:
    script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", script, str(ROOT), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


@pytest.mark.slow
def test_a_read_only_installation_without_a_home_works(tmp_path: Path) -> None:
    """Doctor runs the emulator, says where its compiled code is, and finds nothing broken."""
    if sys.platform != "linux" or _in_read_only_installation(["true"]).returncode:
        pytest.skip("needs the right to mount")
    program = Path(sys.executable).with_name("sal-hw")
    done = _in_read_only_installation([program, "doctor", "--json"], HOME="/proc", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    findings = {item["what"]: item for item in json.loads(done.stdout)["findings"]}
    assert all(item["ok"] for item in findings.values())
    assert findings["compiled code"]["detail"].startswith(f"kept in {tmp_path}")
