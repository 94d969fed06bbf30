"""Rows and labels: events are sent through a model of the chip, and exactly the wanted synapses must answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sal_hw.errors import InputError
from sal_hw_brainscales2.description import brainscales2_description
from sal_hw_brainscales2.passes.placement import Placement, place
from sal_hw_brainscales2.passes.routing.route import Demand, Route, background_size, in_degree, route_events

TARGET = brainscales2_description
SIGNS = ("excitatory", "inhibitory")


def placed(sizes: dict[str, int], strategy: str = "sequential") -> Placement:
    return place(list(sizes.items()), hemispheres=2, columns=256, strategy=strategy)  # type: ignore[arg-type]


def projection(
    placement: Placement, source: str, target: str, signs: tuple[str, ...], exists: Any = None, owner: str = ""
) -> list[Demand]:
    """Synapses of a projection, dense unless `exists` (pre, post) says otherwise."""
    demands = []
    pre, owner = placement.sites[source], owner or f"{source}_{target}"
    wanted = np.ones((len(pre), len(placement.sites[target])), dtype=bool) if exists is None else exists
    for hemisphere in range(2):
        post, columns = placement.on_hemisphere(target, hemisphere)
        if not len(post):
            continue
        demands += [
            Demand(
                owner=owner, field=f"projections.{owner}", target=target, kind="neuron", polarity=sign,  # type: ignore[arg-type]
                hemisphere=hemisphere, sources=pre, columns=columns, exists=wanted[:, post],
            )
            for sign in signs
        ]  # fmt: skip
    return demands


def stimulus(
    placement: Placement, target: str, sign: str, kind: str = "background", owner: str = "", rate_hz: float = 20e3
) -> list[Demand]:
    """One train or input per neuron of a population."""
    demands = []
    owner = owner or f"{kind}_{target}_{sign}"
    for hemisphere in range(2):
        post, columns = placement.on_hemisphere(target, hemisphere)
        if not len(post):
            continue
        size = background_size(len(post), TARGET, field=owner) if kind == "background" else 0
        sources = np.arange(len(post)) if kind == "background" else post
        demands.append(
            Demand(
                owner=owner, field=f"stimuli.{owner}", target=target, kind=kind, polarity=sign,  # type: ignore[arg-type]
                hemisphere=hemisphere, sources=sources, columns=columns,
                exists=np.eye(len(post), dtype=bool), size=size, rate_hz=rate_hz if size else 0.0,
            )
        )  # fmt: skip
    return demands


def reciprocal(placement: Placement, signs: tuple[str, ...] = SIGNS) -> list[Demand]:
    return [*projection(placement, "v", "h", signs), *projection(placement, "h", "v", signs)]


def noises(placement: Placement) -> list[Demand]:
    return [demand for target in "vh" for sign in SIGNS for demand in stimulus(placement, target, sign)]


def verify(demands: list[Demand], routes: tuple[Route, ...]) -> None:
    """Program labels and signs, send one event per source, and compare the answering synapses with the wanted ones."""
    labels = np.full((2, 256, 256), -1)
    signs = np.full((2, 256), -1)
    wanted: dict[tuple[Any, ...], set[tuple[int, int, int]]] = {}
    address: dict[tuple[Any, ...], tuple[int, int]] = {}
    for demand, route in zip(demands, routes, strict=True):
        sign = SIGNS.index(demand.polarity)
        for index, source in enumerate(demand.sources):
            columns = demand.columns[demand.exists[index]]
            row, label = int(route.rows[index]), int(route.labels[index])
            if not len(columns):
                assert (row, label) == (-1, -1)
                continue
            if demand.kind == "neuron":
                assert row // 64 == source % 256 // 32 % 4  # the bus follows from the column
                key: tuple[Any, ...] = ("neuron", int(source))
            elif demand.kind == "external":
                key = ("external", demand.owner, int(source))
            else:
                assert route.generator == demand.hemisphere * 4 + row // 64
                key = ("background", demand.owner, demand.hemisphere, int(source))
            assert 0 <= label < 64
            assert address.setdefault(key, (row // 2, label)) == (row // 2, label)  # one address on all hemispheres
            assert signs[demand.hemisphere, row] in (-1, sign)  # a row has one sign
            signs[demand.hemisphere, row] = sign
            assert (labels[demand.hemisphere, row, columns] == -1).all()  # a place holds one synapse
            labels[demand.hemisphere, row, columns] = label
            wanted.setdefault(key, set()).update((demand.hemisphere, row, int(column)) for column in columns)
    for key, (driver, label) in address.items():
        hemispheres = (key[2],) if key[0] == "background" else (0, 1)
        answering = {
            (hemisphere, 2 * driver + half, int(column))
            for hemisphere in hemispheres
            for half in range(2)
            for column in np.flatnonzero(labels[hemisphere, 2 * driver + half] == label)
        }
        assert answering == wanted[key]


def check_generators(demands: list[Demand], routes: tuple[Route, ...]) -> None:
    """Trains differ in the low bits of their address; nobody else listens to those beyond the population."""
    owners: dict[int, str] = {}
    for demand, route in zip(demands, routes, strict=True):
        if demand.kind != "background" or route.generator is None:
            assert route.generator is None
            continue
        assert owners.setdefault(route.generator, demand.owner) == demand.owner
        used = route.rows >= 0
        train, driver, label = demand.sources[used], route.rows[used] // 2 % 32, route.labels[used]
        starts = (driver * 64 + label) - train
        assert len(set(starts)) == 1
        assert starts[0] % demand.size == 0
        block = range(starts[0], starts[0] + demand.size)
        for other, their in zip(demands, routes, strict=True):
            if (other.owner, other.kind) == (demand.owner, demand.kind) or other.hemisphere != demand.hemisphere:
                continue
            here = their.rows[their.rows // 64 == route.generator % 4]
            taken = here // 2 % 32 * 64 + their.labels[their.rows // 64 == route.generator % 4]
            assert not set(taken.tolist()) & set(block)


def refused(demands: list[Demand], code: str) -> InputError:
    with pytest.raises(InputError) as caught:
        route_events(demands, TARGET)
    assert {problem.code for problem in caught.value.problems} == {code}
    assert all(problem.hint for problem in caught.value.problems)
    return caught.value


@pytest.mark.parametrize(
    ("size", "strategy"),
    [(1, "sequential"), (16, "sequential"), (32, "sequential"), (16, "alternate"), (64, "alternate")],
)
def test_signed_reciprocal_networks_with_noise_of_both_signs(size: int, strategy: str) -> None:
    placement = placed({"v": size, "h": size}, strategy)
    demands = [*reciprocal(placement), *noises(placement)]
    routes = route_events(demands, TARGET)
    verify(demands, routes)
    check_generators(demands, routes)
    degree = in_degree(demands, TARGET)
    for name in "vh":
        # one row per source and sign, and one per noise
        assert set(degree.reshape(-1)[placement.sites[name]]) == {2 * size + 2}
    assert degree.sum() == 2 * size * (2 * size + 2)


def test_full_chip() -> None:
    placement = placed({"v": 256, "h": 256})
    demands = reciprocal(placement, ("excitatory",))
    routes = route_events(demands, TARGET)
    verify(demands, routes)
    for route in routes:
        np.testing.assert_array_equal(np.sort(route.rows), np.arange(256))
    assert (in_degree(demands, TARGET) == 256).all()


def test_noise_shares_rows_with_neurons_of_other_columns() -> None:
    placement = placed({"v": 32, "h": 32})
    demands = [*reciprocal(placement), *noises(placement)]
    routes = route_events(demands, TARGET)
    # all rows of bus 0 hold synapses of v onto h, all of bus 1 of h onto v: the first fit shares them
    assert [route.generator for route in routes[4:]] == [0, 2, 1, 3]


def test_large_noise_takes_consecutive_drivers() -> None:
    placement = placed({"v": 200, "h": 16})
    demands = [*projection(placement, "h", "v", ("excitatory",)), *stimulus(placement, "v", "excitatory")]
    routes = route_events(demands, TARGET)
    verify(demands, routes)
    check_generators(demands, routes)
    assert len(set(routes[1].rows // 2)) == 4  # 200 of 256 trains: 64 labels in each driver


def test_a_population_on_both_hemispheres_has_two_generators_and_one_address_per_source() -> None:
    placement = placed({"v": 240, "h": 32})
    demands = [*projection(placement, "v", "h", ("excitatory",)), *stimulus(placement, "h", "inhibitory")]
    routes = route_events(demands, TARGET)
    verify(demands, routes)
    check_generators(demands, routes)
    assert [route.generator for route in routes[2:]] == [3, 7]  # on bus 3, v has 48 sources, on the others 64
    np.testing.assert_array_equal(routes[0].rows // 2, routes[1].rows // 2)
    np.testing.assert_array_equal(routes[0].labels, routes[1].labels)


def test_inputs_fill_the_emptiest_buses() -> None:
    placement = placed({"v": 32, "h": 100})
    demands = [*projection(placement, "v", "h", SIGNS), *stimulus(placement, "h", "excitatory", "external")]
    routes = route_events(demands, TARGET)
    verify(demands, routes)
    # v's 32 sources hold all rows of bus 0; one-to-one inputs share rows, 64 labels in each driver
    assert set(routes[2].rows // 64) <= {1, 2, 3}


def test_both_signs_of_a_stimulus_share_the_generator() -> None:
    placement = placed({"v": 8})
    (plus,) = stimulus(placement, "v", "excitatory", owner="noise")
    upper = np.eye(8, dtype=bool)
    upper[4:] = False
    demands = [
        replace(plus, exists=upper),
        replace(plus, polarity="inhibitory", exists=np.eye(8, dtype=bool) & ~upper),
    ]
    routes = route_events(demands, TARGET)
    verify(demands, routes)
    check_generators(demands, routes)
    assert routes[0].generator == routes[1].generator == 0
    np.testing.assert_array_equal(routes[0].rows, [62, 62, 62, 62, -1, -1, -1, -1])
    np.testing.assert_array_equal(routes[1].rows, [-1, -1, -1, -1, 63, 63, 63, 63])


def test_too_many_rows_for_a_neuron() -> None:
    placement = placed({"v": 256, "h": 256})
    error = refused(reciprocal(placement), "E308")
    assert [problem.field for problem in error.problems] == ["populations.h", "populations.v"]
    assert error.value == "512 synapse rows for the neuron at hemisphere 1, column 0"
    assert "at most 256 rows per neuron" in error.problems[0].allowed
    assert "256 neurons need more" in error.problems[0].allowed


def test_too_many_rows_on_a_bus() -> None:
    placement = placed({"v": 32, "between": 96, "w": 32, "h": 16})
    demands = [
        *projection(placement, "v", "h", ("excitatory",)),
        *projection(placement, "w", "h", ("excitatory",)),
    ]
    verify(demands, route_events(demands, TARGET))
    # the diagonal of v's sources 0..15 needs one more row, of the other sign
    demands += projection(placement, "v", "h", ("inhibitory",), np.eye(32, 16, dtype=bool), owner="extra")
    (problem,) = refused(demands, "E309").problems
    assert problem.value == "64 sources on bus 0, which need 65 rows or more on hemisphere 0"
    for words in ("at most 64 rows per bus", "columns 0-31, 128-159", "16 sources of w_h, sites 144"):
        assert words in problem.allowed


def test_noise_without_a_bus() -> None:
    placement = placed({"v": 64, "h": 64})  # on one hemisphere: all drivers have a neuron, so no 64 labels are free
    error = refused([*reciprocal(placement), *stimulus(placement, "v", "excitatory")], "E309")
    assert error.field == "stimuli.background_v_excitatory"
    assert "background_v_excitatory (64 trains) fits no bus" in error.problems[0].allowed


@pytest.mark.parametrize("inputs", [64, 65])
def test_inputs_without_a_driver(inputs: int) -> None:
    placement = placed({"v": 128, "h": 128}, "alternate")
    all_but_one = np.ones((128, 128), dtype=bool)
    all_but_one[0] = False  # so that one driver of bus 0 is free, with 64 labels
    (stimuli,) = stimulus(placement, "h", "excitatory", "external", owner="drive")
    some = replace(stimuli, sources=stimuli.sources[:inputs], exists=stimuli.exists[:inputs])
    demands = [*projection(placement, "v", "h", SIGNS, all_but_one), some]
    if inputs == 64:
        verify(demands, route_events(demands, TARGET))
        return
    (problem,) = refused(demands, "E309").problems
    assert (problem.field, problem.value) == ("stimuli.drive", "1 inputs of drive on hemisphere 1")
    assert "unused rows there: 1 on bus 0, 0 on bus 1, 0 on bus 2, 0 on bus 3" in problem.allowed


def test_generators_have_limits() -> None:
    placement = placed({"v": 32, "h": 32})
    (noise,) = stimulus(placement, "v", "excitatory")
    fast = refused([replace(noise, rate_hz=4e6)], "E310")
    assert (fast.field, fast.value) == ("stimuli.background_v_excitatory.rate", "4000 Hz")
    assert "128 MHz" in fast.problems[0].allowed
    assert fast.hint == "at most 3906.25 Hz"
    for size in (0, 16, 48, 512):
        assert "power of two" in str(refused([replace(noise, size=size, rate_hz=1.0)], "E310"))
    five = [replace(noise, owner=f"noise{index}") for index in range(5)]
    verify(five[:4], route_events(five[:4], TARGET))
    assert "at most 4 Poisson stimuli per hemisphere" in str(refused(five, "E310"))


def test_size_of_a_generator() -> None:
    assert [background_size(n, TARGET, field="s") for n in (1, 2, 3, 64, 65, 256)] == [1, 2, 4, 64, 128, 256]
    with pytest.raises(InputError) as caught:
        background_size(257, TARGET, field="stimuli[3]")
    assert (caught.value.code, caught.value.field) == ("E310", "stimuli[3]")


def test_two_synapses_of_one_sign_between_two_neurons() -> None:
    placement = placed({"v": 4, "h": 4})
    first = projection(placement, "v", "h", ("excitatory",))
    error = refused([*first, *projection(placement, "v", "h", ("excitatory",), owner="again")], "E311")
    assert (error.field, error.value) == ("projections.again", "16 excitatory synapses of again")
    assert "the neuron at site 0 has another excitatory synapse" in str(error)
    # with other signs or other targets they share drivers
    other = [*first, *projection(placement, "v", "h", ("inhibitory",)), *projection(placement, "v", "v", SIGNS[:1])]
    routes = route_events(other, TARGET)
    verify(other, routes)
    np.testing.assert_array_equal(routes[0].rows, routes[2].rows)
    np.testing.assert_array_equal(routes[0].rows + 1, routes[1].rows)


def test_no_demands() -> None:
    assert route_events([], TARGET) == ()


@st.composite
def networks(draw: st.DrawFn) -> list[Demand]:
    names = "vhx"[: draw(st.integers(1, 3))]
    sizes = {name: draw(st.sampled_from([1, 3, 16, 33, 64, 100, 130])) for name in names}
    placement = placed(sizes, draw(st.sampled_from(["sequential", "alternate"])))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    demands: list[Demand] = []
    for index in range(draw(st.integers(0, 4))):
        source, target = draw(st.sampled_from(names)), draw(st.sampled_from(names))
        exists = rng.random((sizes[source], sizes[target])) < draw(st.sampled_from([0.02, 0.3, 1.0]))
        signs = draw(st.sampled_from([SIGNS, SIGNS[:1], SIGNS[1:]]))
        demands += projection(placement, source, target, signs, exists, owner=f"p{index}")
    for index in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["background", "external"]))
        demands += stimulus(placement, draw(st.sampled_from(names)), draw(st.sampled_from(SIGNS)), kind, f"s{index}")
    return demands


def attempt(demands: list[Demand]) -> tuple[Route, ...] | InputError:
    try:
        return route_events(demands, TARGET)
    except InputError as error:
        return error


@settings(max_examples=40)
@given(demands=networks())
def test_any_network_is_routed_exactly_or_refused(demands: list[Demand]) -> None:
    routes, again = attempt(demands), attempt(demands)
    if isinstance(routes, InputError):
        assert {problem.code for problem in routes.problems} <= {"E308", "E309", "E310", "E311"}
        assert isinstance(again, InputError)
        assert again.problems == routes.problems
        return
    assert not isinstance(again, InputError)
    verify(demands, routes)
    check_generators(demands, routes)
    for route, same in zip(routes, again, strict=True):
        np.testing.assert_array_equal(route.rows, same.rows)
        np.testing.assert_array_equal(route.labels, same.labels)
