"""A recipe whose experiment is done on a network, and compiling it."""

from __future__ import annotations

from dataclasses import dataclass

from sal_hw.contracts.targets import Target, load_target
from sal_hw.errors import InputError, Problem
from sal_hw.experiment.run_findings import late_spikes
from sal_hw.passes.compile import compile_network
from sal_hw.program import CompiledProgram
from sal_hw.recipe.recipe import RecipeFile
from sal_hw.spec.network import NetworkSpec
from sal_hw.spec.protocols import AlignProtocol, NetworkProtocol
from sal_hw.target.description import TargetDescription
from sal_hw.target.snapshot import CalibrationSnapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class NetworkRecipe:
    """A checked recipe with a network.

    Attributes
    ----------
    file
        What was read, with the place of each field.
    network
        The network, with the probes that the experiment cannot do without.
    protocol
        The experiment.
    """

    file: RecipeFile
    network: NetworkSpec
    protocol: NetworkProtocol

    def compile(
        self,
        target: str | Target,
        *,
        seed: int | None = None,
        snapshot: CalibrationSnapshot | None = None,
        strict: bool = False,
    ) -> CompiledProgram:
        """Compile the network for a target; findings carry the recipe's line numbers.

        Parameters
        ----------
        seed
            Replaces the recipe's seed.
        snapshot
            What is known of the chip.
        strict
            Refuse weights that would be clipped and given spikes that would never arrive.

        Raises
        ------
        InputError
            If the target does not offer what the recipe asks for.
        """
        chosen = load_target(target) if isinstance(target, str) else target
        try:
            _check_runtime(self.protocol, self.network, chosen.description)
            program = compile_network(
                self.network,
                target=chosen,
                seed=self.file.seed if seed is None else seed,
                folder=self.file.folder,
                snapshot=snapshot,
                strict=strict,
            )
            if strict:
                _refuse_late(program, self.protocol, self.network)
        except InputError as error:
            raise InputError([self.file.located(problem) for problem in error.problems]) from error
        return program


def _refuse_late(program: CompiledProgram, protocol: NetworkProtocol, network: NetworkSpec) -> None:
    names = {item.name: index for index, item in enumerate(network.stimuli)}
    problems = [
        Problem(
            code="E214",
            field=f"stimuli[{names[stimulus]}].spikes",
            allowed=f"spikes before the end, since --strict was given; {finding.advice}",
            hint="make the duration longer, leave them out, or run without --strict",
        )
        for stimulus, finding in late_spikes(program, protocol)
    ]
    if problems:
        raise InputError(problems)


def _check_runtime(protocol: NetworkProtocol, network: NetworkSpec, target: TargetDescription) -> None:
    """Refuse an experiment that runs for longer in one piece than the target can."""
    limit = target.limits.get("runtime")
    if limit is None or limit.high is None or not isinstance(protocol, AlignProtocol):
        return
    longest_ms = limit.high * 1e3 * target.time_scale
    if protocol.duration_ms <= longest_ms:
        return
    # a duration is a multiple of what is updated at once
    piece_ms = max((rule.update_every_ms for rule in network.plasticity), default=network.timestep_ms)
    nearest_ms = longest_ms // piece_ms * piece_ms
    raise InputError(
        Problem(
            code="E304",
            field="experiment.duration",
            value=f"{protocol.duration_ms * 1e-3:g} s",
            allowed=f"at most {longest_ms * 1e-3:.8g} s of model time on {target.family}, {limit.high:.8g} s of "
            f"chip time ({limit.source})",
            hint=f"write duration: {nearest_ms * 1e-3:.12g} s" if nearest_ms else "shorten update_every, and duration",
        )
    )
