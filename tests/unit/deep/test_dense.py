"""The dense spiking stack: its spikes and pairs by the definition, its statistics those of the engine."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; make test-torch installs it")

from sal_hw.experiment.metrics import alignment_angle  # noqa: E402
from sal_hw.spec.discretizations import convention  # noqa: E402
from sal_hw.workflow import api  # noqa: E402
from sal_hw_deep.dense import BLOCK_STEPS, DenseLearning  # noqa: E402
from sal_hw_studies.engines.layers import LayerLearning, LayerModel, exponential_window  # noqa: E402
from sal_hw_studies.symmetrize_layers import _WEIGHT_STREAM  # noqa: E402

pytestmark = pytest.mark.torch

CPU = torch.device("cpu")
RECIPE = Path(__file__).parents[3] / "recipes" / "paper" / "fig8_deep.yaml"
#: figure 9 of arXiv 2503.02642 after 100 epochs, degrees
FIGURE_9 = (57.0, 38.0, 30.0)


def make_model(sizes, *, tau=10, psp=None, dead=None, seed=1):
    rng = np.random.default_rng(seed)
    up = list(pairwise(sizes))
    return LayerModel(
        forward=tuple(rng.uniform(-1.0, 1.0, shape) / np.sqrt(shape[0]) for shape in up),
        feedback=tuple(rng.uniform(-1.0, 1.0, shape[::-1]) / np.sqrt(shape[1]) for shape in up),
        biases=tuple(rng.uniform(-1.0, 1.0, size) / np.sqrt(size) for size in sizes),
        tau_ref_steps=tau,
        psp_steps=tau if psp is None else psp,
        dead_steps=tau if dead is None else dead,
        window=exponential_window(tau, 2 * tau),
    )


def dense(model, *, chains, steps, seed=3, rate=0.01):
    sequence = np.random.SeedSequence(seed)
    return DenseLearning(model, learning_rate=rate, steps_per_update=steps, chains=chains, seed=sequence, device=CPU)


def plain(stack, model, chains, steps):
    """Return spikes [step, chain, neuron] and pair sums, step by step from the definition and the stack's own draws."""
    generator, order, first = torch.Generator(), stack._order, model.first
    generator.set_state(stack._generator.get_state())
    neurons = order.size
    spikes = np.zeros((steps, chains, neurons), bool)
    last = np.full((chains, neurons), -(10**6))
    rest = np.concatenate(model.biases)
    for step in range(steps):
        if step % BLOCK_STEPS == 0:
            draws = torch.zeros((BLOCK_STEPS, chains, neurons)).uniform_(generator=generator).numpy()
        uniform = np.zeros((chains, neurons))
        uniform[:, order] = draws[step % BLOCK_STEPS]
        on = ((step - last >= 1) & (step - last <= model.psp_steps)).astype(float)
        u = np.tile(rest, (chains, 1))
        for layer, (up, down) in enumerate(zip(model.forward, model.feedback, strict=True)):
            below, above = slice(first[layer], first[layer + 1]), slice(first[layer + 1], first[layer + 2])
            u[:, above] += on[:, below] @ up
            u[:, below] += on[:, above] @ down
        spikes[step] = (uniform < 1.0 / (1.0 + model.tau_ref_steps * np.exp(-u))) & (step - last > model.dead_steps)
        last[spikes[step]] = step
    sums = [np.zeros(weights.shape) for weights in model.feedback]
    for layer in range(len(sums)):
        below, above = (spikes[:, :, first[k] : first[k + 1]].astype(float) for k in (layer, layer + 1))
        for lag in range(1, len(model.window)):
            sums[layer] += model.window[lag] * np.einsum("tca,tcb->ab", above[lag:], below[:-lag])
            sums[layer] -= model.window[lag] * np.einsum("tca,tcb->ab", above[:-lag], below[lag:])
    return spikes, sums


@pytest.mark.parametrize("sizes", [(5, 4), (6, 5, 3), (4, 7, 3, 5, 2)])
@pytest.mark.parametrize(("psp", "dead"), [(4, 4), (3, 4), (4, 3)])
@pytest.mark.parametrize("steps", [BLOCK_STEPS, 3 * BLOCK_STEPS + 17, 9])
def test_spikes_and_pairs_are_those_of_the_definition(sizes, psp, dead, steps):
    model = make_model(sizes, tau=4, psp=psp, dead=dead)
    stack = dense(model, chains=3, steps=steps)
    spikes, sums = plain(stack, model, 3, steps)
    stack.advance()
    np.testing.assert_array_equal(stack.spike_counts, spikes.sum(axis=(0, 1)))
    assert spikes.sum() > 0
    for found, expected in zip(stack.differences(), sums, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3)
    for start, total, found in zip(model.feedback, sums, stack.model.feedback, strict=True):
        np.testing.assert_allclose(found, start + 0.01 * total / (8 * 3), atol=1e-6)


