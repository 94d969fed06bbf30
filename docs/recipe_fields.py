"""The part of docs/reference.md on recipes: every group of keys, from the classes that read them."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, Field, fields
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import sal_hw.spec
from sal_hw.spec.experiments import study_schemas
from sal_hw.spec.schema import fields_of
from sal_hw.spec.values import Constant
from sal_hw.storage.document import recipe_key
from sal_hw.units import Unit

#: modules in the order of a recipe's sections; the others follow by name
FIRST = ("network", "neurons", "stimulus", "values", "plasticity", "probes", "protocols")
#: written as what they hold
NOT_KEYS = ("Constant",)
PLAIN = {
    int: "whole number",
    float: "number",
    str: "text",
    bool: "true or false",
    NoneType: "null",
    Constant: "number",
}


def groups() -> Iterator[type]:
    """Yield the classes of all groups of keys: those of networks, then those of studies."""
    names = [module.name for module in pkgutil.walk_packages(sal_hw.spec.__path__, "sal_hw.spec.")]
    place = {f"sal_hw.spec.{name}": index for index, name in enumerate(FIRST)}
    yield from _groups_in(sorted(names, key=lambda name: (place.get(name, len(FIRST)), name)))
    found = {group.__module__ for schema in study_schemas().values() for group in _reached(schema)} - set(names)
    yield from _groups_in(sorted(found, key=lambda name: name.removesuffix(".schema").rpartition(".")[2]))


def _groups_in(modules: Iterable[str]) -> Iterator[type]:
    for name in modules:
        for member in vars(importlib.import_module(name)).values():
            is_group = inspect.isclass(member) and hasattr(member, "__pydantic_config__")
            if is_group and member.__module__ == name and member.__name__ not in NOT_KEYS:
                yield member


def _reached(group: type) -> Iterator[type]:
    """Yield a class and those that its fields lead to."""
    yield group
    for kind in fields_of(group).values():
        for _, member in (kind.item or kind).members:
            yield from _reached(member)


def value_of(annotation: Any, unit: str = "") -> str:
    """Say in words what a field takes."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        units = [mark.symbol for mark in parts[1:] if isinstance(mark, Unit)]
        return value_of(parts[0], units[0] if units else unit)
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(value_of(part, unit) for part in parts))
    if origin is tuple:
        return f"list of {value_of(parts[0], unit)}"
    return _simple(annotation, unit)


def _simple(annotation: Any, unit: str) -> str:
    if annotation in PLAIN:
        return f"{PLAIN[annotation]} in {unit}" if unit else PLAIN[annotation]
    is_group = hasattr(annotation, "__pydantic_config__")
    return f"[{title(annotation)}](#{anchor(annotation)})" if is_group else "value"


def title(group: type) -> str:
    """Return the heading of a group: its class in words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", group.__name__).lower()


def anchor(group: type) -> str:
    """Return where its heading is found."""
    return title(group).replace(" ", "-")


def meanings(group: type) -> dict[str, str]:
    """Return what its docstring says about each field."""
    _, _, section = (inspect.getdoc(group) or "").partition("Attributes\n----------\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(" :")[0].split(",")]
        elif line.strip(" ="):
            # columns of a table become clauses
            words = re.sub(r"\s{2,}", ", ", line.strip()) + (";" if re.search(r"\S\s{2,}\S", line) else "")
            found |= {name: f"{found.get(name, '')} {words}".strip() for name in names}
    return found


def default_of(field: Field[Any]) -> str:
    """Return the default as a recipe would write it."""
    if field.default is MISSING:
        return "required" if field.default_factory is MISSING else ""
    if field.default is None or isinstance(field.default, bool):
        return f"`{ {None: 'null', True: 'true', False: 'false'}[field.default] }`".replace(" ", "")
    return f"`{field.default}`" if isinstance(field.default, int | float | str) else ""


def section(group: type) -> Iterator[str]:
    """Yield the lines on one group."""
    words = (inspect.getdoc(group) or "").partition("Attributes\n----------\n")[0].strip()
    yield from (f"### {title(group)}", "", " ".join(words.split()), "")
    yield from ("| key | value | default | meaning |", "|---|---|---|---|")
    hints, told = get_type_hints(group, include_extras=True), meanings(group)
    for field in fields(group):
        cells = (
            f"`{recipe_key(field.name)}`",
            value_of(hints[field.name]),
            default_of(field),
            told.get(field.name, ""),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


def recipe_lines() -> Iterator[str]:
    """Yield the chapter."""
    yield from ("## Recipes", "", "What every group of keys takes. `sal-hw check` finds all mistakes at once.", "")
    for group in groups():
        yield from section(group)
