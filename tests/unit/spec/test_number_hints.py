"""Numbers written in another way: what is suggested is what was meant, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from sal_hw.errors import InputError
from sal_hw.units import parse_quantity
from sal_hw.workflow.api import load_recipe

RECIPE = (Path(__file__).parents[3] / "recipes" / "two_populations.yaml").read_text(encoding="utf-8")


def hint(tmp_path: Path, line: str, written: str) -> str | None:
    """Return the hint about a value that stands in the place of a good one."""
    key, good = line.split(": ")
    assert line in RECIPE
    path = tmp_path / "r.yaml"
    path.write_text(RECIPE.replace(f"{key}: {good}", f"{key}: {written}", 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_recipe(path)
    return caught.value.hint


@pytest.mark.parametrize(
    ("line", "written", "expected"),
    [
        ("weight_min: -1.5", "2*0.05", "recipes do not calculate; write 0.1"),
        ("weight_min: -1.5", "1 - 2", "recipes do not calculate; write -1"),
        ("weight_min: -1.5", "1/0", "recipes do not calculate; write the number itself"),
        ("size: 16", "4*4", "recipes do not calculate; write 16"),
        ("size: 16", "5/2", "recipes do not calculate; write a whole number"),
        ("tau_mem: 10 ms", "2*5 ms", "recipes do not calculate; write 10 ms"),
        ("duration: 200 s", "3*60", "recipes do not calculate; write 180 and its unit"),
        ("weight: 0.33 mV", "2*0.33 mV", "recipes do not calculate; write 0.66 mV"),
        ("weight_min: -1.5", "2 mV", "write 2 without quotes or unit"),
        ("weight_min: -1.5", "'2'", "write 2 without quotes or unit"),
        ("learning_rate: 0.03", "3%", "write 0.03"),
        ("weight_min: -1.5", "2e", None),
        ("weight_min: -1.5", "2^3", None),
        ("duration: 200 s", "200 secs", 'did you mean "200 s"?'),
        ("tau_mem: 10 ms", "10 Milliseconds", 'did you mean "10 ms"?'),
        ("rate: 400 Hz", "400 1/s", 'did you mean "400 Hz"?'),
    ],
)
def test_what_was_meant(tmp_path: Path, line: str, written: str, expected: str | None) -> None:
    assert hint(tmp_path, line, written) == expected


@pytest.mark.parametrize("micro", ["u", "\u00b5", "\u03bc"])
def test_micro_is_written_in_three_ways(micro: str) -> None:
    assert parse_quantity(f"400 {micro}s", "ms") == 0.4
    assert parse_quantity(f"330 {micro}V", "mV") == 0.33
