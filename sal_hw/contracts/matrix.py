"""The capability matrix: what each target can do, side by side, from the descriptions alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sal_hw.contracts.capability import Capability, all_capabilities
from sal_hw.target.description import Range, TargetDescription

_LEARNING = {"native": "native", "host": "host, between pieces of a run", "none": "refused"}
_TESTED = {
    "run": "run here",
    "mapped": "mapped on a virtual machine; emulated",
    "contract": "against stand-ins of its software; emulated",
}


#: what the rows below show; capabilities that other packages register get a row each
_SHOWN = frozenset(
    {
        "sampling",
        "lif",
        "plasticity",
        "wake_sleep",
        "signed_weights",
        "delays",
        "constant_drive",
        "poisson_noise",
        "spike_lists",
    }
)
_RECORD = "record_"


def _has(description: TargetDescription, capability: str) -> str:
    return "yes" if capability in description.capabilities else "refused"


def _neurons(description: TargetDescription) -> str:
    models = [name for name in ("sampling", "lif") if name in description.capabilities]
    return ", ".join(models) or "none"


def _plasticity(description: TargetDescription) -> str:
    return _LEARNING[description.learning] if "plasticity" in description.capabilities else "refused"


def _delays(description: TargetDescription) -> str:
    limit = description.limits.get("delay", Range())
    if "delays" not in description.capabilities:
        return "refused"
    return "yes" if limit.high is None else f"up to {limit.high:g} {limit.unit}"


def _recording(description: TargetDescription) -> str:
    kinds = [name.removeprefix(_RECORD) for name in description.capabilities if name.startswith(_RECORD)]
    return ", ".join(kinds) or "none"


def _stimuli(description: TargetDescription) -> str:
    names: dict[str, str] = {
        "constant_drive": "constant",
        "poisson_noise": "Poisson",
        "spike_lists": "spike lists",
    }
    return ", ".join(word for name, word in names.items() if name in description.capabilities) or "none"


_ROWS: tuple[tuple[str, Callable[[TargetDescription], str]], ...] = (
    ("neurons", _neurons),
    ("SAL", _plasticity),
    ("wake-sleep", lambda description: _has(description, "wake_sleep")),
    ("weights", lambda description: description.weights),
    ("signed weights", lambda description: _has(description, "signed_weights")),
    ("delays", _delays),
    ("stimuli", _stimuli),
    ("recording", _recording),
    ("calibration", lambda description: "yes" if description.calibrated else "nothing differs"),
    ("tested", lambda description: _TESTED[description.tested]),
)


def capability_matrix(descriptions: Iterable[TargetDescription]) -> list[tuple[str, ...]]:
    """Return rows of the matrix, the first one with the names of the targets."""
    columns = list(descriptions)
    head = ("", *(description.family for description in columns))
    rows = [(name, *(cell(description) for description in columns)) for name, cell in _ROWS]
    for capability in all_capabilities():
        if capability.name not in _SHOWN and not capability.name.startswith(_RECORD):
            title = f"{capability.name.replace('_', ' ')}: {capability.meaning}"
            rows.append((title, *(_of_others(description, capability) for description in columns)))
    return [head, *rows]


def _of_others(description: TargetDescription, capability: Capability) -> str:
    """Say whether a target has a capability that another package registers."""
    return _has(description, capability.name) if capability.concerns(description.family) else "not asked"
