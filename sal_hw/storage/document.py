"""What makes a class plain data: a frozen dataclass that pydantic reads from a recipe or a stored document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import Discriminator
from typing_extensions import dataclass_transform

from sal_hw.units import SUFFIX_UNITS


def recipe_key(attribute: str) -> str:
    """Return the recipe's key of an attribute: without the unit suffix, since the value has the unit."""
    for suffix in SUFFIX_UNITS:
        if attribute.endswith(suffix):
            return attribute.removesuffix(suffix)
    return attribute


#: pydantic's configuration of every dataclass of a specification
DOCUMENT_CONFIG: dict[str, Any] = {
    "extra": "forbid",
    "allow_inf_nan": False,
    "arbitrary_types_allowed": True,
    "revalidate_instances": "always",
    "alias_generator": recipe_key,
    "validate_by_alias": True,
    "validate_by_name": True,
}

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def document(cls: type[T]) -> type[T]:
    """Make a class a frozen keyword-only dataclass with slots that pydantic can read from a recipe."""
    made = dataclass(frozen=True, kw_only=True, slots=True, eq=False)(cls)
    made.__pydantic_config__ = DOCUMENT_CONFIG  # type: ignore[attr-defined]
    return made


#: marks the tag of a union's member in the path of an error, so that the path can be shown without it
TAG_MARK = "="


def choose_by(key: str, *, default: str | None = None) -> Discriminator:
    """Return the rule that picks a union's member by the text under the key or attribute `key`."""

    def pick(raw: object) -> str | None:
        chosen = raw.get(key, default) if isinstance(raw, dict) else getattr(raw, key, default)
        return TAG_MARK + chosen if isinstance(chosen, str) else None

    return Discriminator(pick, custom_error_type=f"choose_{key}", custom_error_message="unknown choice")
