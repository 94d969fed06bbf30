"""From a NIR file to a network: with a time unit that is stated, and with every decision reported.

See :mod:`sal_hw.nir_exchange.export` for the equations. A weight W becomes ``W r w_in / tau_syn``, in mV.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem, quote_path, quote_value
from sal_hw.nir_exchange.export import METADATA_KEY, SYNAPSES
from sal_hw.nir_exchange.expressible import NirNetwork, NirPopulation, NirProjection
from sal_hw.nir_exchange.library import read_graph
from sal_hw.nir_exchange.routes import POPULATION, Route, RouteError, find_routes, kind_of, real_numbers
from sal_hw.spec.fields import NAME_PATTERN

Doubles = NDArray[np.float64]

#: ms in a time unit, and mV in a unit of potential
TIME_UNITS = {"s": 1e3, "ms": 1.0, "us": 1e-3}
VOLTAGE_UNITS = {"V": 1e3, "mV": 1.0}

#: weights that edges without a matrix may stand for
MAX_DIRECT = 2**24


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Imported:
    """What a NIR file says.

    Attributes
    ----------
    network
        The network.
    pairs
        Reciprocal projections, (forward, backward), that could align; the same name twice for a recurrent one.
    notes
        What was left out or decided, in words.
    """

    network: NirNetwork
    pairs: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def import_network(path: Path, *, time_unit: str, voltage_unit: str = "mV") -> Imported:
    """Read a NIR file.

    Parameters
    ----------
    time_unit, voltage_unit
        Units of the numbers in the file, which does not say them.

    Raises
    ------
    InputError
        E411 if it cannot be read, E412 for what this project's networks cannot have, E413 for a unit that is unknown
        or contradicts what the file says of itself.
    DeviceError
        E820 if the package nir is missing.
    """
    _check_unit("time-unit", time_unit, TIME_UNITS)
    _check_unit("voltage-unit", voltage_unit, VOLTAGE_UNITS)
    graph = read_graph(path)
    said = _own_metadata(graph)
    _check_contradiction("time-unit", time_unit, said.get("time_unit"))
    _check_contradiction("voltage-unit", voltage_unit, said.get("voltage_unit"))
    try:
        return _Reader(graph, TIME_UNITS[time_unit], VOLTAGE_UNITS[voltage_unit], said).read()
    except RouteError as error:
        problem = Problem(
            code="E412", field=f"node {_shown(error.node)}", value=quote_path(path), allowed=error.allowed
        )
        raise InputError(problem) from error


def _check_unit(field: str, unit: str, known: dict[str, float]) -> None:
    if unit not in known:
        allowed = f"one of {', '.join(known)}"
        raise InputError(Problem(code="E413", field=field, value=quote_value(unit), allowed=allowed))


def _check_contradiction(field: str, unit: str, said: object) -> None:
    if said is not None and said != unit:
        allowed = f"{quote_value(said)}, which the file itself says"
        hint = f"write --{field} {said}" if isinstance(said, str) and said.isalpha() else None
        raise InputError(Problem(code="E413", field=field, value=quote_value(unit), allowed=allowed, hint=hint))


def _own_metadata(graph: Any) -> dict[str, Any]:
    """Return what a file that this project wrote says of itself."""
    text = graph.metadata.get(METADATA_KEY) if isinstance(graph.metadata, dict) else None
    try:
        found = json.loads(text) if isinstance(text, (str, bytes)) else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class _Reader:
    """Turns a graph into a network."""

    def __init__(self, graph: Any, ms: float, mv: float, said: dict[str, Any]) -> None:
        self._nodes: dict[str, Any] = dict(graph.nodes)
        self._edges = [(str(source), str(target)) for source, target in graph.edges]
        self._ms, self._mv, self._said = ms, mv, said
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()
        self._projections: set[str] = set()
        self._notes: list[str] = []

    def read(self) -> Imported:
        routes = find_routes(self._nodes, self._edges)
        populations = [name for name, node in self._nodes.items() if kind_of(node) == POPULATION]
        if not populations:
            raise RouteError("(none)", f"at least one node of type {POPULATION}")
        for name in populations:
            self._rename(name)
        known = set(populations)
        inner = [route for route in routes if {route.source, route.target} <= known]
        for route in routes:
            if not {route.source, route.target} <= known:
                what = f"{_shown(route.source)} to {_shown(route.target)}"
                self._notes.append(f"{what}: left out, since inputs and outputs are stimuli and probes here")
        self._check_direct(inner)
        projections = tuple(self._projection(route) for route in inner)
        onto: dict[str, list[Route]] = {name: [] for name in populations}
        for route in inner:
            onto[route.target].append(route)
        drives = {name: self._drive(name, onto[name]) for name in populations}
        network = NirNetwork(
            populations=tuple(self._population(name, drives[name]) for name in populations), projections=projections
        )
        return Imported(network=network, pairs=self._pairs(projections), notes=tuple(self._notes))

    def _check_direct(self, routes: Iterable[Route]) -> None:
        """Refuse populations that are connected one to one and too large for the matrix that this is here."""
        numbers = 0
        for route in routes:
            numbers += self._size(route.source) * self._size(route.target) if route.weight is None else 0
            if numbers > MAX_DIRECT:
                raise RouteError(route.target, f"direct edges that need at most {MAX_DIRECT} weights in all")

    def _rename(self, name: str, wanted: str | None = None) -> str:
        """Return a legal name that nothing else of its kind has."""
        plain = re.sub(r"[^A-Za-z0-9_-]", "_", wanted or name)
        plain = plain if re.match(r"[A-Za-z]", plain) else f"n_{plain}"
        number, found = 1, plain[:56]
        while found in self._taken:
            number += 1
            found = f"{plain[:56]}_{number}"
        if found != (wanted or name):
            self._notes.append(f"{_shown(wanted or name)}: called {found}, since names match {NAME_PATTERN}")
        self._names[name] = found
        self._taken.add(found)
        return found

    def _numbers(self, node: str, field: str, scale: float = 1.0) -> Doubles:
        values = np.atleast_1d(real_numbers(node, self._nodes[node], field)) * scale
        size = values.size if field == "v_leak" else self._size(node)
        if values.ndim != 1 or not values.size or values.size not in (1, size) or not np.isfinite(values).all():
            raise RouteError(node, f"finite numbers, one per neuron, in {field}")
        return np.broadcast_to(values, size) + 0.0

    def _size(self, node: str) -> int:
        return int(np.asarray(self._nodes[node].v_leak).size)

    def _one(self, node: str, field: str, scale: float) -> float:
        values = np.unique(self._numbers(node, field, scale))
        if len(values) != 1:
            raise RouteError(node, f"equal {field} of all neurons; they are {values.min():g} .. {values.max():g}")
        return float(values[0])

    def _population(self, name: str, drive_mv: Doubles) -> NirPopulation:
        leak = self._numbers(name, "v_leak", self._mv) + drive_mv
        return NirPopulation(
            name=self._names[name],
            size=len(leak),
            tau_mem_ms=self._one(name, "tau_mem", self._ms),
            tau_syn_ms=self._one(name, "tau_syn", self._ms),
            v_leak_mv=leak + 0.0,
            v_reset_mv=self._one(name, "v_reset", self._mv),
            v_threshold_mv=self._one(name, "v_threshold", self._mv),
        )

    def _drive(self, name: str, routes: Iterable[Route]) -> Doubles:
        """Return what constant inputs of Affine nodes drive a population with, mV."""
        size = len(self._numbers(name, "v_leak"))
        biases = [route for route in routes if route.bias is not None]
        drive = np.zeros(size)
        for route in {route.synapses: route for route in biases}.values():
            if route.bias is None or route.bias.shape != (size,) or not np.isfinite(route.bias).all():
                raise RouteError(str(route.synapses), f"{size} finite biases, one per neuron of {name}")
            drive += route.bias * self._numbers(name, "r", self._mv) * self._numbers(name, "w_in")
        return drive

    def _projection(self, route: Route) -> NirProjection:
        pre, post = (len(self._numbers(name, "v_leak")) for name in (route.source, route.target))
        node = route.synapses or route.target
        weight = np.eye(post, pre) if route.weight is None else route.weight
        if weight.shape != (post, pre) or not np.isfinite(weight).all() or (route.weight is None and pre != post):
            raise RouteError(node, f"a matrix of {post} x {pre} finite numbers from {route.source} to {route.target}")
        # equal numbers have the quotient 1 exactly, so that weights in mV stay as they are
        tau_syn = self._numbers(route.target, "tau_syn")
        if (tau_syn <= 0.0).any():
            raise RouteError(route.target, "time constants above 0 in tau_syn")
        strength = self._numbers(route.target, "w_in") / tau_syn * self._numbers(route.target, "r", self._mv)
        wanted = None if route.synapses is None else route.synapses.removesuffix(SYNAPSES)
        return NirProjection(
            name=self._projection_name(route, wanted),
            source=self._names[route.source],
            target=self._names[route.target],
            weights_mv=(weight * strength[:, None]).T + 0.0,
            delay_ms=route.delay * self._ms,
        )

    def _projection_name(self, route: Route, wanted: str | None) -> str:
        plain = wanted or f"{route.source}_to_{route.target}"
        if not re.fullmatch(NAME_PATTERN, plain) or plain in self._projections:
            plain = self._rename(f"\0{plain}\0{len(self._projections)}", plain)
        # a projection may have the name of a population, but not that of another one
        self._taken.add(plain)
        self._projections.add(plain)
        return plain

    def _pairs(self, projections: tuple[NirProjection, ...]) -> tuple[tuple[str, str], ...]:
        """Return the cycles of two projections, and of one, each projection at most once."""
        stated = self._said.get("aligned")
        known = stated.values() if isinstance(stated, dict) else ()
        backward = {pair[1] for pair in known if isinstance(pair, list) and len(pair) == 2}
        between: dict[tuple[str, str], list[NirProjection]] = {}
        for item in projections:
            between.setdefault((item.source, item.target), []).append(item)
        found: list[tuple[str, str]] = []
        used: set[str] = set()
        for one in projections:
            closing = between.get((one.target, one.source), ())
            # a recurrent projection closes its own cycle, and no other one
            other = next(
                (each for each in closing if each is one or (one.source != one.target and each.name not in used)), None
            )
            if other is None or {one.name, other.name} & used:
                continue
            turned = one.name in backward and other.name not in backward
            found.append((other.name, one.name) if turned else (one.name, other.name))
            used |= {one.name, other.name}
        return tuple(found)


def _shown(name: str) -> str:
    """Return a name of a file as one printable line."""
    return quote_value(name)[1:-1]
