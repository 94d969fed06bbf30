"""The wheel of this project, built once."""

from __future__ import annotations

from pathlib import Path

import pytest
from clean_environment import ROOT, build_wheel


@pytest.fixture(scope="session")
def wheel_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))
