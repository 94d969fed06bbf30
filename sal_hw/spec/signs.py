"""The signs of weights: which ones a receptor lets through, and what they mean to synapses that store magnitudes."""

from __future__ import annotations

from typing import Literal, TypeAlias

from typing_extensions import assert_never

Polarity: TypeAlias = Literal["excitatory", "inhibitory"]
Receptor: TypeAlias = Literal["excitatory", "inhibitory", "signed"]


def sign_of(receptor: Receptor) -> Literal[1, 0, -1]:
    """Return the sign of a receptor's weights: 1, -1, or 0 where each weight has its own."""
    match receptor:
        case "excitatory":
            return 1
        case "inhibitory":
            return -1
        case "signed":
            return 0
        case _:
            assert_never(receptor)
