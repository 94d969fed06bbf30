"""Pass: turn noise and given spikes into weights per neuron and times in steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.passes.draft import Draft
from sal_hw.passes.draw_values import draw_values
from sal_hw.program import LoweredPoisson, LoweredSpikes, LoweredStimulus, PassRecord
from sal_hw.spec.arrays import read_values
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise, SpikeList
from sal_hw.spec.values import FromFile
from sal_hw.storage.codec import frozen


def realize_stimuli(draft: Draft) -> Draft:
    """Lower all stimuli but constant drives, which are part of the neurons.

    Raises
    ------
    InputError
        E222 for events onto sampling neurons, whose noise is part of their model.
    """
    problems = [*_misfits(draft)]
    if problems:
        raise InputError(problems)
    stimuli = tuple(_lower(draft, item) for item in draft.spec.stimuli if not isinstance(item, ConstantDrive))
    return draft.recorded(PassRecord(name="realize_stimuli", counts={"stimuli": float(len(stimuli))}), stimuli=stimuli)


def _misfits(draft: Draft) -> list[Problem]:
    models = {population.name: population.neuron.model for population in draft.spec.populations}
    return [
        Problem(
            code="E222",
            field=f"stimuli[{index}].target",
            value=quote_value(item.target),
            allowed=f"a population of lif neurons; {item.target} has sampling neurons, which have noise of their own",
            hint="use kind: constant to shift their bias, or lif neurons",
        )
        for index, item in enumerate(draft.spec.stimuli)
        if not isinstance(item, ConstantDrive) and models[item.target] == "sampling"
    ]


def _lower(draft: Draft, stimulus: PoissonNoise | SpikeList) -> LoweredStimulus:
    size = next(item.size for item in draft.spec.populations if item.name == stimulus.target)
    names = ("stimulus", stimulus.name)
    weights = draw_values(stimulus.weight, (size,), seed=draft.seed, names=names, folder=draft.folder)
    match stimulus:
        case PoissonNoise():
            return LoweredPoisson(
                name=stimulus.name,
                population=stimulus.target,
                rate_hz=stimulus.rate_hz,
                weights=frozen(weights),
                seed=stimulus.seed,
            )
        case SpikeList():
            times, neurons = _rows(draft, stimulus)
            return LoweredSpikes(
                name=stimulus.name,
                population=stimulus.target,
                step=frozen(np.rint(times / draft.spec.timestep_ms).astype(np.int64)),
                neuron=frozen(neurons),
                weights=frozen(weights),
            )
        case _:
            assert_never(stimulus)


def _rows(draft: Draft, stimulus: SpikeList) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return times and neurons in order of time; spikes of the same time keep the order of the list."""
    source = stimulus.spikes
    if isinstance(source, FromFile):
        rows = read_values(source, draft.folder or Path.cwd(), (None, 2), field=f"stimuli.{stimulus.name}.spikes")
    else:
        rows = source.values
    order = np.argsort(rows[:, 0], kind="stable")
    return rows[order, 0], rows[order, 1].astype(np.int64)
