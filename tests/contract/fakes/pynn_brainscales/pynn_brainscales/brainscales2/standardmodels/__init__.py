"""Cells and synapses."""

from pynn_brainscales.brainscales2.standardmodels import cells, synapses

__all__ = ["cells", "synapses"]
