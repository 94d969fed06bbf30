"""The command line as tests call it: in this process, with what it printed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sal_hw.cli.main import main


class Terminal:
    """Calls the command line and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *words: str) -> int:
        """Return the exit code; 1 is a bug, and nothing else is called one."""
        self._capsys.readouterr()
        code = main(words)
        self.out, self.err = self._capsys.readouterr()
        assert "Traceback" not in self.out + self.err
        assert code == 1 or "E900" not in self.err
        return code

    @property
    def document(self) -> dict[str, Any]:
        """The JSON that was printed."""
        document: dict[str, Any] = json.loads(self.out, parse_constant=lambda name: pytest.fail(f"JSON has {name}"))
        assert document["format"] == 1
        return document

    def document_of(self, *words: str) -> dict[str, Any]:
        """Return the JSON of a command that succeeds."""
        assert self(*words, "--json") == 0
        return self.document

    @property
    def last_line(self) -> str:
        """The last line that was printed."""
        return self.out.splitlines()[-1]
