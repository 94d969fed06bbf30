"""What tests of deep classifiers share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the environment names."""
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("SAL_HW_DATA", str(folder))
    return folder
