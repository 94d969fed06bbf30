"""Metrics and findings of deep classifiers, from records whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from sal_hw.results.metrics import Undefined
from sal_hw.results.result import Trace
from sal_hw_deep.outcome import MethodRecord, classifier_findings, classifier_outcome
from sal_hw_deep.schema import ClassifierMethod, ClassifierNetwork, TrainClassifierProtocol

RULES = ("backpropagation", "feedback_alignment", "sal")


def record(method, accuracy, repetition=0, *, lost=None, rates=None):
    """A network whose accuracy rises by 1 in each of five epochs and ends at `accuracy`."""
    at = np.arange(6)
    values = {
        "validation_accuracy": accuracy - 5.0 + at,
        "training_accuracy": accuracy + np.zeros(6),
        "training_loss": np.linspace(2.0, 0.5, 6),
        "gradient_angle": np.stack([90.0 - at, 80.0 - at], axis=1),
    }
    traces = {name: Trace(at=at, values=series, axis="epoch") for name, series in values.items()}
    if rates is not None:
        traces["spiking_rate"] = Trace(at=np.arange(len(rates)), values=np.array(rates), axis="epoch")
    return MethodRecord(method, repetition, traces, lost, None if lost else accuracy - 1.0)


def protocol(*rules, **more):
    return TrainClassifierProtocol(methods=tuple(ClassifierMethod(rule=rule) for rule in rules or RULES), **more)


def test_accuracies_and_gaps_by_hand():
    records = [record("bp", 90.0), record("fa", 80.0), record("sal", 87.0)]
    records += [record("bp", 92.0, 1), record("fa", 80.0, 1), record("sal", 86.0, 1)]
    found = classifier_outcome(protocol(runs=2), records)
    expected = {
        "bp_validation_accuracy_percent": 90.0,  # means of the last three epochs are 1 below the last
        "bp_validation_accuracy_smallest_percent": 89.0,
        "bp_validation_accuracy_largest_percent": 91.0,
        "fa_test_accuracy_percent": 79.0,
        "sal_gap_closed_percent": 100.0 * 6.5 / 11.0,
        "sal_gap_closed_smallest_percent": 50.0,
        "sal_training_loss": 0.5,
        "sal_gradient_angle_1": 85.0,
        "sal_gradient_angle_2": 75.0,
    }
    assert {name: found.metrics[name] for name in expected} == pytest.approx(expected)
    assert "bp_gap_closed_percent" not in found.metrics
    assert found.traces["validation_accuracy.sal.run_2"].values[-1] == 86.0


def test_behind_convolutions_the_best_has_fixed_ones():
    network = ClassifierNetwork(convolutions=(4,))
    records = [record("bp", 90.0), record("bp_w_fa", 86.0), record("fa", 80.0), record("sal", 83.0)]
    rules = ("backpropagation", "fixed_convolutions", "feedback_alignment", "sal")
    assert classifier_outcome(protocol(*rules, network=network), records).metrics["sal_gap_closed_percent"] == 50.0
    assert classifier_outcome(protocol(*rules), records).metrics["sal_gap_closed_percent"] == 30.0


def test_a_gap_that_is_none_is_undefined():
    found = classifier_outcome(protocol(), [record("bp", 80.0), record("fa", 80.0), record("sal", 87.0)])
    assert isinstance(found.metrics["sal_gap_closed_percent"], Undefined)
    assert "sal_gap_closed_percent" not in classifier_outcome(protocol("sal"), [record("sal", 87.0)]).metrics


def test_a_lost_network_has_no_accuracy_and_a_finding():
    records = [record("bp", 90.0), record("fa", 80.0, lost=4), record("sal", 87.0)]
    metrics = classifier_outcome(protocol(), records).metrics
    for name in ("fa_validation_accuracy_percent", "fa_test_accuracy_percent", "sal_gap_closed_percent"):
        assert isinstance(metrics[name], Undefined)
    (finding,) = classifier_findings(protocol(), records, missing_classes=0)
    assert (finding.kind, finding.severity) == ("diverged", "failed")
    assert "fa, run 1" in finding.advice
    assert "epoch 4" in finding.advice


@pytest.mark.parametrize(
    ("rates", "found"),
    [
        ([[0.1, 0.5], [0.9, 0.5]], []),
        ([[0.5, 0.5], [0.08, 0.09]], [("spiking_rate_low", 2, "layer 0", "epoch 2")]),
        ([[0.5, 0.905]], [("spiking_rate_high", 1, "layer 1", "epoch 1")]),
    ],
)
def test_rates_of_the_spiking_stack_are_watched(rates, found):
    """Between 0.1 and 0.9 spikes per refractory time, bounds included."""
    findings = classifier_findings(protocol(), [record("sal", 87.0, rates=rates)], missing_classes=0)
    assert [(finding.kind, finding.count) for finding in findings] == [each[:2] for each in found]
    for finding, (_, _, layer, epoch) in zip(findings, found, strict=True):
        assert finding.severity == "degraded"
        assert layer in finding.advice
        assert epoch in finding.advice


def test_dying_networks_and_missing_classes_are_told():
    plain = protocol(network=ClassifierNetwork(batch_norm=False))
    kinds = [finding.kind for finding in classifier_findings(plain, [], missing_classes=2)]
    assert kinds == ["classes_missing", "relu_without_batch_norm"]
    alone = protocol("backpropagation", network=ClassifierNetwork(batch_norm=False))
    assert not classifier_findings(alone, [], missing_classes=0)
