"""Synthetic chips have the spreads they were asked for, depend on their seed alone, and are looked up right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sal_hw.contracts.backend import ChipSource
from sal_hw.errors import InputError
from sal_hw.target.snapshot import CalibrationSnapshot
from sal_hw.target.snapshot_checks import check_tables
from sal_hw.target.snapshot_io import read_snapshot, write_snapshot
from sal_hw.target.tables import TABLES
from sal_hw_brainscales2.emulation.backend import EmulatedChipBackend as EmulatorBackend
from sal_hw_brainscales2.emulation.model import DRAWN_AT, LOWEST_NORMAL_RATIO, ChipModel, draw_chip, nominal_chip
from sal_hw_brainscales2.emulation.spreads import load_spreads

ACTIVATION = {
    "activation_slope_lsb",
    "activation_offset_lsb",
    "activation_ceiling_ratio",
    "activation_row_exc",
    "activation_row_inh",
}
SPREADS = {spread.name: spread for spread in load_spreads().entries}
#: standard errors that a statistic may be off; by chance one of 1.7 million is
SIGMAS = 5.0


def _small(seed: int = 1, **spreads: float) -> CalibrationSnapshot:
    return draw_chip(seed, spreads=load_spreads().with_overrides(spreads), hemispheres=2, columns=8, rows=6)


@pytest.fixture(scope="module")
def chip() -> CalibrationSnapshot:
    return draw_chip(7)


def _numbers(snapshot: CalibrationSnapshot, name: str) -> NDArray[np.float64]:
    table = snapshot.table(name)
    assert table is not None
    return table.measured.astype(np.float64)


def _deviates(snapshot: CalibrationSnapshot, name: str, spread: str) -> NDArray[np.float64]:
    """Return the numbers behind a table, which should be standard normal."""
    values, kind, entry = _numbers(snapshot, name), TABLES[name], SPREADS[spread]
    deviations = np.log(values) if entry.distribution == "lognormal" else values - kind.nominal
    return deviations.ravel() / entry.value


# --- what is drawn ----------------------------------------------------------------------------------------------------


def test_a_drawn_chip_is_complete_and_sound(chip: CalibrationSnapshot) -> None:
    assert {table.name for table in chip.tables} == set(TABLES) - ACTIVATION
    check_tables(chip)
    assert (chip.chip_id, chip.target, chip.origin) == ("synthetic-7", "brainscales2", "drawn")
    assert (chip.taken_at, chip.parent) == (DRAWN_AT, None)
    for table in chip.tables:
        neuron = table.site == "neuron"
        assert table.measured.shape == ((512,) if neuron else (2, 256, 256))
        assert table.measured.dtype == (np.float64 if neuron else np.float32)
        assert table.ok.all()


_DRAWN = [
    (name, table)
    for name, spread in SPREADS.items()
    for table in spread.tables
    if spread.distribution in {"normal", "lognormal"}
]


@pytest.mark.parametrize(("spread", "table"), _DRAWN, ids=[table for _, table in _DRAWN])
def test_spreads_are_recovered(chip: CalibrationSnapshot, spread: str, table: str) -> None:
    deviates = _deviates(chip, table, spread)
    n = deviates.size
    # of n normal numbers: standard error of the mean 1/sqrt(n), of the standard deviation 1/sqrt(2 n)
    assert abs(deviates.mean()) < SIGMAS / np.sqrt(n)
    assert abs(deviates.std() - 1.0) < SIGMAS / np.sqrt(2 * n)
    # share of numbers below -1 and above 1, binomial around 0.1587 each
    for share in ((deviates < -1.0).mean(), (deviates > 1.0).mean()):
        assert abs(share - 0.158655) < SIGMAS * np.sqrt(0.1587 * 0.8413 / n)


def test_constant_spreads_are_the_same_for_all(chip: CalibrationSnapshot) -> None:
    for name in ("membrane_noise", "potential_trial", "cadc_noise"):
        assert (_numbers(chip, *SPREADS[name].tables) == SPREADS[name].value).all()


def test_the_documented_defaults() -> None:
    wanted = {"v_threshold": 3.0, "gain_exc": 0.1, "cadc_offset": 2.0, "cadc_noise": 1.5, "baseline": 8.0}
    wanted |= {"correlation_amplitude": 0.4, "correlation_tau": 0.3, "branch_correlation": 0.0}
    wanted |= {"share_of_dead_sensors": 0.0, "share_of_dead_neurons": 0.0}
    assert {name: SPREADS[name].value for name in wanted} == wanted


def test_no_two_tables_share_their_random_numbers(chip: CalibrationSnapshot) -> None:
    for site in ("neuron", "synapse"):
        streams = [_deviates(chip, table, spread) for spread, table in _DRAWN if TABLES[table].site == site]
        assert len(streams) > 6
        for one, other in combinations(streams, 2):
            # the correlation of n independent pairs has the standard error 1/sqrt(n)
            assert abs(np.corrcoef(one, other)[0, 1]) < SIGMAS / np.sqrt(one.size)


@pytest.mark.parametrize("correlation", [0.5, 1.0])
def test_branches_correlate_as_asked(correlation: float) -> None:
    spreads = load_spreads().with_overrides({"branch_correlation": correlation})
    chip = draw_chip(3, spreads=spreads, rows=64)
    for name, spread in (("amplitude", "correlation_amplitude"), ("tau", "correlation_tau")):
        one, other = (_deviates(chip, f"{name}_{branch}_ratio", spread) for branch in ("causal", "anticausal"))
        tolerance = SIGMAS * (1.0 - correlation**2) / np.sqrt(one.size) + 1e-6
        assert abs(np.corrcoef(one, other)[0, 1] - correlation) < tolerance
        assert abs(other.std() - 1.0) < SIGMAS / np.sqrt(2 * other.size)
    one, other = (_deviates(chip, f"baseline_{branch}_lsb", "baseline") for branch in ("causal", "anticausal"))
    assert abs(np.corrcoef(one, other)[0, 1]) < SIGMAS / np.sqrt(one.size)


def test_the_balance_is_that_of_accidental_pairs(chip: CalibrationSnapshot) -> None:
    """Pairs at every delay equally often: sum the windows of some synapses over a fine grid of delays."""
    delays = np.arange(0.005, 60.0, 0.01)
    places = np.random.default_rng(5).integers(0, [2, 256, 256], (20, 3))
    for place in map(tuple, places):
        areas = {
            branch: (
                _numbers(chip, f"amplitude_{branch}_ratio")[place]
                * np.exp(-delays / _numbers(chip, f"tau_{branch}_ratio")[place])
            ).sum()
            for branch in ("causal", "anticausal")
        }
        # the midpoint rule with steps of 0.01 is off by (0.01 / tau)^2 / 24, and float32 by 1e-7
        assert _numbers(chip, "balance_ratio")[place] == pytest.approx(areas["anticausal"] / areas["causal"], rel=1e-4)


# --- seeds and streams ------------------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_snapshot(tmp_path / name, _small(11))
    assert _small(11).hash == _small(11).hash
    for file in ("snapshot.json", "tables.npz"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "other" / file).read_bytes()


def test_another_seed_gives_another_chip() -> None:
    seeds = (0, 1, 2**32, 2**32 + 1, 2**64 - 1)
    thresholds = [_numbers(_small(seed), "v_threshold_offset_lsb").tobytes() for seed in seeds]
    assert len(set(thresholds)) == len(seeds)
    assert len({_small(seed).hash for seed in seeds}) == len(seeds)


def test_numbers_of_a_seed_never_change() -> None:
    """Published results name a chip by its seed, so these numbers, once printed by this program, are a promise."""
    chip = _small(7)
    thresholds, balances = _numbers(chip, "v_threshold_offset_lsb"), _numbers(chip, "balance_ratio")
    np.testing.assert_allclose(thresholds[:3], (0.6231620496446955, 3.159774666103407, -3.898469647748471), rtol=1e-12)
    # float32, and exp() of another machine may differ in its last bit
    np.testing.assert_allclose(balances[0, 0, :3], (0.313849151, 3.147328138, 5.031714439), rtol=1e-6)


_SENSORS = {"amplitude_causal_ratio", "amplitude_anticausal_ratio"}
_ALSO: dict[str, set[str]] = {
    "correlation_amplitude": {"balance_ratio"},
    "correlation_tau": {"balance_ratio"},
    "branch_correlation": {"amplitude_anticausal_ratio", "tau_anticausal_ratio", "balance_ratio"},
    "share_of_dead_sensors": _SENSORS | {"balance_ratio"},
    "share_of_dead_neurons": {"usable"},
}


@pytest.mark.parametrize("name", SPREADS)
def test_a_spread_changes_only_its_tables(name: str) -> None:
    before, after = _small(), _small(**{name: 0.5 * SPREADS[name].value or 0.5})
    changed = {
        one.name
        for one, other in zip(before.tables, after.tables, strict=True)
        if not (np.array_equal(one.measured, other.measured) and np.array_equal(one.ok, other.ok))
    }
    assert changed == set(SPREADS[name].tables) | _ALSO.get(name, set())


def test_a_spread_scales_the_same_pattern() -> None:
    one, twice = (_numbers(_small(v_leak=value), "v_leak_offset_lsb") for value in (2.0, 4.0))
    np.testing.assert_allclose(twice, 2.0 * one, rtol=1e-12)
    assert (_numbers(_small(v_leak=0.0), "v_leak_offset_lsb") == 0.0).all()


def test_normal_ratios_are_cut_off() -> None:
    ratios = _numbers(draw_chip(1, spreads=load_spreads().with_overrides({"tau_mem": 1.0}), rows=1), "tau_mem_ratio")
    # a ratio is below 0.1 where the normal number is below -0.9, for 18 % of them
    assert ratios.min() == LOWEST_NORMAL_RATIO
    assert abs((ratios == LOWEST_NORMAL_RATIO).mean() - 0.184) < SIGMAS * np.sqrt(0.184 * 0.816 / ratios.size)


def test_the_widest_spreads_still_give_sound_snapshots() -> None:
    check_tables(_small(**{name: spread.highest for name, spread in SPREADS.items()}))


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, 1.5, "1", None, True, float("nan")])
def test_bad_seeds_are_refused(seed: Any) -> None:
    with pytest.raises(InputError) as caught:
        draw_chip(seed, rows=1)
    assert (caught.value.code, caught.value.exit_code) == ("E705", 2)


# --- faults injected on purpose ---------------------------------------------------------------------------------------


def test_broken_shares() -> None:
    spreads = load_spreads().with_overrides({"share_of_dead_sensors": 0.05, "share_of_dead_neurons": 0.1})
    chip = draw_chip(2, spreads=spreads, rows=64)
    dead = _numbers(chip, "amplitude_causal_ratio") == 0.0
    np.testing.assert_array_equal(dead, _numbers(chip, "amplitude_anticausal_ratio") == 0.0)
    assert abs(dead.mean() - 0.05) < SIGMAS * np.sqrt(0.05 * 0.95 / dead.size)
    unusable = _numbers(chip, "usable") == 0.0
    assert abs(unusable.mean() - 0.1) < SIGMAS * np.sqrt(0.1 * 0.9 / unusable.size)
    balance = chip.table("balance_ratio")
    assert balance is not None
    np.testing.assert_array_equal(balance.ok, ~dead)
    check_tables(chip)


def test_a_larger_share_breaks_the_same_ones_and_more() -> None:
    few, many = (_numbers(_small(share_of_dead_neurons=share), "usable") == 0.0 for share in (0.3, 0.7))
    assert 0 < few.sum() < many.sum()
    assert many[few].all()


# --- spreads ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), True, "0.2", None])
def test_absurd_spreads_are_refused(value: Any) -> None:
    with pytest.raises(InputError) as caught:
        load_spreads().with_overrides({"tau_mem": value})
    assert (caught.value.code, caught.value.field, caught.value.exit_code) == ("E704", "spread.tau_mem", 2)
    assert "0 .. 1" in caught.value.problems[0].allowed


def test_unknown_spreads_get_a_suggestion_and_all_are_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        load_spreads().with_overrides({"tau_men": 0.1, "v_leak": -1.0, "potato": 1.0})
    assert [problem.code for problem in caught.value.problems] == ["E704"] * 3
    assert 'did you mean "tau_mem"?' in str(caught.value)


def test_overrides_leave_the_defaults_alone() -> None:
    changed = load_spreads().with_overrides({"tau_mem": 0.2})
    assert (changed["tau_mem"], load_spreads()["tau_mem"]) == (0.2, 0.075)
    assert load_spreads().with_overrides({}) == load_spreads()
    assert changed.names() == load_spreads().names()


def test_the_data_file_is_consistent() -> None:
    tables = [table for spread in SPREADS.values() for table in spread.tables]
    assert sorted(tables) == sorted(set(TABLES) - ACTIVATION - {"usable", "balance_ratio"})
    for spread in SPREADS.values():
        assert spread.meaning
        assert spread.source.startswith(("[test]", "[choice]"))
        units = {TABLES[table].unit for table in spread.tables}
        assert not units or units == {spread.unit}


# --- looking things up ------------------------------------------------------------------------------------------------


def test_the_emulator_draws_chips() -> None:
    backend = EmulatorBackend()
    assert isinstance(backend, ChipSource)
    spreads = load_spreads().with_overrides({"tau_mem": 0.2})
    assert backend.draw_chip(5, spreads={"tau_mem": 0.2}).hash == draw_chip(5, spreads=spreads).hash
    with pytest.raises(InputError):
        backend.draw_chip(5, spreads={"tau": 0.2})


_SITES, _ROWS, _COLUMNS = np.array([15, 0, 7, 7]), np.array([5, 0]), np.array([2, 2, 7])


def _models() -> dict[str, Callable[[], ChipModel]]:
    return {
        "none": lambda: ChipModel.from_snapshot(None),
        "nominal": lambda: ChipModel.from_snapshot(nominal_chip(columns=8, rows=6)),
        "no tables": lambda: ChipModel.from_snapshot(replace(_small(), tables=())),
        "all zero": lambda: ChipModel.from_snapshot(_small(**dict.fromkeys(SPREADS, 0.0))),
    }


@pytest.mark.parametrize("case", _models())
def test_a_nominal_model_has_no_deviation(case: str) -> None:
    model = _models()[case]()
    assert model.is_nominal
    assert model.potential_trial_lsb == 0.0
    assert model.chip_id == ("nominal" if case in {"none", "nominal"} else "synthetic-1")
    for name, kind in TABLES.items():
        if kind.site == "neuron":
            neuron = model.neuron(name, _SITES)
            assert (neuron.shape, neuron.dtype) == ((4,), np.float64)
            assert (neuron == kind.nominal).all()
        else:
            synapse = model.synapse(name, 1, _ROWS, _COLUMNS)
            assert (synapse.shape, synapse.dtype) == ((2, 3), np.float32)
            assert (synapse == kind.nominal).all()


def test_a_nominal_snapshot_is_sound() -> None:
    chip = nominal_chip(columns=8, rows=6)
    check_tables(chip)
    assert {table.name for table in chip.tables} == set(TABLES) - ACTIVATION


def test_numbers_are_those_of_the_circuit() -> None:
    chip = _small()
    model = ChipModel.from_snapshot(chip)
    assert not model.is_nominal
    assert (model.chip_id, model.potential_trial_lsb) == ("synthetic-1", 0.5)
    np.testing.assert_array_equal(model.neuron("tau_mem_ratio", _SITES), _numbers(chip, "tau_mem_ratio")[_SITES])
    gains = model.synapse("gain_ratio", 1, _ROWS, _COLUMNS)
    for row, column in np.ndindex(2, 3):
        assert gains[row, column] == _numbers(chip, "gain_ratio")[1, _ROWS[row], _COLUMNS[column]]


def test_what_is_not_ok_or_missing_is_nominal() -> None:
    chip = _small()
    tables = tuple(
        replace(table, ok=np.arange(table.ok.size).reshape(table.ok.shape) % 2 == 0)
        for table in chip.tables
        if table.name != "tau_syn_exc_ratio"
    )
    model = ChipModel.from_snapshot(replace(chip, tables=tables))
    found = model.neuron("tau_mem_ratio", np.arange(16))
    assert (found[1::2] == 1.0).all()
    np.testing.assert_array_equal(found[::2], _numbers(chip, "tau_mem_ratio")[::2])
    baselines = model.synapse("baseline_causal_lsb", 0, np.arange(6), np.arange(8))
    assert (baselines[:, 1::2] == 190.0).all()
    assert not (baselines[:, ::2] == 190.0).any()
    assert (model.neuron("tau_syn_exc_ratio", np.arange(16)) == 1.0).all()


@given(seed=st.integers(0, 2**64 - 1))
@settings(max_examples=10)
def test_a_saved_and_loaded_model_is_equal(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    chip, folder = _small(seed, share_of_dead_sensors=0.1), tmp_path_factory.mktemp("chip") / "chip"
    write_snapshot(folder, chip)
    loaded = read_snapshot(folder)
    assert loaded.hash == chip.hash
    one, other = ChipModel.from_snapshot(chip), ChipModel.from_snapshot(loaded)
    assert (one.chip_id, one.potential_trial_lsb) == (other.chip_id, other.potential_trial_lsb)
    for name, kind in TABLES.items():
        found = [
            model.neuron(name, np.arange(16))
            if kind.site == "neuron"
            else model.synapse(name, 0, np.arange(6), np.arange(8))
            for model in (one, other)
        ]
        np.testing.assert_array_equal(*found, strict=True)


def test_circuits_that_do_not_exist_are_refused() -> None:
    model = ChipModel.from_snapshot(_small())
    for sites in ([16], [-1]):
        with pytest.raises(IndexError):
            model.neuron("tau_mem_ratio", np.array(sites))
    for hemisphere, rows, columns in ((2, 0, 0), (-1, 0, 0), (0, 6, 0), (0, -1, 0), (0, 0, 8), (0, 0, -1)):
        with pytest.raises(IndexError):
            model.synapse("gain_ratio", hemisphere, np.array([rows]), np.array([columns]))
    assert model.neuron("tau_mem_ratio", np.array([], np.int64)).shape == (0,)


def test_tables_that_do_not_exist_are_refused() -> None:
    for model in (ChipModel.from_snapshot(None), ChipModel.from_snapshot(_small())):
        for name in ("tau_men_ratio", "gain_ratio"):
            with pytest.raises(KeyError):
                model.neuron(name, _SITES)
        for name in ("tau_men_ratio", "tau_mem_ratio"):
            with pytest.raises(KeyError):
                model.synapse(name, 0, _ROWS, _COLUMNS)
