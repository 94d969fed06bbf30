"""The networks of the kit, compiled for a place, and sessions that are closed after a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar, TypeAlias

import pytest

from sal_hw.contracts.backend import Backend, OpenRequest, Session
from sal_hw.contracts.targets import load_backend
from sal_hw.program import CompiledProgram
from sal_hw.testing.place import Place, places_of

#: opens a session of a program; further arguments are those of :meth:`sal_hw.contracts.backend.Backend.open`
Open: TypeAlias = Callable[..., Session]

_NETWORKS = Path(__file__).parents[1] / "networks"
_SPIKE_PROBES = "  - {kind: spikes, population: upper}\n  - {kind: spikes, population: lower}\n"


class ContractFixtures:
    """Fixtures of all parts of the contract."""

    target: ClassVar[str]

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each test on every backend of the target that is here."""
        if "place" in metafunc.fixturenames:
            places = places_of(self.target)
            nowhere = pytest.mark.skip(reason=f"no backend of {self.target} can be used on this computer")
            found = places or (pytest.param(None, marks=nowhere, id=self.target),)
            metafunc.parametrize("place", found, ids=str, indirect=True)

    @pytest.fixture
    def place(self, request: pytest.FixtureRequest) -> Place:
        """Target and backend."""
        found: Place = request.param
        return found

    @pytest.fixture
    def backend(self, place: Place) -> Backend:
        """Return a new backend."""
        return load_backend(place.backend)

    @pytest.fixture
    def open_session(self, backend: Backend) -> Iterator[Open]:
        """Return what opens sessions, which are closed after the test."""
        opened: list[Session] = []

        def open_one(program: CompiledProgram, seed: int = 1, **options: object) -> Session:
            opened.append(backend.open(program, OpenRequest(seed=seed, **options)))  # type: ignore[arg-type]
            return opened[-1]

        yield open_one
        for session in opened:
            session.close()

    @pytest.fixture(params=["sampling", "lif"])
    def pair(self, request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> CompiledProgram:
        """Two neurons whose weights both learn, with spike probes."""
        recipe = tmp_path / "pair.yaml"
        recipe.write_text((_NETWORKS / f"{request.param}_pair.yaml").read_text() + _SPIKE_PROBES)
        return place.program(recipe)

    @pytest.fixture
    def sampler(self, place: Place) -> CompiledProgram:
        """Five sampling neurons with a state probe and without a rule."""
        return place.program(_NETWORKS / "sampler.yaml")

    @pytest.fixture
    def layers(self, place: Place) -> CompiledProgram:
        """Six and six LIF neurons under noise, whose feedback weights learn."""
        return place.program(_NETWORKS / "layers.yaml")

    @pytest.fixture(params=["sampling_pair", "lif_pair", "layers"])
    def learner(self, request: pytest.FixtureRequest, place: Place) -> CompiledProgram:
        """One program of each kind that learns by alignment."""
        return place.program(_NETWORKS / f"{request.param}.yaml")

    @pytest.fixture(params=["sampler", "layers"])
    def noisy(self, request: pytest.FixtureRequest, place: Place) -> CompiledProgram:
        """Programs whose population ``visible`` spikes by chance."""
        return place.program(_NETWORKS / f"{request.param}.yaml")

    @pytest.fixture(params=["sampling_pair", "lif_pair", "sampler", "layers"])
    def anything(self, request: pytest.FixtureRequest, place: Place) -> CompiledProgram:
        """One program of each kind but wake-sleep."""
        return place.program(_NETWORKS / f"{request.param}.yaml")

    @pytest.fixture
    def wake_sleep(self, place: Place) -> CompiledProgram:
        """Seven sampling neurons with a wake-sleep rule."""
        return place.program(_NETWORKS / "wake_sleep.yaml")
