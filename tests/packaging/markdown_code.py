"""The code blocks of a page of the docs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Code:
    """One block.

    Attributes
    ----------
    language, path
        What stands behind the backticks: a language, and the file that the code is a piece of.
    """

    language: str
    path: str | None
    text: str


def code_of(page: Path) -> list[Code]:
    """Return a page's blocks, in order."""
    return [Code(language, path or None, text) for language, path, text in _BLOCK.findall(page.read_text())]
