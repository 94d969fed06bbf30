"""What ``sal-hw calibrate`` needs before it begins: the instrument, the circuits, and a place for the snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sal_hw.cli.signals import exit_code_after
from sal_hw.errors import DeviceError, IncompleteError, InputError, Problem, quote_value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sal_hw.contracts.instrument import Instrument, InstrumentSource
    from sal_hw.target.snapshot import CalibrationSnapshot


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A chip on the bench.

    Attributes
    ----------
    instrument
        How it is measured.
    source
        Where the instrument comes from.
    circuits
        Circuits of the chip.
    truth
        The truth about an emulated chip; None for a machine.
    """

    instrument: Instrument
    source: InstrumentSource
    circuits: int
    truth: CalibrationSnapshot | None

    def checked_out(self, out: Path | None, *, force: bool) -> Path:
        """Return where the snapshot goes, after checking that nothing is overwritten by accident."""
        from sal_hw.storage.ownership import check_new

        if out is None:
            raise InputError(Problem(code="E202", field="out", allowed="a folder for the snapshot", hint="add -o NAME"))
        check_new(out, "snapshot", force=force)
        return out


def open_bench(
    target: str,
    *,
    synthetic: int | None,
    spreads: Sequence[str],
    drifts: Sequence[str],
    at: str | None,
    against_truth: bool,
    calix: Path | None,
    work: Path | None,
) -> Bench:
    """Return the chip to calibrate: an emulated one, or the machine.

    Raises
    ------
    InputError
        E301 for an unknown target, E711 for options that only an emulated chip has.
    DeviceError
        E801 if the machine's software is missing, E712 if its backend cannot calibrate.
    """
    from sal_hw.contracts.backend import Machine
    from sal_hw.contracts.instrument import InstrumentSource
    from sal_hw.contracts.targets import load_backend, load_target

    chosen = load_target(target)
    given = {"--spread": spreads, "--drift": drifts, "--at": at, "--against-truth": against_truth}
    if synthetic is None:
        wrong = [name for name, value in given.items() if value]
        if wrong:
            allowed = "an option of emulated chips, which are named by --synthetic SEED"
            raise InputError(Problem(code="E711", field=wrong[0], allowed=allowed, hint="add --synthetic 7"))
    name = chosen.emulator if synthetic is not None else chosen.backend
    source: object = None if name is None else load_backend(name)
    if synthetic is None and isinstance(source, Machine):
        source = source.through(None, calix)
    grid = chosen.description.grid
    if not isinstance(source, InstrumentSource) or grid is None:
        allowed = "a target whose chips have circuits to calibrate, and a backend that can measure them"
        hint = "sal-hw calibrate --target brainscales2 --synthetic 7 -o chip7.snapshot"
        raise DeviceError(Problem(code="E712", field="target", value=quote_value(target), allowed=allowed, hint=hint))
    truth = None if synthetic is None else _truth(source, synthetic, spreads, drifts, at)
    instrument = source.open_instrument(chip=truth, synthetic_time=at, work=work)
    for name, words in (("--spread", spreads), ("--drift", drifts)):
        if words:
            instrument.conditions[name] = f" {name} ".join(words)
    if at is not None:
        instrument.conditions["--at"] = at
    return Bench(instrument=instrument, source=source, circuits=grid.neurons, truth=truth)


def _truth(
    source: Any, seed: int, spreads: Sequence[str], drifts: Sequence[str], at: str | None
) -> CalibrationSnapshot:
    from sal_hw.cli.snapshot import parse_spread

    chip: CalibrationSnapshot = source.draw_chip(seed, spreads=dict(parse_spread(word) for word in spreads))
    if not drifts:
        return chip
    later: CalibrationSnapshot = source.drift_chip(
        chip, dict(parse_spread(word) for word in drifts), seed=seed, taken_at=at or chip.taken_at
    )
    return later


def reference_instrument(bench: Bench) -> Instrument:
    """Return the emulated chip with the same potentials in every setting, for the truth about its circuits."""
    if bench.truth is None:
        raise TypeError("a machine has no truth")
    lasting = tuple(table for table in bench.truth.tables if table.name != "potential_trial_lsb")
    return bench.source.open_instrument(chip=replace(bench.truth, tables=lasting))


def neuron_ranges(text: str | None, circuits: int) -> NDArray[np.int64] | None:
    """Return the circuits of a text such as ``0-31,256``; None for None.

    Raises
    ------
    InputError
        E713 if it is no such text or names circuits that the chip does not have.
    """
    import numpy as np

    if text is None:
        return None
    chosen: set[int] = set()
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()):
            raise InputError(_bad_range(text, circuits))
        first, last = int(low), int(high) if dash else int(low)
        if first > last or last >= circuits:
            raise InputError(_bad_range(text, circuits))
        chosen.update(range(first, last + 1))
    return np.array(sorted(chosen), dtype=np.int64)


def _bad_range(text: str, circuits: int) -> Problem:
    return Problem(
        code="E713",
        field="only-neurons",
        value=quote_value(text),
        allowed=f"circuits 0 .. {circuits - 1} and ranges of them, separated by commas",
        hint="for example --only-neurons 0-31,256",
    )


@contextmanager
def campaign_folder(snapshot: Path) -> Iterator[Path]:
    """Give the folder where the campaign for a snapshot keeps its stages; nobody else writes there meanwhile.

    Raises
    ------
    InputError
        E502 if it cannot be written; E509 if the campaign goes on already.
    """
    from sal_hw.storage.files import writing
    from sal_hw.storage.locks import locked
    from sal_hw.storage.ownership import remove_torn_files

    folder = snapshot.with_name(snapshot.name + ".campaign")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        remove_torn_files(folder)
        yield folder


@contextmanager
def stages_kept(folder: Path) -> Iterator[None]:
    """Say what is kept when a campaign is interrupted.

    Raises
    ------
    IncompleteError
        E602 in place of an interruption.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        allowed = f"the campaign was interrupted; stages that are done are kept in {folder}"
        hint = "repeat the command with --resume to go on"
        stopped = IncompleteError(Problem(code="E602", field="calibrate", allowed=allowed, hint=hint))
        stopped.exit_code = exit_code_after(error)
        raise stopped from error
