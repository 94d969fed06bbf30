"""A snapshot reads back as it was, and nothing damaged, foreign or absurd is ever taken for a calibration."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw.errors import CalibrationError, InputError, IntegrityError, SalHwError
from sal_hw.storage.artifact import MANIFEST
from sal_hw.storage.files import npz_bytes
from sal_hw.storage.folder import ArtifactFolder
from sal_hw.storage.reading import read_npz
from sal_hw.target import snapshot_io
from sal_hw.target.description import CircuitGrid, TargetDescription
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable
from sal_hw.target.snapshot_io import ARRAYS, HEADER, check_snapshot, read_snapshot, write_snapshot
from sal_hw.target.tables import TABLES

BLOCKS, ROWS, COLUMNS = 2, 3, 4


def _table(
    name: str, *, seed: int = 0, shape: tuple[int, int, int] = (BLOCKS, ROWS, COLUMNS), **fields: Any
) -> ParameterTable:
    """Return a sound table: numbers near the nominal one, every seventh not ok."""
    rng, kind = np.random.default_rng(seed), TABLES[name]
    blocks, _, columns = shape
    size = shape if kind.site == "synapse" else (blocks * columns,)
    measured = kind.nominal + rng.uniform(0.0, 0.5, size)
    ok = np.arange(measured.size).reshape(size) % 7 != 3
    given: dict[str, Any] = {"measured": measured, "ok": ok, "site": kind.site, "unit": kind.unit} | fields
    return ParameterTable(name=name, source="a test", **given)


def _snapshot(*tables: ParameterTable, **fields: Any) -> CalibrationSnapshot:
    header: dict[str, Any] = {
        "chip_id": "cube-55",
        "target": "brainscales2",
        "taken_at": "2025-01-31T12:00:00Z",
        "origin": "measured",
        "tables": tables,
    }
    return CalibrationSnapshot(**(header | fields))


def _sound() -> CalibrationSnapshot:
    sigma = np.full(BLOCKS * COLUMNS, 0.25)
    return _snapshot(
        _table("v_leak_offset_lsb", seed=1, sigma=sigma),
        _table("tau_causal_ratio", seed=2),
        _table("tau_anticausal_ratio", seed=3),
        parent="0" * 64,
    )


def _target(family: str = "brainscales2", **sizes: int) -> TargetDescription:
    grid = CircuitGrid(**{"block": "half", "blocks": BLOCKS, "rows": ROWS, "columns": COLUMNS, **sizes})
    return TargetDescription(family=family, summary="a test", capabilities=("lif",), limits={}, grid=grid)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_snapshot(tmp_path / "chip", _sound())
    return tmp_path / "chip"


def _seal_again(folder: Path, change: Callable[[Path], None], *, schema_version: int = 2) -> None:
    """Change files and write a manifest that fits, as a careless tool would."""
    header = json.loads((folder / MANIFEST).read_bytes())
    change(folder)
    ArtifactFolder(folder, header["kind"]).finish(header, schema_version=schema_version)


def _change_header(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        document = json.loads((folder / HEADER).read_bytes())
        (folder / HEADER).write_text(json.dumps(document | changes))

    return change


# --- what works -------------------------------------------------------------------------------------------------------


def test_a_snapshot_reads_back_as_it_was(folder: Path) -> None:
    written, found = _sound(), read_snapshot(folder)
    assert found.hash == written.hash
    assert (found.chip_id, found.origin, found.parent) == ("cube-55", "measured", "0" * 64)
    for one, other in zip(written.tables, found.tables, strict=True):
        assert (one.name, one.site, one.unit, one.source) == (other.name, other.site, other.unit, other.source)
        np.testing.assert_array_equal(one.measured, other.measured, strict=True)
        np.testing.assert_array_equal(one.ok, other.ok, strict=True)
    assert found.tables[1].sigma is None
    np.testing.assert_array_equal(found.tables[0].sigma, np.full(8, 0.25), strict=True)
    assert not found.tables[0].measured.flags.writeable


@settings(max_examples=20)
@given(
    names=st.lists(st.sampled_from(sorted(set(TABLES) - {"usable"})), unique=True, max_size=4),
    shape=st.tuples(st.integers(1, 2), st.integers(1, 5), st.integers(1, 5)),
    dtype=st.sampled_from([np.float32, np.float64]),
    seed=st.integers(0, 2**32 - 1),
    has_sigma=st.booleans(),
)
def test_any_sound_snapshot_reads_back(
    names: list[str], shape: tuple[int, int, int], dtype: type[np.floating[Any]], seed: int, has_sigma: bool
) -> None:
    tables = []
    for index, name in enumerate(names):
        table = _table(name, seed=seed + index, shape=shape)
        measured = (table.measured + 0.25).astype(dtype)
        tables.append(replace(table, measured=measured, sigma=measured * 0 + 1 if has_sigma else None))
    snapshot = _snapshot(*tables)
    with tempfile.TemporaryDirectory() as place:
        write_snapshot(Path(place) / "chip", snapshot)
        assert read_snapshot(Path(place) / "chip").hash == snapshot.hash


def test_numpy_and_json_are_enough_to_read_it(folder: Path) -> None:
    header = json.loads((folder / HEADER).read_bytes())
    arrays = np.load(folder / ARRAYS, allow_pickle=False)
    assert [table["name"] for table in header["tables"]] == [table.name for table in _sound().tables]
    assert (header["target"], header["schema_version"], header["hash"]) == ("brainscales2", 2, _sound().hash)
    for table in _sound().tables:
        np.testing.assert_array_equal(arrays[f"{table.name}.measured"], table.measured)
        np.testing.assert_array_equal(arrays[f"{table.name}.ok"], table.ok)


def test_nothing_is_overwritten_by_accident(folder: Path) -> None:
    other = replace(_sound(), chip_id="cube-56")
    with pytest.raises(InputError) as caught:
        write_snapshot(folder, other)
    assert caught.value.code == "E501"
    assert read_snapshot(folder).chip_id == "cube-55"
    write_snapshot(folder, other, force=True)
    assert read_snapshot(folder).chip_id == "cube-56"


def test_what_is_not_ok_may_be_any_finite_number(tmp_path: Path) -> None:
    table = _table("tau_mem_ratio")
    measured = np.where(table.ok, table.measured, -1e30)
    assert not table.ok.all()
    write_snapshot(tmp_path / "chip", _snapshot(replace(table, measured=measured)))
    assert read_snapshot(tmp_path / "chip").tables[0].measured[3] == -1e30


# --- damage -----------------------------------------------------------------------------------------------------------


def _outcome(folder: Path) -> tuple[str, int]:
    """Return the hash that was read and 0, or the error's code and its exit code."""
    try:
        return read_snapshot(folder).hash, 0
    except SalHwError as error:
        return error.code, error.exit_code


