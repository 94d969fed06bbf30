"""What can be done with a recipe whose experiment is a study: it has no network and runs on no machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.experiment.runner import RunOptions
from sal_hw.experiment.study import STUDY_BACKEND, STUDY_TARGET, ChecksAhead, NeedsSoftware, load_study, run_study
from sal_hw.recipe.recipe import RecipeFile
from sal_hw.results.result import RunResult
from sal_hw.shell_words import command
from sal_hw.spec.studies import StudyProtocol
from sal_hw.storage.codec import digest
from sal_hw.workflow.chip_choice import NOMINAL
from sal_hw.workflow.request import DEFAULT_TARGET, RunRequest


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class PreparedStudy:
    """A study: nothing is compiled, and it runs here.

    Attributes
    ----------
    seed
        Of everything random in the run.
    """

    file: RecipeFile
    protocol: StudyProtocol
    seed: int
    program: None = None
    backend_name: str = STUDY_BACKEND

    @property
    def identity(self) -> Mapping[str, Any]:
        """What a run that goes on with this one must agree with, as plain data."""
        experiment = digest(self.protocol)
        return {"experiment_hash": experiment, "target": STUDY_TARGET, "backend": STUDY_BACKEND, "seed": self.seed}

    def run(self, options: RunOptions) -> RunResult:
        """Run the study; see :func:`sal_hw.experiment.study.run_study`."""
        return run_study(self.protocol, seed=self.seed, folder=self.file.folder, options=options)


@dataclass(frozen=True, kw_only=True, slots=True)
class StudyJob:
    """A study: a :class:`sal_hw.workflow.jobs.job.Job` with nothing to compile."""

    file: RecipeFile
    protocol: StudyProtocol
    counted: str = "steps"
    network: None = None

    def on_network(self) -> NoReturn:
        """Say that there is nothing to compile."""
        raise InputError(
            Problem(
                code="E330",
                field="experiment.kind",
                value=quote_value(self.protocol.kind),
                allowed="an experiment on a network; a study has none, so that there is nothing to compile",
                hint=command("run", self.file.path),
            )
        )

    def check(self, request: RunRequest) -> None:
        """Check that the study is to be run where it can be, and what it opens on its way.

        Raises
        ------
        InputError
            E330, one finding per choice of a machine; E303 if no study of that kind is installed; what a study finds in
            recipes or files that it would come to later.
        """
        asked = {
            "target": None if request.target == DEFAULT_TARGET else request.target,
            "chip": request.chip,
            "calibration": request.calibration,
            "via": request.via,
            "calix": request.calibration_file,
        }
        allowed = f"nothing: {self.protocol.kind} is a study, which has no network and runs on no machine"
        problems = [
            Problem(
                code="E330", field=name, value=quote_value(str(value)), allowed=allowed, hint=f"leave --{name} away"
            )
            for name, value in asked.items()
            if value not in (None, NOMINAL)
        ]
        if problems:
            raise InputError(problems)
        factory = load_study(self.protocol.kind)
        if isinstance(factory, ChecksAhead):
            seed = self.file.seed if request.seed is None else request.seed
            try:
                factory.check_ahead(self.protocol, seed=seed, folder=self.file.folder)
            except InputError as error:
                raise InputError([self._located(problem) for problem in error.problems]) from error

    def _located(self, problem: Problem) -> Problem:
        """Return a finding about the study with its place; others are about what it opens."""
        return self.file.located(problem) if problem.field.startswith("experiment.") else problem

    def prepare(self, request: RunRequest) -> PreparedStudy:
        """Check the study, which runs here.

        Raises
        ------
        DeviceError
            If it needs software that is not there.
        """
        self.check(request)
        factory = load_study(self.protocol.kind)
        if isinstance(factory, NeedsSoftware):
            factory.require_software(self.protocol)
        seed = self.file.seed if request.seed is None else request.seed
        return PreparedStudy(file=self.file, protocol=self.protocol, seed=seed)

    def map_only(self, request: RunRequest) -> NoReturn:
        """Say that there is nothing to map."""
        del request
        kind = self.protocol.kind
        allowed = f"nothing: {kind} is a study, which has no network"
        raise InputError(Problem(code="E835", field="map-only", value=quote_value(kind), allowed=allowed))
