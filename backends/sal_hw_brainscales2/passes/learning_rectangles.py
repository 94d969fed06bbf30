"""Projections that learn on the chip have to be full rectangles of rows and columns."""

from __future__ import annotations

from collections.abc import Iterator

from sal_hw.errors import Problem
from sal_hw.passes.draft import Draft


def not_rectangular(draft: Draft) -> Iterator[Problem]:
    """Find learning projections that lack synapses."""
    learning = draft.learned
    for index, block in enumerate(draft.synapses):
        missing = int(block.exists.size - block.exists.sum())
        if block.projection not in learning or not missing:
            continue
        projection = draft.spec.projections[index]
        recurrent = projection.source == projection.target and projection.connectivity == "dense"
        yield Problem(
            code="E312",
            field=f"projections[{index}].{'self_connections' if recurrent else 'connectivity'}",
            value=f"{missing} of {block.exists.size} synapses are missing",
            allowed=f"{block.projection} learns, which takes a synapse from every source to every target: on "
            f"{draft.target.family} a plasticity rule sees a full rectangle of rows and columns (grenade, "
            "synapse_array_view_sparse.cpp)",
            hint="write self_connections: true" if recurrent else "write connectivity: dense",
        )
