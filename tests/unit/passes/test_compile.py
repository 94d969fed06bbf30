"""Compiling: the passes in their order, the same bytes for the same inputs, and what strict refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sal_hw.contracts.targets import Target, load_target
from sal_hw.errors import InputError
from sal_hw.passes.compile import compile_network
from sal_hw.passes.draft import Draft
from sal_hw.program import PassRecord, ScaledWeights
from sal_hw.spec.network import NetworkSpec, Population, Projection
from sal_hw.spec.neurons import SamplingNeuron
from sal_hw.spec.values import Constant, Normal
from sal_hw.storage.codec import digest

POPULATIONS = tuple(Population(name=name, size=2, neuron=SamplingNeuron(tau_ref_ms=10.0)) for name in ("one", "other"))
SPEC = NetworkSpec(
    timestep_ms=1.0,
    populations=POPULATIONS,
    projections=(Projection(name="w", source="one", target="other", weight=Normal()),),
)
IDEAL = load_target("ideal")


def cut(owner: str, clipped: int) -> ScaledWeights:
    return ScaledWeights(
        owner=owner,
        lsb=np.ones(2),
        requested_max=3.0,
        representable_max=2.0,
        clipped=clipped,
        zeroed=0,
        total=4,
        worst_error=1.0,
    )


def cutting(*scaling: ScaledWeights) -> Target:
    """Return the ideal target with a pass that cuts weights."""

    def pass_(draft: Draft) -> Draft:
        return draft.recorded(PassRecord(name="cut"), scaling=scaling)

    return replace(IDEAL, passes=(*IDEAL.passes, pass_))


def test_a_program_says_what_it_was_made_of() -> None:
    program = compile_network(SPEC, seed=4)
    assert (program.spec_hash, program.target, program.seed) == (digest(SPEC), "ideal", 4)
    assert program.snapshot_hash is None
    assert [record.name for record in program.trace][:3] == ["check_capabilities", "realize_neurons", "realize_weights"]


def test_equal_inputs_give_equal_programs_and_other_seeds_others() -> None:
    hashes = [compile_network(SPEC, seed=seed).hash for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_passes_run_in_the_target_s_order() -> None:
    seen = []

    def noting(name: str) -> object:
        def pass_(draft: Draft) -> Draft:
            seen.append((name, len(draft.trace)))
            return draft.recorded(PassRecord(name=name))

        return pass_

    target = replace(IDEAL, passes=(noting("first"), noting("second")))  # type: ignore[arg-type]
    compile_network(SPEC, target=target)
    assert seen == [("first", 0), ("second", 1)]


def test_an_invalid_network_meets_no_pass() -> None:
    wrong = replace(SPEC, projections=(replace(SPEC.projections[0], target="nobody"),))
    with pytest.raises(InputError) as caught:
        compile_network(wrong, target=replace(IDEAL, passes=()))
    assert caught.value.field == "projections[0].target"


def test_an_unknown_target_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        compile_network(SPEC, target="ideel")
    assert caught.value.code == "E301"


def test_cut_weights_are_told_and_strict_refuses_them_by_their_field() -> None:
    target = cutting(cut("w", 1), cut("noise", 2))
    assert [item.clipped for item in compile_network(SPEC, target=target).scaling] == [1, 2]
    with pytest.raises(InputError) as caught:
        compile_network(SPEC, target=target, strict=True)
    assert {problem.code for problem in caught.value.problems} == {"E313"}
    assert [problem.field for problem in caught.value.problems] == ["projections[0].weight", "noise"]
    assert "at most 2 in model units on ideal; 1 of 4 weights of w" in caught.value.problems[0].allowed


def test_strict_lets_weights_pass_that_fit() -> None:
    spec = replace(SPEC, projections=(replace(SPEC.projections[0], weight=Constant(value=1.0)),))
    assert compile_network(spec, target=cutting(cut("w", 0)), strict=True).scaling[0].total == 4
