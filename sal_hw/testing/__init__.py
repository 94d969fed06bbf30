"""What every backend and every kind of figure keeps to, as a kit of tests for whoever writes one.

A backend's tests name its target; what the target has no capability for is skipped, with the reason::

    from sal_hw.testing import BackendContract

    class TestMyMachine(BackendContract):
        target = "my_machine"

The tests of a kind of figure say which, and how to make a result that it can show::

    import pytest
    from sal_hw.testing import FigureContract

    class TestMyFigure(FigureContract):
        @pytest.fixture
        def kind(self):
            return "my-figure"

        @pytest.fixture
        def make_run(self):
            return make_result_with_what_it_shows

It needs pytest, which is no dependency of this package.
"""

from __future__ import annotations

try:
    import pytest
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("sal_hw.testing needs pytest: pip install pytest", name="pytest") from error

# a failed assertion of the kit shows its values, as in the tests that use it
pytest.register_assert_rewrite("sal_hw.testing.comparing", "sal_hw.testing.contract", "sal_hw.testing.figures")

from sal_hw.testing.contract import BackendContract  # noqa: E402 - pytest first
from sal_hw.testing.figures import FigureContract  # noqa: E402
from sal_hw.testing.place import Place, places_of  # noqa: E402

__all__ = ["BackendContract", "FigureContract", "Place", "places_of"]
