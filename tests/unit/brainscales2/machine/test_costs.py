"""What check tells of a run's time and memory is what its kernels and run files take."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from sal_hw.cli.main import main
from sal_hw_brainscales2.machine.costs import run_costs

ALIGNMENT = Path(__file__).parents[4] / "recipes" / "chip_alignment.yaml"


def test_time_and_memory_of_a_run(recorded):
    told = run_costs(recorded.program, updates=6, seed=1).document["run"]
    kernel = recorded.program.part.kernels[0]
    # six updates of 2 ms, the calls before them, and one after the run
    assert told["chip_us"] == pytest.approx(kernel.lead_us + 7 * 2000.0)
    # a row of 256 bytes of both hemispheres for each of four sources: six records and the last weights, and times of
    # four bytes; PyNN has a kernel for either sign, hxtorch one with twice the rows
    assert told["memory_bytes"]["pynn"] == 2 * (7 * 2 * 4 * 256 + 6 * 2 * 4)
    assert told["memory_bytes"]["hxtorch"] == 7 * 2 * 8 * 256 + 6 * 2 * 4
    assert told["records"] == {"feedback": 6}
    assert told["given_spikes_bytes"] == {"pynn": 0, "hxtorch": 0}


def test_without_a_probe_the_last_weights_are_all_that_takes_memory(recorded):
    bare = replace(recorded.program, probes=())
    told = run_costs(bare, updates=5000, seed=1).document["run"]
    assert told["memory_bytes"] == {"pynn": 2 * 2 * 4 * 256, "hxtorch": 2 * 8 * 256}
    assert told["records"] == {"feedback": 1}


@pytest.mark.parametrize(("last_ms", "words"), [(50_000, "12.8 of 512 MiB"), (4_000_000, "616 of 512 MiB: refused")])
def test_check_tells_what_given_spikes_would_take(last_ms, words, capsys):
    """Four neurons, four bytes for each and 0.1 us of chip time: 160 bytes per microsecond, that before included."""
    stimuli = f"stimuli=[{{kind: spikes, name: given, target: visible, spikes: [[{last_ms}, 0]], weight: 0.3 mV}}]"
    recipe = str(ALIGNMENT)
    settings = ["parameters.size=4", "parameters.duration=5000 s", "parameters.update_every=2 s", stimuli]
    options = [part for each in settings for part in ("--set", each)]
    assert main(["check", recipe, "--target", "brainscales2", *options]) == 0
    assert words in capsys.readouterr().out
    assert main(["check", recipe, "--target", "brainscales2", "--json", *options]) == 0
    told = json.loads(capsys.readouterr().out)["run"]
    assert told["given_spikes_bytes"]["pynn"] == 0
    assert told["given_spikes_bytes"]["hxtorch"] == 16 * (round((told["lead_us"] + last_ms) * 10) + 1)
