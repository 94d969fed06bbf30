"""``sal-hw explain``."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import typer

from sal_hw.cli.console import show, show_json, show_next, show_table
from sal_hw.cli.options import AsJson, Debug
from sal_hw.errors import InputError, Problem, quote_value


def explain(
    code: Annotated[
        str | None, typer.Argument(metavar="[CODE]", help="An error code; without one, all are listed.")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Explain an error code.

    Example: sal-hw explain E214
    """
    from sal_hw.error_texts.catalog import CATALOG

    del debug
    if code is None:
        _list_all({key: entry.title for key, entry in sorted(CATALOG.items())}, as_json=as_json)
        return 0
    entry = CATALOG.get(code.upper())
    if entry is None:
        close = get_close_matches(code.upper(), CATALOG, n=1)
        problem = Problem(
            code="E603",
            field="code",
            value=quote_value(code),
            allowed="a code of this program's messages",
            hint=f'did you mean "{close[0]}"?' if close else "sal-hw explain lists all codes",
        )
        raise InputError(problem)
    if as_json:
        show_json(
            {
                "status": "ok",
                "code": code.upper(),
                "title": entry.title,
                "text": entry.text,
                "example": entry.example,
            }
        )
    else:
        show(f"{code.upper()}  {entry.title}\n\n{entry.text}\n\n{entry.example}")
        show("next: sal-hw explain, for all codes")
    return 0


def _list_all(titles: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        show_json({"status": "ok", "codes": titles})
    else:
        show_table(list(titles.items()), ("code", "meaning"))
        show_next("explain", min(titles))