@pytest.mark.parametrize("name", [HEADER, ARRAYS, MANIFEST])
def test_a_flipped_bit_is_found(folder: Path, name: str) -> None:
    data, rng = (folder / name).read_bytes(), random.Random(7)  # noqa: S311 - no secret
    outcomes = set()
    for place in rng.sample(range(len(data)), 40):
        flipped = bytearray(data)
        flipped[place] ^= 1 << rng.randrange(8)
        (folder / name).write_bytes(flipped)
        outcomes.add(_outcome(folder))
    assert outcomes <= {("E504", 6), ("E701", 6)}


def test_every_flipped_bit_and_every_truncation_of_a_manifest_is_found(tmp_path: Path) -> None:
    """Also those that leave its meaning: the case of a digit of an escape, and the last line break."""
    folder = tmp_path / "chip"
    write_snapshot(folder, replace(_snapshot(), chip_id="cube \u00e9"))
    data = (folder / MANIFEST).read_bytes()
    assert b"\\u00e9" in data
    for place in range(len(data)):
        (folder / MANIFEST).write_bytes(data[:place])
        assert _outcome(folder)[1] == 6, f"cut at {place}"
        for bit in range(8):
            (folder / MANIFEST).write_bytes(data[:place] + bytes([data[place] ^ 1 << bit]) + data[place + 1 :])
            assert _outcome(folder)[1] == 6, f"bit {bit} of byte {place}"


@pytest.mark.parametrize("name", [HEADER, ARRAYS, MANIFEST])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.95])
def test_a_truncated_file_is_refused(folder: Path, name: str, share: float) -> None:
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(data[: int(share * len(data))])
    with pytest.raises(IntegrityError) as caught:
        read_snapshot(folder)
    assert caught.value.exit_code == 6


def _swap(folder: Path) -> None:
    arrays = read_npz((folder / ARRAYS).read_bytes())
    one, other = "tau_causal_ratio.measured", "tau_anticausal_ratio.measured"
    arrays[one], arrays[other] = arrays[other], arrays[one]
    (folder / ARRAYS).write_bytes(npz_bytes(arrays))


def _rename(old: str, new: str | None) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        arrays = read_npz((folder / ARRAYS).read_bytes())
        taken = arrays.pop(old)
        (folder / ARRAYS).write_bytes(npz_bytes(arrays if new is None else arrays | {new: taken}))

    return change


def _halve_precision(folder: Path) -> None:
    arrays = read_npz((folder / ARRAYS).read_bytes())
    (folder / ARRAYS).write_bytes(npz_bytes({name: array.astype(np.float16) for name, array in arrays.items()}))


