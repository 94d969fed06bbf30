"""Stand-in of ``torch`` (pytorch, torch/_tensor.py, torch.from_numpy): arrays that take and give numbers."""

from __future__ import annotations

import numpy as np


class Tensor:
    """Numbers."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape."""
        return self.values.shape

    def copy_(self, other: Tensor) -> Tensor:
        """Take the numbers of another tensor, of the same shape: torch would repeat smaller ones."""
        if not isinstance(other, Tensor):
            raise TypeError("copy_(): argument 'other' (position 1) must be Tensor")
        if other.shape != self.shape:
            raise RuntimeError(f"output with shape {self.shape} doesn't match the shape {other.shape}")
        self.values[...] = other.values
        return self


def from_numpy(array: np.ndarray) -> Tensor:
    """Return a tensor of an array."""
    if not isinstance(array, np.ndarray) or any(stride < 0 for stride in array.strides):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    return Tensor(array)
