"""How alignment and sampling are judged. All functions take plain arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: why the asymmetry of the weights of one neuron, and the agreement of weights without a direction, are undefined
NO_PAIR = "a population of one neuron has no pair of synapses between two neurons"
NO_FORWARD = "all forward weights are zero, so that the norm of the backward weights has nothing to be compared with"
NO_DIRECTION = "all forward or all backward weights are zero, and zero weights have no direction"
NO_SPREAD = "all forward or all backward weights are equal, and equal weights correlate with nothing"


def alignment_angle(forward: ArrayLike, backward: ArrayLike) -> float:
    """Return the alignment angle between two sets of weights in degrees.

    ``acos(<W, B> / (|W| |B|))`` over matching entries: pass the transposed forward weights and the backward ones.
    90 degrees is chance, 0 is perfect alignment up to a positive factor; NaN if one of the two is all zero, whose
    direction is undefined.
    """
    one, other = np.asarray(forward, dtype=np.float64).ravel(), np.asarray(backward, dtype=np.float64).ravel()
    norms = np.linalg.norm(one) * np.linalg.norm(other)
    if norms == 0.0:
        return float("nan")
    # the half-angle form keeps full precision near 0 and 180 degrees, where acos loses half the digits
    one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
    angle = 2.0 * np.arctan2(np.linalg.norm(one - other), np.linalg.norm(one + other))
    return float(np.degrees(angle))


def weight_correlation(forward: ArrayLike, backward: ArrayLike) -> float:
    """Return Pearson's correlation of matching weights; NaN if one of them has no spread, which leaves it undefined."""
    one, other = np.asarray(forward, dtype=np.float64).ravel(), np.asarray(backward, dtype=np.float64).ravel()
    if one.std() == 0.0 or other.std() == 0.0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def asymmetry_variance(weights: ArrayLike) -> float:
    """Return Var(W_ij - W_ji) over the upper triangle of a recurrent weight matrix (population variance).

    NaN if the matrix has no pairs, as that of a single neuron.

    Source: the asymmetry shown in arXiv 2503.02642, figures 4 and 5.
    """
    matrix = np.asarray(weights, dtype=np.float64)
    upper = np.triu_indices(len(matrix), k=1)
    differences = (matrix - matrix.T)[upper]
    return float(np.var(differences)) if differences.size else float("nan")


def smoothed_frequencies(counts: ArrayLike) -> NDArray[np.float64]:
    """Return relative frequencies in which a state that was never seen counts as half an observation.

    That keeps the Kullback-Leibler divergence finite without touching runs in which every state was seen.
    """
    numbers = np.asarray(counts, dtype=np.float64)
    filled = np.where(numbers > 0.0, numbers, 0.5)
    return np.asarray(filled / filled.sum())


def kullback_leibler(target: ArrayLike, counts: ArrayLike) -> float:
    """Return DKL(target || sampled) in nats, ``sum p ln(p / q)``, with q from :func:`smoothed_frequencies`.

    Parameters
    ----------
    target
        Shape (states,), probabilities.
    counts
        Shape (states,), how often each state was seen.
    """
    wanted = np.asarray(target, dtype=np.float64)
    sampled = smoothed_frequencies(counts)
    support = wanted > 0.0
    return float(np.sum(wanted[support] * np.log(wanted[support] / sampled[support])))


def sampling_floor(n_states: int, independent_samples: float) -> float:
    """Return the DKL that a perfect sampler shows on average after finitely many independent samples.

    ``(states - 1) / (2 samples)``, the leading term of the expectation (chi-square limit of the likelihood ratio).
    """
    return (n_states - 1) / (2.0 * independent_samples)
