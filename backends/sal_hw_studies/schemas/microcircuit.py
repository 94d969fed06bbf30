"""The ``microcircuit`` study: cortical microcircuits learn from a teacher, with feedback weights of several kinds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal, TypeAlias

from annotated_types import Ge, Gt, Le
from pydantic import Tag
from typing_extensions import assert_never

from sal_hw.spec.fields import Because, Count, LearningRate, Number, Seed, Whole
from sal_hw.spec.findings import SpecFinding
from sal_hw.spec.windows import Pairing
from sal_hw.storage.document import choose_by, document
from sal_hw_studies.schemas.reciprocal import LogOdds
from sal_hw_studies.schemas.symmetrize_layers import MAX_LAYERS, LayerRefractorySteps
from sal_hw_studies.schemas.variant import Variant

#: forward weights of one network; each of many networks holds them, and their spikes are handled one by one
MAX_MICROCIRCUIT_WEIGHTS = 100_000
#: a run can only be interrupted between the epochs of its networks
MAX_EPOCH_STEPS = 20_000_000

#: spike-based alignment, backpropagation along copies of the forward weights, fixed random feedback
RuleName: TypeAlias = Literal["sal", "bp", "fa"]
MicrocircuitSize = Annotated[Whole, Ge(1), Le(1000), Because("spikes are handled one by one", "make the layer smaller")]
PatternSteps = Annotated[Whole, Ge(2), Le(10_000_000)]
Share = Annotated[Number, Ge(0.0), Le(1.0)]


def copies_weights(rule: RuleName) -> bool:
    """Return whether feedback weights are copies of the forward ones."""
    match rule:
        case "bp":
            return True
        case "sal" | "fa":
            return False
        case _:
            assert_never(rule)


def aligns(rule: RuleName) -> bool:
    """Return whether feedback weights learn."""
    match rule:
        case "sal":
            return True
        case "bp" | "fa":
            return False
        case _:
            assert_never(rule)


@document
class MicrocircuitSeeds:
    """Seeds of the first network of a rule, less one; each further network takes the next numbers.

    Attributes
    ----------
    weights, order
        Of the initial weights, and of the order in which training patterns are shown.
    noise, teacher_noise
        Of the spikes of student and teacher; the run's own seed is mixed in, so that another one gives other spikes
        with the same weights and order.
    """

    weights: Seed
    order: Seed
    noise: Seed
    teacher_noise: Seed


@document
class MicrocircuitRule:
    """Where feedback weights come from.

    Attributes
    ----------
    name
        ``sal``: they learn by spike-based alignment; ``bp``: they copy the forward weights in every step, which is
        what backpropagation asks for; ``fa``: they stay random (feedback alignment).
    seeds
        None derives all seeds from the run's, the same ones for every rule.
    teacher_steps_per_pattern
        How long the teacher sees a pattern; None is as long as the student.
    """

    name: RuleName
    seeds: MicrocircuitSeeds | None = None
    teacher_steps_per_pattern: PatternSteps | None = None


@document
class MicrocircuitPatterns:
    """Potentials of the input neurons, pattern by pattern.

    Attributes
    ----------
    training, validation
        Shape (patterns, input neurons).
    """

    training: tuple[tuple[LogOdds, ...], ...]
    validation: tuple[tuple[LogOdds, ...], ...]


@document
class EqualTeacher:
    """A teacher with the student's layers, whose forward weights are all the same."""

    weight: LogOdds
    kind: Literal["equal"] = "equal"


@document
class UniformTeacher:
    """A teacher with the student's layers and random forward weights, the same for all networks.

    Attributes
    ----------
    bound
        The weights are drawn uniformly from +-bound, layer by layer with rows over post.
    seed
        Of the weights.
    """

    bound: Annotated[LogOdds, Gt(0.0)]
    seed: Seed
    kind: Literal["uniform"] = "uniform"


Teacher: TypeAlias = Annotated[
    Annotated[EqualTeacher, Tag("=equal")] | Annotated[UniformTeacher, Tag("=uniform")], choose_by("kind")
]


