"""NIR: what is written, what is reported as lost, what is taken over, and that it is the same again."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sal_hw.errors import DeviceError, InputError
from sal_hw.nir_exchange import library
from sal_hw.nir_exchange.export import export_recipe
from sal_hw.nir_exchange.expressible import realize
from sal_hw.nir_exchange.import_network import import_network
from sal_hw.nir_exchange.recipes import write_recipe
from sal_hw.workflow.checked_recipe import Recipe, load_recipe

nir = pytest.importorskip("nir", reason="needs nir: pip install -e '.[nir]'")

ROOT = Path(__file__).parents[3]
RECIPE = ROOT / "recipes" / "two_populations.yaml"


def small(*overrides: str) -> Recipe:
    return load_recipe(RECIPE, overrides=("parameters.size=3", *overrides))


def exported(tmp_path: Path, *overrides: str) -> tuple[Path, str, dict[str, Any]]:
    """Export a recipe; return the file, the digest and the sidecar."""
    done = export_recipe(small(*overrides), tmp_path / "network.nir")
    return done.file, done.digest, json.loads(done.sidecar.read_text())


def taken_over(path: Path, **options: Any) -> Recipe:
    out = path.with_suffix(".yaml")
    write_recipe(import_network(path, time_unit="ms", **options), out, name="again", timestep="0.1 ms")
    return load_recipe(out)


def write(path: Path, nodes: dict[str, Any], edges: list[tuple[str, str]]) -> Path:
    nir.write(path, nir.NIRGraph(nodes=nodes, edges=edges, type_check=False))
    return path


def cuba(size: int = 2, **changes: Any) -> Any:
    fields = {"tau_syn": 5.0, "tau_mem": 10.0, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0, "w_in": 5.0}
    arrays = {name: np.full(size, 1.0) * value for name, value in (fields | changes).items()}
    return nir.CubaLIF(**arrays)


def loop(weight: Any = None, **changes: Any) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return two populations that reach each other."""
    matrix = np.array([[0.5, -0.25], [0.0, 2.0]]) if weight is None else weight
    nodes = {"a": cuba(**changes), "b": cuba(), "up": nir.Linear(weight=matrix), "down": nir.Linear(weight=np.eye(2))}
    return nodes, [("a", "up"), ("up", "b"), ("b", "down"), ("down", "a")]


