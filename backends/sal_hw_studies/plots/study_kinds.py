"""Kinds of figures of studies that compare many networks."""

from __future__ import annotations

from sal_hw.plots.kind import Kind
from sal_hw.workflow.sweep import figures as sweep
from sal_hw_studies.plots import dale, microcircuit

COMPARISONS = (
    Kind(
        name="dale",
        title="Dale's law",
        description="Drift of the weights between excitatory neurons with interneurons, and their rates.",
        needs="the traces dale.drift_21 and dale.rates",
        source="run a dale_network study",
        tabulate=dale.tabulate,
        paint=dale.paint,
    ),
    Kind(
        name="sweep-curves",
        title="Runs of a set",
        description="What each run of a set followed over its updates, coloured by level.",
        needs="a trace sweep_trace.<name>",
        source="run a sweep study with follow",
        tabulate=sweep.tabulate_curves,
        paint=sweep.paint_curves,
    ),
    Kind(
        name="sweep-levels",
        title="Levels of a set",
        description="Metrics of the runs of a set against the level, per variant.",
        needs="a trace sweep_metric.<name>",
        source="run a sweep study with metrics",
        tabulate=sweep.tabulate_levels,
        paint=sweep.paint_levels,
    ),
    Kind(
        name="microcircuit-loss",
        title="Loss of microcircuits",
        description="Validation loss over the epochs, per rule: median and quartiles over networks.",
        needs="a trace microcircuit_loss.<rule>",
        source="run a microcircuit study",
        tabulate=microcircuit.tabulate_loss,
        paint=microcircuit.paint_loss,
    ),
    Kind(
        name="microcircuit-weights",
        title="Weights of microcircuits",
        description="Feedback against forward weights per rule, and how many have the right sign over the epochs.",
        needs="a trace microcircuit_pairs.<rule>",
        source="run a microcircuit study",
        tabulate=microcircuit.tabulate_weights,
        paint=microcircuit.paint_weights,
    ),
)
