"""Pass: turn the projections into weight matrices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_never

from sal_hw.errors import InputError, Problem
from sal_hw.passes.draft import Draft
from sal_hw.passes.draw_values import draw_values
from sal_hw.program import CUT_BY_BOUNDS, PassRecord, SynapseBlock
from sal_hw.spec.arrays import read_sparse
from sal_hw.spec.network import Projection
from sal_hw.spec.signs import sign_of
from sal_hw.spec.values import Beta, FromFile, Normal, Uniform
from sal_hw.storage.codec import frozen

Weights = tuple[NDArray[np.float64], NDArray[np.bool_]]


def realize_weights(draft: Draft) -> Draft:
    """Give each projection its weight matrix (pre, post) and the mask of synapses that exist.

    Raises
    ------
    InputError
        E220 for a weight whose sign does not fit the receptor, E214 for one below `weight_min` or above `weight_max`,
        wherever it comes from. Only synaptic noise (`noise_std`) is no choice of the user's: what it carries beyond
        the bounds is cut there, unless strict, and counted under :data:`sal_hw.program.CUT_BY_BOUNDS`.
    """
    cut: dict[str, int] = {}
    blocks = tuple(_block(draft, index, item, cut) for index, item in enumerate(draft.spec.projections))
    synapses = sum(int(block.exists.sum()) for block in blocks)
    counts = {"synapses": float(synapses), **{f"{CUT_BY_BOUNDS}{name}": float(number) for name, number in cut.items()}}
    return draft.recorded(PassRecord(name="realize_weights", counts=counts), synapses=blocks)


def _block(draft: Draft, index: int, projection: Projection, cut: dict[str, int]) -> SynapseBlock:
    sizes = {population.name: population.size for population in draft.spec.populations}
    shape = (sizes[projection.source], sizes[projection.target])
    weights, exists = _matrix(draft, projection, shape)
    if projection.source == projection.target and not projection.self_connections:
        np.fill_diagonal(exists, val=False)
    weights = np.where(exists, weights, 0.0)
    _check_sign(projection, index, weights)
    if isinstance(projection.weight, Normal) and projection.weight.noise_std > 0.0 and not draft.strict:
        bounded = np.where(exists, np.clip(weights, *_range(projection)), weights)
        if beyond := int((bounded != weights).sum()):
            cut[projection.name] = beyond
        weights = bounded
    _check_bounds(projection, index, weights, exists)
    return SynapseBlock(
        projection=projection.name,
        source=projection.source,
        target=projection.target,
        weights=frozen(weights),
        exists=frozen(exists),
        weight_min=_bound(projection.weight_min, sign_of(projection.receptor) > 0),
        weight_max=_bound(projection.weight_max, sign_of(projection.receptor) < 0),
    )


def _bound(given: float | None, ends_at_zero: bool) -> float | None:
    return 0.0 if given is None and ends_at_zero else given


def _matrix(draft: Draft, projection: Projection, shape: tuple[int, int]) -> Weights:
    match projection.connectivity:
        case "sparse" if isinstance(projection.weight, FromFile):
            return _sparse(projection.weight, draft.folder or Path.cwd(), shape)
        case "one_to_one":
            names = ("weight", projection.name)
            values = draw_values(projection.weight, shape[:1], seed=draft.seed, names=names, folder=draft.folder)
            return np.diag(values), np.eye(shape[0], dtype=np.bool_)
        case "dense" | "sparse":
            return _dense(draft, projection, shape)
        case _:
            assert_never(projection.connectivity)


def _dense(draft: Draft, projection: Projection, shape: tuple[int, int]) -> Weights:
    source, names = projection.weight, ("weight", projection.name)
    # generators run over pre first and then post, so that seeds give the networks of arXiv 2503.02642
    generated = isinstance(source, (Normal, Uniform, Beta))
    wanted = shape[::-1] if generated else shape
    values = draw_values(source, wanted, seed=draft.seed, names=names, folder=draft.folder)
    return (values.T if generated else values), np.ones(shape, dtype=np.bool_)


def _sparse(source: FromFile, folder: Path, shape: tuple[int, int]) -> Weights:
    edges = read_sparse(source, folder, shape)
    weights, exists = np.zeros(shape), np.zeros(shape, dtype=np.bool_)
    weights[edges.pre, edges.post] = edges.weight
    exists[edges.pre, edges.post] = True
    return weights, exists


def _check_sign(projection: Projection, index: int, weights: NDArray[np.float64]) -> None:
    sign = sign_of(projection.receptor)
    wrong = sign * weights < 0.0
    allowed = (
        f"weights {'>=' if sign > 0 else '<='} 0, since the receptor is {projection.receptor}; "
        f"{int(wrong.sum())} of {weights.size} have the other sign"
    )
    _refuse("E220", index, weights, wrong, allowed, hint="use receptor: signed, or change the weights")


def _check_bounds(projection: Projection, index: int, weights: NDArray[np.float64], exists: NDArray[np.bool_]) -> None:
    low, high = _range(projection)
    wrong = exists & ((weights < low) | (weights > high))
    largest = np.abs(weights[exists]).max(initial=0.0)
    allowed = (
        f"initial weights between weight_min, {low:g}, and weight_max, {high:g}; {int(wrong.sum())} of "
        f"{int(exists.sum())} weights of {projection.name} are outside, up to {largest:g} in size"
    )
    hint = "widen the range, make std smaller, or let truncate cut the tails of normal draws"
    _refuse("E214", index, weights, wrong, allowed, hint=hint)


def _range(projection: Projection) -> tuple[float, float]:
    low = -np.inf if projection.weight_min is None else projection.weight_min
    high = np.inf if projection.weight_max is None else projection.weight_max
    return low, high


def _refuse(
    code: str, index: int, weights: NDArray[np.float64], wrong: NDArray[np.bool_], allowed: str, *, hint: str
) -> None:
    """Refuse a projection's weights if any are wrong, and show the first of these."""
    if wrong.any():
        pre, post = (int(number) for number in np.argwhere(wrong)[0])
        value = f"{weights[pre, post]:g} from {pre} to {post}"
        field = f"projections[{index}].weight"
        raise InputError(Problem(code=code, field=field, value=value, allowed=allowed, hint=hint))
