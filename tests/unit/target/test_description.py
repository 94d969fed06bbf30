"""Ranges, exclusions and grids of a target; capabilities that nobody registers are refused at once."""

from __future__ import annotations

import pytest

from sal_hw.target.description import CircuitGrid, Exclusion, Range, TargetDescription


@pytest.mark.parametrize(
    ("low", "high", "inside", "outside"),
    [(1.0, 3.0, (1.0, 2.0, 3.0), (0.9, 3.1)), (None, 3.0, (-1e9,), (4.0,)), (1.0, None, (1e9,), (0.0,))],
)
def test_a_range_holds_its_ends(
    low: float | None, high: float | None, inside: tuple[float, ...], outside: tuple[float, ...]
) -> None:
    found = Range(low=low, high=high)
    assert all(value in found for value in inside)
    assert not any(value in found for value in outside)


def test_every_column_of_every_block_has_a_circuit() -> None:
    assert CircuitGrid(block="hemisphere", blocks=2, rows=256, columns=128).neurons == 256


def test_known_capabilities_are_taken() -> None:
    pair = Exclusion(first="plasticity", second="record_membrane", reason="one bus", source="a manual")
    found = TargetDescription(family="x", summary="", capabilities=("lif", "plasticity"), limits={}, exclusions=(pair,))
    assert (found.time_scale, found.emulated, found.grid) == (1.0, False, None)


@pytest.mark.parametrize(("name", "words"), [("plasticty", 'did you mean "plasticity"?'), ("flying", "there are: ")])
def test_a_capability_that_nobody_registers_is_refused(name: str, words: str) -> None:
    with pytest.raises(ValueError, match=f'x: no package registers the capability "{name}"; ') as caught:
        TargetDescription(family="x", summary="", capabilities=(name,), limits={})
    assert words in str(caught.value)
    pair = Exclusion(first="lif", second=name, reason="", source="")
    with pytest.raises(ValueError, match=name):
        TargetDescription(family="x", summary="", capabilities=("lif",), limits={}, exclusions=(pair,))
