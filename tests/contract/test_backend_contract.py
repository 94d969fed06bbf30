"""What every registered backend keeps to: the installed kit on every target of this project."""

from __future__ import annotations

from importlib.metadata import entry_points

import numpy as np
import pytest

from sal_hw.contracts.backend import Backend
from sal_hw.contracts.targets import load_backend, load_target, target_names
from sal_hw.program import CompiledProgram
from sal_hw.registry import BACKENDS
from sal_hw.testing import BackendContract, places_of
from sal_hw.testing.contract.fixtures import Open

BACKEND_NAMES = sorted(point.name for point in entry_points(group=BACKENDS))


class TestIdeal(BackendContract):
    target = "ideal"


class TestBrainScaleS2(BackendContract):
    target = "brainscales2"

    def test_the_worst_error_is_as_the_compiler_said(self, open_session: Open, anything: CompiledProgram) -> None:
        session = open_session(anything)
        for block in anything.synapses:
            error = np.abs(session.weights(block.projection) - block.weights).max()
            assert error == pytest.approx(anything.scaling_of(block.projection).worst_error, abs=1e-12)


class TestSpiNNaker1(BackendContract):
    target = "spinnaker1"

    def largest_weight_error(self, program: CompiledProgram, projection: str) -> float:
        """Every part of a weight is stored as the nearest word."""
        parts = program.part.parts_of(projection)
        return sum(0.5 * program.part.scale_of(part.target, part.receptor).lsb_mv for part in parts)


class TestSpiNNaker2(BackendContract):
    target = "spinnaker2"

    def largest_weight_error(self, program: CompiledProgram, projection: str) -> float:
        """A weight is stored as the nearest whole number, of the scale of either sign."""
        assert program.part is not None
        ticks, target = program.part, program.synapse_block(projection).target
        return 0.5 * max(ticks.scale_of(target, sign).lsb_mv for sign in ("excitatory", "inhibitory"))


@pytest.mark.slow  # reference simulators take minutes to start and to run this
class TestBrian2(BackendContract):
    target = "pynn:brian2"


@pytest.mark.slow
class TestNest(BackendContract):
    target = "pynn:nest"


# a target of which there is nothing more to say needs no line here
for _name in sorted(set(target_names()) - {kit.target for kit in BackendContract.__subclasses__()}):
    globals()[f"Test {_name}"] = type(f"Test {_name}", (BackendContract,), {"target": _name})


def test_every_target_keeps_the_contract() -> None:
    assert {kit.target for kit in BackendContract.__subclasses__()} == set(target_names())


def test_the_emulator_is_always_here() -> None:
    for target in ("ideal", "brainscales2", "spinnaker1", "spinnaker2"):
        assert load_target(target).emulator in {place.backend for place in places_of(target)}


@pytest.mark.parametrize("name", BACKEND_NAMES)
def test_a_backend_has_the_name_it_is_registered_under(name: str) -> None:
    backend = load_backend(name)
    assert isinstance(backend, Backend)
    assert backend.name == ("emulator" if name.startswith("emulator:") else name)
