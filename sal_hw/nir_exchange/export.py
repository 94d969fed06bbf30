"""From a recipe to a NIR file, a sidecar with what NIR cannot express, and a list of it.

Equations: NIR's CubaLIF has ``tau_syn dI/dt = -I + w_in S`` and ``tau_mem dv/dt = v_leak - v + r I``, so that an input
spike raises I by ``w_in / tau_syn`` times its weight. With ``r = 1`` and ``w_in = tau_syn``, weights are those of
:class:`sal_hw.spec.neurons.LifNeuron`, in mV. Times are in ms and potentials in mV, which the file's metadata say.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sal_hw.nir_exchange.expressible import NirNetwork, NirPopulation, realize
from sal_hw.nir_exchange.library import load_nir, write_graph
from sal_hw.nir_exchange.losses import Loss, find_losses
from sal_hw.spec.plasticity import SalRule
from sal_hw.storage.files import beside, json_bytes, write_atomic
from sal_hw.storage.reading import BROKEN, read_json
from sal_hw.storage.single_files import NewFile, has_digest, is_json_of, refuse_existing
from sal_hw.workflow.checked_recipe import Recipe

#: the one key of the graph's metadata that is ours, and the version of what stands there and in the sidecar
METADATA_KEY, SIDECAR_SCHEMA = "sal_hw", 1
SIDECAR_KIND = "nir-sidecar"

#: suffix of the node of a projection that has the name of a population
SYNAPSES = ".synapses"


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """What was written.

    Attributes
    ----------
    file, sidecar
        The two files.
    digest
        Of the expressible part, see :attr:`sal_hw.nir_exchange.expressible.NirNetwork.digest`.
    losses
        Every field that only the sidecar holds.
    """

    file: Path
    sidecar: Path
    digest: str
    losses: tuple[Loss, ...]


def export_recipe(recipe: Recipe, path: Path, *, force: bool = False) -> Export:
    """Write a recipe's network as a NIR file, with a sidecar beside it.

    Parameters
    ----------
    path
        The NIR file; the sidecar has the same name with ``.json`` behind it.
    force
        Replace files that exist.

    Raises
    ------
    InputError
        E302 for neurons that NIR cannot express; E501 if a file exists, E502 if it cannot be written.
    DeviceError
        E820 if the package nir is missing.
    """
    load_nir()
    sidecar = beside(path, ".json")
    refuse_existing(*_files(path, sidecar), force=force)
    realized = realize(recipe)
    losses = find_losses(recipe.file.document, realized.incomplete)
    nodes, edges = _graph(realized.network)
    about = json.dumps(_metadata(recipe), sort_keys=True)
    written = write_graph(path, nodes, edges, {METADATA_KEY: about})
    document = {
        "kind": SIDECAR_KIND,
        "schema_version": SIDECAR_SCHEMA,
        **_metadata(recipe),
        "digest": realized.network.digest,
        "file_sha256": written,
        "losses": [asdict(loss) for loss in losses],
        "recipe": recipe.file.document,
    }
    write_atomic(sidecar, json_bytes(document))
    return Export(file=path, sidecar=sidecar, digest=realized.network.digest, losses=losses)


def _files(path: Path, sidecar: Path) -> tuple[NewFile, NewFile]:
    """Return the two files that are to be written: a NIR file that is there is ours if its sidecar says so."""

    def is_exported(file: Path) -> bool:
        try:
            return is_json_of(sidecar, SIDECAR_KIND) and has_digest(file, read_json(sidecar).get("file_sha256"))
        except BROKEN:
            return False

    return (
        NewFile(path=path, kind="a NIR file", is_ours=is_exported),
        NewFile(path=sidecar, kind="a sidecar", is_ours=lambda file: is_json_of(file, SIDECAR_KIND)),
    )


def _metadata(recipe: Recipe) -> dict[str, Any]:
    rules = () if recipe.network is None else recipe.network.plasticity
    pairs = {rule.name: [rule.forward, rule.backward] for rule in rules if isinstance(rule, SalRule)}
    return {"time_unit": "ms", "voltage_unit": "mV", "aligned": pairs}


def _graph(network: NirNetwork) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    nir = load_nir()
    nodes = {item.name: _neurons(item) for item in network.populations}
    edges: list[tuple[str, str]] = []
    for item in network.projections:
        name = f"{item.name}{SYNAPSES}" if item.name in nodes else item.name
        nodes[name] = nir.Linear(weight=item.weights_mv.T.copy())
        before = item.source
        if item.delay_ms > 0.0:
            before = f"{name}.delay"
            nodes[before] = nir.Delay(delay=np.full(network.population(item.source).size, item.delay_ms))
            edges.append((item.source, before))
        edges += [(before, name), (name, item.target)]
    return nodes, edges


def _neurons(item: NirPopulation) -> Any:
    def full(value: float) -> Any:
        return np.full(item.size, value)

    return load_nir().CubaLIF(
        tau_syn=full(item.tau_syn_ms),
        tau_mem=full(item.tau_mem_ms),
        r=full(1.0),
        v_leak=item.v_leak_mv.copy(),
        v_threshold=full(item.v_threshold_mv),
        v_reset=full(item.v_reset_mv),
        w_in=full(item.tau_syn_ms),
    )
