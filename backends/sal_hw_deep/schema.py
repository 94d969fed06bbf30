"""The ``train_classifier`` study: deep networks learn images, with errors carried down in several ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from sal_hw.spec.discretizations import Discretization
from sal_hw.spec.fields import Because, Count, Flag, LearningRate, Name, Number, Text, Whole
from sal_hw.spec.findings import SpecFinding
from sal_hw.spec.studies import find_odd_lists
from sal_hw.storage.document import document
from sal_hw_deep.data.kinds import KINDS, DataName, Example
from sal_hw_deep.methods import TRANSPORTS, Rule

#: square kernels of convolutions, and the pooling after each
KERNEL, POOL = 5, 2
#: more weights in one layer are a typing error
MAX_WEIGHTS = 20_000_000
MAX_HIDDEN = 16

Width = Annotated[Whole, Ge(1), Le(20_000), Because("all weights between two layers are held in memory")]
Share = Annotated[Number, Ge(0.0), Le(1.0)]
Rate = Annotated[Number, Ge(0.0), Le(1e3)]


@document
class ClassifierData:
    """Images with labels. Nothing is ever downloaded.

    Attributes
    ----------
    name
        ``fashion_mnist_5k``: 5000 training and 1000 test images of Fashion-MNIST, which come with this package. The
        others are looked for in ``folder``, else in the folder that the environment variable ``SAL_HW_DATA`` names, in
        the layout of torchvision; ``fashion_mnist`` also where Debian's package ``dataset-fashion-mnist`` puts it.
    folder
        Below the recipe's folder.
    training_images
        How many images are learned, the first ones of a shuffled order; None is all but the validation images.
    validation_images
        How many of the training images are set aside: accuracies over the epochs are theirs. Test images are looked
        at once, at the end.
    augmentation
        ``flip`` mirrors half of the training images; ``crop_and_flip`` also shifts them by up to 4 pixels.
    """

    name: DataName = "fashion_mnist_5k"
    folder: Text | None = None
    training_images: Count | None = None
    validation_images: Count = 500
    augmentation: Literal["none", "flip", "crop_and_flip"] = "none"


@document
class ClassifierNetwork:
    """Layers from the image to the classes; batch normalisation comes after the activation function.

    Attributes
    ----------
    convolutions
        Channels of convolutional layers of 5 x 5 kernels without bias, each followed by max pooling of 2 x 2.
    hidden
        Widths of fully connected layers between the convolutions and the classes.
    activation
        Of all layers but the last.
    batch_norm
        Whether activations are normalised over the batch.
    initialization
        Forward and feedback weights are uniform with the same spread: ``he``, +-sqrt(6 / inputs), keeps the size of
        activities behind ReLU; ``inputs``, +-1 / sqrt(inputs), is PyTorch's and that of arXiv 2503.02642.
    """

    convolutions: tuple[Annotated[Whole, Ge(1), Le(1024)], ...] = ()
    hidden: tuple[Width, ...] = (128, 128, 128, 128, 128, 128)
    activation: Literal["relu", "tanh"] = "relu"
    batch_norm: Flag = True
    initialization: Literal["he", "inputs"] = "he"


@document
class ClassifierMethod:
    """One way in which errors are carried down. The matrices that carry them are all that differs between methods.

    Attributes
    ----------
    rule
        ``backpropagation``: the forward weights; ``feedback_alignment``: fixed random weights; ``sign_concordant``:
        fixed magnitudes with the signs of the forward weights; ``kolen_pollack``: weights that get the same updates and
        decay as the forward weights; ``sal``: weights that spiking neurons align before every epoch. All but
        backpropagation have fixed random weights in convolutional layers; ``fixed_convolutions`` has forward weights in
        all others, and is what the last four can reach at best.
    name
        What its results are called; None is short for the rule: bp, bp_w_fa, fa, scfa, kp, sal.
    weight_decay
        Of all weights and biases, as in PyTorch's SGD.
    polarity
        Of SAL; ``inverted`` turns the sign of its learning rate, as a control.
    """

    rule: Rule
    name: Name | None = None
    weight_decay: Share = 0.0
    polarity: Literal["aligning", "inverted"] = "aligning"

    @property
    def shown(self) -> str:
        """The name of its results."""
        return self.name or TRANSPORTS[self.rule].short


@document
class ClassifierAlignment:
    """How SAL aligns feedback weights before every epoch.

    Fully connected layers from the first one on whose feedback weights carry errors become a stack of spiking neurons
    with the same weights and biases, as in the ``symmetrize_layers`` study. It is active by itself, no image is shown.

    Attributes
    ----------
    rounds
        Updates of the feedback weights before each epoch but the first; 0 leaves them as they are.
    first_rounds
        Updates before the first epoch; None is as many as before the others.
    steps_per_round
        Steps of each chain between two updates.
    chains
        Independent networks with the same weights.
    learning_rate, learning_rate_end
        Of the updates, in units of the membrane potential; it falls along a cosine over the epochs. None: it stays.
    tau_ref_steps
        Refractory time, length of a PSP and time constant of the window.
    discretization
        As in the ``symmetrize_layers`` study.
    simulator
        ``engine``: that of ``symmetrize_layers``, on CPUs. ``dense``: products of PyTorch over all neurons, where the
        network is trained. ``automatic``: dense on a GPU, else the engine.
    """

    rounds: Annotated[Whole, Ge(0), Le(100_000)] = 3
    first_rounds: Annotated[Whole, Ge(0), Le(100_000)] | None = 40
    steps_per_round: Annotated[Whole, Ge(1), Le(1_000_000)] = 2000
    chains: Annotated[Whole, Ge(1), Le(256)] = 8
    learning_rate: LearningRate = 0.08
    learning_rate_end: Rate | None = 0.02
    tau_ref_steps: Annotated[Whole, Ge(2), Le(1000)] = 10
    discretization: Discretization = "salnet"
    simulator: Literal["automatic", "engine", "dense"] = "automatic"

    def rounds_before(self, epoch: int) -> int:
        """Return how many updates come before an epoch, counted from 0."""
        return self.first_rounds if epoch == 0 and self.first_rounds is not None else self.rounds


@document
class TrainClassifierProtocol:
    """Train one network per method and run, all from the same weights and with the same order of images.

    Source: arXiv 2503.02642, figure 8. There, the softmax is applied twice and no image is set aside for validation.

    Attributes
    ----------
    data, network, methods, alignment
        What is learned, by what, and how errors are carried down.
    runs
        Repetitions: the first has the run's seed, each further one the next number.
    epochs
        Passes through the training images.
    batch
        Images per update; a last batch of one image joins the one before.
    learning_rate, learning_rate_end
        Of stochastic gradient descent; it falls along a cosine over the epochs. None: it stays.
    momentum
        Of stochastic gradient descent.
    softmax
        How often it is applied before the cross-entropy; ``twice`` is how the published code does it, whose loss cannot
        fall below ln(1 + 9 / e) with ten classes.
    device
        Where networks are trained; ``cuda`` is a GPU.
    """

    data: ClassifierData = ClassifierData()
    network: ClassifierNetwork = ClassifierNetwork()
    methods: tuple[ClassifierMethod, ...] = (
        ClassifierMethod(rule="backpropagation"),
        ClassifierMethod(rule="feedback_alignment"),
        ClassifierMethod(rule="sal"),
    )
    alignment: ClassifierAlignment = ClassifierAlignment()
    runs: Annotated[Whole, Ge(1), Le(100)] = 1
    epochs: Annotated[Whole, Ge(1), Le(10_000)] = 10
    batch: Annotated[Whole, Ge(1), Le(100_000)] = 64
    learning_rate: Annotated[Number, Gt(0.0), Le(1e3)] = 0.02
    learning_rate_end: Rate | None = 0.0
    momentum: Annotated[Number, Ge(0.0), Le(0.9999)] = 0.9
    softmax: Literal["once", "twice"] = "once"
    device: Literal["cpu", "cuda"] = "cpu"
    kind: Literal["train_classifier"] = "train_classifier"

    def conflicts(self) -> Iterator[SpecFinding]:
        """Find what cannot be built or trained together."""
        yield from find_odd_lists([method.shown for method in self.methods], "methods")
        example = KINDS[self.data.name].example
        if self.data.name == "fashion_mnist_5k" and self.data.folder is not None:
            words = "no folder: these images come with sal-hw"
            yield SpecFinding(code="E214", path=("data", "folder"), allowed=words, value=self.data.folder)
        if self.network.batch_norm and self.batch == 1:
            words = "at least 2 with batch_norm, since one image has no spread to be normalised by"
            yield SpecFinding(code="E214", path=("batch",), allowed=words, value=self.batch)
        yield from _find_odd_layers(self.network, example)


def side_after(side: int, convolutions: int) -> int:
    """Return the side of the image after so many convolutions with pooling; below 1 if there is nothing left."""
    for _ in range(convolutions):
        side = (side - KERNEL + 1) // POOL
    return side


def _find_odd_layers(network: ClassifierNetwork, example: Example) -> Iterator[SpecFinding]:
    """Find images that are too small for their convolutions, too many layers, and layers that are too large."""
    side = side_after(example.side, len(network.convolutions))
    if side < 1:
        words = f"fewer layers: nothing of an image of {example.side} x {example.side} pixels is left after these"
        yield SpecFinding(code="E214", path=("network", "convolutions"), allowed=words)
        return
    if len(network.hidden) > MAX_HIDDEN:
        words = f"at most {MAX_HIDDEN} layers; there are {len(network.hidden)}"
        yield SpecFinding(code="E214", path=("network", "hidden"), allowed=words)
    channels = network.convolutions[-1] if network.convolutions else example.channels
    below = channels * side * side
    for index, width in enumerate(network.hidden):
        if below * width > MAX_WEIGHTS:
            words = f"at most {MAX_WEIGHTS} weights from the layer below; there are {below * width}"
            yield SpecFinding(code="E214", path=("network", "hidden", index), allowed=words, value=width)
        below = width
