"""However a recipe is spoilt, reading it gives a recipe or an InputError, never anything else."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sal_hw.errors import InputError
from sal_hw.recipe.recipe import read_recipe_file

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("*.yaml"))
TEXTS = [path.read_text() for path in RECIPES]
TREES = [yaml.safe_load(text) for text in TEXTS]
ANY_SPEED = list(HealthCheck)
FEW = settings(max_examples=120, suppress_health_check=ANY_SPEED)
MANY = settings(max_examples=5000, suppress_health_check=ANY_SPEED)

SNIPPETS = (
    *"[]{}:,-#&*!|>%@`'\"?$\\\t\n\r\0\x1b\x85\u2028\ufeff\ud7ff",
    ": ",
    "- ",
    "---\n",
    "...\n",
    "<<: ",
    "&a ",
    "*a",
    "!!python/name:os.system ",
    "$x",
    "$$",
    "010",
    "1e-6",
    "1e999",
    ".nan",
    "-.inf",
    "9" * 5000,
    "0x1F",
    "12:30",
    "null",
    "~",
    "NO",
    "true",
    "10 ms",
    "-3 mV",
    "[" * 40,
    "{a: " * 30,
    "é",
    "\U0001d518",
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**90, max_value=10**99),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(SNIPPETS),
    st.sampled_from(["10 ms", "0 ms", "-1 mV", "5 Hz", "sal", "lif", "visible", "normal", "=sal", "signed"]),
    st.sampled_from(["recurrent", "forward", "lower", "../x.npy", "x.npy", "table", "constant", "file"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["name", "kind", "model", "value", "values", "file", "distribution", "unit", "x", "="]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)


def loads(path: Path, **options: Any) -> bool:
    """Whether the recipe is legal; anything but an InputError fails the test."""
    try:
        recipe = read_recipe_file(path, **options)
    except InputError as error:
        check_message(error)
        return False
    json.dumps(recipe.document, allow_nan=False).encode()
    return True


def check_message(error: InputError) -> None:
    assert all(problem.code and problem.allowed for problem in error.problems)
    assert str(error).replace("\n", "").isprintable()
    json.dumps([problem.as_document() for problem in error.problems], allow_nan=False).encode()


def spots(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container of a tree with each of its keys or indices."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in list(items):
        yield tree, key
        yield from spots(value)


@st.composite
def spoilt_trees(draw: st.DrawFn) -> str:
    tree = copy.deepcopy(draw(st.sampled_from(TREES)))
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(list(spots(tree))))
        action = draw(st.sampled_from(["replace", "delete", "rename", "copy", "wrap"]))
        if action == "delete":
            del container[key]
        elif action == "rename" and isinstance(container, dict):
            container[draw(st.text(max_size=8))] = container.pop(key)
        elif action == "copy":
            other, name = draw(st.sampled_from(list(spots(tree))))
            container[key] = copy.deepcopy(other[name])
        elif action == "wrap":
            container[key] = [container[key]]
        else:
            container[key] = draw(VALUES)
        if not any(True for _ in spots(tree)):
            break
    return yaml.safe_dump(tree, allow_unicode=draw(st.booleans()), default_flow_style=draw(st.booleans()))


def spoil_lines(draw: st.DrawFn, text: str) -> str:
    lines = text.splitlines(keepends=True)
    one, two = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    action = draw(st.sampled_from(["delete", "duplicate", "swap", "indent"]))
    if action == "delete":
        del lines[one]
    elif action == "duplicate":
        lines.insert(two, lines[one])
    elif action == "swap":
        lines[one], lines[two] = lines[two], lines[one]
    else:
        lines[one] = draw(st.sampled_from([" ", "  ", "\t"])) + lines[one]
    return "".join(lines)


def spoil_tokens(draw: st.DrawFn, text: str) -> str:
    tokens = text.split(" ")
    one, two = (draw(st.integers(0, len(tokens) - 1)) for _ in range(2))
    action = draw(st.sampled_from(["delete", "swap", "replace"]))
    if action == "delete":
        del tokens[one]
    elif action == "swap":
        tokens[one], tokens[two] = tokens[two], tokens[one]
    else:
        tokens[one] = draw(st.one_of(st.sampled_from(SNIPPETS), st.integers().map(str), st.floats().map(str)))
    return " ".join(tokens)


def spoil_bytes(draw: st.DrawFn, raw: bytes) -> bytes:
    position = draw(st.integers(0, len(raw)))
    inserted = draw(st.one_of(st.binary(max_size=4), st.sampled_from(SNIPPETS).map(str.encode)))
    return raw[:position] + inserted + raw[position + draw(st.sampled_from([0, 0, 1, 5, 200])) :]


@st.composite
def spoilt_texts(draw: st.DrawFn) -> bytes:
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        text = draw(st.sampled_from([spoil_lines, spoil_tokens]))(draw, text)
        if not text:
            return b""
    raw = text.encode()
    return spoil_bytes(draw, raw) if draw(st.booleans()) else raw


def check_tree(folder: Path, text: str) -> None:
    path = folder / "tree.yaml"
    path.write_text(text)
    loads(path)


def check_text(folder: Path, raw: bytes) -> None:
    path = folder / "text.yaml"
    path.write_bytes(raw)
    loads(path)


@FEW
@given(spoilt_trees())
def test_spoilt_trees(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    check_tree(tmp_path_factory.getbasetemp(), text)


@FEW
@given(spoilt_texts())
def test_spoilt_texts(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    check_text(tmp_path_factory.getbasetemp(), raw)


@pytest.mark.slow
@MANY
@given(spoilt_trees())
def test_many_spoilt_trees(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    check_tree(tmp_path_factory.getbasetemp(), text)


@pytest.mark.slow
@MANY
@given(spoilt_texts())
def test_many_spoilt_texts(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    check_text(tmp_path_factory.getbasetemp(), raw)


PATHS = st.sampled_from(
    [
        "seed",
        "timestep",
        "projections.recurrent.weight",
        "plasticity.alignment.learning_rate",
        "parameters.learning_rate",
        "populations.visible.size",
        "experiment.validation.duration",
        "presets.full.set",
        "experiment",
        "plasticity[0]",
        "name",
        "recipe",
    ]
)


@settings(max_examples=100, suppress_health_check=ANY_SPEED)
@given(path=st.one_of(PATHS, st.text(max_size=10)), value=st.one_of(VALUES.map(json.dumps), st.text(max_size=20)))
def test_any_override(path: str, value: str) -> None:
    """It is taken or refused in printable words; see :func:`loads`, which fails on everything else."""
    loads(RECIPES[0], overrides=[f"{path}={value}"])
