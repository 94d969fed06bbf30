"""Compiles the unmodified text of a kernel for this computer and runs it on synapses that a test gives."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
COLUMNS = 256
NAME = "PLASTICITY_RULE_KERNEL"

#: warnings are errors: a kernel that warns here may be wrong there
FLAGS = ("-std=gnu++17", "-O1", "-Wall", "-Wextra", "-pedantic", "-Werror", "-shared", "-fPIC")


def compiler():
    """Return the C++ compiler, or None."""
    return shutil.which("g++") or shutil.which("c++")


@dataclass(frozen=True, kw_only=True)
class Handle:
    """A rectangle of synapses on one hemisphere."""

    hemisphere: int
    rows: np.ndarray
    columns: np.ndarray


class _Synapses(ctypes.Structure):
    _fields_ = (
        ("weight", ctypes.c_uint8 * COLUMNS * 256),
        ("causal", ctypes.c_uint8 * COLUMNS * 256),
        ("acausal", ctypes.c_uint8 * COLUMNS * 256),
        ("resets", ctypes.c_uint32 * COLUMNS * 256),
        ("reads", ctypes.c_uint32 * 256),
        ("charge", ctypes.c_uint8 * COLUMNS * 256),
    )


class _Chip(ctypes.Structure):
    _fields_ = (
        ("synapses", _Synapses * 2),
        ("random", ctypes.c_void_p),
        ("draws_given", ctypes.c_uint64),
        ("draws", ctypes.c_uint64),
        ("time", ctypes.c_uint64),
        ("wobble", ctypes.c_void_p),
        ("wobbles", ctypes.c_uint64),
        ("conversions", ctypes.c_uint64),
        ("faults", ctypes.c_uint32),
        ("seed", ctypes.c_uint32),
    )


class HostKernel:
    """A compiled kernel with its handles.

    Attributes
    ----------
    weight, causal, acausal, resets
        Shape (2, 256, 256), by hemisphere, row and column: what the chip holds, as views.
    reads
        Shape (2, 256): conversions of each row.
    charge
        Shape (2, 256, 256): what sensors hold until they are reset.
    """

    def __init__(self, library: Path, handles: list[Handle]) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.host_chip.restype = ctypes.POINTER(_Chip)
        self._chip = self._library.host_chip().contents
        halves = [self._chip.synapses[half] for half in range(2)]
        views = {
            name: [np.ctypeslib.as_array(getattr(half, name)) for half in halves] for name, _ in _Synapses._fields_
        }
        self.weight, self.causal, self.acausal, self.resets, self.reads, self.charge = views.values()
        self.draws_at_start, self.seed = int(self._chip.draws), int(self._chip.seed)
        self._random = self._wobble = np.zeros(0, dtype=np.uint8)
        for index, handle in enumerate(handles):
            rows, columns = (np.ascontiguousarray(part, dtype=np.uint8) for part in (handle.rows, handle.columns))
            sizes = [ctypes.c_size_t(len(part)) for part in (rows, columns)]
            self._library.host_handle(
                ctypes.c_size_t(index),
                ctypes.c_uint32(handle.hemisphere),
                rows.ctypes.data_as(ctypes.c_void_p),
                sizes[0],
                columns.ctypes.data_as(ctypes.c_void_p),
                sizes[1],
            )

    def give_random(self, numbers: np.ndarray) -> None:
        """Let the generators give these bytes next, shape (draws, 256), by column."""
        self._random = np.ascontiguousarray(numbers, dtype=np.uint8)
        self._chip.random = self._random.ctypes.data
        self._chip.draws_given, self._chip.draws = len(self._random), 0

    def give_wobble(self, numbers: np.ndarray) -> None:
        """Add these to the readings of one conversion after the other, shape (conversions, 2, 256)."""
        self._wobble = np.ascontiguousarray(numbers, dtype=np.uint8)
        self._chip.wobble = self._wobble.ctypes.data
        self._chip.wobbles, self._chip.conversions = len(self._wobble), 0

    def run(self, hemisphere: int, *, time: int = 0) -> int:
        """Let the processor of a hemisphere run the kernel once; return how many rows of random bytes it drew."""
        before = int(self._chip.draws)
        self._chip.time = time
        self._library.host_run(ctypes.c_uint32(hemisphere))
        return int(self._chip.draws) - before

    @property
    def faults(self) -> int:
        """Accesses that would have ended the program on the chip."""
        return int(self._chip.faults)

    def symbol(self, name: str, shape: tuple[int, ...], *, words: bool = False) -> np.ndarray:
        """Return a view of a global variable: 32 bits for the shape (), else bytes, or words of 32 bits."""
        if not shape:
            return np.ctypeslib.as_array((ctypes.c_uint32 * 1).in_dll(self._library, name))
        kind = ctypes.c_uint32 if words else ctypes.c_uint8
        return np.ctypeslib.as_array((kind * int(np.prod(shape))).in_dll(self._library, name)).reshape(shape)


def compile_kernel(text: str, handles: list[Handle], folder: Path, *, name: str = "kernel") -> HostKernel:
    """Compile a kernel's text into a folder and load it."""
    source, library = folder / f"{name}.cpp", folder / f"{name}.so"
    if not library.exists():
        source.write_text(translation_unit(text, handles))
        made = folder / f"{name}.partial"
        command = [str(compiler()), *FLAGS, f"-I{HERE / 'shim'}", "-o", str(made), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        made.rename(library)
    return HostKernel(library, handles)


def translation_unit(text: str, handles: list[Handle]) -> str:
    """Return what grenade would compile: the kernel with its name replaced, and the call."""
    parts = [text.replace(NAME, "plasticity_rule_kernel_0", 1), f"#define HANDLES {len(handles)}"]
    return "\n".join([*parts, f'#include "{HERE / "harness.h"}"', ""])