def refused(path: Path, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        import_network(path, **({"time_unit": "ms"} | options))
    return caught.value


def test_the_file_says_the_same_equations(tmp_path: Path) -> None:
    path, _, _ = exported(tmp_path)
    graph, program = nir.read(path, type_check=False), realize(small()).network
    node = graph.nodes["visible"]
    assert type(node).__name__ == "CubaLIF"
    assert node.tau_mem.tolist() == [10.0] * 3
    # an input spike raises the current by w_in / tau_syn times the weight, and r is 1: weights stay in mV
    np.testing.assert_array_equal(node.w_in / node.tau_syn * node.r, np.ones(3))
    assert node.v_leak.tolist() == [0.6] * 3, "rest and constant drive together"
    feedback = next(item for item in program.projections if item.name == "feedback")
    np.testing.assert_array_equal(graph.nodes["feedback"].weight, feedback.weights_mv.T)
    assert {("hidden", "feedback"), ("feedback", "visible")} <= set(graph.edges)
    assert json.loads(graph.metadata["sal_hw"])["time_unit"] == "ms"


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


def test_seconds_and_volts_become_milliseconds_and_millivolts(tmp_path: Path) -> None:
    in_seconds = {"tau_syn": 0.005, "tau_mem": 0.01, "w_in": 0.005, "v_leak": -0.065, "v_threshold": -0.05}
    nodes, edges = loop(**in_seconds, v_reset=-0.065)
    nodes["b"] = cuba(**in_seconds, v_reset=-0.065)
    path = write(tmp_path / "si.nir", nodes, edges)
    network = import_network(path, time_unit="s", voltage_unit="V").network
    a, up = network.population("a"), next(item for item in network.projections if item.name == "up")
    assert (a.tau_mem_ms, a.tau_syn_ms) == (10.0, 5.0)
    assert a.v_leak_mv.tolist() == [-65.0, -65.0]
    # 0.5 V times 1000; the matrix is (post, pre) in the file
    np.testing.assert_allclose(up.weights_mv, [[500.0, 0.0], [-250.0, 2000.0]], rtol=1e-15)


def test_resistance_and_input_weight_are_part_of_the_weights(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes["b"] = cuba(r=np.array([2.0, 3.0]), w_in=np.array([5.0, 10.0]))
    network = import_network(write(tmp_path / "r.nir", nodes, edges), time_unit="ms").network
    up = next(item for item in network.projections if item.name == "up")
    # W r w_in / tau_syn: neuron 0 of b has 2 x 1, neuron 1 has 3 x 2
    np.testing.assert_allclose(up.weights_mv, (np.array([[0.5, -0.25], [0.0, 2.0]]) * [[2.0], [6.0]]).T, rtol=1e-15)


def test_the_bias_of_an_affine_node_is_a_constant_drive(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes["up"] = nir.Affine(weight=np.eye(2), bias=np.array([0.1, 0.2]))
    network = import_network(write(tmp_path / "affine.nir", nodes, edges), time_unit="ms").network
    # a constant input b makes the current w_in b, and the drive r w_in b
    np.testing.assert_allclose(network.population("b").v_leak_mv, [0.5, 1.0], rtol=1e-15)


def test_delays_add_up_and_direct_edges_connect_one_to_one(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes |= {"early": nir.Delay(delay=np.full(2, 1.5)), "late": nir.Delay(delay=np.full(2, 2.0))}
    edges = [("a", "early"), ("early", "up"), ("up", "late"), ("late", "b"), ("b", "a")]
    del nodes["down"]
    network = import_network(write(tmp_path / "delay.nir", nodes, edges), time_unit="ms").network
    up, direct = sorted(network.projections, key=lambda item: item.source)
    assert (up.name, up.delay_ms) == ("up", 3.5)
    assert (direct.name, direct.delay_ms) == ("b_to_a", 0.0)
    np.testing.assert_array_equal(direct.weights_mv, np.eye(2))


def test_reciprocal_pairs_are_found_and_others_are_not(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes |= {"c": cuba(), "out": nir.Linear(weight=np.eye(2)), "self": nir.Linear(weight=np.ones((2, 2)))}
    edges += [("a", "out"), ("out", "c"), ("c", "self"), ("self", "c")]
    found = import_network(write(tmp_path / "pairs.nir", nodes, edges), time_unit="ms")
    assert {frozenset(pair) for pair in found.pairs} == {frozenset({"up", "down"}), frozenset({"self"})}


def test_inputs_outputs_and_names_are_reported(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes = {("1st layer" if name == "a" else name): node for name, node in nodes.items()}
    edges = [tuple("1st layer" if name == "a" else name for name in edge) for edge in edges]  # type: ignore[misc]
    nodes |= {"in": nir.Input(input_type={"input": np.array([2])}), "out": nir.Output(output_type={"output": np.array([2])})}  # fmt: skip  # noqa: E501
    edges += [("in", "b"), ("b", "out")]
    path = write(tmp_path / "ends.nir", nodes, edges)
    found = import_network(path, time_unit="ms")
    assert any("in to b: left out" in note for note in found.notes)
    assert any("b to out: left out" in note for note in found.notes)
    assert any("called n_1st_layer" in note for note in found.notes)
    notes = write_recipe(found, tmp_path / "ends.yaml", name="ends", timestep="0.1 ms")
    for word in ("tau_ref", "timestep", "proposed as plastic, switched off", "learning_rate"):
        assert any(word in note for note in notes)


@pytest.mark.parametrize(
    ("node", "changes", "words"),
    [
        ("a", {"tau_mem": np.array([10.0, 11.0])}, "equal tau_mem"),
        ("a", {"v_leak": np.array([0.0, np.nan])}, "finite"),
        ("up", {"weight": np.ones((3, 2))}, "2 x 2"),
        ("up", {"weight": np.array([[np.inf, 0.0], [0.0, 0.0]])}, "finite"),
    ],
)
def test_what_networks_here_cannot_have_is_refused(
    tmp_path: Path, node: str, changes: dict[str, Any], words: str
) -> None:
    nodes, edges = loop(**({} if node == "up" else changes), **({"weight": changes["weight"]} if node == "up" else {}))
    error = refused(write(tmp_path / "bad.nir", nodes, edges))
    assert (error.code, error.field) == ("E412", f"node {node}")
    assert words in error.problems[0].allowed


def test_nodes_of_other_types_are_refused_by_name(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes["membrane"] = nir.LIF(**{name: np.ones(2) for name in ("tau", "r", "v_leak", "v_threshold", "v_reset")})
    error = refused(write(tmp_path / "lif.nir", nodes, edges))
    assert (error.code, error.field) == ("E412", "node membrane")
    assert "this is LIF" in error.problems[0].allowed


def test_a_cycle_without_a_population_is_refused(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes |= {name: nir.Delay(delay=np.ones(2)) for name in ("x", "y")}
    error = refused(write(tmp_path / "cycle.nir", nodes, [*edges, ("a", "x"), ("x", "y"), ("y", "x")]))
    assert error.code == "E412"


def test_two_matrices_in_a_row_and_unequal_delays_are_refused(tmp_path: Path) -> None:
    nodes, edges = loop()
    nodes["more"] = nir.Linear(weight=np.eye(2))
    chained = [("a", "up"), ("up", "more"), ("more", "b"), *edges[2:]]
    assert refused(write(tmp_path / "row.nir", nodes, chained)).field == "node more"
    nodes["more"] = nir.Delay(delay=np.array([1.0, 2.0]))
    assert refused(write(tmp_path / "delays.nir", nodes, chained)).field == "node more"


def test_units_are_never_guessed(tmp_path: Path) -> None:
    path, _, _ = exported(tmp_path)
    for options, field in (
        ({"time_unit": "minutes"}, "time-unit"),
        ({"time_unit": "s"}, "time-unit"),
        ({"time_unit": "ms", "voltage_unit": "V"}, "voltage-unit"),
    ):
        error = refused(path, **options)
        assert (error.code, error.field) == ("E413", field)


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
    monkeypatch.setattr(library, "MAX_VALUES", 10)
    assert refused(big).code == "E411"


def test_a_graph_without_feedback_has_nothing_to_align(tmp_path: Path) -> None:
    nodes, edges = loop()
    found = import_network(write(tmp_path / "one_way.nir", nodes, edges[:2]), time_unit="ms")
    with pytest.raises(InputError) as caught:
        write_recipe(found, tmp_path / "one_way.yaml", name="one_way", timestep="0.1 ms")
    assert caught.value.code == "E414"
    assert not (tmp_path / "one_way.yaml").exists()


def test_an_import_that_is_no_legal_recipe_leaves_nothing(tmp_path: Path) -> None:
    nodes, edges = loop(v_threshold=-1.0)  # below the reset potential
    found = import_network(write(tmp_path / "illegal.nir", nodes, edges), time_unit="ms")
    with pytest.raises(InputError) as caught:
        write_recipe(found, tmp_path / "illegal.yaml", name="illegal", timestep="0.1 ms")
    assert caught.value.code == "E214"
    assert [item.name for item in tmp_path.iterdir()] == ["illegal.nir"]


def test_sampling_neurons_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        export_recipe(load_recipe(ROOT / "recipes" / "two_neuron.yaml"), tmp_path / "x.nir")
    assert caught.value.code == "E302"
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_without_being_asked(tmp_path: Path) -> None:
    path, digest, _ = exported(tmp_path)
    with pytest.raises(InputError) as caught:
        export_recipe(small(), path)
    assert {problem.code for problem in caught.value.problems} == {"E501"}
    assert export_recipe(small(), path, force=True).digest == digest


def test_a_missing_package_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(library.importlib, "import_module", absent)
    with pytest.raises(DeviceError) as caught:
        export_recipe(small(), tmp_path / "x.nir")
    assert (caught.value.code, caught.value.exit_code) == ("E820", 4)
    assert caught.value.hint == "pip install 'sal-hw[nir]'"


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
