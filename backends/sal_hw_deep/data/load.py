"""Finds a set of images, reads it, and checks that images and labels belong together."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.storage.reading import read_npz
from sal_hw_deep.data import cifar
from sal_hw_deep.data.files import refused
from sal_hw_deep.data.idx import Bytes, read_idx
from sal_hw_deep.data.kinds import CLASSES, DEBIAN_FASHION_MNIST, KINDS, DataName
from sal_hw_deep.data.svhn import read_svhn

#: names the folder that holds sets of images, in torchvision's layout
FOLDER_VARIABLE = "SAL_HW_DATA"


class Images(NamedTuple):
    """A set: images of shape (n, channels, side, side) and their labels, shape (n,), for training and for the test."""

    training: Bytes
    training_labels: Bytes
    test: Bytes
    test_labels: Bytes


def load_images(name: DataName, folder: str | None, below: Path | None) -> Images:
    """Return a set of images.

    Parameters
    ----------
    name
        Which one.
    folder
        Where the recipe says it is; None leaves that to the environment.
    below
        The recipe's folder; None is the working folder.

    Raises
    ------
    InputError
        E421 if it is not there, E422 .. E427 if a file of it cannot be used, E402 if the folder leads out of the
        recipe's.
    """
    if name == "fashion_mnist_5k":
        return _shipped()
    place = _find(name, _roots(name, folder, below))
    match name:
        case "fashion_mnist" | "mnist":
            found = Images(*_idx_pair(place, "train"), *_idx_pair(place, "t10k"))
        case "cifar10":
            found = Images(*cifar.read_cifar(place, cifar.TRAINING), *cifar.read_cifar(place, cifar.TEST))
        case "svhn":
            found = Images(*read_svhn(place / "train_32x32.mat"), *read_svhn(place / "test_32x32.mat"))
        case _:
            assert_never(name)
    _refuse_misfits(name, place, found)
    return found


def _shipped() -> Images:
    data = read_npz((files("sal_hw_deep.data") / "fashion_mnist_5k.npz").read_bytes())
    training, test = data["train_images"][:, None], data["test_images"][:, None]
    return Images(training, data["train_labels"], test, data["test_labels"])


def _roots(name: DataName, folder: str | None, below: Path | None) -> list[Path]:
    """Return the folders that may hold a set's own folder."""
    if folder is not None:
        return [_inside(folder, Path.cwd() if below is None else below)]
    named = os.environ.get(FOLDER_VARIABLE)
    roots = [Path(named).expanduser()] if named else []
    return [*roots, Path(DEBIAN_FASHION_MNIST)] if name == "fashion_mnist" else roots


def _inside(folder: str, below: Path) -> Path:
    """Return the real path of a folder below another one."""
    words = f"a relative path below the recipe's folder; {FOLDER_VARIABLE} names folders elsewhere"
    path = Path(folder)
    real = (below / path).resolve() if "\0" not in folder else None
    if real is None or path.is_absolute() or not real.is_relative_to(below.resolve()):
        hint = f"leave folder away and set {FOLDER_VARIABLE}"
        raise InputError(
            Problem(code="E402", field="experiment.data.folder", value=quote_value(folder), allowed=words, hint=hint)
        )
    return real


def _find(name: DataName, roots: list[Path]) -> Path:
    """Return the folder with the files of a set."""
    kind, looked = KINDS[name], []
    for root in roots:
        own = ("",) if str(root) == DEBIAN_FASHION_MNIST else kind.folders
        for place in (root / part for part in own):
            looked.append(str(place))
            try:
                if any(place.iterdir()):
                    return place
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise refused("E422", place, f"a folder that can be read: {error}", "check its permissions") from error
    places = ", ".join(looked) or f"nowhere, since {FOLDER_VARIABLE} is not set"
    raise InputError(
        Problem(
            code="E421",
            field="experiment.data.name",
            value=quote_value(name),
            allowed=f"a set of images that is there; looked for in: {places}",
            hint=f"{kind.source}; then set {FOLDER_VARIABLE} to the folder ROOT",
        )
    )


def _idx_pair(place: Path, stem: str) -> tuple[Bytes, Bytes]:
    images = read_idx(_either(place / f"{stem}-images-idx3-ubyte"), 3)
    return images[:, None], read_idx(_either(place / f"{stem}-labels-idx1-ubyte"), 1)


def _either(path: Path) -> Path:
    """Return a file, or its packed version if only that exists."""
    packed = path.with_name(f"{path.name}.gz")
    return packed if packed.exists() and not path.exists() else path


def _refuse_misfits(name: DataName, place: Path, found: Images) -> None:
    """Refuse images of another shape, labels that are too few or too many, and labels that are no class."""
    wanted = (KINDS[name].example.channels, *(KINDS[name].example.side,) * 2)
    pairs = ((found.training, found.training_labels), (found.test, found.test_labels))
    for part, (images, labels) in zip(("training", "test"), pairs, strict=True):
        if len(images) != len(labels) or not len(images):
            words = f"as many {part} labels as images, and at least one; there are {len(labels)} and {len(images)}"
            raise refused("E425", place, words, "get both files again")
        if images.shape[1:] != wanted:
            raise refused("E424", place, f"images of shape {wanted}; these have {images.shape[1:]}")
        if (largest := int(np.max(labels))) >= CLASSES:
            raise refused("E426", place, f"{part} labels 0 .. {CLASSES - 1}; one is {largest}")
