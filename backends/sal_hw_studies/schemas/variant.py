"""Whether a study repeats what was published to the letter, or does what the paper says."""

from __future__ import annotations

from typing import Literal, TypeAlias

from typing_extensions import assert_never

Variant: TypeAlias = Literal["corrected", "published"]


def repeats_published(variant: Variant) -> bool:
    """Return whether the run repeats what the code of arXiv 2503.02642 does where that differs from the paper."""
    match variant:
        case "published":
            return True
        case "corrected":
            return False
        case _:
            assert_never(variant)
