"""What a field of a specification may hold, read from its annotation, and how that is said in plain words."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from annotated_types import Ge, Gt, Le
from pydantic import Discriminator, StringConstraints, Tag

from sal_hw.spec.fields import Because
from sal_hw.storage.document import recipe_key
from sal_hw.units import Unit

_BASES = {int: "int", float: "float", str: "text", bool: "flag"}
_CHOOSER = "choose_"

#: symbols that may be written for a quantity, by the unit it is stored in
KNOWN_SYMBOLS = {
    "ms": ("ns", "us", "ms", "s", "min", "h"),
    "Hz": ("Hz", "kHz", "MHz"),
    "mV": ("uV", "mV", "V"),
}
NAME_WORDS = "a name: a letter, then letters, digits, '_' or '-', at most 64 characters"

_DIMENSION = {"ms": "a time", "Hz": "a rate", "mV": "a potential"}
_EXAMPLE = {"ms": "10 ms", "Hz": "100 Hz", "mV": "-65 mV"}


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldType:
    """What a field may hold.

    Attributes
    ----------
    base
        ``int``, ``float``, ``text``, ``name``, ``flag``, ``choice``, ``table``, ``document``, ``union`` or
        ``many``.
    lower, upper, lower_open
        Range of a number; whether the lower end itself is excluded.
    chooser
        Key whose value picks the member of a union.
    members
        The classes of a document or a union by the value that picks them.
    """

    base: str
    lower: float | None = None
    upper: float | None = None
    lower_open: bool = False
    unit: str | None = None
    choices: tuple[str, ...] = ()
    chooser: str | None = None
    members: tuple[tuple[str, type], ...] = ()
    item: FieldType | None = None
    because: Because | None = None

    def member(self, tag: str) -> type | None:
        """Return the class that a tag picks."""
        return dict(self.members).get(tag)


def read_type(annotation: object) -> FieldType:
    """Return what an annotation allows."""
    bare, metadata = _unwrap(annotation)
    facts: dict[str, Any] = {}
    for fact in metadata:
        facts.update(_read_fact(fact))
    origin = get_origin(bare)
    if origin in (Union, types.UnionType):
        return FieldType(base="union", members=tuple(_read_member(arg) for arg in get_args(bare)), **facts)
    if origin is tuple:
        return FieldType(base="many", item=read_type(get_args(bare)[0]), **facts)
    if origin is Literal:
        return FieldType(base="choice", choices=tuple(str(choice) for choice in get_args(bare)), **facts)
    if origin is np.ndarray:
        return FieldType(base="table", **facts)
    if isinstance(bare, type) and is_dataclass(bare):
        return FieldType(base="document", members=(("", bare),), **facts)
    return FieldType(**{"base": _BASES.get(bare, "text") if isinstance(bare, type) else "text", **facts})


def _unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """Take off ``Annotated`` and ``| None``; return what is left and the metadata met, innermost last."""
    metadata: tuple[Any, ...] = ()
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            metadata = (*annotation.__metadata__, *metadata)
            annotation = annotation.__origin__
            continue
        rest = [arg for arg in get_args(annotation) if arg is not type(None)]
        if origin not in (Union, types.UnionType) or len(rest) != 1:
            return annotation, metadata
        annotation = rest[0]


def _read_member(annotation: object) -> tuple[str, type]:
    bare, metadata = _unwrap(annotation)
    tag = next(str(fact.tag) for fact in metadata if isinstance(fact, Tag))
    return tag.removeprefix("="), bare


def _read_fact(fact: object) -> dict[str, Any]:
    return next((read(fact) for kind, read in _FACTS.items() if isinstance(fact, kind)), {})


_FACTS: dict[type, Callable[[Any], dict[str, Any]]] = {
    Gt: lambda fact: {"lower": fact.gt, "lower_open": True},
    Ge: lambda fact: {"lower": fact.ge, "lower_open": False},
    Le: lambda fact: {"upper": fact.le},
    Unit: lambda fact: {"unit": fact.symbol},
    Because: lambda fact: {"because": fact},
    StringConstraints: lambda _: {"base": "name"},
    Discriminator: lambda fact: {"chooser": (fact.custom_error_type or "").removeprefix(_CHOOSER)},
}


@cache
def fields_of(cls: type) -> dict[str, FieldType]:
    """Return the fields of a class of a specification by attribute."""
    hints = get_type_hints(cls, include_extras=True)
    return {item.name: read_type(hints[item.name]) for item in fields(cls)}


def field_type(cls: type, key: str) -> FieldType | None:
    """Return the type of the field with this attribute or recipe key."""
    known = fields_of(cls)
    return known.get(key) or next((kind for name, kind in known.items() if recipe_key(name) == key), None)


def keys_of(cls: type, *, recipe: bool) -> tuple[str, ...]:
    """Return the legal keys of a class, as a recipe or as Python spells them."""
    return tuple(recipe_key(name) if recipe else name for name in fields_of(cls))


def required_keys(cls: type) -> tuple[str, ...]:
    """Return the recipe keys without a default."""
    return tuple(
        recipe_key(item.name) for item in fields(cls) if item.default is MISSING and item.default_factory is MISSING
    )


def plain(number: float) -> str:
    """Return a number without an exponent where it is whole and exact."""
    if isinstance(number, int):
        return str(number)
    return str(int(number)) if abs(number) < 1e15 and number == int(number) else f"{number:g}"


def describe(kind: FieldType, *, recipe: bool) -> str:
    """Say in plain words what a field may hold, with unit and reason."""
    reason = f" ({kind.because.reason})" if kind.because else ""
    return _WORDS.get(kind.base, _describe_plain)(kind, recipe) + reason


def _describe_number(kind: FieldType, recipe: bool) -> str:
    unit = f" {kind.unit}" if kind.unit else ""
    noun = "a whole number" if kind.base == "int" else "a number"
    if kind.unit:
        noun = f"{_DIMENSION[kind.unit]} with its unit" if recipe else f"a number in {kind.unit}"
    lower = None if kind.lower is None else plain(kind.lower) + unit
    upper = None if kind.upper is None else plain(kind.upper) + unit
    if lower is None or upper is None:
        return noun
    span = f"greater than {lower}, at most {upper}" if kind.lower_open else f"{lower} .. {upper}"
    return f"{noun}, {span}"


def _describe_union(kind: FieldType, recipe: bool) -> str:
    tags = [tag for tag, _ in kind.members]
    if kind.chooser == "distribution":
        return (
            "a number, a list of numbers, {file: NAME.npy} or {distribution: normal | uniform | beta, ...}"
            if recipe
            else "a Constant, Table, FromFile, Normal, Uniform or Beta"
        )
    if kind.chooser == "table":
        return "rows of numbers, or {file: NAME.npy}" if recipe else "a Table or FromFile"
    if recipe:
        return f"a mapping with {kind.chooser}: {' | '.join(tags)}"
    return " or ".join(member.__name__ for _, member in kind.members)


def _describe_document(kind: FieldType, recipe: bool) -> str:
    cls = kind.members[0][1]
    needed = required_keys(cls)
    if not recipe:
        return f"a {cls.__name__}"
    return f"a mapping with the keys {', '.join(needed)}" if needed else "a mapping"


def _describe_plain(kind: FieldType, recipe: bool) -> str:
    if kind.base == "choice":
        return "one of: " + ", ".join(kind.choices)
    return _PLAIN_WORDS.get(kind.base, ("text", "text"))[0 if recipe else 1]


_WORDS = {
    "int": _describe_number,
    "float": _describe_number,
    "union": _describe_union,
    "document": _describe_document,
}
_PLAIN_WORDS = {
    "name": (NAME_WORDS, NAME_WORDS),
    "flag": ("true or false", "True or False"),
    "table": ("rows of finite numbers, all of one length",) * 2,
    "many": ("a list", "a tuple"),
    "mapping": ("a mapping", "a mapping"),
}


def example(kind: FieldType) -> str | None:
    """Return a legal value as a recipe writes it, or None if there is no typical one."""
    if kind.base == "float" and kind.unit:
        return _EXAMPLE[kind.unit]
    if kind.base == "choice":
        return kind.choices[0]
    if kind.base == "int" and kind.lower is not None:
        return plain(kind.lower)
    if kind.base == "union" and kind.chooser == "model":
        return "{model: sampling, tau_ref: 10 ms}"
    return None


def symbols_of(unit: str) -> str:
    """Say which unit symbols a quantity may be given in."""
    known = KNOWN_SYMBOLS[unit]
    return f"{_DIMENSION[unit]} in {', '.join(known[:-1])} or {known[-1]}"
