"""What a run takes of a chip, of its FPGA and of the computer: time and memory, before anything runs."""

from __future__ import annotations

from typing import Any

from sal_hw.contracts.report import ProgramReport, ReportTable
from sal_hw.program import CompiledProgram
from sal_hw_brainscales2.machine.ppu.kernels import program_files as kernel_files
from sal_hw_brainscales2.machine.run_files.collect import collect_run_data
from sal_hw_brainscales2.machine.run_files.declarations import MAX_EXTERNAL, external_bytes
from sal_hw_brainscales2.machine.run_files.hxtorch.render import MAX_DENSE, dense_bytes
from sal_hw_brainscales2.machine.run_files.run_data import MAX_RUNTIME_US
from sal_hw_brainscales2.machine.sdk import STACKS

#: least time of the vendor's calibration, in seconds: "about five minutes" of neurons, sensors come on top
#: (pynn-brainscales, standardmodels/cells.py: CalibHXNeuronCuba)
CALIBRATION_S = 300.0

_MIB = 2.0**20


def run_costs(program: CompiledProgram, *, updates: int, seed: int) -> ProgramReport:
    """Return chip time, machine time and memory of a run of so many updates, per front end."""
    data = collect_run_data(program, updates=updates, seed=seed)
    texts = {name: text.decode("ascii") for name, text in kernel_files(program, updates=updates).items()}
    taken = {each: external_bytes(text for name, text in texts.items() if f"_{each}" in name) for each in STACKS}
    given = {each: dense_bytes(data) if each == "hxtorch" else 0 for each in STACKS}
    document = {
        "updates": updates,
        "records": {rule.projection: _records(rule.record_every, updates) for rule in data.rules},
        "lead_us": data.lead_us,
        "runtime_us": data.runtime_us,
        "after_us": data.after_us,
        "chip_us": data.chip_us,
        "chip_us_limit": MAX_RUNTIME_US,
        "machine_s_least": data.chip_us * 1e-6,
        "calibration_s_least": CALIBRATION_S,
        "memory_bytes": taken,
        "memory_bytes_limit": MAX_EXTERNAL,
        "given_spikes_bytes": given,
        "given_spikes_bytes_limit": {"hxtorch": MAX_DENSE},
    }
    return ProgramReport(document={"run": document}, tables=(_table(document),), remarks=_remarks(document))


def _records(every: int, updates: int) -> int:
    """Return how many records of weights there are, the last weights included."""
    return updates // every + (updates % every > 0) if every else 1


def _table(document: dict[str, Any]) -> ReportTable:
    rows = []
    for name, bytes_of in document["memory_bytes"].items():
        given, limit = document["given_spikes_bytes"][name], document["given_spikes_bytes_limit"].get(name)
        rows.append(
            (
                name,
                _share(document["chip_us"] * 1e-6, document["chip_us_limit"] * 1e-6, "s"),
                _share(bytes_of / _MIB, document["memory_bytes_limit"] / _MIB, "MiB"),
                "as lists" if limit is None else _share(given / _MIB, limit / _MIB, "MiB"),
            )
        )
    header = ("front end", "chip time", "memory of the FPGA", "given spikes, in the computer's memory")
    return ReportTable(title=f"a run of {document['updates']} updates", header=header, rows=tuple(rows))


def _share(number: float, limit: float, unit: str) -> str:
    words = f"{number:.3g} of {limit:.4g} {unit}"
    return words if number <= limit else f"{words}: refused"


def _remarks(document: dict[str, Any]) -> tuple[str, ...]:
    kept = ", ".join(f"{count} of {name}" for name, count in document["records"].items())
    return (
        f"machine time: {document['machine_s_least']:.3g} s of chip time for a run; connecting, mapping and compiling "
        f"take longer, how long is not known. The vendor's calibration before it takes "
        f"{document['calibration_s_least'] / 60:g} minutes or more",
        f"records of weights: {kept}; the last one is of the end. A weights probe asks for more",
    )
