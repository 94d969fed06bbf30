"""What a finished study tells: accuracies, which share of the gap each method closes, angles, rates, and findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sal_hw.experiment.base import Outcome
from sal_hw.results.metrics import Found, Undefined
from sal_hw.results.result import Finding, Trace
from sal_hw_deep.schema import TrainClassifierProtocol

Floats = NDArray[np.float64]

#: epochs at the end over which accuracies are averaged
LAST_EPOCHS = 3
#: spikes per refractory time between which a neuron's spikes tell of its potential
LOWEST_RATE, HIGHEST_RATE = 0.1, 0.9


class MethodRecord(NamedTuple):
    """What one network recorded.

    Attributes
    ----------
    traces
        By quantity.
    lost_epoch
        The epoch in which its weights grew beyond all numbers, if there is one.
    test_accuracy
        In percent; None if it was not looked at.
    """

    method: str
    repetition: int
    traces: dict[str, Trace]
    lost_epoch: int | None
    test_accuracy: float | None


def classifier_outcome(protocol: TrainClassifierProtocol, records: Sequence[MethodRecord]) -> Outcome:
    """Return metrics per method, over its repetitions, and all traces."""
    metrics: dict[str, Found] = {"epochs": protocol.epochs, "runs": protocol.runs, "device": protocol.device}
    traces: dict[str, Trace] = {}
    finals: dict[str, Floats | None] = {}
    for method in protocol.methods:
        own = [record for record in records if record.method == method.shown]
        for record in own:
            end = f"{record.method}.run_{record.repetition + 1}"
            traces |= {f"{quantity}.{end}": trace for quantity, trace in record.traces.items()}
        lost = [record for record in own if record.lost_epoch is not None]
        finals[method.shown] = None if lost else np.array([_last_mean(record) for record in own])
        metrics |= _lost_metrics(method.shown, lost) if lost else _method_metrics(method.shown, own)
    return Outcome(metrics=metrics | dict(_gaps(protocol, finals)), traces=traces)


def _last_mean(record: MethodRecord) -> float:
    return float(record.traces["validation_accuracy"].values[1:][-LAST_EPOCHS:].mean())


def _lost_metrics(method: str, lost: Sequence[MethodRecord]) -> dict[str, Found]:
    reason = f"weights of {method} grew beyond all numbers in epoch {lost[0].lost_epoch}"
    return {f"{method}_{part}_accuracy_percent": Undefined(reason) for part in ("validation", "test")}


def _method_metrics(method: str, records: Sequence[MethodRecord]) -> dict[str, Found]:
    metrics: dict[str, Found] = {}
    tests = [record.test_accuracy for record in records if record.test_accuracy is not None]
    validations = [_last_mean(record) for record in records]
    for part, values in (("validation", validations), ("test", tests)):
        metrics[f"{method}_{part}_accuracy_percent"] = float(np.mean(values))
        if len(values) > 1:
            metrics[f"{method}_{part}_accuracy_smallest_percent"] = float(np.min(values))
            metrics[f"{method}_{part}_accuracy_largest_percent"] = float(np.max(values))
    for quantity in ("training_accuracy", "training_loss"):
        unit = "_percent" if quantity == "training_accuracy" else ""
        metrics[f"{method}_{quantity}{unit}"] = float(_mean_last(records, quantity))
    for quantity, first in (("feedback_angle", 2), ("gradient_angle", 1), ("spiking_rate", 0)):
        if all(quantity in record.traces for record in records):
            means = enumerate(np.atleast_1d(_mean_last(records, quantity)), start=first)
            metrics |= {f"{method}_{quantity}_{layer}": float(value) for layer, value in means}
    return metrics


def _mean_last(records: Sequence[MethodRecord], quantity: str) -> Floats:
    """Return the mean over repetitions of the last values."""
    return np.asarray(np.mean([record.traces[quantity].values[-1] for record in records], axis=0))


def _gaps(protocol: TrainClassifierProtocol, finals: dict[str, Floats | None]) -> Iterator[tuple[str, Found]]:
    """Yield which share of the gap between feedback alignment and the best possible each method closes."""
    by_rule = {method.rule: method.shown for method in reversed(protocol.methods) if method.polarity == "aligning"}
    best = by_rule.get("fixed_convolutions") if protocol.network.convolutions else None
    best = best or by_rule.get("backpropagation")
    worst = by_rule.get("feedback_alignment")
    if best is None or worst is None:
        return
    upper, lower = finals[best], finals[worst]
    for method in protocol.methods:
        if method.rule in ("backpropagation", "fixed_convolutions", "feedback_alignment"):
            continue
        own = finals[method.shown]
        name = f"{method.shown}_gap_closed_percent"
        if upper is None or lower is None or own is None:
            yield name, Undefined("the weights of one of the networks grew beyond all numbers")
        elif float(upper.mean()) <= float(lower.mean()):
            yield name, Undefined(f"{best} is not better than {worst}, so that there is no gap to close")
        else:
            yield name, 100.0 * float((own.mean() - lower.mean()) / (upper.mean() - lower.mean()))
            shares = [100.0 * (a - b) / (c - b) for a, b, c in zip(own, lower, upper, strict=True) if c > b]
            if len(own) > 1 and len(shares) == len(own):
                yield f"{method.shown}_gap_closed_smallest_percent", float(min(shares))


def classifier_findings(
    protocol: TrainClassifierProtocol, records: Sequence[MethodRecord], *, missing_classes: int
) -> list[Finding]:
    """Return what the user should know of the networks."""
    found = [*_lost(records), *_odd_rates(records)]
    if missing_classes:
        advice = f"{missing_classes} of 10 classes have no training image; no network can learn them"
        found.append(Finding(kind="classes_missing", severity="degraded", count=missing_classes, advice=advice))
    random = [method.shown for method in protocol.methods if method.rule != "backpropagation"]
    if random and protocol.network.activation == "relu" and not protocol.network.batch_norm:
        advice = f"ReLU without batch normalisation dies under {', '.join(random)}; set network.batch_norm: true"
        found.append(Finding(kind="relu_without_batch_norm", severity="degraded", count=len(random), advice=advice))
    return found


def _lost(records: Iterable[MethodRecord]) -> Iterator[Finding]:
    for record in records:
        if record.lost_epoch is not None:
            advice = (
                f"weights of {record.method}, run {record.repetition + 1}, grew beyond all numbers in epoch "
                f"{record.lost_epoch}; what is recorded ends before it. Lower the learning rates"
            )
            yield Finding(kind="diverged", severity="failed", count=1, advice=advice)


def _odd_rates(records: Iterable[MethodRecord]) -> Iterator[Finding]:
    for record in records:
        trace = record.traces.get("spiking_rate")
        if trace is None:
            continue
        for kind, odd in (("low", trace.values < LOWEST_RATE), ("high", trace.values > HIGHEST_RATE)):
            if odd.any():
                phase, layer = np.argwhere(odd)[0]
                advice = (
                    f"layer {layer} of the spiking stack of {record.method}, run {record.repetition + 1}, has "
                    f"{trace.values[phase, layer]:.2g} spikes per refractory time before epoch {trace.at[phase] + 1}, "
                    f"outside {LOWEST_RATE} .. {HIGHEST_RATE}: its weights hardly learn; smaller biases help"
                )
                yield Finding(kind=f"spiking_rate_{kind}", severity="degraded", count=int(odd.sum()), advice=advice)
