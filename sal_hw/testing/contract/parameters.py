"""What a new session holds, and that nobody changes it from outside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sal_hw.contracts.backend import Backend
from sal_hw.contracts.targets import load_target
from sal_hw.program import CompiledProgram
from sal_hw.results.store import read_program, store_program
from sal_hw.testing.comparing import observe
from sal_hw.testing.contract.fixtures import ContractFixtures, Open
from sal_hw.testing.place import Place


class ParameterContract(ContractFixtures):
    """Names, weights and biases."""

    def largest_weight_error(self, program: CompiledProgram, projection: str) -> float:
        """Return how far a new session's weights may be from the program's: as far as the compiler has said."""
        return next((item.worst_error for item in program.scaling if item.owner == projection), 0.0)

    def test_the_target_has_the_name_it_is_registered_under(self) -> None:
        assert load_target(self.target).description.family == self.target

    def test_the_target_has_a_neuron_model(self) -> None:
        models = {"sampling", "lif"} & set(load_target(self.target).description.capabilities)
        assert models, "without one, everything here is skipped"

    def test_the_backend_has_the_name_it_is_registered_under(self, place: Place, backend: Backend) -> None:
        assert isinstance(backend, Backend)
        # results tell an emulation from a machine by this name
        emulated = place.backend == load_target(self.target).emulator
        assert backend.name == ("emulator" if emulated else place.backend)

    def test_a_program_names_its_target(self, anything: CompiledProgram) -> None:
        assert anything.target == self.target

    def test_a_stored_program_is_read_back_as_it_was(self, anything: CompiledProgram, tmp_path: Path) -> None:
        store_program(tmp_path / "program", anything, {})
        found = read_program(tmp_path / "program")
        assert found.hash == anything.hash
        assert type(found.part) is type(anything.part), "its class is registered in sal_hw.program_parts"

    def test_a_new_session_has_the_program_s_parameters(self, open_session: Open, anything: CompiledProgram) -> None:
        session = open_session(anything)
        for block in anything.synapses:
            found = session.weights(block.projection)
            assert found.dtype == np.float64
            assert found.shape == block.weights.shape
            error = self.largest_weight_error(anything, block.projection)
            np.testing.assert_allclose(found, block.weights, rtol=0.0, atol=error * (1 + 1e-9))
        for neurons in anything.neurons:
            np.testing.assert_array_equal(session.biases(neurons.population), neurons.biases, strict=True)

    def test_weights_and_biases_are_copies(self, open_session: Open, anything: CompiledProgram) -> None:
        session = open_session(anything)
        projection, population = anything.synapses[0].projection, anything.neurons[0].population
        before, bias = session.weights(projection).copy(), session.biases(population).copy()
        session.weights(projection)[:] = 7.0
        session.biases(population)[:] = 7.0
        np.testing.assert_array_equal(session.weights(projection), before)
        np.testing.assert_array_equal(session.biases(population), bias)

    def test_the_program_is_left_as_it_was(self, open_session: Open, pair: CompiledProgram) -> None:
        before = pair.hash
        session = open_session(pair)
        session.learn(2)
        observe(session)
        assert pair.hash == before
