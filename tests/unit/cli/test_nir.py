"""``sal-hw nir``: what is exported is imported with the same digest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nir_graphs import RECIPE


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from sal_hw.cli.main import main

    file, out = tmp_path / "n.nir", tmp_path / "n.yaml"
    assert main(["nir", "export", str(RECIPE), "-o", str(file), "--set", "parameters.size=3"]) == 0
    shown = capsys.readouterr().out
    assert "not in the file: plasticity[0].learning_rate = 0.03" in shown
    assert main(["nir", "import", str(file), "--time-unit", "ms", "-o", str(out)]) == 0
    again = capsys.readouterr().out
    digests = [re.search(r"expressible part ([0-9a-f]{64})", text) for text in (shown, again)]
    assert digests[0] is not None
    assert digests[1] is not None
    assert digests[0][1] == digests[1][1]
    assert main(["nir", "import", str(file), "-o", str(out)]) == 2, "the time unit is mandatory"
    assert "--time-unit" in capsys.readouterr().err
