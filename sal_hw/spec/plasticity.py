"""Learning rules, as the user states them.

Spike-based alignment learning changes the weight B of a feedback synapse by
``dB = eta (sum over post-before-pre pairs K(|dt|) - sum over pre-before-post pairs K(dt))``: Hebbian for
anti-causal pairs, anti-Hebbian for causal ones (arXiv 2503.02642).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from annotated_types import Ge, Gt, Le
from pydantic import Tag
from typing_extensions import assert_never

from sal_hw.spec.fields import (
    Bound,
    DurationMs,
    Flag,
    LearningRate,
    Name,
    Number,
    Seed,
    Spread,
    TimeConstantMs,
    Whole,
)
from sal_hw.spec.windows import Pairing, WindowShape
from sal_hw.storage.document import choose_by, document

RatePer: TypeAlias = Literal["update", "pair"]


@document
class AmplitudeSpread:
    """Plasticity noise: each synapse's amplitude is ``1 + xi``, fixed for the run.

    Attributes
    ----------
    std
        Standard deviation of the normal distribution that `xi` is drawn from.
    truncate
        `xi` is redrawn until it lies within this many standard deviations.
    seed
        Seed of the draws; None derives it from the run's seed and the rule's name.
    skip, skip_tables
        Standard normal draws, and then truncated tables of the same kind, that are discarded first: for
        drawing several things from one generator in order.
    layout
        ``single``: one table, rows over post. ``published``: a first table for synapses with pre > post + 1
        and a second one for all others, as the code that goes with arXiv 2503.02642 has it. The law is the
        same; it matters only for repeating a published run draw by draw.
    """

    std: Spread
    truncate: Annotated[Number, Gt(0.0), Le(10.0)] = 1.5
    seed: Seed | None = None
    skip: Annotated[Whole, Ge(0), Le(10**7)] = 0
    skip_tables: Annotated[Whole, Ge(0), Le(1000)] = 0
    layout: Literal["single", "published"] = "single"


@document
class SalRule:
    """Aligns the weights of the projection `backward` to those of the reciprocal projection `forward`.

    Attributes
    ----------
    forward, backward
        Names of two reciprocal projections; the same name twice for a recurrent projection within one
        population.
    learn
        ``backward``: only the backward weights learn; ``both``: each learns the other, and they meet at their
        mean.
    learning_rate, rate_per
        With ``update``, the weight change per update is the learning rate times the window-weighted number of
        pairs per refractory time; with ``pair``, each pair at zero lag counts the learning rate.
    update_every_ms
        Time between two weight updates.
    tau_causal_ms, tau_anticausal_ms
        Width of the window of pre-before-post and of post-before-pre pairs.
    window, pairing
        Shape of the window; whether a spike pairs with the partner's last spike only or with all earlier
        ones.
    polarity
        ``inverted`` flips the sign, as a control experiment: weights then run apart.
    baselines
        What sensors of synapses read without correlation, where there are any: ``measured`` before the first update
        by what runs the rule, ``calibrated`` as the calibration knows it.
    """

    name: Name
    forward: Name
    backward: Name
    learning_rate: LearningRate
    update_every_ms: DurationMs
    tau_causal_ms: TimeConstantMs
    tau_anticausal_ms: TimeConstantMs
    kind: Literal["sal"] = "sal"
    rate_per: RatePer = "update"
    learn: Literal["backward", "both"] = "backward"
    window: WindowShape = "exponential"
    pairing: Pairing = "nearest"
    polarity: Literal["aligning", "inverted"] = "aligning"
    baselines: Literal["measured", "calibrated"] = "measured"
    amplitude_spread: AmplitudeSpread | None = None
    enabled: Flag = True

    @property
    def learns_both(self) -> bool:
        """Whether the forward weights learn, too."""
        match self.learn:
            case "backward":
                return False
            case "both":
                return True
            case _:
                assert_never(self.learn)


@document
class WakeSleepRule:
    """Hebbian wake-sleep learning of a recurrent projection and of its population's biases.

    ``dW_ij = eta (<z_i z_j>_target - <z_i z_j>_sampled)`` and
    ``db_i = eta_b (<z_i>_target - <z_i>_sampled)``, where the sampled coactivation is measured by spike pairs
    in a window, as a synapse can.

    Attributes
    ----------
    projection
        A recurrent projection within one population of sampling neurons.
    learning_rate, bias_learning_rate
        Change per update and unit of moment difference.
    update_every_ms
        Time between two weight updates; also the length of the sleep phase.
    tau_ms, window, pairing
        Window of the pairs. With a triangular window as long as the refractory time the pair sum is the
        coactivation.
    bias_limit
        Biases are kept within plus or minus this.
    """

    name: Name
    projection: Name
    learning_rate: LearningRate
    bias_learning_rate: LearningRate
    update_every_ms: DurationMs
    tau_ms: TimeConstantMs
    kind: Literal["wake_sleep"] = "wake_sleep"
    window: WindowShape = "triangular"
    pairing: Pairing = "nearest"
    bias_limit: Annotated[Bound, Gt(0.0)] | None = None
    amplitude_spread: AmplitudeSpread | None = None
    enabled: Flag = True


Rule: TypeAlias = Annotated[
    Annotated[SalRule, Tag("=sal")] | Annotated[WakeSleepRule, Tag("=wake_sleep")],
    choose_by("kind"),
]