@document
class MicrocircuitProtocol:
    """Networks of cortical microcircuits learn a teacher's outputs.

    Pyramidal neurons of hidden layers have a basal and an apical dendrite. Interneurons predict the layer above and
    take its spikes off the apical potential, so that only an error remains there. An epoch shows training patterns in
    random order; during the last of them, `alignment_patterns`, forward weights rest and feedback weights may align.
    Then validation patterns follow. Initial weights are uniform, drawn layer by layer: the forward weights onto a
    layer, then the feedback weights onto it. Source: arXiv 2503.02642, figure 6.

    Attributes
    ----------
    sizes
        Neurons per layer, from the input to the output.
    rules
        What is compared.
    runs
        Networks per rule; they may run on several threads with the same result.
    epochs
        Epochs of each network.
    patterns, teacher
        What is learned. The mean output potentials of the teacher, after the lag, are the targets.
    training_patterns, alignment_patterns
        Patterns per epoch, and how many of them, the last ones, are for aligning.
    steps_per_pattern, lag_steps
        How long the student sees a pattern, and for how long it neither learns nor counts in the mean output.
    average_steps
        Length of the moving averages of potentials that learning compares.
    tau_ref_steps, window_tau_steps
        Refractory time and length of a PSP; time constant of the exponential windows of SAL.
    bias
        Resting potential of all neurons but the input.
    pairing
        Which pairs of spikes feedback weights align with. ``nearest``, each spike with the other side's last one, is
        what the paper has; it moves weights between neurons of unequal rates away from their partners.
    initial_bound
        Initial weights are drawn from +- this.
    apical_coupling, nudging
        How strongly the apical potential acts on the soma, and the target on the output.
    learning_rates_up
        Of the forward weights onto each layer but the input, per spike and unit of spike probability.
    learning_rate_down
        Of feedback weights under ``sal``, per pair of spikes.
    average_last_epochs
        Final losses and weights are means over this many epochs at the end.
    protocol
        ``corrected``: validation is free-running, and spikes in the same step hide none of those before. ``published``:
        the output is nudged to the target in validation, too, which makes its loss smaller than that of what was
        learned, so that both losses are recorded; and a pair is lost where the other side spikes in the same step, too.
    """

    sizes: tuple[MicrocircuitSize, ...]
    rules: tuple[MicrocircuitRule, ...]
    runs: Annotated[Whole, Ge(1), Le(1000)]
    epochs: Annotated[Count, Le(100_000)]
    patterns: MicrocircuitPatterns
    teacher: Teacher
    training_patterns: Annotated[Whole, Ge(1), Le(10_000)] = 20
    alignment_patterns: Annotated[Whole, Ge(0), Le(10_000)] = 5
    steps_per_pattern: PatternSteps = 20_000
    lag_steps: Annotated[Whole, Ge(0), Le(10_000_000)] = 2000
    average_steps: Annotated[Whole, Ge(1), Le(100_000)] = 2000
    tau_ref_steps: LayerRefractorySteps = 10
    window_tau_steps: Annotated[Number, Gt(0.0), Le(1e4)] = 10.0
    pairing: Pairing = "nearest"
    bias: LogOdds = -1.0
    initial_bound: Annotated[LogOdds, Gt(0.0)] = 3.0
    apical_coupling: Share = 0.02
    nudging: Annotated[Share, Gt(0.0)] = 0.6
    learning_rates_up: tuple[LearningRate, ...]
    learning_rate_down: LearningRate = 0.001
    average_last_epochs: Count = 10
    protocol: Variant = "corrected"
    kind: Literal["microcircuit"] = "microcircuit"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find networks without hidden layers, patterns that do not fit, and times that exclude each other."""
        yield from self._odd_layers()
        names = [rule.name for rule in self.rules]
        if not names or len(set(names)) < len(names):
            words = "sal, bp and fa, each once at most and at least one of them"
            yield SpecFinding(code="E214", path=("rules",), allowed=words, value=names)
        for name in ("training", "validation"):
            yield from self._odd_patterns(name, getattr(self.patterns, name))
        yield from self._odd_times()

    def _odd_layers(self) -> Iterator[SpecFinding]:
        if not 3 <= len(self.sizes) <= MAX_LAYERS:
            yield SpecFinding(
                code="E214", path=("sizes",), allowed=f"3 .. {MAX_LAYERS} layers; there are {len(self.sizes)}"
            )
        weights = sum(below * above for below, above in pairwise(self.sizes))
        if weights > MAX_MICROCIRCUIT_WEIGHTS:
            words = f"at most {MAX_MICROCIRCUIT_WEIGHTS} forward weights; there are {weights}"
            yield SpecFinding(code="E214", path=("sizes",), allowed=words, hint="make the layers smaller")
        if len(self.learning_rates_up) != len(self.sizes) - 1:
            words = f"{len(self.sizes) - 1} learning rates, one for each layer but the input"
            yield SpecFinding(
                code="E214", path=("learning_rates_up",), allowed=words, value=list(self.learning_rates_up)
            )

    def _odd_patterns(self, name: str, patterns: tuple[tuple[float, ...], ...]) -> Iterator[SpecFinding]:
        if not patterns:
            yield SpecFinding(code="E214", path=("patterns", name), allowed="at least one pattern", value=[])
        for index, pattern in enumerate(patterns):
            if len(pattern) != self.sizes[0]:
                words = f"{self.sizes[0]} potentials, one for each input neuron"
                yield SpecFinding(code="E214", path=("patterns", name, index), allowed=words, value=list(pattern))

    def _odd_times(self) -> Iterator[SpecFinding]:
        lengths = [self.steps_per_pattern, *(rule.teacher_steps_per_pattern for rule in self.rules)]
        shortest = min(steps for steps in lengths if steps is not None)
        if self.lag_steps >= shortest:
            words = f"less than the {shortest} steps that a pattern is shown, else nothing is learned"
            yield SpecFinding(code="E214", path=("lag_steps",), allowed=words, value=self.lag_steps)
        if self.alignment_patterns >= self.training_patterns:
            words = f"less than the {self.training_patterns} training patterns of an epoch, else nothing is learned"
            yield SpecFinding(code="E214", path=("alignment_patterns",), allowed=words, value=self.alignment_patterns)
        if self.average_last_epochs > self.epochs:
            words = f"at most the number of epochs, {self.epochs}"
            yield SpecFinding(code="E214", path=("average_last_epochs",), allowed=words, value=self.average_last_epochs)
        steps = (self.training_patterns + 2 * len(self.patterns.validation)) * self.steps_per_pattern
        if steps > MAX_EPOCH_STEPS:
            words = f"epochs of at most {MAX_EPOCH_STEPS} steps, since a run can only be interrupted between them"
            yield SpecFinding(
                code="E214", path=("steps_per_pattern",), allowed=words, hint="use more and shorter epochs"
            )
