"""What a calibration by the vendor's calix tells of a chip: which circuits it could calibrate.

calix keeps settings and success, not what was achieved, so that no table of deviations can be filled from it. Three
forms are read: ``calibration.json`` of our own calibration file; calix's coordinate-container list as JSON (``.json``
or ``.json.gz``), in which a setting at the end of its range means failure, as in calix itself
(calix, common/boundary_check.py); and, only if the user trusts it, the native pickle, in a process of its own.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from sal_hw.errors import InputError, Problem, quote_path, quote_value
from sal_hw.storage.reading import open_regular, parse_json
from sal_hw.target.snapshot import CalibrationSnapshot, ParameterTable
from sal_hw.target.snapshot_checks import TIME_FORMAT
from sal_hw_brainscales2.description import brainscales2_description

KIND = "sal-hw-calix"

#: bytes that a calibration may have, unpacked: settings of all synapses as JSON are far below
MAX_BYTES = 2**27
#: wall-clock seconds that unpickling may take, the import of the vendor's software included
TIME_LIMIT_S = 120.0

#: variables of the environment that the process sees which reads a pickle: what the vendor's software is found by, and
#: none that might hold a token or a password
_PASSED_ON = {
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "PATH",
    "PYTHONHOME",
    "PYTHONPATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "TZ",
    "VIRTUAL_ENV",
}

#: potentials of a circuit whose setting calix searches for (calix, spiking/neuron.py), by group and name
_SEARCHED = (("leak", "v_leak"), ("reset", "v_reset"), ("threshold", "v_threshold"))


def import_calix(path: Path, *, trust_pickle: bool = False, chip_id: str | None = None) -> CalibrationSnapshot:
    """Return the snapshot that a calibration gives: the table ``usable``.

    Parameters
    ----------
    path
        JSON, gzipped or not, or a pickle.
    trust_pickle
        Whether a pickle may be read: that runs whatever code is in it.
    chip_id
        Names the chip where the file does not.

    Raises
    ------
    InputError
        E805 with the reason if it is not taken over.
    """
    if path.suffix in (".pkl", ".pickle"):
        if not trust_pickle:
            hint = (
                "import its calibration.json or .json.gz instead, or add --trust-pickle if you made the file yourself"
            )
            _refuse(path, "a file that can be read without running code; a pickle runs whatever it contains", hint)
        document = _unpickle(path)
    else:
        document = _read_json(path)
    return _snapshot(path, document, chip_id)


def _read_json(path: Path) -> object:
    try:
        if path.suffix == ".gz":
            with open_regular(path) as packed, gzip.open(packed) as file:
                data = file.read(MAX_BYTES + 1)
        else:
            with open_regular(path) as plain:
                data = plain.read(MAX_BYTES + 1)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        _refuse(path, f"a readable file ({type(error).__name__})")
    if len(data) > MAX_BYTES:
        _refuse(path, f"at most {MAX_BYTES // 2**20} MiB")
    try:
        document: object = parse_json(data)
    except ValueError:
        hint = "of calix's files, .json.gz can be read; .pbin only by the vendor's own software"
        _refuse(path, "JSON, gzipped or not", hint)
    return document


def _unpickle(path: Path) -> object:
    """Return what a process of its own found in a pickle."""
    script = Path(__file__).with_name("unpickle.py")
    if not path.is_file():
        _refuse(path, "an existing regular file")
    command = [sys.executable, str(script), str(path.absolute())]
    try:
        done = subprocess.run(  # noqa: S603 - our own script, and no shell
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
            env={name: value for name, value in os.environ.items() if name in _PASSED_ON},
        )
    except subprocess.TimeoutExpired:
        _refuse(path, f"a pickle that is read within {TIME_LIMIT_S:g} s")
    last = done.stdout.decode(errors="replace").strip().rpartition("\n")[2]
    try:
        document: object = parse_json(last.encode())
    except ValueError:
        document = None
    if done.returncode or not isinstance(document, dict):
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or "nothing"
        hint = "read it where calix is installed, or import its .json.gz"
        _refuse(path, f"a result of calix; reading it ended with code {done.returncode}: {quote_value(said)}", hint)
    return document


def _snapshot(path: Path, document: object, chip_id: str | None) -> CalibrationSnapshot:
    ours = isinstance(document, dict) and document.get("kind") == KIND
    named, taken = None, None
    if isinstance(document, dict) and ours:
        named, taken = document.get("chip_id"), document.get("end_utc")
        usable = _mask(path, document)
        source = "calix, success of the neurons' calibration"
    else:
        usable = _from_settings(path, document)
        source = "calix, settings of potentials that are not at the end of their range"
    if named is not None and chip_id is not None and str(named) != chip_id:
        _refuse(path, f"a calibration of {chip_id}; this one is of {quote_value(str(named))}", "leave --chip-id away")
    if named is None and chip_id is None:
        _refuse(path, "the name of the chip, which is not in the file", "give it with --chip-id ID")
    table = ParameterTable(
        name="usable",
        site="neuron",
        unit="1",
        measured=usable.astype(np.float64),
        ok=np.ones(usable.shape, dtype=bool),
        source=source,
    )
    return CalibrationSnapshot(
        chip_id=str(named or chip_id),
        target=brainscales2_description.family,
        taken_at=_time(path, taken),
        origin="measured",
        tables=(table,),
    )


def _time(path: Path, taken: object) -> str:
    """Return when the calibration was made; the file's own time where the content does not say."""
    try:
        moment = datetime.fromisoformat(str(taken)) if taken is not None else _changed(path)
        return moment.astimezone(timezone.utc).strftime(TIME_FORMAT)
    except (ValueError, OverflowError):
        _refuse(path, f"a time such as 2026-01-31T12:00:00+00:00, not {quote_value(str(taken))}")


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)


