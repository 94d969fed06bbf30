"""Kernels of every kind as they are placed on a chip, and their execution on this computer."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from sal_hw.kernel.sal import learning_kernel
from sal_hw_brainscales2.program import PlacedKernel, SynapseTile

HOST = Path(__file__).parents[4] / "host"
sys.path.insert(0, str(HOST))  # the harness is no package: it is found by its place


def make_placed(*, memory="external", polarities=("excitatory", "inhibitory"), constants=None, **options):
    """A rule of a projection whose constants, if any, are not looked at by what renders kernels."""
    made = {polarity: learning_kernel(polarity=polarity, **options) for polarity in polarities}
    return PlacedKernel(
        rule="alignment",
        projection="feedback",
        excitatory=made.get("excitatory"),
        inhibitory=made.get("inhibitory"),
        start_us=1.0,
        period_us=10.0,
        row_time_us=1.0,
        tau_causal_us=10.0,
        tau_anticausal_us=10.0,
        amplitude_lsb=1.0,
        pairing="nearest",
        constants=constants or {},
        memory=memory,
    )


def make_tile(polarity, hemisphere, rows, columns):
    shape = (len(rows), len(columns))
    return SynapseTile(
        owner="feedback",
        polarity=polarity,
        hemisphere=hemisphere,
        rows=np.asarray(rows),
        labels=np.zeros(len(rows), dtype=np.int64),
        columns=np.asarray(columns),
        post=np.arange(len(columns)),
        codes=np.zeros(shape, dtype=np.uint8),
        exists=np.ones(shape, dtype=np.bool_),
    )


@pytest.fixture(scope="session")
def placed():
    return make_placed


@pytest.fixture(scope="session")
def tile():
    return make_tile


@pytest.fixture(scope="session")
def host(tmp_path_factory):
    """Compile a kernel's text, once per name and session, and load it."""
    import host_kernel

    if host_kernel.compiler() is None:
        pytest.skip("no C++ compiler: neither g++ nor c++ is on the PATH")
    folder = tmp_path_factory.mktemp("kernels")

    def load(text, tiles, *, name):
        handles = [host_kernel.Handle(hemisphere=t.hemisphere, rows=t.rows, columns=t.columns) for t in tiles]
        return host_kernel.compile_kernel(text, handles, folder, name=name)

    return load
