"""Follows the edges of a NIR graph from population to population, and collects what lies between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]

#: types of nodes that end a route, and of those that lie on one
POPULATION = "CubaLIF"
_WEIGHTED, _DELAY, _ENDS = ("Linear", "Affine"), "Delay", ("Input", "Output")
#: nodes that are passed in all on the ways between populations; without a limit, a few nodes make any number of ways
MAX_STEPS = 200_000

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
        For a node of another type, an edge to none, two weighted nodes in a row, delays that differ within a node, and
        more ways than can be meant.
    """
    for name, node in nodes.items():
        if kind_of(node) not in KNOWN:
            raise RouteError(name, f"nodes of the types {', '.join(KNOWN)}; this is {kind_of(node)}")
    following: dict[str, list[str]] = {name: [] for name in nodes}
    for source, target in edges:
        for end in (source, target):
            if end not in following:
                raise RouteError(end, "edges between nodes of the graph; there is no node of this name")
        following[source].append(target)
    starts = [name for name, node in nodes.items() if kind_of(node) in (POPULATION, "Input")]
    return _follow(nodes, following, [Route(source=name, target=name) for name in starts])


def _follow(nodes: Mapping[str, Any], following: Mapping[str, list[str]], starts: list[Route]) -> list[Route]:
    found: list[Route] = []
    # the next one to follow is the last; what it leads to goes on top, in order
    waiting = [(route, 0) for route in reversed(starts)]
    steps = 0
    while waiting:
        route, length = waiting.pop()
        if length > len(nodes):
            raise RouteError(route.target, "a population somewhere on every cycle")
        if length and kind_of(nodes[route.target]) in (POPULATION, *_ENDS):
            found.append(route)
            continue
        steps += len(following[route.target])
        if steps > MAX_STEPS:
            raise RouteError(route.target, f"at most {MAX_STEPS} steps on all ways from population to population")
        waiting += [(_step(nodes[name], name, route), length + 1) for name in reversed(following[route.target])]
    return found


def _step(node: Any, name: str, route: Route) -> Route:
    """Return a route with one more node."""
    step, kind = replace(route, target=name), kind_of(node)
    if kind in (POPULATION, *_ENDS):
        return step
    if kind == _DELAY:
        return replace(step, delay=route.delay + _uniform_delay(name, node))
    if route.weight is not None:
        raise RouteError(name, "one Linear or Affine node between two populations; this is a second one in a row")
    bias = real_numbers(name, node, "bias") if kind == "Affine" else None
    return replace(step, synapses=name, weight=real_numbers(name, node, "weight"), bias=bias)


def real_numbers(name: str, node: Any, field: str) -> Doubles:
    """Return the numbers in a field of a node.

    Raises
    ------
    RouteError
        If they are complex, texts, or something else.
    """
    values = np.asarray(getattr(node, field))
    if values.dtype.kind not in "biuf":
        raise RouteError(name, f"real numbers in {field}; these are of type {values.dtype}")
    return values.astype(np.float64)


def _uniform_delay(name: str, node: Any) -> float:
    delays = np.unique(real_numbers(name, node, "delay"))
    if len(delays) != 1:
        found = f"they are {delays.min():g} .. {delays.max():g}" if delays.size else "there is none"
        raise RouteError(name, f"one delay for all; {found}")
    return float(delays[0])
