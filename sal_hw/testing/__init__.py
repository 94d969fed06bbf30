"""What every backend keeps to, as a kit of tests for whoever writes one.

A backend's tests name its target; what the target has no capability for is skipped, with the reason::

    from sal_hw.testing import BackendContract

    class TestMyMachine(BackendContract):
        target = "my_machine"

It needs pytest, which is no dependency of this package.
"""

from __future__ import annotations

try:
    import pytest
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("sal_hw.testing needs pytest: pip install pytest", name="pytest") from error

# a failed assertion of the kit shows its values, as in the tests that use it
pytest.register_assert_rewrite("sal_hw.testing.comparing", "sal_hw.testing.contract")

from sal_hw.testing.contract import BackendContract  # noqa: E402 - pytest first
from sal_hw.testing.place import Place, places_of  # noqa: E402

__all__ = ["BackendContract", "Place", "places_of"]
