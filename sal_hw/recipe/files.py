"""Reads the text of a recipe, or says what stands where a recipe was expected."""

from __future__ import annotations

import codecs
import os
import re
import stat
from pathlib import Path

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.spec.findings import closest

MAX_BYTES = 2**20

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)


def shown_path(path: str | os.PathLike[str]) -> str:
    """Return a path that can be printed on one line."""
    text = os.fspath(path)
    return text if text.isprintable() else quote_value(text)[1:-1]


def read_text(path: str | os.PathLike[str]) -> str:
    """Return the text of a recipe.

    Raises
    ------
    InputError
        If there is no such regular file (E101, E102), or if it is empty (E103), not UTF-8 text (E104) or too
        large (E105).
    """
    name = shown_path(path)
    raw = _read_bytes(path, name)
    if len(raw) > MAX_BYTES:
        hint = "put large tables into a .npy file and refer to it with {file: NAME.npy}"
        raise _refuse("E105", name, f"at most {MAX_BYTES // 1024} KiB", hint)
    return check_text(_decode(raw, name), name)


def check_text(text: str, name: str) -> str:
    """Return `text` if it holds printable characters and something to read."""
    bad = _FORBIDDEN.search(text)
    if bad:
        before = text[: bad.start()].replace("\r\n", "\n").replace("\r", "\n")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        words = "printable UTF-8 text without control characters"
        raise _refuse("E104", name, words, f"remove the character U+{ord(bad[0]):04X}", (line, column))
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        raise _refuse("E103", name, "a recipe: a mapping that begins with 'recipe: 1'", "the file holds no content")
    return text


def _refuse(
    code: str, name: str, allowed: str, hint: str | None, place: tuple[int | None, int | None] = (None, None)
) -> InputError:
    problem = Problem(code=code, field="", allowed=allowed, hint=hint, file=name, line=place[0], column=place[1])
    return InputError(problem)


def _read_bytes(path: str | os.PathLike[str], name: str) -> bytes:
    try:
        # a named pipe would otherwise wait for a writer
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        raise _cannot_open(path, name, error) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _not_regular(path, name)
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _cannot_open(path, name, error) from error
    finally:
        os.close(descriptor)


def _cannot_open(path: str | os.PathLike[str], name: str, error: Exception) -> InputError:
    try:
        if Path(path).exists() and not Path(path).is_file():
            return _not_regular(path, name)
        hint = _similar(Path(path)) or "give the path of a .yaml file"
    except (OSError, ValueError):
        hint = None
    if isinstance(error, FileNotFoundError):
        return _refuse("E101", name, "a recipe file; there is no file of this name", hint)
    reason = (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__
    return _refuse("E101", name, f"a recipe file that can be read: {reason}", hint)


def _not_regular(path: str | os.PathLike[str], name: str) -> InputError:
    if not Path(path).is_dir():
        return _refuse("E102", name, "a regular file, not a device or pipe", "save the recipe to a file first")
    try:
        inside = sorted(item.name for item in Path(path).glob("*.yaml"))
    except OSError:
        inside = []
    hint = f'did you mean "{shown_path(Path(path) / inside[0])}"?' if inside else None
    return _refuse("E102", name, "a recipe file, not a folder", hint)


def _similar(path: Path) -> str | None:
    if not path.parent.is_dir():
        return f"there is no folder {shown_path(path.parent)}"
    names = [item.name for item in path.parent.iterdir() if item.suffix in (".yaml", ".yml")]
    best = closest(path.name, names) or closest(f"{path.name}.yaml", names)
    return f'did you mean "{shown_path(path.parent / best)}"?' if best else None


def _decode(raw: bytes, name: str) -> str:
    if raw.startswith(_UTF16):
        raise _refuse("E104", name, "UTF-8 text; this file is UTF-16 or UTF-32", "save it as UTF-8 in the editor")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        start = before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", "replace")) + 1
        hint = f"the byte 0x{raw[error.start]:02x} is no UTF-8; save the file as UTF-8 in the editor"
        raise _refuse("E104", name, "UTF-8 text", hint, (line, column)) from error
