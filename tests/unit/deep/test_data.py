"""Sets of images: each is read as its authors wrote it, and whatever is wrong with a file has a code of its own."""

from __future__ import annotations

import gzip
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from image_files import idx_bytes, write_cifar_binary, write_cifar_pickled, write_idx, write_svhn

from sal_hw.errors import InputError
from sal_hw_deep.data.kinds import DEBIAN_FASHION_MNIST
from sal_hw_deep.data.load import load_images

MNIST = "MNIST/raw"
LABELS, IMAGES = "train-labels-idx1-ubyte", "train-images-idx3-ubyte"


def refusal(name: str, folder: str | None = None, below: Path | None = None) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        load_images(name, folder, below)
    (problem,) = caught.value.problems
    return problem.code, problem.render()


def test_the_shipped_images_are_balanced_and_of_fashion_mnist() -> None:
    images = load_images("fashion_mnist_5k", None, None)
    assert images.training.shape == (5000, 1, 28, 28)
    assert images.test.shape == (1000, 1, 28, 28)
    assert np.bincount(images.training_labels).tolist() == [500] * 10
    assert np.bincount(images.test_labels).tolist() == [100] * 10
    # mean and deviation of all 60 000 pixels' images, source: the authors' page
    assert images.training.mean() / 255.0 == pytest.approx(0.286, abs=0.005)
    assert images.training.std() / 255.0 == pytest.approx(0.353, abs=0.005)


@pytest.mark.skipif(not Path(DEBIAN_FASHION_MNIST).exists(), reason="dataset-fashion-mnist is not installed")
def test_the_shipped_images_are_the_first_of_each_class(monkeypatch) -> None:
    monkeypatch.delenv("SAL_HW_DATA", raising=False)
    whole, shipped = load_images("fashion_mnist", None, None), load_images("fashion_mnist_5k", None, None)
    for all_of, labels, some, per_class in (
        (whole.training, whole.training_labels, shipped.training, 500),
        (whole.test, whole.test_labels, shipped.test, 100),
    ):
        chosen = np.sort(np.concatenate([np.flatnonzero(labels == each)[:per_class] for each in range(10)]))
        np.testing.assert_array_equal(all_of[chosen], some)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("name", "place"), [("mnist", MNIST), ("fashion_mnist", "FashionMNIST/raw")])
def test_files_of_mnist(data_folder, name, place, packed) -> None:
    arrays = write_idx(data_folder / place, packed=packed)
    images = load_images(name, None, None)
    np.testing.assert_array_equal(images.training[:, 0], arrays[IMAGES])
    np.testing.assert_array_equal(images.training_labels, arrays[LABELS])
    np.testing.assert_array_equal(images.test[:, 0], arrays["t10k-images-idx3-ubyte"])
    np.testing.assert_array_equal(images.test_labels, arrays["t10k-labels-idx1-ubyte"])


def test_a_folder_below_the_recipe(tmp_path) -> None:
    write_idx(tmp_path / "mine" / MNIST)
    assert len(load_images("mnist", "mine", tmp_path).training) == 12


@pytest.mark.parametrize("folder", ["../mine", "/tmp", "a/../../mine", "x\0y"])  # noqa: S108 - it is refused
def test_folders_outside_of_the_recipe_are_refused(tmp_path, folder) -> None:
    (tmp_path / "recipes").mkdir()
    assert refusal("mnist", folder, tmp_path / "recipes")[0] == "E402"


def test_both_versions_of_cifar_are_the_same(data_folder) -> None:
    table = write_cifar_binary(data_folder / "cifar-10-batches-bin")
    binary = load_images("cifar10", None, None)
    np.testing.assert_array_equal(binary.training_labels, table[:15, 0])
    # a row is red, green, blue, each line by line
    assert binary.training[2, 1, 3, 5] == table[2, 1 + 1024 + 3 * 32 + 5]
    (data_folder / "cifar-10-batches-bin").rename(data_folder / "away")
    write_cifar_pickled(data_folder / "cifar-10-batches-py", table)
    for one, other in zip(binary, load_images("cifar10", None, None), strict=True):
        np.testing.assert_array_equal(one, other)


def test_ten_is_the_digit_zero_in_svhn(data_folder) -> None:
    pixels = write_svhn(data_folder)
    images = load_images("svhn", None, None)
    assert images.training_labels.tolist() == [1, 0, 9, 2]
    assert images.training[3, 1, 5, 7] == pixels[5, 7, 1, 3]


def test_a_set_that_is_missing_says_where_and_how(data_folder) -> None:
    code, words = refusal("cifar10")
    assert code == "E421"
    assert str(data_folder / "cifar-10-batches-bin") in words
    assert str(data_folder / "cifar-10-batches-py") in words
    assert "SAL_HW_DATA" in words


def test_a_set_that_nobody_said_where(monkeypatch) -> None:
    monkeypatch.delenv("SAL_HW_DATA", raising=False)
    code, words = refusal("mnist")
    assert (code, "SAL_HW_DATA is not set" in words) == ("E421", True)


def test_an_empty_folder_is_missing(data_folder) -> None:
    (data_folder / MNIST).mkdir(parents=True)
    assert refusal("mnist")[0] == "E421"


def test_a_folder_that_cannot_be_read(data_folder, monkeypatch) -> None:
    write_idx(data_folder / MNIST)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    # the superuser, who runs tests in many places, may read everything
    monkeypatch.setattr(Path, "iterdir", refuse)
    assert refusal("mnist")[0] == "E422"


