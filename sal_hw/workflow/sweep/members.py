"""The members of a ``sweep`` study as plain data: which overrides and which seed make which run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.shell_words import command
from sal_hw.spec.fields import MAX_SEED
from sal_hw.workflow.sweep.schema import SweepProtocol


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepMember:
    """One run of a set.

    Attributes
    ----------
    index
        Its number in the whole set.
    level
        Value of the quantity that figures are drawn over.
    variant
        Number of its variant.
    repeats
        Values of what is averaged over.
    overrides
        Texts ``path=value`` for the member recipe, in the order in which they apply.
    seed
        Seed of the run.
    """

    index: int
    level: float
    variant: int
    repeats: tuple[float, ...]
    overrides: tuple[str, ...]
    seed: int

    def command(self, protocol: SweepProtocol, folder: Path | None) -> str:
        """Return the command that runs this member alone."""
        recipe = (folder or Path()) / protocol.recipe
        words: list[object] = ["run", recipe, "--target", protocol.target, "--seed", self.seed]
        words += ["--emulate"] if protocol.target != "ideal" else []
        words += [word for name in protocol.presets for word in ("--preset", name)]
        return command(*words, *(word for text in self.overrides for word in ("--set", text)))


def sweep_members(protocol: SweepProtocol, seed: int) -> tuple[SweepMember, ...]:
    """Return the members that a protocol asks for, in order.

    Parameters
    ----------
    seed
        Seed of the first level and repetition; the next ones count up from it, and begin again beyond 2**64 - 1.
    """
    last = None if protocol.members is None else protocol.first_member + protocol.members
    return tuple(_all_members(protocol, seed))[protocol.first_member : last]


def _all_members(protocol: SweepProtocol, seed: int) -> Iterator[SweepMember]:
    varied = (protocol.levels, *protocol.repeats)
    index = 0
    for place, values in enumerate(product(*(each.values for each in varied))):
        texts = tuple(f"{each.set}={_written(value)}" for each, value in zip(varied, values, strict=True))
        for number, variant in enumerate(protocol.variants):
            yield SweepMember(
                index=index,
                level=values[0],
                variant=number,
                repeats=values[1:],
                overrides=(*protocol.overrides, *texts, *variant.overrides),
                seed=(seed + place) % (MAX_SEED + 1),
            )
            index += 1


def _written(value: float) -> str:
    """Return a number as a recipe writes it, whole numbers without a point: seeds must be whole."""
    return str(int(value)) if value == int(value) else repr(value)


def member_recipe(protocol: SweepProtocol, folder: Path | None) -> Path:
    """Return the path of the recipe that the members run.

    Raises
    ------
    InputError
        E402 if it is not below the folder; E401 if there is no such file.
    """
    name, root = Path(protocol.recipe), folder or Path()
    words = "a relative path below the recipe's folder"
    code = ""
    if name.is_absolute() or ".." in name.parts or "\\" in protocol.recipe or "\0" in protocol.recipe:
        code = "E402"
    elif not (root / name).is_file():
        code, words = "E401", f"an existing file below {root}"
    elif not (root / name).resolve().is_relative_to(root.resolve()):
        code = "E402"
    if code:
        hint = "for example recipe: networks/NAME.yaml, relative to this file"
        value = quote_value(protocol.recipe)
        raise InputError(Problem(code=code, field="experiment.recipe", value=value, allowed=words, hint=hint))
    return root / name
