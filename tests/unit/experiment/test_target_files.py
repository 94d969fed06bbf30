"""Files with the target's parameters are looked up below the recipe's folder, wherever the run starts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sal_hw.workflow import api

RECIPE = Path(__file__).parents[3] / "recipes" / "sampling.yaml"


def test_target_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study, elsewhere = tmp_path / "study", tmp_path / "elsewhere"
    study.mkdir()
    elsewhere.mkdir()
    biases = np.linspace(-1.0, 1.0, 7)
    np.save(study / "bias.npy", biases)
    old = "target: {kind: beta, alpha: 1, beta: 1, seed: $distribution_seed}"
    text = RECIPE.read_text().replace(old, "target: {kind: boltzmann, weight: 0, bias: {file: bias.npy}}")
    text = text.replace("  distribution_seed: 4242 # which distribution\n", "").partition("\npresets:")[0]
    (study / "files.yaml").write_text(text)
    monkeypatch.chdir(elsewhere)
    short = ["experiment.updates=1", "experiment.validation.duration=10 s", "experiment.validation.every_updates=1"]
    run = api.run(api.load_recipe(study / "files.yaml", overrides=short))
    mean = run.result.traces["state_target"].values[0] @ ((np.arange(128)[:, None] >> np.arange(6, -1, -1)) & 1)
    # without weights the neurons are independent, so that their means are logistic in the biases
    np.testing.assert_allclose(mean, 1.0 / (1.0 + np.exp(-biases)), rtol=1e-12)
