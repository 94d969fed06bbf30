"""Turns value sources into arrays, each generator with a seed of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sal_hw.spec.arrays import derive_seed, realize_values
from sal_hw.spec.values import ValueSource


def draw_values(
    source: ValueSource, shape: tuple[int, ...], *, seed: int, names: tuple[str, ...], folder: Path | None
) -> NDArray[np.float64]:
    """Return the numbers of a value source.

    Parameters
    ----------
    source
        Where the numbers come from.
    shape
        The wanted shape.
    seed, names
        Run seed and name of what is filled, for generators without a seed of their own.
    folder
        Folder that files are looked up in; None is the working folder.
    """
    rng_seed = derive_seed(seed, *names)
    return realize_values(source, shape, rng_seed=rng_seed, folder=folder or Path.cwd(), field=".".join(names))
