"""``sal-hw check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sal_hw.cli.console import show, show_json, show_next
from sal_hw.cli.options import (
    AsJson,
    Calibration,
    Chip,
    Debug,
    Overrides,
    Presets,
    RecipePath,
    Seed,
    Strict,
    Target,
)

if TYPE_CHECKING:
    from sal_hw.workflow.api import Recipe
    from sal_hw.workflow.request import RunRequest


def check(
    recipe: RecipePath,
    target: Target = "ideal",
    chip: Chip = None,
    calibration: Calibration = None,
    seed: Seed = None,
    overrides: Overrides = None,
    presets: Presets = None,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> int:
    """Show all problems of a recipe on a target, and what its program would use, without running it.

    Example: sal-hw check recipes/chip_alignment.yaml --target brainscales2
    """
    from sal_hw.cli.program_report import show_findings, show_program
    from sal_hw.workflow import api
    from sal_hw.workflow.request import RunRequest

    del debug
    loaded = api.load_recipe(recipe, overrides=overrides or (), presets=presets or (), seed=seed)
    request = RunRequest(target=target, chip=chip, calibration=calibration, strict=strict)
    compiled = loaded.job.check(request)
    if compiled is None:
        return _show_study(loaded, request, as_json=as_json)
    if as_json:
        show_json({"status": "ok", **compiled.as_document()})
        return 0
    show_program(compiled.program.trace, compiled.report(), compiled.knowledge)
    findings = compiled.findings()
    show_findings(findings)
    show(f"{recipe}: {_many(len(findings))} on {target}")
    show(f"next: {compiled.run_command()}")
    return 0


def _many(findings: int) -> str:
    return "no problems" if not findings else f"no errors, {findings} finding{'s' if findings > 1 else ''}"


def _show_study(loaded: Recipe, request: RunRequest, *, as_json: bool) -> int:
    if as_json:
        show_json({"status": "ok", "target": request.target, "program_hash": None})
        return 0
    show(f"{loaded.file.path}: no problems; it is a study, which has no network to compile")
    show_next("run", loaded.file.path)
    return 0