_DAMAGES: dict[str, Callable[[Path], None]] = {
    "swapped arrays": _swap,
    "another precision": _halve_precision,
    "lost sigma": _rename("v_leak_offset_lsb.sigma", None),
    "lost table": _rename("tau_causal_ratio.ok", None),
    "foreign array": _rename("tau_causal_ratio.ok", "tau_causal_ratio.okay"),
    "other chip": _change_header(chip_id="cube-56"),
    "other time": _change_header(taken_at="2026-01-31T12:00:00Z"),
    "other origin": _change_header(origin="guessed"),
    "other hash": _change_header(hash="f" * 64),
    "unknown field": _change_header(comment="mine"),
    "no tables": _change_header(tables=[]),
    "bad tables": _change_header(tables=[{"name": "tau_mem_ratio"}]),
    "other version": _change_header(schema_version=3),
    "list": lambda folder: (folder / HEADER).write_text("[1, 2]") and None,
    "no header": lambda folder: (folder / HEADER).unlink(),
    "no arrays": lambda folder: (folder / ARRAYS).unlink(),
}


@pytest.mark.parametrize("case", _DAMAGES)
def test_changed_content_under_a_fitting_manifest_is_damage(folder: Path, case: str) -> None:
    _seal_again(folder, _DAMAGES[case])
    with pytest.raises(IntegrityError) as caught:
        read_snapshot(folder)
    assert (caught.value.code, caught.value.exit_code) == ("E701", 6)


def test_swapped_files_of_two_chips_are_damage(folder: Path, tmp_path: Path) -> None:
    write_snapshot(tmp_path / "other", replace(_sound(), tables=_sound().tables[:2]))
    _seal_again(folder, lambda path: shutil.copy(tmp_path / "other" / ARRAYS, path / ARRAYS) and None)
    with pytest.raises(IntegrityError) as caught:
        read_snapshot(folder)
    assert caught.value.code == "E701"


def test_another_schema_version_is_refused(folder: Path) -> None:
    _seal_again(folder, lambda _: None, schema_version=3)
    with pytest.raises(IntegrityError) as caught:
        read_snapshot(folder)
    assert (caught.value.code, caught.value.exit_code) == ("E504", 6)
    assert "version 3" in caught.value.problems[0].allowed


def test_what_is_no_snapshot_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_snapshot(tmp_path / "nowhere")
    assert (caught.value.code, caught.value.exit_code) == ("E505", 2)
    assert caught.value.hint == "make one with sal-hw snapshot draw"
    # a snapshot that was left unfinished cannot be resumed as a run can
    ArtifactFolder.create(tmp_path / "cut", "snapshot")
    with pytest.raises(InputError) as unfinished:
        read_snapshot(tmp_path / "cut")
    assert (unfinished.value.code, unfinished.value.hint) == ("E505", "make one with sal-hw snapshot draw")
    ArtifactFolder.create(tmp_path / "run", "run").finish({}, schema_version=1)
    with pytest.raises(IntegrityError) as refused:
        read_snapshot(tmp_path / "run")
    assert "a run" in refused.value.problems[0].allowed


# --- absurd numbers and wrong shapes ----------------------------------------------------------------------------------


def _with(name: str, place: int, number: float) -> ParameterTable:
    table = _table(name)
    measured = table.measured.copy()
    measured.flat[place] = number
    return replace(table, measured=measured)


