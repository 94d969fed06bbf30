"""What classes of plain data accept and refuse, and which member of a union is read."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Annotated

import pytest
from pydantic import Tag, TypeAdapter, ValidationError

from sal_hw.storage.document import choose_by, document, recipe_key


@document
class Round:
    """One shape."""

    radius_ms: float
    kind: str = "round"


@document
class Square:
    """Another shape."""

    side_mv: float
    kind: str = "square"


Shape = Annotated[
    Annotated[Round, Tag("=round")] | Annotated[Square, Tag("=square")], choose_by("kind", default="round")
]
SHAPE: TypeAdapter[Round | Square] = TypeAdapter(Shape)


@pytest.mark.parametrize(
    ("attribute", "key"),
    [("tau_ref_ms", "tau_ref"), ("rate_hz", "rate"), ("v_reset_mv", "v_reset"), ("time_us", "time"), ("size", "size")],
)
def test_a_recipe_s_key_has_no_unit(attribute: str, key: str) -> None:
    assert recipe_key(attribute) == key


def test_fields_are_read_by_key_and_by_name() -> None:
    for raw in ({"radius": 2.0}, {"radius_ms": 2.0}):
        assert TypeAdapter(Round).validate_python(raw).radius_ms == 2.0


@pytest.mark.parametrize("raw", [{"radius": 1.0, "other": 2}, {"radius": float("nan")}, {"radius": float("inf")}, {}])
def test_unknown_keys_infinite_numbers_and_gaps_are_refused(raw: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Round).validate_python(raw)


def test_objects_are_frozen_and_have_no_other_fields() -> None:
    made = Round(radius_ms=1.0)
    with pytest.raises(FrozenInstanceError):
        made.radius_ms = 2.0  # type: ignore[misc]
    assert not hasattr(made, "__dict__")


def test_a_union_is_read_by_the_text_under_its_key() -> None:
    assert isinstance(SHAPE.validate_python({"kind": "square", "side": 1.0}), Square)
    assert isinstance(SHAPE.validate_python({"radius": 1.0}), Round)
    assert isinstance(SHAPE.validate_python(Square(side_mv=1.0)), Square)


@pytest.mark.parametrize("kind", [3, None, ["round"]])
def test_what_is_no_text_chooses_nothing(kind: object) -> None:
    with pytest.raises(ValidationError) as caught:
        SHAPE.validate_python({"kind": kind, "radius": 1.0})
    assert [error["type"] for error in caught.value.errors()] == ["choose_kind"]
