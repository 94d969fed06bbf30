"""Everything that a run checks before it opens a folder or a machine: a dry run ends here, a run goes on."""

from __future__ import annotations

from sal_hw.results.store import RunStore
from sal_hw.workflow.checked_recipe import Recipe
from sal_hw.workflow.jobs.job import Prepared
from sal_hw.workflow.request import RunRequest


def prepare(recipe: Recipe, request: RunRequest) -> Prepared:
    """Check all of a run that can be checked before it begins, and compile what there is to compile.

    Raises
    ------
    sal_hw.errors.SalHwError
        Whatever keeps the run from beginning: of the recipe, the target, the machine and its software, the chip and its
        calibration, and E501, E502, E505 or E506 of the folder.
    """
    prepared = recipe.job.prepare(request)
    if request.out is not None and not request.numbered:
        RunStore.check(request.out, prepared.identity, force=request.force, resume=request.resume)
    return prepared
