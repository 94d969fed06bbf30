"""Commands that messages suggest, as words that a shell takes for what they are."""

from __future__ import annotations

import os
import shlex


def command(*words: object) -> str:
    """Return the words of a command of this tool as one line to be copied into a shell.

    Parameters
    ----------
    words
        What follows ``sal-hw``: texts as they are, and paths, which never pass for an option.
    """
    return " ".join(("sal-hw", *map(shell_word, words)))


def shell_word(word: object) -> str:
    """Return one word of a command, quoted where a shell would read more into it.

    >>> from pathlib import Path
    >>> shell_word("plasticity[0].enabled=true"), shell_word(Path("-my run"))
    ("'plasticity[0].enabled=true'", "'./-my run'")
    """
    text = str(word)
    if isinstance(word, os.PathLike) and text.startswith("-"):
        text = f"./{text}"
    if text.isprintable():
        return shlex.quote(text)
    # a line feed or an escape would act on the terminal that shows it
    escaped = "".join(char if char.isprintable() and char not in "\\'" else _escaped(char) for char in text)
    return f"$'{escaped}'"


def _escaped(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(char))
