"""Where connections lie, by the rule of grenade's greedy router (routing/greedy/routing_builder.cpp).

It takes the place of grenade's walks through mapped topologies: rows by group of drivers, for excitatory connections
first and for inhibitory ones then, and the k-th connection of a target in the k-th row. The drivers of the four buses
take turns among a hemisphere's rows (halco, synapse_driver.cpp). Groups get drivers in turn here; grenade searches for
labels that keep them apart.
"""

import sys
from collections import defaultdict

from stand_ins.coordinates import LogicalNeuronOnDLS

#: buses of a hemisphere, drivers of a bus, rows of a driver, and columns of a hemisphere
BUSES, DRIVERS, ROWS, COLUMNS = 4, 32, 2, 256
SIGNS = ("excitatory", "inhibitory")


def patch_reverse_mapping():
    """Replace what walks through mapped topologies; to be called when pynn_brainscales has been imported."""
    from pygrenade_vx.network.abstract import reverse_mapping
    from pynn_brainscales.brainscales2 import simulator

    halco = sys.modules["dlens_vx_v3.halco"]

    def neurons(descriptor, mapped):
        where, _ = sites(simulator.state)
        return [LogicalNeuronOnDLS(None, site) for site in where[descriptor]]

    def synapses(descriptor, mapped):
        return [[halco.SynapseOnDLS(*place)] for place in places(simulator.state)[descriptor]]

    reverse_mapping.get_locally_placed_neuron_coordinates = neurons
    reverse_mapping.get_uncalibrated_synapse_coordinates = synapses


def sites(state):
    """Return the circuits of each population of neurons and the bus of each generator, in the order they are given."""
    mapper, circuits, buses = state.grenade_experiment.mapper, {}, {}
    free, generators = list(mapper.neuron_permutation), list(mapper.background_source_permutation)
    for population in state.populations:
        kind = type(population.celltype).__name__
        if kind == "HXNeuron":
            circuits[population.grenade_descriptor] = free[: population.size]
            free = free[population.size :]
        elif kind == "SpikeSourcePoissonOnChip":
            buses[population.grenade_descriptor] = int(generators.pop(0))
    return circuits, buses


def places(state):
    """Return hemisphere, row and column of each connection, by projection.

    Inputs from outside are left on the last bus, since which one they get depends on how full the others are.
    """
    circuits, buses = sites(state)
    depth, needed, found = defaultdict(int), defaultdict(int), []
    for projection in state.projections:
        pre, sign = projection.pre.grenade_descriptor, projection.receptor_type
        for connection in projection.connections:
            half, column = divmod(
                int(circuits[projection.post.grenade_descriptor][connection.postsynaptic_index]), COLUMNS
            )
            if pre in circuits:
                # one event output for 32 columns of both hemispheres (halco, neuron.cpp)
                output = int(circuits[pre][connection.presynaptic_index]) % COLUMNS // 32
                group = (output % BUSES, "neurons", output)
            else:
                group = (buses.get(pre, 3), "sources", pre.number)
            key = (half, group, sign)
            found.append((projection.grenade_descriptor, half, column, key, depth[key, column]))
            depth[key, column] += 1
            needed[key] = max(needed[key], depth[key, column])
    first = first_rows(needed)
    result = {projection.grenade_descriptor: [] for projection in state.projections}
    for owner, half, column, key, k in found:
        driver, row = divmod(first[key] + k, ROWS)
        result[owner].append((half, ROWS * (BUSES * driver + key[1][0]) + row, column))
    return result


def first_rows(needed):
    """Return the first row of each group and sign on its bus; the groups of a bus share no driver."""
    first, used = {}, defaultdict(int)
    for half, group in dict.fromkeys((half, group) for half, group, _ in needed):
        row = used[half, group[0]]
        for sign in SIGNS:
            first[half, group, sign] = row
            row += needed.get((half, group, sign), 0)
        used[half, group[0]] = row + row % ROWS
        if used[half, group[0]] > DRIVERS * ROWS:
            raise RuntimeError("Synapse driver allocations not successful.")
    return first
