"""Rendering of run files: one readable Python file that needs numpy and the vendor's software, but not this package.

A template of ``templates/`` is Python with lines ``#<NAME>``, each of which a part replaces. Parts are made here, and
only here: Python literals of run data and arrays, and kernel texts. Names of a user's network occur in them
as string literals and nowhere else. Equal parts give equal bytes.

``templates/common.py.txt`` holds what all files that run there do alike, ``templates/kept.py.txt`` how run files of
both front ends read what kernels keep; they are included with ``#<COMMON>`` and ``#<KEPT>``. A template imports what it
and the common part use, and says its ``RELEASE``, ``WHERE`` to find the software, and what to do ``OTHERWISE``, with
another release.
"""

from __future__ import annotations

import ast
import base64
import io
import json
import re
import zlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np

from sal_hw.storage.files import sha256
from sal_hw_brainscales2.machine.run_files.run_data import Arrays

#: longest line of embedded data, in characters
LINE_LENGTH = 100

_MARK = re.compile(r"^#<([A-Z_]+)>$", re.MULTILINE)


def render(template: str, /, **parts: str) -> str:
    """Return a template of ``templates/`` with a part in the place of every mark.

    Parameters
    ----------
    template
        Name without ``.py.txt``.
    parts
        By mark; ``COMMON`` and ``KEPT`` are added here.

    Raises
    ------
    KeyError
        If a mark has no part or a part no mark, which is a mistake in the template.
    """
    text = _read(template)
    known = {**parts, "COMMON": _read("common"), "KEPT": _read("kept")}
    marks = _MARK.findall(text)
    unused = set(parts) - set(marks)
    if unused:
        raise KeyError(f"{template} has no place for {sorted(unused)}")
    return _MARK.sub(lambda mark: known[mark.group(1)].rstrip("\n"), text)


def _read(template: str) -> str:
    folder = files("sal_hw_brainscales2.machine.run_files")
    return folder.joinpath(f"templates/{template}.py.txt").read_text(encoding="utf-8")


def embed(arrays: Arrays) -> str:
    """Return the Python literal of a dictionary: name to (sha256 of the npy file, lines of its base64(zlib()))."""
    lines = ["{"]
    for name in sorted(arrays):
        raw = _npy_bytes(arrays[name])
        packed = base64.b64encode(zlib.compress(raw, 9)).decode("ascii")
        width = LINE_LENGTH - len('            "",')
        lines += [f"    {json.dumps(name)}: (", f'        "{sha256(raw)}",', "        (  # base64(zlib(npy))"]
        lines += [f'            "{packed[at : at + width]}",' for at in range(0, len(packed), width)]
        lines += ["        ),", "    ),"]
    return "\n".join([*lines, "}"])


def _npy_bytes(array: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.asarray(array, order="C"), allow_pickle=False)
    return buffer.getvalue()


def literal(value: object, *, indent: int = 0) -> str:
    """Return JSON data as a Python literal, one entry a line; short lists of numbers and words stand on one line."""
    flat = _flat(value)
    if flat is not None and indent + len(flat) <= LINE_LENGTH:
        return flat
    pad = " " * (indent + 4)
    if isinstance(value, Mapping):
        entries = [f"{_flat(str(key))}: {literal(item, indent=indent + 4)}" for key, item in value.items()]
        opened, closed = "{", "}"
    elif isinstance(value, (list, tuple)):
        entries = [literal(item, indent=indent + 4) for item in value]
        opened, closed = "[", "]"
    else:
        return str(flat)
    return "\n".join([opened, *(f"{pad}{entry}," for entry in entries), " " * indent + closed])


def _flat(value: object) -> str | None:
    """Return a value as one line; None for what is written in several."""
    if isinstance(value, str):
        # JSON's escapes of ASCII text are Python's
        return json.dumps(value) if value.isascii() else ascii(value)
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        parts = [_flat(item) for item in value if not isinstance(item, (Mapping, list, tuple))]
        return None if len(parts) < len(value) else f"[{', '.join(str(part) for part in parts)}]"
    if isinstance(value, Mapping):
        return None if value else "{}"
    raise TypeError(f"{type(value).__name__} is no JSON data")


def text_literal(text: str) -> str:
    """Return a Python literal that shows a text of many lines as it is; for kernels.

    Raises
    ------
    ValueError
        If the text has something that a raw string cannot hold.
    """
    found = f'r"""{text}"""'
    try:
        same = ast.literal_eval(found) == text
    except (SyntaxError, ValueError):  # ValueError: it became an expression
        same = False
    if not same:
        raise ValueError("a kernel has triple quotes or ends with a quote or a backslash")
    return found
