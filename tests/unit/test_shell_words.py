"""A shell takes the words of suggested commands for what they are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sal_hw.shell_words import command, shell_word

BASH = shutil.which("bash")
AWKWARD = ("my run", "it's", "$HOME", "a;b", "plasticity[0].enabled=true", "ü", "a\\b 'c'\n\x1b[31m", "")


def test_plain_words_stay_plain() -> None:
    assert command("run", Path("a/b.yaml"), "--seed", 3) == "sal-hw run a/b.yaml --seed 3"


@pytest.mark.skipif(BASH is None, reason="needs bash")
@pytest.mark.parametrize("word", AWKWARD)
def test_a_shell_reads_the_word_that_was_meant(word: str) -> None:
    quoted = shell_word(word)
    assert quoted.isprintable()
    read = subprocess.run([str(BASH), "-c", f"printf %s {quoted}"], capture_output=True, check=True, text=True)
    assert read.stdout == word


@pytest.mark.parametrize(("path", "shown"), [("-out", "./-out"), ("-out dir", "'./-out dir'"), ("a/-b", "a/-b")])
def test_a_path_is_no_option(path: str, shown: str) -> None:
    assert shell_word(Path(path)) == shown
    assert shell_word("--strict") == "--strict"
