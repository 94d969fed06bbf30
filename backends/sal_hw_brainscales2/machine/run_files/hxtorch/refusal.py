"""What hxtorch cannot run, as a problem of the user's."""

from __future__ import annotations

from sal_hw.errors import Problem

#: where it runs instead
ELSEWHERE = "sal-hw compile and sal-hw run with --via pynn"


def refusal(value: str, allowed: str, hint: str = ELSEWHERE) -> Problem:
    """Return the problem E806 of a program that has `value`."""
    return Problem(code="E806", field="via", value=f'"hxtorch", with {value}', allowed=allowed, hint=hint)
