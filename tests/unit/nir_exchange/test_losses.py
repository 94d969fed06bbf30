"""Every field of a recipe is expressed in the file or named as lost."""

from __future__ import annotations

from pathlib import Path

from nir_graphs import exported


def test_every_field_is_expressed_or_named(tmp_path: Path) -> None:
    _, _, sidecar = exported(tmp_path, "projections[0].delay=2 ms")
    lost = {loss["field"] for loss in sidecar["losses"]}
    assert {
        "timestep",
        "populations.visible.neuron.tau_ref",
        "projections[1].weight_min",
        "projections[0].weight.distribution",
        "stimuli[2].rate",
        "plasticity[0].learning_rate",
        "experiment.duration",
    } <= lost
    expressed = {"populations.visible.size", "populations.visible.neuron.tau_mem", "projections[0].delay"}
    assert not (expressed | {"populations.visible.neuron.tau_syn_inh", "stimuli[0].amplitude"}) & lost
    assert all(loss["reason"] for loss in sidecar["losses"])
    assert sidecar["recipe"]["plasticity"][0]["name"] == "alignment", "the sidecar has what the file has not"


def test_losses_that_depend_on_values(tmp_path: Path) -> None:
    sparse = (f"projections[{index}].connectivity=one_to_one" for index in range(2))
    _, _, sidecar = exported(tmp_path, *sparse, "populations.hidden.neuron.tau_syn_inh=7 ms")
    lost = {loss["field"] for loss in sidecar["losses"]}
    assert {"projections[0].connectivity", "populations.hidden.neuron.tau_syn_inh"} <= lost
    assert "populations.visible.neuron.tau_syn_inh" not in lost
