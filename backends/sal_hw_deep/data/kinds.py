"""The sets of images that can be learned, as data."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

DataName: TypeAlias = Literal["fashion_mnist_5k", "fashion_mnist", "mnist", "cifar10", "svhn"]

CLASSES = 10


class Example(NamedTuple):
    """The shape of one image: ``channels`` of ``side`` x ``side`` pixels."""

    channels: int
    side: int


class DataKind(NamedTuple):
    """One set of images.

    Attributes
    ----------
    example
        The shape of an image.
    means, deviations
        Per channel, of pixels between 0 and 1, by which images are normalised (arXiv 2503.02642, its public code).
    folders
        Folders with its files below the folder of data, in torchvision's layout; the first that exists is read.
    source
        How to get it.
    """

    example: Example
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    folders: tuple[str, ...]
    source: str


def _by_torchvision(name: str, options: str = "download=True") -> str:
    return f'python -c "from torchvision.datasets import {name}; {name}(ROOT, {options})"'


KINDS: dict[DataName, DataKind] = {
    "fashion_mnist_5k": DataKind(Example(1, 28), (0.29,), (0.32,), (), "install sal-hw again; they are part of it"),
    "fashion_mnist": DataKind(
        Example(1, 28),
        (0.29,),
        (0.32,),
        ("FashionMNIST/raw",),
        f"apt-get install dataset-fashion-mnist, or {_by_torchvision('FashionMNIST')}",
    ),
    "mnist": DataKind(Example(1, 28), (0.13,), (0.30,), ("MNIST/raw",), _by_torchvision("MNIST")),
    "cifar10": DataKind(
        Example(3, 32),
        (0.49, 0.48, 0.44),
        (0.20, 0.20, 0.20),
        ("cifar-10-batches-bin", "cifar-10-batches-py"),
        f"the binary version from www.cs.toronto.edu/~kriz/cifar.html, or {_by_torchvision('CIFAR10')}",
    ),
    "svhn": DataKind(
        Example(3, 32),
        (0.44, 0.44, 0.47),
        (0.12, 0.12, 0.11),
        ("",),
        "train_32x32.mat and test_32x32.mat from ufldl.stanford.edu/housenumbers",
    ),
}

#: where Debian's package dataset-fashion-mnist puts its files
DEBIAN_FASHION_MNIST = "/usr/share/datasets/fashion-mnist"
