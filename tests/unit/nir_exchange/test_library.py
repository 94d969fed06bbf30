"""Files that are none, are too large, or cannot be read since the library is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nir_graphs import loop, nir, refused, small, write

from sal_hw.errors import DeviceError
from sal_hw.nir_exchange import library, trial
from sal_hw.nir_exchange.export import export_recipe


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n" + b"\0" * 100])
def test_files_that_are_none_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.nir"
    path.write_bytes(content)
    assert refused(path).code == "E411"
    assert refused(tmp_path / "absent.nir").code == "E411"


def test_single_nodes_and_enormous_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "node.nir"
    nir.write(path, nir.Linear(weight=np.eye(2)))
    assert refused(path).code == "E411"
    big = write(tmp_path / "big.nir", *loop())
    monkeypatch.setattr(trial, "MAX_VALUES", 10)
    with pytest.raises(ValueError, match=r"it holds \d+ numbers"):
        trial.look_through(big.read_bytes())


def test_a_missing_package_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(library.importlib, "import_module", absent)
    with pytest.raises(DeviceError) as caught:
        export_recipe(small(), tmp_path / "x.nir")
    assert (caught.value.code, caught.value.exit_code) == ("E820", 4)
    assert caught.value.hint == "pip install 'sal-hw[nir]'"


def test_what_crashes_the_library_or_never_ends_ends_the_process_that_tries_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in of the package ends its process without a word, as a damaged file can have HDF5 do."""
    (tmp_path / "nir.py").write_text("import os\nos._exit(11)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    error = refused(write(tmp_path / "sound.nir", *loop()))
    assert error.code == "E411"
    assert "code 11" in str(error)
