"""Which neuron becomes which circuit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw.errors import InputError
from sal_hw_brainscales2.passes.placement import STRATEGIES, Placement, place


def placed(sizes: dict[str, int], **options: object) -> Placement:
    return place(list(sizes.items()), hemispheres=2, columns=256, **options)  # type: ignore[arg-type]


def test_sequential_fills_hemisphere_after_hemisphere() -> None:
    placement = placed({"a": 200, "b": 100, "c": 1})
    np.testing.assert_array_equal(placement.sites["a"], np.arange(200))
    np.testing.assert_array_equal(placement.sites["b"], np.arange(200, 300))
    np.testing.assert_array_equal(placement.sites["c"], [300])


def test_alternate_changes_the_hemisphere_and_spills_over() -> None:
    placement = placed({"a": 10, "b": 20, "c": 250, "d": 232}, strategy="alternate")
    np.testing.assert_array_equal(placement.sites["a"], np.arange(10))
    np.testing.assert_array_equal(placement.sites["b"], 256 + np.arange(20))
    np.testing.assert_array_equal(placement.sites["c"], [*range(10, 256), *range(276, 280)])
    np.testing.assert_array_equal(placement.sites["d"], 256 + np.arange(24, 256))


def test_neurons_of_one_hemisphere() -> None:
    placement = placed({"a": 250, "b": 10})
    for hemisphere, neurons, columns in ((0, range(6), range(250, 256)), (1, range(6, 10), range(4))):
        found = placement.on_hemisphere("b", hemisphere)
        np.testing.assert_array_equal(found[0], neurons)
        np.testing.assert_array_equal(found[1], columns)


def test_masked_circuits_are_left_out() -> None:
    usable = np.ones(512, dtype=bool)
    usable[[0, 2, 256]] = False
    placement = placed({"a": 3, "b": 2}, usable=usable, strategy="alternate")
    np.testing.assert_array_equal(placement.sites["a"], [1, 3, 4])
    np.testing.assert_array_equal(placement.sites["b"], [257, 258])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_too_few_circuits(strategy: str) -> None:
    usable = np.ones(512, dtype=bool)
    usable[:2] = False
    placed({"a": 255, "b": 255}, usable=usable, strategy=strategy)
    with pytest.raises(InputError) as caught:
        placed({"a": 256, "b": 255}, usable=usable, strategy=strategy)
    assert (caught.value.code, caught.value.field, caught.value.value) == ("E307", "populations", '"a (256), b (255)"')
    for words in ("511 neurons are needed", "510 circuits are usable", "2 are masked"):
        assert words in str(caught.value)


@settings(max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    strategy=st.sampled_from(STRATEGIES),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_neuron_has_one_usable_circuit_of_its_own(sizes: list[int], strategy: str, seed: int) -> None:
    usable = np.random.default_rng(seed).random(100) < 0.8
    populations = [(f"p{index}", size) for index, size in enumerate(sizes)]

    def run() -> Placement:
        return place(populations, hemispheres=2, columns=50, usable=usable, strategy=strategy)  # type: ignore[arg-type]

    if sum(sizes) > usable.sum():
        with pytest.raises(InputError):
            run()
        return
    placement = run()
    together = np.concatenate(list(placement.sites.values()))
    assert len(np.unique(together)) == sum(sizes)
    assert usable[together].all()
    for name, size in populations:
        assert placement.sites[name].shape == (size,)
        for hemisphere in range(2):
            assert (np.diff(placement.on_hemisphere(name, hemisphere)[1]) > 0).all()
        np.testing.assert_array_equal(run().sites[name], placement.sites[name])
