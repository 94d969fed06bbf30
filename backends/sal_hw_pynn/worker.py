"""The simulator's process: ``python -m sal_hw_pynn.worker FD`` does what a session asks for, one message at a time.

PyNN has one network per process and NEST one kernel, so that every session, and every observation, has its own process.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from numpy.typing import NDArray

from sal_hw.storage.codec import decode
from sal_hw_pynn.network import Network
from sal_hw_pynn.network_plan import NetworkPlan
from sal_hw_pynn.wire import Arrays, receive, send


def build(plan: NetworkPlan, arrays: Mapping[str, NDArray[Any]]) -> Network:
    """Build a network as planned."""
    network = Network(plan.simulator, plan.timestep_ms)
    for item in plan.populations:
        network.add_population(item.name, item.lif, arrays[f"drive.{item.name}"])
    for target in plan.sources:
        network.add_source(target, arrays[f"source_neuron.{target}"], arrays[f"source_weight.{target}"])
    for part in plan.synapses:
        edges = (arrays[f"pre.{part.name}"], arrays[f"post.{part.name}"], arrays[f"weight.{part.name}"])
        network.add_synapses(part.name, (part.source, part.target), part.receptor, edges, part.stdp)
    return network


def answer(
    network: Network, document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> tuple[dict[str, Any], Arrays]:
    """Do what a message asks for."""
    if document["do"] == "advance":
        inputs = {name: (arrays[f"step.{name}"], arrays[f"source.{name}"]) for name in document["inputs"]}
        found = network.advance(document["steps"], inputs)
        reply: Arrays = {}
        for name, (step, neuron) in found.items():
            reply |= {f"step.{name}": step, f"neuron.{name}": neuron}
        return {"ok": True}, reply
    if document["do"] == "read":
        return {"ok": True}, {"weights": network.weights(document["synapses"])}
    network.set_weights(document["synapses"], arrays["weights"])
    return {"ok": True}, {}


def serve(connection: Connection) -> None:
    """Answer messages until the session is gone."""
    network: Network | None = None
    while True:
        try:
            document, arrays = receive(connection)
        except EOFError:
            break
        try:
            if network is None:
                network = build(decode(NetworkPlan, document["network"], {}), arrays)
                send(connection, {"ok": True})
            else:
                send(connection, *answer(network, document, arrays))
        except Exception as error:
            traceback.print_exc()
            send(connection, {"ok": False, "error": f"{type(error).__name__}: {error}"})
    if network is not None:
        network.end()


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
