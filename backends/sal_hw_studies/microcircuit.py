"""The ``microcircuit`` study: networks of several learning rules, epoch by epoch, see :mod:`sal_hw_studies.schemas`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sal_hw.experiment.base import Arrays, Outcome
from sal_hw.experiment.metrics import alignment_angle
from sal_hw.results.metrics import Found
from sal_hw.results.result import Finding, Trace
from sal_hw_studies.layer_records import SHOWN_PAIRS
from sal_hw_studies.microcircuit_runs import StudentRun
from sal_hw_studies.schemas.microcircuit import MicrocircuitProtocol
from sal_hw_studies.schemas.variant import repeats_published

Floats = NDArray[np.float64]

#: neurons times steps that take about a second
_NEURON_STEPS = 4e7
#: a network whose loss is lower has learned its teacher (arXiv 2503.02642, figure 6)
_LEARNED = 0.01


class MicrocircuitStudy:
    """Lets the networks of all rules learn.

    Traces, by rule: ``microcircuit_loss.<rule>`` and, as published, ``microcircuit_loss_nudged.<rule>``, each of shape
    (epochs + 1, networks); ``microcircuit_signs.<rule>``, the share of feedback weights with the right sign;
    ``microcircuit_pairs.<rule>``, shape (pairs, 4): forward and feedback weight at the start, then at the end.

    Parameters
    ----------
    protocol
        What the user wants.
    seed
        Of everything that has no seed of its own.
    threads
        Networks that may run at the same time.
    folder
        Not used: there are no files.
    """

    def __init__(
        self,
        protocol: MicrocircuitProtocol,
        *,
        seed: int,
        threads: int,
        folder: Path | None,  # noqa: ARG002 - every study has one
    ) -> None:
        self._protocol, self._threads = protocol, max(1, threads)
        self._runs = {
            rule.name: [StudentRun(protocol, rule, run, seed) for run in range(protocol.runs)]
            for rule in protocol.rules
        }
        self._all = [run for runs in self._runs.values() for run in runs]
        self.done, self.total = 0, protocol.epochs * len(self._all)
        patterns = protocol.training_patterns + 2 * len(protocol.patterns.validation)
        work = patterns * protocol.steps_per_pattern * (sum(protocol.sizes) + sum(protocol.sizes[2:]))
        self._wave = self._threads * max(1, round(_NEURON_STEPS / work))

    def step(self) -> None:
        """Run the next networks for an epoch, as many as take about a second."""
        first = self.done % len(self._all)
        wave = self._all[first : first + self._wave]
        if self._threads == 1:
            for run in wave:
                run.advance()
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(StudentRun.advance, wave))
        self.done += len(wave)

    def outcome(self) -> Outcome:
        """Return losses, how many feedback weights have the right sign, and the weights."""
        metrics: dict[str, Found] = {"protocol": self._protocol.protocol}
        traces: dict[str, Trace] = {}
        epochs = np.arange(self._protocol.epochs + 1)
        for rule, runs in self._runs.items():
            free = np.stack([run.losses for run in runs], axis=1)
            traces[f"microcircuit_loss.{rule}"] = Trace(at=epochs, values=free, axis="epoch")
            metrics[f"{rule}_loss_initial_median"] = float(np.median(free[0]))
            metrics |= self._loss_metrics(f"{rule}_loss", free)
            if repeats_published(self._protocol.protocol):
                nudged = np.stack([run.losses_nudged for run in runs], axis=1)
                traces[f"microcircuit_loss_nudged.{rule}"] = Trace(at=epochs, values=nudged, axis="epoch")
                metrics |= self._loss_metrics(f"{rule}_loss_nudged", nudged)
            signs = np.stack([run.signs for run in runs], axis=1)
            traces[f"microcircuit_signs.{rule}"] = Trace(at=epochs, values=signs, axis="epoch")
            traces[f"microcircuit_pairs.{rule}"] = _pairs(runs)
            metrics |= _weight_metrics(rule, runs)
        return Outcome(metrics=metrics, traces=traces)

    def _loss_metrics(self, name: str, losses: Floats) -> dict[str, Found]:
        """Return what to say of the losses of networks, shape (epochs + 1, networks), each over its last epochs."""
        final = losses[-self._protocol.average_last_epochs :].mean(axis=0)
        lower, median, upper = np.quantile(final, (0.25, 0.5, 0.75))
        return {
            f"{name}_median": float(median),
            f"{name}_lower_quartile": float(lower),
            f"{name}_upper_quartile": float(upper),
            f"{name}_largest": float(final.max()),
            f"{name}_share_below_{_LEARNED:g}": float(np.mean(final < _LEARNED)),
        }

    def findings(self) -> Sequence[Finding]:
        """Return networks whose weights have no limit any more."""
        lost = sum(not (np.isfinite(run.up).all() and np.isfinite(run.down).all()) for run in self._all)
        if not lost:
            return ()
        advice = f"the weights of {lost} networks grew beyond all numbers; lower the learning rates"
        return (Finding(kind="not_finite", severity="failed", count=lost, advice=advice),)

    def checkpoint(self) -> Arrays:
        """Return everything that is needed to go on."""
        arrays: Arrays = {"done": np.array(self.done)}
        for index, run in enumerate(self._all):
            arrays |= {f"run.{index}.{name}": values for name, values in run.checkpoint().items()}
        return arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a checkpoint."""
        self.done = int(arrays["done"])
        kept: dict[int, dict[str, NDArray[Any]]] = {}
        for key, values in arrays.items():
            if key.startswith("run."):
                _, number, name = key.split(".", 2)
                kept.setdefault(int(number), {})[name] = values
        for index, run in enumerate(self._all):
            run.restore(kept[index])


def _pairs(runs: Sequence[StudentRun]) -> Trace:
    """Return reciprocal weights of all networks, equally many steps apart if there are very many."""
    columns = []
    for when in ("start", "final_weights"):
        ups, downs = zip(*(getattr(run, when) for run in runs), strict=True)
        columns += [np.concatenate([up[-down.size :] for up, down in zip(ups, downs, strict=True)])]
        columns += [np.concatenate(downs)]
    chosen = np.arange(0, columns[0].size, max(1, -(-columns[0].size // SHOWN_PAIRS)))
    return Trace(at=chosen, values=np.stack(columns, axis=1)[chosen], axis="index")


def _weight_metrics(rule: str, runs: Sequence[StudentRun]) -> dict[str, Found]:
    """Return how feedback weights agree with forward weights, and the median weights onto each layer."""
    ups = [run.final_weights[0] for run in runs]
    downs = [run.final_weights[1] for run in runs]
    partners = [up[-down.size :] for up, down in zip(ups, downs, strict=True)]
    right = np.sign(np.concatenate(partners)) == np.sign(np.concatenate(downs))
    angles = [alignment_angle(forward, feedback) for forward, feedback in zip(partners, downs, strict=True)]
    metrics: dict[str, Found] = {
        f"{rule}_sign_right": float(right.mean()),
        f"{rule}_angle_median": float(np.median(angles)),
    }
    split = [run.split_up(up) for run, up in zip(runs, ups, strict=True)]
    for layer in range(len(split[0])):
        metrics[f"{rule}_weight_up_{layer + 1}_median"] = float(np.median([parts[layer] for parts in split]))
    back = [run.split_down(down) for run, down in zip(runs, downs, strict=True)]
    for layer in range(len(back[0])):
        metrics[f"{rule}_weight_down_{layer + 1}_median"] = float(np.median([parts[layer] for parts in back]))
    return metrics
