"""The kinds of figures, and what each needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.plots import alignment, curves, distribution, membrane, plane, raster, scatter
from sal_hw.plots.kind import Kind
from sal_hw.plots.table import Table
from sal_hw.results.result import RunResult
from sal_hw.spec.findings import did_you_mean, listed
from sal_hw_studies.plots import layers, psp_shapes, timing
from sal_hw_studies.plots.study_kinds import COMPARISONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_PROBE = "{kind: weights, projection: NAME} to probes"

_ALL = (
    Kind(
        name="alignment",
        title="Alignment",
        description="Weights of a reciprocal pair and their difference, or the alignment angle.",
        needs="the trace <rule>.angle, or both weights of a reciprocal pair (weight.<projection>)",
        source="run an align experiment",
        tabulate=alignment.tabulate,
        paint=alignment.paint,
    ),
    Kind(
        name="phase-plane",
        title="Phase plane",
        description="The path of a reciprocal pair in the plane of its two weights, or the drift everywhere in it.",
        needs="both weights of one reciprocal pair of synapses (weight.<projection> or weights.<projection>)",
        source=f"run an align experiment or a phase_plane study; within one population, also add {_PROBE}",
        tabulate=plane.tabulate,
        paint=plane.paint,
    ),
    Kind(
        name="weights",
        title="Weights",
        description="Forward against backward weights, before and after.",
        needs="a rule that aligns more than one reciprocal pair of synapses",
        source="run an align or train_distribution experiment; for a single pair see phase-plane",
        tabulate=scatter.tabulate,
        paint=scatter.paint,
    ),
    Kind(
        name="asymmetry",
        title="Asymmetry",
        description="Variance of W_ij - W_ji of recurrent weights over the run.",
        needs="the trace asymmetry, or weights.<projection> of a recurrent projection that a rule aligns",
        source=f"run a train_distribution experiment, or add {_PROBE}",
        tabulate=curves.tabulate_asymmetry,
        paint=curves.paint_asymmetry,
    ),
    Kind(
        name="dkl",
        title="DKL",
        description="Distance between target and sampled distribution over the run.",
        needs="the trace dkl",
        source="run a train_distribution or sample experiment",
        tabulate=curves.tabulate_dkl,
        paint=curves.paint_dkl,
    ),
    Kind(
        name="distribution",
        title="Distribution",
        description="Target and sampled probability of every state at the end.",
        needs="the traces state_counts and state_target",
        source="run a train_distribution or sample experiment",
        tabulate=distribution.tabulate,
        paint=distribution.paint,
    ),
    Kind(
        name="raster",
        title="Raster",
        description="The first second of recorded spikes, with the rate of each neuron.",
        needs="recorded spikes",
        source="add {kind: spikes, population: NAME} to probes and store the run in a folder (--out)",
        tabulate=raster.tabulate,
        paint=raster.paint,
    ),
    Kind(
        name="membrane",
        title="Membrane",
        description="Potentials of a few neurons in the first half second that was recorded.",
        needs="the trace membrane.<population>",
        source="add {kind: membrane, population: NAME, every: 0.1 ms} to probes of an align experiment; a chip cannot "
        "record membranes and learn at once",
        tabulate=membrane.tabulate,
        paint=membrane.paint,
    ),
    Kind(
        name="spike-timing",
        title="Spike timing",
        description="Distribution of the spike-timing difference of reciprocal pairs.",
        needs="a trace timing.<pair>",
        source="run a spike_timing study",
        tabulate=timing.tabulate_timing,
        paint=timing.paint_timing,
    ),
    Kind(
        name="difference-function",
        title="Difference function",
        description="How the timing of spikes depends on their order where reciprocal weights differ slightly.",
        needs="a trace difference.<pair>",
        source="run a weight_perturbation study",
        tabulate=timing.tabulate_difference,
        paint=timing.paint_difference,
    ),
    Kind(
        name="psp-shapes",
        title="PSP shapes",
        description="PSPs, the weights at which SAL comes to rest with each, and their distance from equal weights.",
        needs="a trace deviation.<shape>",
        source="run a psp_shapes study",
        tabulate=psp_shapes.tabulate,
        paint=psp_shapes.paint,
    ),
    Kind(
        name="layer-angles",
        title="Alignment of layers",
        description="Angle between forward and feedback weights, per layer or per method.",
        needs="a trace layer_angle.<layer>",
        source="run a symmetrize_layers or weight_transport study",
        tabulate=layers.tabulate_angles,
        paint=layers.paint_angles,
    ),
    Kind(
        name="layer-weights",
        title="Weights of layers",
        description="Feedback against forward weights at the start and at the end, per layer or per method.",
        needs="a trace layer_pairs.<layer>",
        source="run a symmetrize_layers or weight_transport study",
        tabulate=layers.tabulate_weights,
        paint=layers.paint_weights,
    ),
    *COMPARISONS,
)

#: all kinds by name
KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}


def available(result: RunResult) -> tuple[str, ...]:
    """Return the kinds of figures that a run can show."""
    return tuple(name for name, kind in KINDS.items() if kind.tabulate(result) is not None)


def collect(kind: str, results: Mapping[str, RunResult]) -> Table:
    """Return the numbers of a figure, exactly as :func:`draw` shows them.

    Parameters
    ----------
    kind
        A key of :data:`KINDS`.
    results
        Runs by the label that tells them apart.

    Raises
    ------
    InputError
        E507 if there is no such kind; E508, one finding per run, if runs lack what it needs.
    ValueError
        If there is no run.
    """
    wanted = _find(kind)
    if not results:
        raise ValueError("a figure needs at least one run")
    tables = {label: wanted.tabulate(result) for label, result in results.items()}
    found = {label: table for label, table in tables.items() if table is not None}
    if len(found) < len(tables):
        raise InputError(_lacking(wanted, label) for label, table in tables.items() if table is None)
    layout = list(next(iter(found.values())).columns)
    differing = [label for label, table in found.items() if list(table.columns) != layout]
    if differing:
        raise InputError(_incomparable(wanted, label, next(iter(found))) for label in differing)
    return Table.stack(found, by="run")


def draw(kind: str, results: Mapping[str, RunResult]) -> Figure:
    """Draw a figure of one run, or of several over each other.

    Parameters
    ----------
    kind
        A key of :data:`KINDS`.
    results
        Runs by the label that tells them apart in the legend.

    Raises
    ------
    InputError
        E507 or E508, see :func:`collect`.
    """
    return render(kind, collect(kind, results))


def render(kind: str, table: Table) -> Figure:
    """Draw a figure from its numbers.

    Parameters
    ----------
    kind
        A key of :data:`KINDS`.
    table
        From :func:`collect`.

    Raises
    ------
    InputError
        E507 if there is no such kind.
    """
    return _find(kind).paint(table)


def _find(kind: str) -> Kind:
    if kind in KINDS:
        return KINDS[kind]
    problem = Problem(
        code="E507",
        field="kind",
        value=quote_value(kind),
        allowed=f"a kind of figure: {listed(KINDS)}",
        hint=did_you_mean(kind, KINDS) or "sal-hw plot --list RUN tells what a run can show",
    )
    raise InputError(problem)


def _lacking(kind: Kind, label: str) -> Problem:
    return Problem(
        code="E508",
        field="run",
        value=quote_value(label),
        allowed=f'the figure "{kind.name}" needs {kind.needs}; this run has none',
        hint=kind.source,
    )


def _incomparable(kind: Kind, label: str, other: str) -> Problem:
    return Problem(
        code="E508",
        field="run",
        value=quote_value(label),
        allowed=f'runs that recorded the same things as {quote_value(other)} for the figure "{kind.name}"',
        hint="draw it on its own",
    )
