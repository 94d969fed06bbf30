"""The bench: compiles measurement networks with what is known so far, runs them, and counts the machine time."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sal_hw.contracts.instrument import Instrument, Reading
from sal_hw.contracts.targets import Target, load_target
from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram
from sal_hw.spec.network import NetworkSpec
from sal_hw.storage.codec import frozen
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable
from sal_hw_brainscales2.program import ChipProgram

Sites = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Run:
    """A program that ran and what it showed."""

    program: CompiledProgram
    reading: Reading

    def sites(self, population: str) -> Sites:
        """Return the circuits of a population, shape (neurons,)."""
        block = self.program.neuron_block(population)
        return self.program.part_of(ChipProgram).neurons.site[block.offset : block.offset + block.size]


def _nothing() -> None:
    """Do nothing."""


@dataclass(kw_only=True)
class Bench:
    """A chip under calibration.

    Attributes
    ----------
    instrument
        The chip.
    seed
        Seed of the whole campaign; every run derives its own from it and from its name.
    neurons
        Circuits to measure, in increasing order; None means all.
    known
        Tables that stages before have measured, by name.
    machine_ms
        Model time that programs have run for so far.
    threads
        Threads for fits.
    tick
        Called now and then, at least once a second.
    """

    instrument: Instrument
    seed: int = 0
    neurons: Sites | None = None
    known: dict[str, ParameterTable] = field(default_factory=dict)
    machine_ms: float = 0.0
    threads: int = 1
    tick: Callable[[], None] = _nothing

    @cached_property
    def target(self) -> Target:
        """The kind of chip."""
        return load_target(self.instrument.target)

    def limit(self, name: str) -> int:
        """Return one of the target's numbers."""
        return int(self.target.description.limits[name].high or 0)

    @property
    def columns(self) -> int:
        """Columns of a hemisphere."""
        return self.limit("columns")

    @property
    def circuits(self) -> int:
        """Circuits of the chip."""
        return self.limit("hemispheres") * self.columns

    def wanted(self) -> Sites:
        """Return the circuits that are asked for and, as far as is known, work."""
        chosen = np.arange(self.circuits) if self.neurons is None else self.neurons
        usable = self.known.get("usable")
        works = (
            np.ones(len(chosen), dtype=np.bool_)
            if usable is None
            else usable.ok[chosen] & (usable.measured[chosen] > 0)
        )
        return np.asarray(chosen[works], dtype=np.int64)

    def on_hemisphere(self, hemisphere: int) -> Sites:
        """Return the wanted circuits of one hemisphere."""
        sites = self.wanted()
        return np.asarray(sites[sites // self.columns == hemisphere], dtype=np.int64)

    def seed_of(self, name: str) -> int:
        """Return the seed of one run, independent of which others there are."""
        return int(np.random.SeedSequence([self.seed, zlib.crc32(name.encode())]).generate_state(1)[0])

    def run(
        self,
        name: str,
        network: NetworkSpec,
        *,
        sites: Sites,
        duration_ms: float,
        known: Mapping[str, ParameterTable] | None = None,
    ) -> Run:
        """Compile a network onto given circuits, run it and return what was seen.

        Parameters
        ----------
        name
            Names the run; its random numbers follow from it.
        sites
            The circuits that the populations get, in their order; as many as there are neurons.
        known
            What the compiler may know; None is all that has been measured.
        """
        snapshot = self._snapshot(self.known if known is None else known, sites)
        seed = self.seed_of(name)
        program = compile_network(network, target=self.target, seed=seed, snapshot=snapshot)
        reading = self.instrument.run(program, duration_ms=duration_ms, seed=seed, tick=self.tick)
        self.machine_ms += duration_ms
        return Run(program=program, reading=reading)

    def _snapshot(self, known: Mapping[str, ParameterTable], sites: Sites) -> CalibrationSnapshot:
        """Return a snapshot that lets the compiler use the given circuits only."""
        allowed = np.zeros(self.circuits, dtype=np.bool_)
        allowed[sites] = True
        usable = ParameterTable(
            name="usable", site="neuron", unit="1", measured=frozen(allowed.astype(np.float64)), ok=frozen(allowed)
        )
        tables = tuple(table for name, table in known.items() if name != "usable")
        return CalibrationSnapshot(
            chip_id=self.instrument.chip_id,
            target=self.instrument.target,
            taken_at=self.instrument.now(),
            origin="measured",
            tables=(usable, *tables),
        )

    def value(self, name: str, sites: Sites, default: float) -> NDArray[np.float64]:
        """Return what is known of circuits, `default` where nothing is."""
        table = self.known.get(name)
        if table is None:
            return np.full(len(sites), default)
        return np.where(table.ok, table.measured, default)[sites]

    def error(self, name: str, sites: Sites, default: float) -> NDArray[np.float64]:
        """Return standard errors of what is known of circuits, `default` where nothing is."""
        table = self.known.get(name)
        if table is None or table.sigma is None:
            return np.full(len(sites), default)
        return np.where(table.ok, table.sigma, default)[sites]

    def potentials(self, sites: Sites, codes: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return CADC codes, shape (samples, neurons), as potentials in LSB of an ideal channel."""
        offset = self.value("cadc_offset_lsb", sites, 0.0)
        gain = self.value("cadc_gain_ratio", sites, 1.0)
        found: NDArray[np.float64] = (codes - offset) / gain
        return found

    def learn(self, tables: Sequence[ParameterTable]) -> None:
        """Take note of measured tables."""
        self.known |= {table.name: table for table in tables}

    def without(self, *names: str) -> Bench:
        """Return the same bench without some knowledge."""
        return replace(self, known={key: item for key, item in self.known.items() if key not in names})

    def with_table(self, table: ParameterTable) -> Bench:
        """Return the same bench with other knowledge of one table."""
        return replace(self, known={**self.known, table.name: table})
