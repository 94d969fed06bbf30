"""What became of weights is told from any program: in a report, and in a run's health."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sal_hw.contracts.report import ProgramReport
from sal_hw.contracts.stored_weights import (
    MAX_SHARE_ZEROED,
    short_name,
    stored_weights,
    stored_weights_table,
    weight_findings,
    weight_unit,
    with_stored_weights,
)
from sal_hw.program import CompiledProgram, ScaledWeights
from sal_hw.workflow import api

RECIPES = Path(__file__).parents[3] / "recipes"
TOTAL = 1000


@pytest.fixture(scope="module")
def pair() -> CompiledProgram:
    """Two neurons connected both ways, for a target that stores weights as they are."""
    return api.compile_recipe(api.load_recipe(RECIPES / "two_neuron.yaml"))


def scaled(owner: str = "forward", *, clipped: int = 0, zeroed: int = 0) -> ScaledWeights:
    return ScaledWeights(
        owner=owner,
        lsb=np.array([0.1, 0.2]),
        requested_max=9.0,
        representable_max=6.3,
        clipped=clipped,
        zeroed=zeroed,
        total=TOTAL,
        worst_error=2.7,
    )


def test_a_program_that_stores_weights_as_they_are_has_nothing_to_tell(pair: CompiledProgram) -> None:
    assert stored_weights(pair) == []
    assert with_stored_weights(None, pair) is None
    assert list(weight_findings(pair)) == []


def test_a_target_without_a_report_gets_one(pair: CompiledProgram) -> None:
    report = with_stored_weights(None, replace(pair, scaling=(scaled(clipped=12),)))
    assert report is not None
    (entry,) = report.document["weights"]
    assert (entry["owner"], entry["population"], entry["unit"]) == ("forward", "upper", "log-odds")
    assert (entry["one_code_lowest"], entry["one_code_highest"], entry["clipped"]) == (0.1, 0.2, 12)
    (table,) = report.tables
    assert table.rows == (("forward", "0.1 .. 0.2", "9", "6.3", "log-odds", "12", "0", "1000", "2.7"),)


def test_a_report_keeps_what_it_says_and_may_tell_of_weights_itself(pair: CompiledProgram) -> None:
    program = replace(pair, scaling=(scaled(),))
    cores = with_stored_weights(ProgramReport(document={"cores": 3}), program)
    assert cores is not None
    assert (cores.document["cores"], len(cores.document["weights"])) == (3, 1)
    own = ProgramReport(document={"weights": "as they are"})
    assert with_stored_weights(own, program) is own


@pytest.mark.parametrize(
    ("cut", "kind", "share"),
    [("clipped", "weights_clipped", 0.0), ("zeroed", "weights_rounded_to_zero", MAX_SHARE_ZEROED)],
)
def test_any_clipped_weight_and_a_large_share_of_zeros_degrade_a_run(
    pair: CompiledProgram, cut: str, kind: str, share: float
) -> None:
    few = round(share * TOTAL)
    for count in (1, few, few + 1):
        found = list(weight_findings(replace(pair, scaling=(scaled("backward", **{cut: count}),))))
        severity = "degraded" if count > few else "ok"
        assert [(item.kind, item.count, item.severity) for item in found] == [(kind, count, severity)] * bool(count)
        assert all("backward" in item.advice for item in found)


def test_weights_onto_lif_neurons_are_millivolts() -> None:
    program = api.compile_recipe(api.load_recipe(RECIPES / "two_populations.yaml"))
    assert weight_unit(program, "feedback") == "mV"
    assert {weight_unit(program, item.name) for item in program.stimuli} == {"mV"}


def test_long_names_fit_into_the_table(pair: CompiledProgram) -> None:
    assert short_name("a" * 20) == "a" * 20
    assert short_name("a" * 21) == "a" * 17 + "..."
    entries = stored_weights(replace(pair, scaling=(scaled(),)))
    assert len(stored_weights_table(entries).header) == len(stored_weights_table(entries).rows[0])
