"""Spike-based alignment learning (SAL) on neuromorphic hardware.

>>> import sal_hw
>>> recipe = sal_hw.load_recipe("recipes/two_neuron.yaml")  # doctest: +SKIP
>>> run = sal_hw.run(recipe, seed=7)  # doctest: +SKIP
>>> run.metrics["weight_forward_final"]  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sal_hw._version import __version__

if TYPE_CHECKING:
    from sal_hw.workflow.api import Recipe, Run, compile_recipe, load_recipe, load_run, run

__all__ = ["Recipe", "Run", "__version__", "compile_recipe", "load_recipe", "load_run", "run"]


def __getattr__(name: str) -> object:
    """Import the interface on first use, so that ``import sal_hw`` and ``sal-hw --help`` stay instant."""
    if name in __all__:
        return getattr(import_module("sal_hw.workflow.api"), name)
    raise AttributeError(f"module 'sal_hw' has no attribute {name!r}")
