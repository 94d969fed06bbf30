"""The report on a chip program as short tables for people, at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sal_hw.contracts.report import ReportTable
from sal_hw.contracts.stored_weights import short_name, stored_weights_table

Document = dict[str, Any]
Row = tuple[str, ...]


def report_tables(report: Document) -> Iterator[ReportTable]:
    """Yield what :func:`sal_hw_brainscales2.report.summary.chip_report` says; a topic without entries has no table."""
    yield _table("placement", ("population", "hemisphere", "neurons", "columns"), _placement(report["placement"]))
    degree = report["in_degree"]
    yield _rows(report["rows"], f"at most {degree['largest']} of {degree['limit']} rows per neuron")
    if report["weights"]:
        yield stored_weights_table(report["weights"])
    if report["plasticity"]:
        yield _plasticity(report["plasticity"])
    if report["background"]:
        header = ("generator", "population", "hemisphere", "bus", "trains", "rate each (model)")
        yield _table("background generators", header, [_generator(item) for item in report["background"]])
    if report["external"]:
        lists: list[Row] = [
            (short_name(item["name"]), short_name(item["population"]), str(item["spikes"]))
            for item in report["external"]
        ]
        yield _table("given spikes", ("stimulus", "population", "spikes"), lists)


def report_remarks(report: Document) -> Iterator[str]:
    """Yield where learning synapses lie, their constants, how they move, and what comes before a run, each once."""
    yield from report["chip_rows"]
    for names in dict.fromkeys(", ".join(item["constants"]) for item in report["plasticity"]):
        if names:
            yield f"constants per learning synapse: {names}"
    signed = [item["projection"] for item in report["plasticity"] if item["two_rows"]]
    if signed:
        yield (
            f"learning weights of {', '.join(signed)} are differences of two rows that take half of a change each: "
            "where one of them is at 0, a weight moves away from 0 half as fast as the learning rate says"
        )
    for lead_us, reads in dict.fromkeys((item["lead_us"], item["baseline_reads"]) for item in report["plasticity"]):
        done = f"kernels read each sensor {reads} times for its baseline" if reads else "kernels reset the sensors"
        yield f"before the run, {lead_us / 1e3:.4g} ms of chip time: {done}"


def _table(title: str, header: Row, rows: list[Row]) -> ReportTable:
    return ReportTable(title=title, header=header, rows=tuple(rows))


def _placement(entries: list[Document]) -> list[Row]:
    return [
        (short_name(item["population"]), str(item["hemisphere"]), str(item["neurons"]), _columns(item["columns"]))
        for item in entries
    ]


def _columns(intervals: list[list[int]]) -> str:
    parts = [f"{first}-{last}" if last > first else str(first) for first, last in intervals]
    shown = parts[:6]
    return ", ".join(shown) + (f" and {len(parts) - len(shown)} more pieces" if len(parts) > len(shown) else "")


def _rows(entries: list[Document], degree: str) -> ReportTable:
    buses = sorted({item["bus"] for item in entries})
    used = {(item["hemisphere"], item["bus"]): item["used"] for item in entries}
    header = ("hemisphere", *(f"bus {bus}" for bus in buses), "in all")
    rows = []
    for half in sorted({half for half, _ in used}):
        numbers = [used[half, bus] for bus in buses]
        rows.append((str(half), *map(str, numbers), str(sum(numbers))))
    return _table(f"synapse rows used, of {entries[0]['available']} per bus; {degree}", header, rows)


def _plasticity(entries: list[Document]) -> ReportTable:
    header = ("projection", "rows", "all rows take", "period", "least", "constants", "memory")
    rows: list[Row] = [
        (
            short_name(item["projection"]),
            " + ".join(map(str, item["rows"])),
            f"{item['update_us']:.4g} us",
            f"{item['period_us']:.6g} us",
            f"{item['period_least_us']:.6g} us",
            f"{len(item['constants'])} ({item['constant_bytes_per_synapse']} B per synapse)",
            item["memory"],
        )
        for item in entries
    ]
    scale = 1e3 * entries[0]["period_ms"] / entries[0]["period_us"]
    return _table(f"plasticity: rows per hemisphere; chip time, which is model time / {scale:g}", header, rows)


def _generator(item: Document) -> Row:
    place = (str(item["hemisphere"]), str(item["bus"]), str(item["trains"]))
    return short_name(item["name"]), short_name(item["population"]), *place, f"{item['rate_hz']:.6g} Hz"