def test_a_file_that_is_a_folder_or_a_pipe_or_missing(data_folder) -> None:
    write_idx(data_folder / MNIST)
    file = data_folder / MNIST / LABELS
    file.unlink()
    assert refusal("mnist")[0] == "E421"
    file.mkdir()
    assert refusal("mnist")[0] == "E422"
    file.rmdir()
    os.mkfifo(file)
    assert refusal("mnist")[0] == "E422"


def spoil(data: bytes, how: str) -> bytes:
    return {
        "cut": data[:-1],
        "longer": data + b"\0",
        "header cut": data[:6],
        "empty": b"",
        "magic": b"\0\0\x0d" + data[3:],
        "one label too few": data[:7] + bytes((data[7] - 1,)) + data[8:-1],
        "label 10": data[:8] + b"\x0a" + data[9:],
        "no label": data[:4] + bytes(4),
    }[how]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("cut", "E423"),
        ("longer", "E423"),
        ("header cut", "E423"),
        ("empty", "E424"),
        ("magic", "E424"),
        ("one label too few", "E425"),
        ("label 10", "E426"),
        ("no label", "E425"),
    ],
)
def test_broken_labels(data_folder, how, code) -> None:
    write_idx(data_folder / MNIST)
    file = data_folder / MNIST / LABELS
    file.write_bytes(spoil(file.read_bytes(), how))
    assert refusal("mnist")[0] == code


def test_a_header_that_promises_too_much_takes_no_memory(data_folder) -> None:
    write_idx(data_folder / MNIST)
    (data_folder / MNIST / IMAGES).write_bytes(bytes((0, 0, 8, 3)) + b"\xff" * 12)
    assert refusal("mnist")[0] == "E423"


def test_images_of_another_size(data_folder) -> None:
    write_idx(data_folder / MNIST)
    (data_folder / MNIST / IMAGES).write_bytes(idx_bytes(np.zeros((12, 28, 27), np.uint8)))
    assert refusal("mnist")[0] == "E424"


@pytest.mark.parametrize(
    ("data", "code"), [(gzip.compress(bytes(100), mtime=0)[:-9], "E423"), (b"plain text", "E423"), (b"", "E424")]
)
def test_packed_files_that_are_none(data_folder, data, code) -> None:
    write_idx(data_folder / MNIST, packed=True)
    (data_folder / MNIST / f"{LABELS}.gz").write_bytes(data)
    assert refusal("mnist")[0] == code


@pytest.mark.parametrize(("size", "code"), [(0, "E423"), (3072, "E423"), (3 * 3073 - 1, "E423")])
def test_records_of_cifar_that_are_cut(data_folder, size, code) -> None:
    write_cifar_binary(data_folder / "cifar-10-batches-bin")
    (data_folder / "cifar-10-batches-bin" / "data_batch_3.bin").write_bytes(bytes(size))
    assert refusal("cifar10")[0] == code


class Runs:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_that_wants_to_run_is_not_run(data_folder, tmp_path) -> None:
    folder = data_folder / "cifar-10-batches-py"
    write_cifar_pickled(folder, write_cifar_binary(tmp_path / "table"))
    for protocol in range(6):
        content = pickle.dumps({b"data": Runs(tmp_path / "ran"), b"labels": []}, protocol=protocol)
        (folder / "data_batch_2").write_bytes(content)
        code, words = refusal("cifar10")
        assert (code, "touch" in words or "getattr" in words) == ("E427", True)
    for content in (b"cos\nsystem\n(S'touch x'\ntR.", b"\x80\x02cnumpy\nload\nq\x00.", b"P0\n.", b"\x82\x01."):
        (folder / "data_batch_2").write_bytes(content)
        assert refusal("cifar10")[0] in ("E424", "E427")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ([1, 2], "E424"),
        ({b"labels": [1]}, "E424"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [1.5]}, "E424"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [300]}, "E424"),
        ({b"data": np.zeros((1, 3072), np.float32), b"labels": [3]}, "E424"),
        ({b"data": np.zeros((1, 3071), np.uint8), b"labels": [3]}, "E424"),
        ({b"data": np.zeros((2, 3072), np.uint8), b"labels": [3]}, "E425"),
        ({b"data": np.zeros((1, 3072), np.uint8), b"labels": [10]}, "E426"),
    ],
)
def test_pickles_of_something_else(data_folder, tmp_path, content, code) -> None:
    folder = data_folder / "cifar-10-batches-py"
    write_cifar_pickled(folder, write_cifar_binary(tmp_path / "table"))
    (folder / "data_batch_5").write_bytes(pickle.dumps(content, protocol=2))
    assert refusal("cifar10")[0] == code


@pytest.mark.parametrize("keep", [0, 1, 10, 200, 5000])
def test_pickles_that_are_cut(data_folder, tmp_path, keep) -> None:
    folder = data_folder / "cifar-10-batches-py"
    write_cifar_pickled(folder, write_cifar_binary(tmp_path / "table"))
    file = folder / "test_batch"
    file.write_bytes(file.read_bytes()[:keep])
    assert refusal("cifar10")[0] == "E423"


def test_labels_and_files_of_svhn_that_are_wrong(data_folder) -> None:
    write_svhn(data_folder, labels=(1, 11))
    assert refusal("svhn")[0] == "E426"
    write_svhn(data_folder, labels=(1, 0))
    assert refusal("svhn")[0] == "E426"
    write_svhn(data_folder)
    file = data_folder / "test_32x32.mat"
    whole = file.read_bytes()
    for content, code in ((whole[:-40], "E423"), (whole[:150], "E423"), (b"", "E424"), (b"x" * 500, "E424")):
        file.write_bytes(content)
        assert refusal("svhn")[0] == code, len(content)
