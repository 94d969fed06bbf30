"""What a field may hold is read from its annotation and said in plain words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import pytest
from annotated_types import Ge, Gt, Le
from numpy.typing import NDArray

from sal_hw.spec.fields import DurationMs, Flag, Name, Seed, Text, Whole
from sal_hw.spec.network import Population, Projection
from sal_hw.spec.neurons import Neuron, SamplingNeuron
from sal_hw.spec.schema import describe, example, field_type, keys_of, read_type, symbols_of
from sal_hw.spec.values import ValueSource


@pytest.mark.parametrize(
    ("annotation", "base"),
    [
        (Whole, "int"),
        (DurationMs, "float"),
        (Text, "text"),
        (Name, "name"),
        (Flag, "flag"),
        (Literal["a", "b"], "choice"),
        (NDArray[np.float64], "table"),
        (Population, "document"),
        (Neuron, "union"),
        (ValueSource, "union"),
        (tuple[Population, ...], "many"),
        (Seed | None, "int"),
    ],
)
def test_kinds_of_fields(annotation: Any, base: str) -> None:
    assert read_type(annotation).base == base


def test_ranges_and_units() -> None:
    found = read_type(Annotated[float, Gt(0.5), Le(3.0)])
    assert (found.lower, found.lower_open, found.upper, found.unit) == (0.5, True, 3.0, None)
    assert (read_type(Annotated[int, Ge(2)]).lower, read_type(Annotated[int, Ge(2)]).lower_open) == (2, False)
    assert read_type(DurationMs).unit == "ms"
    assert read_type(DurationMs).because is not None


def test_members_of_a_union_are_found_by_their_tag() -> None:
    found = read_type(Neuron)
    assert found.chooser == "model"
    assert [tag for tag, _ in found.members] == ["sampling", "lif"]
    assert found.member("sampling") is SamplingNeuron
    assert found.member("other") is None


def test_a_field_is_found_by_its_key_and_by_its_name() -> None:
    for name in ("tau_ref", "tau_ref_ms"):
        found = field_type(SamplingNeuron, name)
        assert found is not None
        assert (found.base, found.unit) == ("float", "ms")
    assert field_type(SamplingNeuron, "size") is None


def test_keys_of_a_recipe_have_no_units_and_names_in_python_do() -> None:
    assert "delay" in keys_of(Projection, recipe=True)
    assert "delay_ms" in keys_of(Projection, recipe=False)


@pytest.mark.parametrize(
    ("annotation", "recipe", "words"),
    [
        (DurationMs, True, "a time"),
        (Flag, True, "true or false"),
        (Literal["a", "b"], True, "one of: a, b"),
        (Name, True, "a letter, then letters"),
        (Annotated[int, Ge(2), Le(5)], True, "2"),
    ],
)
def test_descriptions_are_in_plain_words(annotation: Any, recipe: bool, words: str) -> None:
    assert words in describe(read_type(annotation), recipe=recipe)


def test_examples_and_symbols() -> None:
    assert example(read_type(DurationMs)) == "10 ms"
    assert "us" in symbols_of("ms")
    assert "mV" not in symbols_of("ms")
