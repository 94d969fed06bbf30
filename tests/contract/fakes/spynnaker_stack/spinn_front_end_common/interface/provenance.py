"""What cores count, as a query gives it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fake_machine import RUNS, SCRIPT, configuration


class ProvenanceReader:
    def __init__(self, provenance_data_path: str | None = None) -> None:
        if not configuration().getboolean("Reports", "read_placements_provenance_data", fallback=False):
            raise RuntimeError("provenance was not collected")

    def __enter__(self) -> ProvenanceReader:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run_query(self, query: str, params: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        assert query == "SELECT description, SUM(the_value) FROM core_provenance GROUP BY description"
        return [(name, counts[min(len(RUNS), len(counts)) - 1]) for name, counts in SCRIPT["provenance"].items()]
