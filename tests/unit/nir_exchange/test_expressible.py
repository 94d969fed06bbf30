"""What a file can express is the same again after a round trip."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nir_graphs import exported, small, taken_over

from sal_hw.nir_exchange.export import export_recipe
from sal_hw.nir_exchange.expressible import realize
from sal_hw.nir_exchange.import_network import import_network
from sal_hw.nir_exchange.recipes import write_recipe
from sal_hw.workflow.checked_recipe import load_recipe


def test_a_round_trip_keeps_the_expressible_part(tmp_path: Path) -> None:
    path, digest, _ = exported(tmp_path, "projections[0].delay=2 ms")
    again = taken_over(path)
    assert realize(again).network.digest == digest
    assert again.network is not None
    (rule,) = again.network.plasticity
    assert (rule.kind, rule.enabled) == ("sal", False), "proposed, not assumed"
    assert (rule.forward, rule.backward) == ("forward", "feedback")


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32 - 1),
    delay_ms=st.integers(0, 5),
    tau_ms=st.floats(1.0, 50.0),
    drive=st.floats(-2.0, 2.0),
    rest=st.floats(-80.0, 0.0),
)
def test_round_trips_of_any_numbers(
    tmp_path: Path, seed: int, delay_ms: int, tau_ms: float, drive: float, rest: float
) -> None:
    overrides = (
        f"parameters.forward_seed={seed}",
        f"projections[1].delay={delay_ms} ms",
        f"populations.hidden.neuron.tau_mem={tau_ms!r} ms",
        f"populations.visible.neuron.v_rest={rest!r} mV",
        f"populations.visible.neuron.v_reset={rest!r} mV",
        f"stimuli[0].amplitude={{distribution: uniform, low: {drive!r}, high: {drive + 1.0!r}, unit: mV, seed: 4}}",
    )
    recipe, path = small(*overrides), tmp_path / "any.nir"
    done = export_recipe(recipe, path, force=True)
    out = tmp_path / "any.yaml"
    write_recipe(import_network(path, time_unit="ms"), out, name="any", timestep="0.1 ms", force=True)
    assert realize(load_recipe(out)).network.digest == done.digest
