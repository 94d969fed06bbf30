"""Speed of the LIF engine, as ratios to Brian2's stand-alone C++ on the same machine at the same time, and its growth.

Times are CPU seconds per second of model time at steps of 0.1 ms, on one thread; of several rounds the least, since
what else runs on a machine only adds.
"""

from __future__ import annotations

import importlib.util
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from lif_network import CHIP_STEPS, NOISE, OFTEN_STEPS, STEPS_PER_SECOND, started
from pytest_benchmark.fixture import BenchmarkFixture

HERE = Path(__file__).parent
SECONDS = 3.0
ROUNDS = 5

needs_brian2 = pytest.mark.skipif(
    importlib.util.find_spec("brian2") is None or shutil.which("g++") is None,
    reason="needs Brian2 (pip install -e '.[parity]') and g++",
)


def _cpu_s(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin


@dataclass(frozen=True, kw_only=True, slots=True)
class Brian2Program:
    """A compiled program and the model time that it runs for."""

    folder: Path
    seconds: float

    def cpu_s(self) -> float:
        """Return the CPU time of the simulation loop per second of model time, without loading and saving."""
        before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(["./main"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)
        wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        loop = float((self.folder / "results" / "last_run_info.txt").read_text().split()[0])
        return used * min(1.0, loop / wall) / self.seconds

    def rate_hz(self) -> float:
        """Return the mean rate of the last run."""
        counts = next((self.folder / "results").glob("*spikemonitor_count*"))
        values = np.fromfile(counts, dtype=np.int32)
        return float(values.mean()) / self.seconds


def _built(folder: Path, noise: float) -> Brian2Program:
    command = [sys.executable, "-W", "ignore", str(HERE / "brian2_network.py"), str(folder), str(noise), str(SECONDS)]
    subprocess.run(command, check=True, capture_output=True, cwd=HERE)
    return Brian2Program(folder=folder, seconds=SECONDS)


@needs_brian2
@pytest.mark.slow
@pytest.mark.parametrize(("noise", "least_ratio"), [(NOISE, 2.0), (0.0, 0.5)], ids=["noise", "no-noise"])
def test_plastic_network_against_brian2(
    benchmark: BenchmarkFixture, tmp_path: Path, noise: float, least_ratio: float
) -> None:
    """512 neurons, 131,072 plastic synapses with sensors, a kernel on each of them every 10 ms.

    With noise on the membranes, as on a chip, and without, where Brian2 has the less to do.
    """
    program, simulation = _built(tmp_path, noise), started(1, 256, noise=noise)
    spikes, steps = 0, 0
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(program.cpu_s())
        begin = time.process_time()
        piece = simulation.run(STEPS_PER_SECOND)
        ours.append(time.process_time() - begin)
        spikes, steps = spikes + len(piece.spike_step), steps + piece.steps
    benchmark.pedantic(lambda: simulation.run(STEPS_PER_SECOND), rounds=3)
    rate = spikes / 512 / (steps / STEPS_PER_SECOND)
    ours_s, theirs_s = min(ours), min(theirs)
    ratio = theirs_s / ours_s
    benchmark.extra_info |= {"ours_cpu_s": ours_s, "brian2_cpu_s": theirs_s, "ratio": ratio}
    print(
        f"\n512 neurons, 131072 plastic synapses, noise {noise:g}: {ours_s:.4f} CPU s per model second at "
        f"{rate:.1f} spikes/s; Brian2 {theirs_s:.4f} at {program.rate_hz():.1f}; ratio {ratio:.2f}"
    )
    assert 10.0 < rate < 30.0
    assert ratio >= least_ratio


@pytest.mark.slow
def test_where_the_time_goes() -> None:
    """Print the parts: neurons and delivery alone, then sensors, then the processors' updates."""
    from dataclasses import replace

    from lif_network import plastic_pairs

    from sal_hw_emulator.engines.lif.simulation import LifSimulation

    model = plastic_pairs(1, 256)
    sensing = replace(model, tiles=[replace(tile, plastic=None) for tile in model.tiles], processors=[])
    plain = replace(sensing, tiles=[replace(tile, sensors=None) for tile in sensing.tiles])
    runs = [LifSimulation(each, np.random.SeedSequence(3)) for each in (plain, sensing, model)]
    times: list[list[float]] = [[], [], []]
    for _ in range(ROUNDS + 1):
        for run, found in zip(runs, times, strict=True):
            found.append(_cpu_s(lambda run=run: run.run(STEPS_PER_SECOND // 2)) * 2.0)
    neurons, with_sensors, everything = (min(found[1:]) for found in times)
    print(
        f"\nCPU s per model second: neurons {neurons:.4f}, sensors {with_sensors - neurons:.4f}, "
        f"updates {everything - with_sensors:.4f}, together {everything:.4f}"
    )
    assert neurons < with_sensors < everything


@pytest.mark.slow
def test_memory() -> None:
    """Interpreter, libraries, compiled code and 131,072 plastic synapses."""
    started(1, 256)  # fills the cache of compiled code, which costs memory once
    command = [sys.executable, "-c", "from lif_network import peak_memory_mb; print(peak_memory_mb())"]
    peak = float(subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE).stdout)
    print(f"\npeak memory of 512 neurons with 131072 plastic synapses: {peak:.0f} MB")
    assert peak < 200.0


@pytest.mark.slow
@pytest.mark.parametrize(("update_steps", "most"), [(CHIP_STEPS, 1.15), (OFTEN_STEPS, 1.25)], ids=["2s", "10ms"])
def test_cost_grows_with_the_number_of_neurons(update_steps: float, most: float) -> None:
    """From 128 to 8192 neurons at 64 synapses per neuron: several chips in one simulation.

    The work is proportional to the neurons; what grows beyond is the way to the memory, from 1 MB to 60 MB.
    """
    sizes = 128 * 4 ** np.arange(4)
    runs = {int(size): started(int(size) // 128, 64, update_steps=update_steps) for size in sizes}
    steps = {size: max(500, 8192 * 500 // size) for size in runs}
    best = dict.fromkeys(runs, np.inf)
    for _ in range(ROUNDS):
        for size, run in runs.items():
            used = _cpu_s(lambda run=run, size=size: run.run(steps[size]))
            best[size] = min(best[size], used * STEPS_PER_SECOND / steps[size])
    slope = np.polyfit(np.log(sizes), np.log([best[int(size)] for size in sizes]), 1)[0]
    listed = ", ".join(f"{size}: {cpu:.4f}" for size, cpu in best.items())
    print(f"\nupdates every {update_steps / 10:g} ms: CPU s per model second by neurons {listed}; slope {slope:.3f}")
    assert slope <= most