def _circuits() -> int:
    limits = brainscales2_description.limits
    return int((limits["hemispheres"].high or 0) * (limits["columns"].high or 0))


def _mask(path: Path, document: dict[str, Any]) -> NDArray[np.bool_]:
    neurons = document.get("neurons")
    usable = neurons.get("usable") if isinstance(neurons, dict) else None
    wanted = _circuits()
    if not isinstance(usable, list) or len(usable) != wanted or not all(each in (0, 1) for each in usable):
        _refuse(path, f"neurons.usable with a 0 or 1 for each of the {wanted} circuits")
    return np.array(usable, dtype=bool)


def _from_settings(path: Path, document: object) -> NDArray[np.bool_]:
    """Return which circuits have settings within the range of the chip's analog memory, in the order of the list."""
    capmem = brainscales2_description.limits["capmem"]
    settings = [[_number(item.get(group), name) for group, name in _SEARCHED] for item in _neurons(document)]
    wanted = _circuits()
    if len(settings) != wanted or any(number is None for each in settings for number in each):
        _refuse(path, f"the settings of all {wanted} circuits, as calix's JSON list has them; it has {len(settings)}")
    codes = np.array(settings, dtype=np.int64)
    return np.asarray(((codes > (capmem.low or 0)) & (codes < (capmem.high or 0))).all(axis=1))


def _neurons(document: object) -> Iterator[dict[str, Any]]:
    """Yield what looks like the settings of a neuron circuit (lola, AtomicNeuron), wherever it stands."""
    stack = [document]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            if all(group in item for group, _ in _SEARCHED):
                yield item
                continue
            stack.extend(reversed(list(item.values())))
        elif isinstance(item, list):
            stack.extend(reversed(item))


def _number(group: object, name: str) -> int | None:
    """Return a setting; the archive wraps numbers into objects with a single member."""
    found = group.get(name) if isinstance(group, dict) else None
    while isinstance(found, dict):
        # a type's version, which the archive writes once per type, is no content
        inner = [value for key, value in found.items() if key != "cereal_class_version"]
        found = inner[0] if len(inner) == 1 else None
    return found if type(found) is int and abs(found) < 2**31 else None


def _refuse(path: Path, allowed: str, hint: str | None = None) -> NoReturn:
    problem = Problem(code="E805", field="calix", value=quote_path(path), allowed=allowed, hint=hint)
    raise InputError(problem)
