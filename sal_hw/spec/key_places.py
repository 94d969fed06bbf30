"""Which part of a recipe a key belongs to, for a key that stands in the wrong one."""

from __future__ import annotations

from functools import lru_cache

from sal_hw.spec.network import Population, Projection
from sal_hw.spec.neurons import LifNeuron, SamplingNeuron
from sal_hw.spec.plasticity import AmplitudeSpread, SalRule, WakeSleepRule
from sal_hw.spec.protocols import AlignProtocol, SampleProtocol, TrainDistributionProtocol, Validation
from sal_hw.spec.schema import keys_of
from sal_hw.spec.stimulus import ConstantDrive, PoissonNoise, SpikeList

#: keys of the top level of a recipe, in the usual order
TOP_LEVEL = (
    "recipe",
    "name",
    "description",
    "seed",
    "timestep",
    "discretization",
    "parameters",
    "populations",
    "projections",
    "plasticity",
    "stimuli",
    "probes",
    "experiment",
    "presets",
)

_PLACES: tuple[tuple[type, str], ...] = (
    (AlignProtocol, "experiment (kind: align)"),
    (TrainDistributionProtocol, "experiment (kind: train_distribution)"),
    (SampleProtocol, "experiment (kind: sample)"),
    (Validation, "experiment.validation"),
    (Population, "a population"),
    (SamplingNeuron, "the neuron of a population (model: sampling)"),
    (LifNeuron, "the neuron of a population (model: lif)"),
    (Projection, "a projection"),
    (SalRule, "plasticity (kind: sal)"),
    (WakeSleepRule, "plasticity (kind: wake_sleep)"),
    (AmplitudeSpread, "amplitude_spread of a plasticity rule"),
    (ConstantDrive, "stimuli (kind: constant)"),
    (PoissonNoise, "stimuli (kind: poisson)"),
    (SpikeList, "stimuli (kind: spikes)"),
)


@lru_cache(maxsize=1)
def _index() -> dict[str, list[str]]:
    places: dict[str, list[str]] = {}
    for cls, place in _PLACES:
        for key in keys_of(cls, recipe=True):
            places.setdefault(key, []).append(place)
    for key in TOP_LEVEL:
        places.setdefault(key, []).insert(0, "the top level of the recipe")
    return places


def places_of(key: str) -> str | None:
    """Return in words where a key is legal, or None if nowhere or in too many places to help."""
    places = _index().get(key, [])
    return " or ".join(places) if 1 <= len(places) <= 3 else None
