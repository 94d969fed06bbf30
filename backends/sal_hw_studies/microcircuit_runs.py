"""One network of the ``microcircuit`` study with its teacher, epoch by epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.experiment.base import Arrays
from sal_hw.spec.windows import pairs_nearest
from sal_hw_studies.engines.microcircuit import (
    MicrocircuitModel,
    MicrocircuitState,
    Phase,
    show_pattern,
    split_weights,
)
from sal_hw_studies.schemas.microcircuit import (
    EqualTeacher,
    MicrocircuitProtocol,
    MicrocircuitRule,
    UniformTeacher,
    aligns,
    copies_weights,
)
from sal_hw_studies.schemas.variant import repeats_published

Floats = NDArray[np.float64]
Matrices = tuple[Floats, ...]

_STATE = "state."
_RECORDS = ("losses", "losses_nudged", "signs", "up_sum", "down_sum")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Streams:
    """Seeds of everything that is random in one network."""

    weights: np.random.SeedSequence
    order: np.random.SeedSequence
    noise: np.random.SeedSequence
    validation: np.random.SeedSequence
    teacher: np.random.SeedSequence


def streams_of(rule: MicrocircuitRule, run: int, seed: int) -> Streams:
    """Return the seeds of a network: those that its rule names, or else the same ones under every rule.

    Parameters
    ----------
    rule
        Names seeds or not.
    run
        Index of the network, from 0.
    seed
        Of the whole run.
    """
    if rule.seeds is None:
        names = ("weights", "order", "noise", "validation", "teacher")
        keys = {name: np.random.SeedSequence(seed, spawn_key=(index, run)) for index, name in enumerate(names)}
        return Streams(**keys)
    named, ahead = rule.seeds, 1 + run
    return Streams(
        weights=np.random.SeedSequence(named.weights + ahead),
        order=np.random.SeedSequence(named.order + ahead),
        noise=np.random.SeedSequence(named.noise + ahead, spawn_key=(0, seed)),
        validation=np.random.SeedSequence(named.noise + ahead, spawn_key=(1, seed)),
        teacher=np.random.SeedSequence(named.teacher_noise + ahead, spawn_key=(0, seed)),
    )


def model_of(protocol: MicrocircuitProtocol) -> MicrocircuitModel:
    """Return the network that a protocol describes."""
    return MicrocircuitModel(
        sizes=protocol.sizes,
        biases=(protocol.bias,) * (len(protocol.sizes) - 1),
        tau_ref_steps=protocol.tau_ref_steps,
        average_steps=protocol.average_steps,
        apical_coupling=protocol.apical_coupling,
        rates_up=protocol.learning_rates_up,
        rate_down=protocol.learning_rate_down,
        window_tau_steps=protocol.window_tau_steps,
        all_pairs=not pairs_nearest(protocol.pairing),
        earlier_pairs=not repeats_published(protocol.protocol),
    )


def draw_weights(model: MicrocircuitModel, bound: float, stream: np.random.SeedSequence) -> tuple[Matrices, Matrices]:
    """Draw forward and feedback weights, both [pre, post], uniformly from +-bound.

    Layer by layer the forward weights onto it, then the feedback weights onto it, both with rows over post: the order
    of the code of arXiv 2503.02642, whose seeds give its weights.
    """
    rng = np.random.default_rng(stream)
    up, down = [], []
    for layer, (below, above) in enumerate(model.up_shapes):
        up.append(np.ascontiguousarray(rng.uniform(-bound, bound, (above, below)).T))
        if layer < len(model.down_shapes):
            down.append(np.ascontiguousarray(rng.uniform(-bound, bound, model.down_shapes[layer][::-1]).T))
    return tuple(up), tuple(down)


def teacher_targets(protocol: MicrocircuitProtocol, rule: MicrocircuitRule, streams: Streams) -> Floats:
    """Return the teacher's mean output potentials, shape (patterns, output): training, then validation patterns."""
    model = model_of(protocol)
    teacher = protocol.teacher
    match teacher:
        case UniformTeacher():
            rng = np.random.default_rng(teacher.seed)
            up = [rng.uniform(-teacher.bound, teacher.bound, shape[::-1]).T for shape in model.up_shapes]
        case EqualTeacher():
            up = [np.full(shape, teacher.weight) for shape in model.up_shapes]
        case _:
            assert_never(teacher)
    down = tuple(np.zeros(shape) for shape in model.down_shapes)
    state = MicrocircuitState.fresh(model, tuple(up), down, streams.teacher)
    return np.array(
        [
            show_pattern(
                model,
                state,
                Phase(),
                pattern=np.array(pattern),
                target=np.zeros(model.sizes[-1]),
                steps=rule.teacher_steps_per_pattern or protocol.steps_per_pattern,
                lag_steps=protocol.lag_steps,
            )
            for pattern in (*protocol.patterns.training, *protocol.patterns.validation)
        ]
    )


