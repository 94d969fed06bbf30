"""What each projection and stimulus of a placed network asks of a chip's routing, by sign and hemisphere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.passes.draft import Draft
from sal_hw.program import LoweredPoisson, LoweredSpikes, LoweredStimulus, SynapseBlock
from sal_hw.spec.signs import Polarity, sign_of
from sal_hw_brainscales2.passes.placement import Placement
from sal_hw_brainscales2.passes.routing.demands import SourceKind
from sal_hw_brainscales2.passes.routing.route import Demand, background_size

_POLARITIES: tuple[Polarity, ...] = ("excitatory", "inhibitory")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Part:
    """A demand and the target neurons that its columns are."""

    demand: Demand
    post: NDArray[np.int64]


def network_parts(draft: Draft, placement: Placement) -> list[Part]:
    """Return what the projections and stimuli of a placed network ask of the chip's routing, in this order."""
    return [*_projection_parts(draft, placement), *_stimulus_parts(draft, placement)]


def _signs(draft: Draft, block: SynapseBlock, index: int) -> Iterator[tuple[Polarity, NDArray[np.bool_]]]:
    """Yield each sign with the synapses that need a row of it: a learning synapse that may change sign needs both."""
    receptor = draft.spec.projections[index].receptor
    learns = block.projection in draft.learned
    for polarity in _POLARITIES:
        if sign_of(receptor) == -sign_of(polarity):
            continue
        fitting = sign_of(polarity) * block.weights > 0
        exists = block.exists if learns or sign_of(receptor) else block.exists & fitting
        if exists.any():
            yield polarity, exists


def _projection_parts(draft: Draft, placement: Placement) -> Iterator[Part]:
    for index, block in enumerate(draft.synapses):
        for polarity, exists in _signs(draft, block, index):
            for hemisphere in range(int(draft.target.limits["hemispheres"].high or 0)):
                post, columns = placement.on_hemisphere(block.target, hemisphere)
                if len(post) and exists[:, post].any():
                    demand = Demand(
                        owner=block.projection,
                        field=f"projections[{index}]",
                        target=block.target,
                        kind="neuron",
                        polarity=polarity,
                        hemisphere=hemisphere,
                        sources=placement.sites[block.source],
                        columns=columns,
                        exists=exists[:, post],
                    )
                    yield Part(demand=demand, post=post)


def _stimulus_parts(draft: Draft, placement: Placement) -> Iterator[Part]:
    for index, stimulus in enumerate(draft.stimuli):
        for hemisphere in range(int(draft.target.limits["hemispheres"].high or 0)):
            post, columns = placement.on_hemisphere(stimulus.population, hemisphere)
            for polarity in _POLARITIES:
                weights = stimulus.weights[post]
                fitting = sign_of(polarity) * weights > 0
                if fitting.any():
                    onto = _Onto(polarity=polarity, hemisphere=hemisphere, post=post, columns=columns, fitting=fitting)
                    yield _stimulus_part(draft, index, stimulus, onto)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Onto:
    """Neurons of a population on one hemisphere, their columns, and which of them get synapses of one sign."""

    polarity: Polarity
    hemisphere: int
    post: NDArray[np.int64]
    columns: NDArray[np.int64]
    fitting: NDArray[np.bool_]


def _stimulus_part(draft: Draft, index: int, stimulus: LoweredStimulus, onto: _Onto) -> Part:
    post = onto.post
    field = f"stimuli[{index}]" if index < len(draft.spec.stimuli) else f"populations.{stimulus.population}"
    match stimulus:
        case LoweredPoisson():
            kind: SourceKind = "background"
            sources = np.arange(len(post))
            size = background_size(len(post), draft.target, field=field)
            rate_hz = stimulus.rate_hz * draft.target.time_scale
        case LoweredSpikes():
            kind = "external"
            sources, size, rate_hz = post, 0, 0.0
        case _:
            assert_never(stimulus)
    demand = Demand(
        owner=stimulus.name,
        field=field,
        target=stimulus.population,
        kind=kind,
        polarity=onto.polarity,
        hemisphere=onto.hemisphere,
        sources=sources,
        columns=onto.columns,
        exists=np.diag(onto.fitting),
        size=size,
        rate_hz=rate_hz,
    )
    return Part(demand=demand, post=post)
