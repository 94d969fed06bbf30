"""Codes about sets of images (E421 and on): title, text and example of each."""

from __future__ import annotations

IMAGE_TEXTS: dict[str, tuple[str, str, str]] = {
    "E421": (
        "The set of images is not there",
        "Nothing is downloaded. Sets other than fashion_mnist_5k are looked for in data.folder, else in the\n"
        "folder that SAL_HW_DATA names, in the layout of torchvision. The message says where it was looked.",
        "SAL_HW_DATA=~/data sal-hw run recipes/paper/fig8_deep.yaml --preset published-fashion-mnist",
    ),
    "E422": (
        "A file or folder of images cannot be read",
        "It is no regular file, or its permissions forbid it.",
        "chmod u+r FILE",
    ),
    "E423": (
        "A file of images or labels is cut short",
        "It has fewer or more bytes than its own header says, as after a download that was interrupted.",
        "Get the file again.",
    ),
    "E424": (
        "Not a file of this set of images",
        "It begins with another magic number, or holds arrays of another shape or type.",
        "SAL_HW_DATA=~/data sal-hw run recipes/paper/fig8_deep.yaml --preset published-fashion-mnist",
    ),
    "E425": (
        "Images and labels do not belong together",
        "There must be one label per image, and at least one of both.",
        "Get both files again.",
    ),
    "E426": (
        "A label that is no class",
        "All sets have ten classes. Labels are 0 .. 9; in SVHN 1 .. 10, where 10 is the digit 0.",
        "Get the file again.",
    ),
    "E427": (
        "A pickle that wants to run something",
        "Pickles are read for arrays, bytes, dicts and lists only. What a file asks for beyond that is not\n"
        "even looked up.",
        "Use the binary version of CIFAR-10, the folder cifar-10-batches-bin.",
    ),
}
