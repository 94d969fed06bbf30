"""Membrane traces: the numbers that are drawn, and where they are drawn."""

import numpy as np

from sal_hw.plots import collect, render


def test_membranes_of_the_first_neurons_in_the_first_half_second(make_membranes):
    run = make_membranes()
    table = collect("membrane", {"a": run})
    assert (table["time_ms"].min(), table["time_ms"].max()) == (1.0, 500.0)
    shown = {name: sorted(set(part["neuron"].tolist())) for (name,), part in table.groups("population")}
    assert shown == {"small": [0, 1], "large": [0, 1, 2, 3]}
    panels = render("membrane", table).axes
    for axes, name in zip(panels, ("small", "large"), strict=True):
        for neuron, line in enumerate(axes.get_lines()):
            np.testing.assert_array_equal(line.get_ydata(), run.traces[f"membrane.{name}"].values[:500, neuron])
    assert panels[-1].get_xlabel() == "model time (ms)"
    assert panels[0].get_ylabel() == "membrane (mV)"
