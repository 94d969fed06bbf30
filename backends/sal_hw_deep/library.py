"""PyTorch: looked for without importing it, and kept to one thread per operation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from sal_hw.errors import DeviceError, Problem, quote_value


def require_torch() -> None:
    """Check that PyTorch is installed, without importing it.

    Raises
    ------
    DeviceError
        E820 with the command that installs it.
    """
    try:
        if find_spec("torch") is not None:
            return
    except (ImportError, ValueError):  # ValueError: a module without a specification was put into sys.modules
        pass
    raise DeviceError(
        Problem(
            code="E820",
            field="experiment.kind",
            value=quote_value("train_classifier"),
            allowed="PyTorch, which cannot be found in this Python environment",
            hint="pip install 'sal-hw[deep]'",
        )
    )


def require_device(device: str) -> None:
    """Check that PyTorch can use a device.

    Raises
    ------
    DeviceError
        E820 if it cannot.
    """
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError(
            Problem(
                code="E820",
                field="experiment.device",
                value=quote_value(device),
                allowed="a GPU that this PyTorch can use; it sees none",
                hint="--set experiment.device=cpu, or install a PyTorch for the GPU",
            )
        )


@contextmanager
def one_thread_per_operation() -> Iterator[None]:
    """Let every operation of PyTorch use one thread: with two, sums are taken in another order."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
