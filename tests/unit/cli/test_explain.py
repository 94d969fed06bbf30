"""``sal-hw explain``: every code in a list, and one of them in full."""

from __future__ import annotations

from terminal import Terminal

from sal_hw.error_texts.catalog import CATALOG


def test_every_code_is_listed(terminal: Terminal) -> None:
    assert terminal("explain") == 0
    listed = {line.split()[0] for line in terminal.out.splitlines() if line.startswith("E")}
    assert listed == set(CATALOG)
    assert terminal.last_line == f"next: sal-hw explain {min(CATALOG)}"


def test_one_code_is_explained_with_an_example(terminal: Terminal) -> None:
    entry = CATALOG["E214"]
    assert terminal("explain", "e214") == 0
    assert terminal.out.startswith(f"E214  {entry.title}\n\n{entry.text}\n\n{entry.example}")
    assert terminal.document_of("explain", "E214") == {
        "format": 1,
        "status": "ok",
        "code": "E214",
        "title": entry.title,
        "text": entry.text,
        "example": entry.example,
    }


def test_an_unknown_code_gets_a_suggestion(terminal: Terminal) -> None:
    assert terminal("explain", "E2144") == 2
    assert 'did you mean "E214"?' in terminal.err
    assert terminal("explain", "?") == 2
    assert "sal-hw explain lists all codes" in terminal.err
