"""Follows the edges of a NIR graph from population to population, and collects what lies between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

#: types of nodes that end a route, and of those that lie on one
POPULATION = "CubaLIF"
_WEIGHTED, _DELAY, _ENDS = ("Linear", "Affine"), "Delay", ("Input", "Output")
KNOWN = (POPULATION, *_WEIGHTED, _DELAY, *_ENDS)


class RouteError(ValueError):
    """A node that cannot be taken over.

    Attributes
    ----------
    node, allowed
        Its name, and what is allowed there.
    """

    def __init__(self, node: str, allowed: str) -> None:
        super().__init__(allowed)
        self.node = node
        self.allowed = allowed


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Route:
    """A way from one node to another.

    Attributes
    ----------
    source, target
        Names of populations, or of Input and Output nodes.
    synapses
        Name of the weighted node on the way; None for a direct edge.
    weight
        Shape (post, pre), as in the file; None for a direct edge, which connects one to one.
    bias
        Shape (post,), a constant input; None without.
    delay
        In the file's time unit.
    """

    source: str
    target: str
    synapses: str | None = None
    weight: Doubles | None = None
    bias: Doubles | None = None
    delay: float = 0.0


def kind_of(node: Any) -> str:
    """Return the name of a node's type."""
    return type(node).__name__


def find_routes(nodes: Mapping[str, Any], edges: Sequence[tuple[str, str]]) -> list[Route]:
    """Return all routes between populations, inputs and outputs, in the order of the nodes and edges.

    Raises
    ------
    RouteError
        For a node of another type, for two weighted nodes in a row, and for delays that differ within a node.
    """
    for name, node in nodes.items():
        if kind_of(node) not in KNOWN:
            raise RouteError(name, f"nodes of the types {', '.join(KNOWN)}; this is {kind_of(node)}")
    following: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        following[source].append(target)
    starts = [name for name, node in nodes.items() if kind_of(node) in (POPULATION, "Input")]
    return [route for name in starts for route in _follow(nodes, following, Route(source=name, target=name), 0)]


def _follow(nodes: Mapping[str, Any], following: Mapping[str, list[str]], route: Route, length: int) -> Iterator[Route]:
    if length > len(nodes):
        raise RouteError(route.target, "a population somewhere on every cycle")
    for name in following[route.target]:
        node, step = nodes[name], replace(route, target=name)
        kind = kind_of(node)
        if kind in (POPULATION, *_ENDS):
            yield step
            continue
        if kind == _DELAY:
            step = replace(step, delay=route.delay + _uniform_delay(name, node))
        elif route.weight is not None:
            raise RouteError(name, "one Linear or Affine node between two populations; this is a second one in a row")
        else:
            bias = np.asarray(node.bias, dtype=np.float64) if kind == "Affine" else None
            weight = np.asarray(node.weight, dtype=np.float64)
            step = replace(step, synapses=name, weight=weight, bias=bias)
        yield from _follow(nodes, following, step, length + 1)


def _uniform_delay(name: str, node: Any) -> float:
    delays = np.unique(np.asarray(node.delay, dtype=np.float64))
    if len(delays) != 1:
        raise RouteError(name, f"one delay for all; they are {delays.min():g} .. {delays.max():g}")
    return float(delays[0])
