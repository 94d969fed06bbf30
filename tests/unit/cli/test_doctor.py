"""``sal-hw doctor``: what is sound, and what is broken by whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from terminal import Terminal


def test_doctor_finds_the_emulator_sound(terminal: Terminal) -> None:
    assert terminal("doctor", "--json") == 0
    findings = {item["what"]: item["ok"] for item in terminal.document["findings"]}
    assert findings["emulator"] is True
    assert findings["target ideal"] is True
    assert all(findings.values())


def test_doctor_names_what_cannot_be_imported(terminal: Terminal, install: Callable[..., None]) -> None:
    install("foreign", "import not_there_at_all", plots={"bang": "foreign:KIND"})
    assert terminal("doctor", "--json") == 4
    (broken,) = (item for item in terminal.document["findings"] if not item["ok"])
    assert broken["what"] == "kind of figure bang"
    assert "foreign:KIND of the package foreign fails with ModuleNotFoundError" in broken["detail"]


@pytest.mark.parametrize(
    ("group", "what"),
    [("plots", "kind of figure"), ("study_schemas", "schema of a study"), ("capabilities", "capability")],
)
def test_doctor_names_what_is_not_what_its_group_is_for(
    terminal: Terminal, install: Callable[..., None], group: str, what: str
) -> None:
    install("foreign", "THING = 7", **{group: {"bang": "foreign:THING"}})
    assert terminal("doctor", "--json") == 4
    broken = {item["what"]: item["detail"] for item in terminal.document["findings"] if not item["ok"]}
    assert "which foreign:THING of the package foreign is not" in broken.pop(f"{what} bang")
    # nobody can tell whether the emulator's little network wants a capability that cannot be asked
    assert list(broken) == (["emulator"] if group == "capabilities" else [])


def test_doctor_tells_what_machines_need_and_is_no_less_sound_without(terminal: Terminal) -> None:
    assert terminal("doctor", "--json") == 0
    needed = {(item["backend"], item["name"]): item for item in terminal.document["software"]}
    assert not needed["brainscales2", "pynn_brainscales"]["fits"]
    assert needed["brainscales2", "powerpc-ppu-g++"]["detail"]
    assert {name for name, _ in needed} == {"brainscales2", "pynn:brian2", "pynn:nest", "spinnaker1", "spinnaker2"}
    assert terminal("doctor") == 0
    assert "software of machines and simulators" in terminal.out
    assert "brainscales2  pynn_brainscales" in terminal.out
