"""Errors go down through the matrix that a method says, and nothing else differs from backpropagation."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed; make test-torch installs it")

from torch.nn import functional  # noqa: E402

from sal_hw_deep.data.kinds import Example  # noqa: E402
from sal_hw_deep.feedback import ConvolutionLayer, LinearLayer, exact_transport  # noqa: E402
from sal_hw_deep.initial import draw_layers  # noqa: E402
from sal_hw_deep.measures import feedback_angles, gradient_angles  # noqa: E402
from sal_hw_deep.networks import aligned_layers, frozen_statistics, make_classifier  # noqa: E402
from sal_hw_deep.schema import ClassifierMethod, ClassifierNetwork, TrainClassifierProtocol  # noqa: E402
from sal_hw_deep.training import Trainer, falling, loss_of  # noqa: E402

pytestmark = pytest.mark.torch

PRECISIONS = [(torch.float32, 1e-6), (torch.float64, 1e-12)]


def draw(*shape, dtype=torch.float64, seed=1):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=shape), dtype=dtype)


def relative(one, other):
    return float((one - other).abs().max() / other.abs().max())


@pytest.mark.parametrize(("dtype", "within"), PRECISIONS)
@pytest.mark.parametrize("mode", ["weights", "fixed", "aligned", "same_updates", "signs"])
def test_a_linear_layer_with_its_own_weights_is_autograds(dtype, within, mode):
    weight, bias = draw(7, 5, dtype=dtype), draw(7, dtype=dtype, seed=2)
    inputs, target = draw(9, 5, dtype=dtype, seed=3).requires_grad_(), draw(9, 7, dtype=dtype, seed=4)
    layer = LinearLayer(weight, weight, mode, bias)
    (layer(inputs) * target).sum().backward()
    usual, plain = torch.nn.Linear(5, 7, dtype=dtype), inputs.detach().clone().requires_grad_()
    usual.load_state_dict({"weight": weight, "bias": bias})
    (usual(plain) * target).sum().backward()
    pairs = [(inputs, plain), (layer.weight, usual.weight), (layer.bias, usual.bias)]
    assert max(relative(one.grad, other.grad) for one, other in pairs) <= within


@pytest.mark.parametrize(("dtype", "within"), PRECISIONS)
@pytest.mark.parametrize("mode", ["weights", "fixed", "same_updates", "signs"])
def test_a_convolution_with_its_own_weights_is_autograds(dtype, within, mode):
    weight, inputs = draw(4, 3, 5, 5, dtype=dtype), draw(2, 3, 12, 12, dtype=dtype, seed=3).requires_grad_()
    target = draw(2, 4, 8, 8, dtype=dtype, seed=4)
    layer = ConvolutionLayer(weight, weight, mode)
    (layer(inputs) * target).sum().backward()
    plain, usual = inputs.detach().clone().requires_grad_(), weight.clone().requires_grad_()
    (functional.conv2d(plain, usual) * target).sum().backward()
    assert relative(inputs.grad, plain.grad) <= within
    assert relative(layer.weight.grad, usual.grad) <= within


def test_feedback_alignment_carries_delta_times_feedback():
    """On a square layer, where a transposed matrix would fit, too."""
    weight, feedback, bias = draw(6, 6), draw(6, 6, seed=2), draw(6, seed=3)
    inputs, delta = draw(4, 6, seed=4).requires_grad_(), draw(4, 6, seed=5)
    layer = LinearLayer(weight, feedback, "fixed", bias)
    (layer(inputs) * delta).sum().backward()
    torch.testing.assert_close(inputs.grad, delta @ feedback, rtol=1e-14, atol=0.0)
    assert relative(inputs.grad, delta @ feedback.T) > 0.1
    torch.testing.assert_close(layer.weight.grad, delta.T @ inputs.detach(), rtol=1e-14, atol=0.0)


def test_convolutional_feedback_is_the_transposed_convolution():
    """With as many channels above as below, where exchanged channels would fit, too."""
    weight, feedback = draw(3, 3, 5, 5), draw(3, 3, 5, 5, seed=2)
    inputs, delta = draw(2, 3, 9, 9, seed=3).requires_grad_(), draw(2, 3, 5, 5, seed=4)
    (ConvolutionLayer(weight, feedback, "fixed")(inputs) * delta).sum().backward()
    torch.testing.assert_close(inputs.grad, functional.conv_transpose2d(delta, feedback), rtol=1e-12, atol=1e-12)


def test_the_difference_of_kolen_and_pollack_decays_by_its_factor():
    """Both get the same updates: with plain descent W - B shrinks by 1 - rate * decay per step, whatever is learned."""
    rate, decay, steps = 0.1, 0.05, 40
    network = ClassifierNetwork(hidden=(6, 5), batch_norm=False, activation="tanh")
    layers = draw_layers(network, Example(1, 28), np.random.default_rng(1))
    classifier = make_classifier(network, layers, "kolen_pollack", torch.float64)
    method = ClassifierMethod(rule="kolen_pollack", weight_decay=decay)
    protocol = TrainClassifierProtocol(learning_rate=rate, learning_rate_end=None, momentum=0.0, network=network)
    before = [layer.weight.detach() - layer.feedback.detach() for layer in classifier.layers]
    batch = (draw(8, 1, 28, 28), torch.arange(8))
    Trainer(classifier, protocol, method).train(0, [batch] * steps)
    for layer, first, start in zip(classifier.layers, layers, before, strict=True):
        assert relative(layer.weight.detach(), torch.as_tensor(first.weight)) > 0.1
        expected = start * (1.0 - rate * decay) ** steps
        torch.testing.assert_close(layer.weight.detach() - layer.feedback.detach(), expected, rtol=1e-9, atol=1e-12)


def test_sign_concordant_feedback_has_the_signs_of_the_weights():
    """And stands 41 degrees from them: between |B| and |W|, uniform, cos is (1/4) / (1/3)."""
    network = ClassifierNetwork()
    layers = draw_layers(network, Example(1, 28), np.random.default_rng(1))
    classifier = make_classifier(network, layers, "sign_concordant")
    for layer in classifier.layers:
        effective = layer.effective_feedback()
        assert torch.equal(effective.sign(), layer.weight.sign())
        assert torch.equal(effective.abs(), layer.feedback.abs())
    np.testing.assert_allclose(feedback_angles(classifier), np.degrees(np.arccos(0.75)), atol=2.0)
    with torch.no_grad():
        classifier.layers[1].weight.neg_()
    assert torch.equal(classifier.layers[1].effective_feedback().sign(), classifier.layers[1].weight.sign())


@pytest.mark.parametrize(
    ("rule", "modes"),
    [
        ("backpropagation", ["weights", "weights", "weights", "weights"]),
        ("fixed_convolutions", ["fixed", "fixed", "weights", "weights"]),
        ("feedback_alignment", ["fixed", "fixed", "fixed", "fixed"]),
        ("sign_concordant", ["fixed", "fixed", "signs", "signs"]),
        ("kolen_pollack", ["fixed", "fixed", "same_updates", "same_updates"]),
        ("sal", ["fixed", "fixed", "aligned", "aligned"]),
    ],
)
def test_modes_of_layers(rule, modes):
    network = ClassifierNetwork(convolutions=(3, 4), hidden=(8,))
    layers = draw_layers(network, Example(1, 28), np.random.default_rng(1))
    classifier = make_classifier(network, layers, rule)
    assert [layer.mode for layer in classifier.layers] == modes
    assert [tuple(layer.weight.shape) for layer in classifier.layers] == [(3, 1, 5, 5), (4, 3, 5, 5), (8, 64), (10, 8)]
    assert len(aligned_layers(classifier)) == (2 if rule == "sal" else 0)


def test_the_published_network_has_the_published_size():
    """574 858 trainable parameters for images of 28 x 28 pixels, source: the public code of arXiv 2503.02642."""
    network = ClassifierNetwork(convolutions=(64, 64), hidden=(384, 192), initialization="inputs")
    layers = draw_layers(network, Example(1, 28), np.random.default_rng(1))
    classifier = make_classifier(network, layers, "sal")
    assert sum(values.numel() for values in classifier.parameters()) == 574_858
    for layer in classifier.layers:
        bound = 1.0 / np.sqrt(layer.weight[0].numel())
        for weights in (layer.weight, layer.feedback):
            assert 0.95 * bound < float(weights.detach().abs().max()) <= bound * (1.0 + 1e-6)


def test_gradient_angles_leave_the_network_as_it_is():
    network = ClassifierNetwork(convolutions=(3,), hidden=(8, 6))
    layers = draw_layers(network, Example(1, 28), np.random.default_rng(1))
    images, labels = draw(20, 1, 28, 28, dtype=torch.float32), torch.arange(20) % 10
    for rule, right in (("backpropagation", True), ("feedback_alignment", False)):
        classifier = make_classifier(network, layers, rule)
        before = {name: values.clone() for name, values in classifier.state_dict().items()}
        angles = gradient_angles(classifier, images, labels, "once")
        assert angles.shape == (3,)
        assert (angles < 0.1).all() if right else (angles > 30.0).all()
        assert all(torch.equal(values, before[name]) for name, values in classifier.state_dict().items())
        assert all(parameter.grad is None for parameter in classifier.parameters())
        assert not any(layer.exact for layer in classifier.layers)


def test_exact_transport_is_backpropagation():
    network = ClassifierNetwork(convolutions=(3,), hidden=(8,))
    layers = draw_layers(network, Example(1, 28), np.random.default_rng(1))
    images, labels = draw(20, 1, 28, 28, dtype=torch.float32), torch.arange(20) % 10
    found = []
    for rule in ("backpropagation", "feedback_alignment"):
        classifier = make_classifier(network, layers, rule)
        with exact_transport(classifier), frozen_statistics(classifier):
            loss_of(classifier(images), labels, "once").backward()
        found.append([parameter.grad for parameter in classifier.parameters()])
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_the_published_softmax_keeps_the_loss_high():
    """With ten classes the loss cannot fall below ln(1 + 9 / e)."""
    sure = 100.0 * torch.eye(10)
    assert float(loss_of(sure, torch.arange(10), "once")) == pytest.approx(0.0, abs=1e-6)
    assert float(loss_of(sure, torch.arange(10), "twice")) == pytest.approx(np.log(1.0 + 9.0 / np.e), rel=1e-6)


def test_rates_fall_along_a_cosine():
    assert falling(0.08, 0.02, 0, 10) == 0.08
    assert falling(0.08, 0.02, 5, 10) == pytest.approx(0.05)
    assert falling(0.08, 0.02, 10, 10) == pytest.approx(0.02)
    assert falling(0.08, None, 7, 10) == 0.08