_NEURONS = BLOCKS * COLUMNS
_WRONG: dict[str, tuple[CalibrationSnapshot, str]] = {
    "not a number": (_snapshot(_with("tau_mem_ratio", 3, np.nan)), "tables.tau_mem_ratio.measured[3]"),
    "infinite": (_snapshot(_with("tau_mem_ratio", 0, np.inf)), "tables.tau_mem_ratio.measured[0]"),
    "too large": (_snapshot(_with("tau_mem_ratio", 1, 101.0)), "tables.tau_mem_ratio.measured[1]"),
    "negative": (_snapshot(_with("gain_ratio", 0, -0.5)), "tables.gain_ratio.measured[0, 0, 0]"),
    "off the scale": (_snapshot(_with("v_leak_offset_lsb", 2, -256.0)), "tables.v_leak_offset_lsb.measured[2]"),
    "sigma": (_snapshot(_table("tau_mem_ratio", sigma=np.full(_NEURONS, -1.0))), "tables.tau_mem_ratio.sigma[0]"),
    "sigma's shape": (_snapshot(_table("tau_mem_ratio", sigma=np.zeros(3))), "tables.tau_mem_ratio.sigma"),
    "mask's shape": (_snapshot(_table("tau_mem_ratio", ok=np.ones(3, bool))), "tables.tau_mem_ratio.ok"),
    "mask's type": (_snapshot(_table("tau_mem_ratio", ok=np.ones(_NEURONS))), "tables.tau_mem_ratio.ok"),
    "axes": (_snapshot(_table("tau_mem_ratio", measured=np.ones((2, 4)))), "tables.tau_mem_ratio.measured"),
    "empty": (_snapshot(_table("gain_ratio", measured=np.ones((2, 0, 4)))), "tables.gain_ratio.measured"),
    "text": (_snapshot(_table("tau_mem_ratio", measured=np.array(["1"] * 8))), "tables.tau_mem_ratio.measured"),
    "site": (_snapshot(_table("tau_mem_ratio", site="synapse")), "tables.tau_mem_ratio.site"),
    "unit": (_snapshot(_table("tau_mem_ratio", unit="LSB")), "tables.tau_mem_ratio.unit"),
    "unknown": (_snapshot(replace(_table("tau_mem_ratio"), name="tau_men_ratio")), "tables"),
    "twice": (_snapshot(_table("tau_mem_ratio"), _table("tau_mem_ratio", seed=1)), "tables.tau_mem_ratio"),
    "disagree": (_snapshot(_table("gain_ratio"), _table("balance_ratio", shape=(2, 4, 4))), "tables.balance_ratio"),
    "two chips": (_snapshot(_table("gain_ratio"), _table("tau_mem_ratio", shape=(2, 3, 5))), "tables"),
    "no id": (_snapshot(chip_id=""), "chip_id"),
    "escape": (_snapshot(chip_id="cube\x1b[2J"), "chip_id"),
    "no date": (_snapshot(taken_at="yesterday"), "taken_at"),
    "local date": (_snapshot(taken_at="2025-01-31T12:00:00"), "taken_at"),
    "version": (_snapshot(schema_version=3), "schema_version"),
    "origin": (_snapshot(origin="guessed"), "origin"),
}


@pytest.mark.parametrize("case", _WRONG)
def test_what_cannot_be_is_neither_written_nor_used(tmp_path: Path, case: str) -> None:
    snapshot, field = _WRONG[case]
    for refuse in (lambda: write_snapshot(tmp_path / "chip", snapshot), lambda: check_snapshot(snapshot, _target())):
        with pytest.raises(CalibrationError) as caught:
            refuse()
        assert (caught.value.code, caught.value.exit_code) == ("E703", 3)
        assert caught.value.field.startswith(field)
        assert caught.value.hint
    assert not (tmp_path / "chip").exists()


@pytest.mark.parametrize("case", ["not a number", "too large", "sigma", "unknown", "disagree", "axes", "mask's type"])
def test_what_cannot_be_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    snapshot, field = _WRONG[case]
    with monkeypatch.context() as patch:
        patch.setattr(snapshot_io, "check_tables", lambda _: None)
        write_snapshot(tmp_path / "chip", snapshot)
    with pytest.raises(CalibrationError) as caught:
        read_snapshot(tmp_path / "chip")
    assert (caught.value.code, caught.value.exit_code) == ("E703", 3)
    assert caught.value.field.startswith(field)


def test_all_defects_are_told_at_once() -> None:
    snapshot = _snapshot(_with("tau_mem_ratio", 0, np.nan), _with("gain_ratio", 0, -1.0), chip_id="")
    with pytest.raises(CalibrationError) as caught:
        check_snapshot(snapshot, _target())
    assert len(caught.value.problems) == 3


def test_a_misspelt_table_gets_a_suggestion() -> None:
    with pytest.raises(CalibrationError, match="tau_mem_ratio"):
        check_snapshot(_WRONG["unknown"][0], _target())


# --- the target -------------------------------------------------------------------------------------------------------


def test_a_snapshot_fits_its_target() -> None:
    check_snapshot(_sound(), _target())
    check_snapshot(_snapshot(), _target())


@pytest.mark.parametrize(("sizes", "misfits"), [({"rows": 4}, 2), ({"columns": 8}, 3), ({"blocks": 1}, 3)], ids=str)
def test_shapes_come_from_the_target(sizes: dict[str, int], misfits: int) -> None:
    with pytest.raises(CalibrationError) as caught:
        check_snapshot(_sound(), _target(**sizes))
    assert [problem.code for problem in caught.value.problems] == ["E703"] * misfits


@pytest.mark.parametrize(
    "target",
    [
        _target("spinnaker2"),
        replace(_target(), grid=None),
    ],
    ids=["another family", "no circuits"],
)
def test_a_snapshot_of_another_kind_of_chip_is_refused(target: TargetDescription) -> None:
    with pytest.raises(CalibrationError) as caught:
        check_snapshot(_sound(), target)
    assert (caught.value.code, caught.value.exit_code) == ("E702", 3)