def test_pairs_cross_updates_and_replaced_weights_change_no_draw():
    """Two updates of a block each count what one of both blocks does; the weights are replaced by themselves."""
    model = make_model((6, 5, 3), tau=4)
    whole = dense(model, chains=2, steps=2 * BLOCK_STEPS, rate=0.0)
    whole.advance()
    halves = dense(model, chains=2, steps=BLOCK_STEPS, rate=0.0)
    halves.advance()
    first = halves.differences()
    halves.replace_weights(forward=model.forward, feedback=model.feedback, biases=model.biases, learning_rate=0.5)
    halves.advance()
    np.testing.assert_array_equal(halves.spike_counts, whole.spike_counts)
    for one, two, both in zip(first, halves.differences(), whole.differences(), strict=True):
        np.testing.assert_allclose(one + two, both, atol=1e-4)
    changed = [after - before for before, after in zip(model.feedback, halves.model.feedback, strict=True)]
    assert max(np.abs(change).max() for change in changed) > 0.0


def test_layers_of_other_sizes_are_refused():
    stack = dense(make_model((6, 5, 3)), chains=1, steps=1)
    other = make_model((6, 4, 3))
    with pytest.raises(ValueError, match="sizes"):
        stack.replace_weights(forward=other.forward, feedback=other.feedback, biases=other.biases)


def test_a_cut_run_is_the_whole_one():
    model = make_model((9, 6, 4, 3))
    whole, begun = dense(model, chains=4, steps=150), dense(model, chains=4, steps=150)
    for _ in range(3):
        whole.advance()
    begun.advance()
    resumed = dense(model, chains=4, steps=150, seed=99)
    resumed.restore(begun.checkpoint())
    resumed.advance()
    resumed.advance()
    one, other = whole.checkpoint(), resumed.checkpoint()
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(other[name], values, err_msg=name)


def slopes_and_scatter(learnings):
    """Return, per layer, the slope of D on B - W over all synapses, and D itself, from each of some stacks."""
    found = []
    for learning in learnings:
        start = learning.model.feedback
        while not learning.updates:
            learning.advance()
        changes = [after - before for before, after in zip(start, learning.model.feedback, strict=True)]
        offsets = [back - up.T for back, up in zip(start, learning.model.forward, strict=True)]
        slopes = [float((d * x).sum() / (x * x).sum()) for d, x in zip(changes, offsets, strict=True)]
        found.append((np.array(slopes), np.concatenate([change.ravel() for change in changes])))
    return np.array([slopes for slopes, _ in found]), np.array([changes for _, changes in found])


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(48, 40, 24, 10), (96, 64), (30, 40, 30)])
def test_its_drift_and_scatter_are_those_of_the_engine(sizes):
    """Slopes within 3 %, scatter within 10 %: 16 runs of 16 chains, whose means spread by less than a third of that."""
    model, runs, options = make_model(sizes), 16, {"learning_rate": 1.0, "steps_per_update": 4000}
    engines = [
        LayerLearning(model, entropies=list(range(16 * k, 16 * k + 16)), threads=2, **options) for k in range(runs)
    ]
    ours = [dense(model, chains=16, steps=4000, seed=100 + k, rate=1.0) for k in range(runs)]
    (slopes, changes), (expected, others) = slopes_and_scatter(ours), slopes_and_scatter(engines)
    spread = expected.std(axis=0, ddof=1) / np.sqrt(runs) / np.abs(expected.mean(axis=0))
    assert (spread < 0.01).all()
    assert (expected.mean(axis=0) < 0.0).all()
    np.testing.assert_allclose(slopes.mean(axis=0), expected.mean(axis=0), rtol=0.03)
    np.testing.assert_allclose(changes.std(axis=0, ddof=1).mean(), others.std(axis=0, ddof=1).mean(), rtol=0.1)


@pytest.mark.slow
def test_figure_9_by_dense_products():
    """As many steps as in the figure, of 32 chains instead of one; updates are sums over the same number of steps.

    Weights are those of ``recipes/paper/fig9_layers.yaml``, whose ten outputs make the last angle differ by half a
    degree between seeds.
    """
    salnet, tau, seed = convention("salnet"), 10, np.random.SeedSequence(1, spawn_key=(_WEIGHT_STREAM,))
    model = make_model((1600, 384, 192, 10), tau=tau, psp=tau + salnet.psp, dead=tau + salnet.dead, seed=seed)
    chains, epochs = 32, 100
    stack = dense(model, chains=chains, steps=10_000 // chains, rate=0.01 * chains)
    for _ in range(epochs):
        stack.advance()
    now = stack.model
    angles = [alignment_angle(up.T, back) for up, back in zip(now.forward, now.feedback, strict=True)]
    np.testing.assert_allclose(angles, FIGURE_9, atol=1.5)


def test_a_study_with_it(tmp_path, assert_same_result):
    small = (
        "experiment.methods=[{rule: feedback_alignment}, {rule: sal}]",
        "experiment.network.hidden=[12, 9]",
        "experiment.data.training_images=130",
        "experiment.epochs=2",
        "experiment.alignment.first_rounds=25",
        "experiment.alignment.rounds=2",
        "experiment.alignment.simulator=dense",
    )
    recipe = api.load_recipe(RECIPE, overrides=small)
    one, two = (api.run(recipe, threads=threads).result for threads in (1, 2))
    assert_same_result(one, two)
    assert (one.traces["feedback_angle.sal.run_1"].values[1] < 50.0).all()
    by_engine = api.run(api.load_recipe(RECIPE, overrides=(*small, "experiment.alignment.simulator=engine"))).result
    rates = [each.traces["spiking_rate.sal.run_1"].values for each in (one, by_engine)]
    np.testing.assert_allclose(rates[0][0], rates[1][0], rtol=0.03)
