"""What packages register is found by name; what is wrong with one of them harms no other."""

from __future__ import annotations

import pytest

from sal_hw.contracts.targets import load_target, target_names
from sal_hw.errors import InputError
from sal_hw.registry import GROUPS, PLOTS, TARGETS, load, names, origin_of


def test_everything_that_is_registered_can_be_imported():
    assert {f"{group}: {name}" for group in GROUPS for name in names(group) if load(group, name) is None} == set()


def test_a_package_of_somebody_else_is_found(install):
    install("foreign", "THING = 7", targets={"far": "foreign:THING"})
    assert "far" in target_names()
    assert load(TARGETS, "far") == 7
    assert origin_of(TARGETS, "far") == "foreign:THING of the package foreign"


def test_nothing_is_imported_before_it_is_asked_for(install):
    install("explosive", "raise SystemError('boom')", plots={"bang": "explosive:KIND"})
    assert "bang" in names(PLOTS)


def test_a_name_that_two_packages_register_is_refused_with_both(install):
    install("foreign", "THING = 7", targets={"ideal": "foreign:THING"})
    with pytest.raises(InputError) as caught:
        load_target("ideal")
    assert (caught.value.code, caught.value.field, caught.value.value) == ("E317", "target", '"ideal"')
    for words in ("foreign:THING of the package foreign", "ideal_target of the package sal-hw"):
        assert words in caught.value.problems[0].allowed
    assert load_target("brainscales2").description.family == "brainscales2"


@pytest.mark.parametrize(
    ("source", "reason"),
    [("import not_there_at_all", "ModuleNotFoundError"), ("", "AttributeError"), ("1 / 0", "ZeroDivisionError")],
)
def test_what_cannot_be_imported_is_refused_with_its_package(install, source, reason):
    install("foreign", source, targets={"far": "foreign:THING"})
    with pytest.raises(InputError) as caught:
        load_target("far")
    assert (caught.value.code, caught.value.value) == ("E318", '"far"')
    assert f"foreign:THING of the package foreign fails with {reason}" in caught.value.problems[0].allowed
    assert load_target("ideal").description.family == "ideal"
