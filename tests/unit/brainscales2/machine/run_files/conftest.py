"""What is known of the library's types, found once for all run files."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of mypy's cache."""
    return tmp_path_factory.mktemp("mypy")
