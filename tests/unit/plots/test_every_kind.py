"""What every kind of figure keeps to, for those of experiments."""

from importlib.metadata import entry_points

import pytest

from sal_hw.registry import PLOTS
from sal_hw.testing import FigureContract

KINDS = (
    "alignment",
    "phase-plane",
    "weights",
    "asymmetry",
    "dkl",
    "distribution",
    "raster",
    "membrane",
)


class TestKinds(FigureContract):
    @pytest.fixture(params=KINDS)
    def kind(self, request):
        return request.param


def test_none_is_left_out():
    registered = [point for point in entry_points(group=PLOTS) if point.module.startswith("sal_hw.plots.")]
    assert {point.name for point in registered} == set(KINDS)
