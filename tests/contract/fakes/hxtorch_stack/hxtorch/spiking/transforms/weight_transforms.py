"""Weights (hxtorch, src/pyhxtorch/hxtorch/spiking/transforms/weight_transforms.py)."""

from __future__ import annotations

import numpy as np


def linear_saturating(
    weight: np.ndarray, scale: float = 1.0, min_weight: float = -63.0, max_weight: float = 63.0
) -> np.ndarray:
    """Return whole weights that the chip can have."""
    return np.round(np.clip(scale * weight, min_weight, max_weight))
