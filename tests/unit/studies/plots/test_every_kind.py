"""What every kind of figure keeps to, for those of studies."""

from importlib.metadata import entry_points

import pytest

from sal_hw.registry import PLOTS
from sal_hw.testing import FigureContract

KINDS = (
    "spike-timing",
    "difference-function",
    "psp-shapes",
    "layer-angles",
    "layer-weights",
    "microcircuit-loss",
    "microcircuit-weights",
    "dale",
)


class TestKinds(FigureContract):
    @pytest.fixture(params=KINDS)
    def kind(self, request):
        return request.param


def test_none_is_left_out():
    registered = [point for point in entry_points(group=PLOTS) if point.module.startswith("sal_hw_studies.plots.")]
    assert {point.name for point in registered} == set(KINDS)
