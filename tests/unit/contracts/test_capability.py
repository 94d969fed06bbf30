"""Capabilities of other packages are asked for, refused and shown like those of this project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sal_hw.cli.main import main
from sal_hw.contracts.capability import all_capabilities
from sal_hw.contracts.matrix import capability_matrix
from sal_hw.contracts.targets import Target, load_target
from sal_hw.errors import InputError
from sal_hw.target.description import Exclusion, TargetDescription
from sal_hw.workflow import api

RECIPE = Path(__file__).parents[3] / "recipes" / "two_neuron.yaml"

#: two_neuron has a projection there and one back
SOURCE = """
from sal_hw.contracts.capability import Capability, Want


def wanted(spec):
    ends = [(item.source, item.target) for item in spec.projections]
    for index, (source, target) in enumerate(ends):
        if (target, source) in ends[:index]:
            yield Want(who=f"the loop of {target} and {source}", path=("projections", index, "target"), value=target)


LOOPS = Capability(name="loops", meaning="populations that reach each other", wanted=wanted, FACTS)
"""


def source(facts: str = "families=('ideal',)") -> str:
    return SOURCE.replace("FACTS", facts)


def ideal(*capabilities: str, exclusions: tuple[Exclusion, ...] = ()) -> Target:
    """Return the target ideal with more capabilities than it has."""
    found = load_target("ideal")
    described = replace(
        found.description,
        capabilities=(*found.description.capabilities, *capabilities),
        exclusions=(*found.description.exclusions, *exclusions),
    )
    return replace(found, description=described)


def test_a_target_that_does_not_name_it_refuses_who_wants_it(install):
    install("loopy", source("families=('ideal',), hint='cut one'"), capabilities={"loops": "loopy:LOOPS"})
    (problem,) = api.load_recipe(RECIPE).check(target="ideal")
    assert (problem.code, problem.field, problem.hint) == ("E302", "projections[1].target", "cut one")
    assert "target ideal has no capability 'loops', which the loop of" in problem.allowed
    assert RECIPE.read_text().splitlines()[(problem.line or 0) - 1] == "    target: lower"


def test_a_target_that_names_it_does_not(install):
    install("loopy", source(), capabilities={"loops": "loopy:LOOPS"})
    assert api.compile_recipe(api.load_recipe(RECIPE), target=ideal("loops")).target == "ideal"


def test_targets_of_other_families_are_not_asked(install):
    install("loopy", source("families=('elsewhere',)"), capabilities={"loops": "loopy:LOOPS"})
    assert api.load_recipe(RECIPE).check(target="ideal") == ()


def test_every_target_is_asked_where_no_family_is_named(install):
    install("loopy", source(""), capabilities={"loops": "loopy:LOOPS"})
    for target in ("ideal", "spinnaker2"):
        assert "E302" in {problem.code for problem in api.load_recipe(RECIPE).check(target=target)}


def test_it_may_exclude_another_one(install):
    install("loopy", source(), capabilities={"loops": "loopy:LOOPS"})
    pair = Exclusion(first="plasticity", second="loops", reason="weights run away", source="made up")
    with pytest.raises(InputError) as caught:
        api.compile_recipe(api.load_recipe(RECIPE), target=ideal("loops", exclusions=(pair,)))
    (problem,) = caught.value.problems
    assert (problem.code, problem.field) == ("E306", "projections[1].target")
    assert "weights run away (made up)" in problem.allowed


def test_it_has_a_row_of_its_own_in_the_matrix(install, capsys):
    install("loopy", source("families=('brainscales2', 'ideal')"), capabilities={"loops": "loopy:LOOPS"})
    assert main(("targets", "--matrix")) == 0
    shown = capsys.readouterr().out
    _, _, block = shown.partition("loops: populations that reach each other")
    cells = {line.split()[0]: " ".join(line.split()[1:]) for line in block.strip().splitlines()[1:] if line.strip()}
    assert cells["brainscales2"] == "refused"
    assert cells["spinnaker1"] == "not asked"
    rows = capability_matrix([ideal("loops").description, load_target("spinnaker1").description])
    assert rows[-1] == ("loops: populations that reach each other", "yes", "not asked")


@pytest.mark.parametrize(
    ("code", "reason"),
    [("LOOPS = 7", "which loopy:LOOPS of the package loopy is not"), ("1 / 0", "fails with ZeroDivisionError")],
)
def test_one_that_cannot_be_asked_lets_no_program_through(install, code, reason):
    install("loopy", code, capabilities={"loops": "loopy:LOOPS"})
    (problem,) = api.load_recipe(RECIPE).check(target="ideal")
    assert (problem.code, problem.value) == ("E318", '"loops"')
    assert reason in problem.allowed


def test_a_description_that_names_one_that_nobody_registers_is_refused():
    with pytest.raises(ValueError, match=r'tiny: no package registers the capability "lifs"; did you mean "lif"\?'):
        TargetDescription(family="tiny", summary="", capabilities=("lifs",), limits={})
    pair = Exclusion(first="lif", second="time travel", reason="", source="")
    with pytest.raises(ValueError, match=r'the capability "time travel"; there are: constant_drive, delays'):
        TargetDescription(family="tiny", summary="", capabilities=("lif",), limits={}, exclusions=(pair,))


def test_the_package_of_such_a_description_is_named(install):
    description = "TargetDescription(family='tiny', summary='', capabilities=('lifs',), limits={})"
    code = f"from sal_hw.target.description import TargetDescription\nTINY = {description}"
    install("toys", code, targets={"tiny": "toys:TINY"})
    with pytest.raises(InputError, match=r'tiny of the package toys|did you mean "lif"') as caught:
        load_target("tiny")
    assert caught.value.code == "E318"


def test_the_meaning_of_each_is_one_line():
    assert all(item.meaning and "\n" not in item.meaning for item in all_capabilities())
