"""The stages of a calibration, what each one needs, and how long it takes beside the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw_calibration.bench import Bench
from sal_hw_calibration.measure.activation import measure_activation
from sal_hw_calibration.measure.check import measure_again
from sal_hw_calibration.measure.converters import measure_converters
from sal_hw_calibration.measure.correlation import measure_balance, measure_baselines, measure_windows
from sal_hw_calibration.measure.inhibition import measure_inhibition
from sal_hw_calibration.measure.membranes import measure_membranes
from sal_hw_calibration.measure.synapses import measure_synapses
from sal_hw_calibration.outcome import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One step of a campaign.

    Attributes
    ----------
    needs
        Stages whose results it builds on.
    share
        Its part of a campaign's time, for the progress display.
    measure
        What it does.
    """

    name: str
    needs: tuple[str, ...]
    share: float
    meaning: str
    measure: Callable[[Bench], Outcome]


#: all stages, in an order in which nothing has to be done twice
STAGES = (
    Stage(
        name="converters",
        needs=(),
        share=0.01,
        meaning="offset, gain and noise of the CADC channels",
        measure=measure_converters,
    ),
    Stage(
        name="membranes",
        needs=("converters",),
        share=0.1,
        meaning="potentials, membrane time constants, refractory times, dead circuits",
        measure=measure_membranes,
    ),
    Stage(
        name="synapses",
        needs=("membranes",),
        share=0.15,
        meaning="strength of every synapse and excitatory input",
        measure=measure_synapses,
    ),
    Stage(
        name="inhibition",
        needs=("synapses",),
        share=0.04,
        meaning="inhibitory inputs",
        measure=measure_inhibition,
    ),
    Stage(
        name="activation",
        needs=("inhibition",),
        share=0.4,
        meaning="activation functions under the sampling noise",
        measure=measure_activation,
    ),
    Stage(
        name="baselines",
        needs=("membranes",),
        share=0.05,
        meaning="readings of the correlation sensors without spikes",
        measure=measure_baselines,
    ),
    Stage(
        name="windows",
        needs=("baselines",),
        share=0.1,
        meaning="amplitude and time constant of every sensor",
        measure=measure_windows,
    ),
    Stage(
        name="balance",
        needs=("baselines",),
        share=0.05,
        meaning="ratio of the branches of every sensor, in place",
        measure=measure_balance,
    ),
    Stage(
        name="check",
        needs=("inhibition",),
        share=0.1,
        meaning="the membranes once more, with all corrections",
        measure=measure_again,
    ),
)


def chosen_stages(names: Iterable[str] | None, *, alone: bool = False) -> tuple[Stage, ...]:
    """Return the named stages and, unless they are to be done alone, all that they need, in order; all for None.

    Raises
    ------
    InputError
        E710 for a name that no stage has.
    """
    known = {stage.name: stage for stage in STAGES}
    if names is None:
        return STAGES
    wanted: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in known:
            raise InputError(_unknown(name, known))
        if name not in wanted:
            wanted.add(name)
            todo += () if alone else known[name].needs
    return tuple(stage for stage in STAGES if stage.name in wanted)


def _unknown(name: str, known: dict[str, Stage]) -> Problem:
    close = get_close_matches(name, known, n=1)
    return Problem(
        code="E710",
        field="stage",
        value=quote_value(name),
        allowed=f"one of {', '.join(known)}",
        hint=f'did you mean "{close[0]}"?' if close else "sal-hw calibrate --list-stages says what each one does",
    )