class StudentRun:
    """A network that learns.

    Parameters
    ----------
    protocol, rule
        What the user wants, and which rule this network follows.
    run
        Index of the network, from 0.
    seed
        Of the whole run.

    Attributes
    ----------
    epoch
        Epochs so far.
    losses, losses_nudged : (epochs + 1,) float
        Mean squared distance of the output from its target over validation patterns, after each epoch, the first one
        before learning: free-running, and nudged by the target; NaN where it is not known.
    signs : (epochs + 1,) float
        Share of feedback weights with the sign of their forward weight.
    start
        Initial forward and feedback weights, flat, in the order of :attr:`up` and :attr:`down`.
    """

    def __init__(self, protocol: MicrocircuitProtocol, rule: MicrocircuitRule, run: int, seed: int) -> None:
        self._protocol, self._rule = protocol, rule
        self._streams = streams_of(rule, run, seed)
        self._model = model_of(protocol)
        up, down = draw_weights(self._model, protocol.initial_bound, self._streams.weights)
        if copies_weights(rule.name):
            down = tuple(weights.T.copy() for weights in up[1:])
        self._state = MicrocircuitState.fresh(self._model, up, down, self._streams.noise)
        shown = (protocol.epochs, protocol.training_patterns)
        self._order = np.random.default_rng(self._streams.order).integers(0, len(protocol.patterns.training), shown)
        self._targets: Floats | None = None
        self.epoch = 0
        self.losses, self.losses_nudged, self.signs = (np.full(protocol.epochs + 1, np.nan) for _ in range(3))
        self.start = self.up, self.down
        self.up_sum, self.down_sum = np.zeros(self.up.size), np.zeros(self.down.size)

    @property
    def up(self) -> Floats:
        """The present forward weights, shape (weights,): all layers one after the other, each [pre, post]."""
        return self._state.up.copy()

    @property
    def down(self) -> Floats:
        """The present feedback weights, shape (weights,): each in the place of its forward weight in `up`.

        Forward weights from the input, which come first, have none.
        """
        return self._in_place(self._state.down)

    def _in_place(self, down: Floats) -> Floats:
        return np.concatenate([weights.T.ravel() for weights in split_weights(down, self._model.down_shapes)])

    @property
    def final_weights(self) -> tuple[Floats, Floats]:
        """Mean forward and feedback weights of the last epochs, flat, in the order of :attr:`up` and :attr:`down`."""
        last = self._protocol.average_last_epochs
        return self.up_sum / last, self.down_sum / last

    def split_up(self, flat: Floats) -> Matrices:
        """Return the forward weights onto each layer, each [pre, post]."""
        return split_weights(flat, self._model.up_shapes)

    def split_down(self, flat: Floats) -> Matrices:
        """Return the feedback weights onto each hidden layer, each as its forward weights lie, [post, pre]."""
        return split_weights(flat, self._model.up_shapes[1:])

    def advance(self) -> None:
        """Run an epoch."""
        if self._targets is None:
            self._targets = teacher_targets(self._protocol, self._rule, self._streams)
            self._record()
        for phase, pattern in self._plan():
            self._show(self._state, phase, pattern)
        self.epoch += 1
        self._record()
        if self.epoch > self._protocol.epochs - self._protocol.average_last_epochs:
            self.up_sum += self.up
            self.down_sum += self.down

    def _plan(self) -> Sequence[tuple[Phase, int]]:
        """Return what an epoch does, and which patterns it shows meanwhile.

        Networks whose feedback weights do not align leave out the patterns for that: nothing would change.
        """
        protocol, order = self._protocol, self._order[self.epoch].tolist()
        learning = Phase(nudging=protocol.nudging, learning=True, copying=copies_weights(self._rule.name))
        aligning = Phase(nudging=protocol.nudging, aligning=True)
        first = protocol.training_patterns - protocol.alignment_patterns
        plan = [(learning, pattern) for pattern in order[:first]]
        return plan + [(aligning, pattern) for pattern in order[first:]] if aligns(self._rule.name) else plan

    def _show(self, state: MicrocircuitState, phase: Phase, pattern: int) -> Floats:
        """Show a pattern, counted over training, then validation, and return how far the output was off."""
        assert self._targets is not None  # noqa: S101 - advance sees to it
        patterns = self._protocol.patterns
        shown = show_pattern(
            self._model,
            state,
            phase,
            pattern=np.array((*patterns.training, *patterns.validation)[pattern]),
            target=self._targets[pattern],
            steps=self._protocol.steps_per_pattern,
            lag_steps=self._protocol.lag_steps,
        )
        return np.asarray(shown - self._targets[pattern])

    def _record(self) -> None:
        """Validate free-running on a copy that learns nothing from it; as published, also nudged."""
        own = self._streams.validation
        stream = np.random.SeedSequence(own.entropy, spawn_key=(*own.spawn_key, self.epoch))
        self.losses[self.epoch] = self._loss(self._state.fork(stream), Phase())
        if repeats_published(self._protocol.protocol):
            # in the published code validation is part of the epoch, except for that before the first
            state = self._state if self.epoch else self._state.fork(stream)
            self.losses_nudged[self.epoch] = self._loss(state, Phase(nudging=self._protocol.nudging))
        partners = self.up[-self.down.size :]
        self.signs[self.epoch] = np.mean(np.sign(self.down) == np.sign(partners))

    def _loss(self, state: MicrocircuitState, phase: Phase) -> float:
        first = len(self._protocol.patterns.training)
        patterns = range(first, first + len(self._protocol.patterns.validation))
        return float(np.mean([self._show(state, phase, pattern) ** 2 for pattern in patterns]))

    def checkpoint(self) -> Arrays:
        """Return everything that changes."""
        arrays: Arrays = {f"{_STATE}{name}": values for name, values in self._state.to_arrays().items()}
        arrays |= {name: getattr(self, name).copy() for name in _RECORDS}
        arrays["epoch"] = np.array(self.epoch)
        if self._targets is not None:
            arrays["targets"] = self._targets
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        named = {key.removeprefix(_STATE): values for key, values in arrays.items() if key.startswith(_STATE)}
        self._state = MicrocircuitState.from_arrays(named)
        for name in _RECORDS:
            setattr(self, name, np.array(arrays[name], np.float64))
        self.epoch = int(arrays["epoch"])
        self._targets = np.array(arrays["targets"]) if "targets" in arrays else None
