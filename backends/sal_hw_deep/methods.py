"""Ways of weight transport as data: through which matrix each kind of layer hands errors to the layer below."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

#: how a layer takes errors downwards: through its own weights; through fixed random ones; through fixed magnitudes with
#: the signs of its weights; through weights that get the same updates; through weights that spiking neurons align
Mode: TypeAlias = Literal["weights", "fixed", "signs", "same_updates", "aligned"]

Rule: TypeAlias = Literal[
    "backpropagation", "fixed_convolutions", "feedback_alignment", "sign_concordant", "kolen_pollack", "sal"
]


class Transport(NamedTuple):
    """One rule.

    Attributes
    ----------
    short
        What its results are called if a recipe gives no name.
    convolutional, fully_connected
        The mode of each layer of a kind.
    """

    short: str
    convolutional: Mode
    fully_connected: Mode


#: sources: Lillicrap et al. 2016; Liao et al. 2016; Akrout et al. 2019; arXiv 2503.02642, figure 8
TRANSPORTS: dict[Rule, Transport] = {
    "backpropagation": Transport("bp", "weights", "weights"),
    "fixed_convolutions": Transport("bp_w_fa", "fixed", "weights"),
    "feedback_alignment": Transport("fa", "fixed", "fixed"),
    "sign_concordant": Transport("scfa", "fixed", "signs"),
    "kolen_pollack": Transport("kp", "fixed", "same_updates"),
    "sal": Transport("sal", "fixed", "aligned"),
}
