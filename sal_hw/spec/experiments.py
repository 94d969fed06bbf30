"""All experiments that a recipe may ask for: those on a network, and the studies that packages register.

The schema of a study is registered in the group ``sal_hw.study_schemas`` under its kind: a class made by
:func:`sal_hw.storage.document.document` that is a :class:`sal_hw.spec.studies.StudyProtocol`, with
``kind: Literal["<kind>"] = "<kind>"``. What runs it is registered apart, in ``sal_hw.studies``, so that recipes are
read and checked without its engine.
"""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, TypeAlias, cast

from pydantic import Tag

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.registry import STUDY_SCHEMAS, load, names, origin_of
from sal_hw.spec.protocols import NETWORK_PROTOCOLS, NetworkProtocol
from sal_hw.spec.schema import field_type
from sal_hw.spec.studies import StudyProtocol
from sal_hw.storage.document import TAG_MARK, choose_by

ExperimentProtocol: TypeAlias = NetworkProtocol | StudyProtocol


def study_schemas() -> dict[str, type]:
    """Return the schema of every registered study that can be used, by kind, sorted."""
    usable = {}
    for kind in names(STUDY_SCHEMAS):
        try:
            usable[kind] = study_schema(kind)
        except InputError:
            # a broken package harms only the recipes that ask for its study; `sal-hw doctor` names it
            continue
    return usable


def study_schema(kind: str) -> type:
    """Return the schema of a registered study.

    Raises
    ------
    KeyError
        If nothing is registered under that kind.
    InputError
        E317 if more than one package registers it; E318 if it cannot be imported or is no schema of that kind.
    """
    schema = load(STUDY_SCHEMAS, kind)
    sound = isinstance(schema, type) and hasattr(schema, "__pydantic_config__") and hasattr(schema, "conflicts")
    if sound and _kinds(schema) == (kind,):
        return cast("type", schema)
    words = f"a document class with the kind {kind} and a method conflicts"
    raise InputError(
        Problem(
            code="E318",
            field="experiment.kind",
            value=quote_value(kind),
            allowed=f"{words}, which {origin_of(STUDY_SCHEMAS, kind)} is not",
            hint="tell the authors of the package",
        )
    )


def experiment_type() -> Any:
    """Return the annotation of an experiment of any kind: a union that the key ``kind`` picks from."""
    return _union(tuple(study_schemas().items()))


@cache
def _union(studies: tuple[tuple[str, type], ...]) -> Any:
    on_networks = [(kind, cls) for cls in NETWORK_PROTOCOLS for kind in _kinds(cls)]
    tagged: list[Any] = [Annotated[cls, Tag(TAG_MARK + kind)] for kind, cls in (*on_networks, *studies)]
    return Annotated[reduce(or_, tagged), choose_by("kind")]


def _kinds(schema: type) -> tuple[str, ...]:
    """Return what the field ``kind`` of a schema may be."""
    chooser = field_type(schema, "kind")
    return () if chooser is None else chooser.choices
