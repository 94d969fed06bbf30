"""NIR files of others: nothing outside of them is read, nothing is unpacked without a limit, and all of it is said."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nir_graphs import cuba, loop, nir, refused, taken_over, write

from sal_hw.nir_exchange import sealed_file
from sal_hw.nir_exchange.import_network import import_network
from sal_hw.nir_exchange.trial import look_through

h5py: Any = pytest.importorskip("h5py")


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Return the file of a sound graph, and a secret beside it."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["weight"] = np.eye(2)
    (tmp_path / "secret.bin").write_bytes(np.eye(2).tobytes())
    return write(tmp_path / "graph.nir", *loop())


def _replace(path: Path, name: str, make: Any) -> str:
    """Put something else in place of an object of a file; return what is said of it."""
    with h5py.File(path, "r+") as file:
        del file[name]
        make(file)
    error = refused(path)
    assert error.code == "E411"
    return str(error)


WEIGHT = "node/nodes/up/weight"


def test_links_are_not_followed(graph: Path) -> None:
    secret = str(graph.with_name("secret.h5"))
    for link in (h5py.ExternalLink(secret, "weight"), h5py.SoftLink("/node/nodes/down/weight")):
        said = _replace(graph, WEIGHT, lambda file, link=link: file.__setitem__(WEIGHT, link))
        assert "is a link, which may lead out of the file" in said


def test_data_in_other_files_is_not_read(graph: Path) -> None:
    def external(file: Any) -> None:
        where = [(str(graph.with_name("secret.bin")), 0, 32)]
        file.create_dataset(WEIGHT, (2, 2), "f8", external=where)

    def virtual(file: Any) -> None:
        layout = h5py.VirtualLayout((2, 2), "f8")
        layout[:] = h5py.VirtualSource(str(graph.with_name("secret.h5")), "weight", shape=(2, 2))
        file.create_virtual_dataset(WEIGHT, layout)

    for make in (external, virtual):
        assert "lies outside of the file" in _replace(graph, WEIGHT, make)


def test_an_object_has_one_place(graph: Path) -> None:
    """Groups that hold themselves would never end."""

    def circle(file: Any) -> None:
        file["node/nodes/up"] = file["node/nodes"]

    assert "is in two places" in _replace(graph, "node/nodes/up", circle)


def test_promises_take_no_memory(graph: Path) -> None:
    """A terabyte of numbers that nobody wrote, 2 GiB of zeros in 2 MB, and groups in groups."""
    promised = {"chunks": (1000, 1000), "compression": "gzip"}
    said = _replace(graph, WEIGHT, lambda file: file.create_dataset(WEIGHT, (10**6, 10**6), "f8", **promised))
    assert "it holds 1000000000" in said
    said = _replace(graph, WEIGHT, lambda file: file.create_dataset(WEIGHT, (2**14, 2**13), "f8", **promised))
    assert "it unpacks to more than" in said
    said = _replace(graph, WEIGHT, lambda file: file.create_group("/".join(["node"] + ["a"] * 200)))
    assert "nested too deep" in said


def test_texts_of_any_length_are_counted(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with h5py.File(graph, "r+") as file:
        file.create_dataset("texts", data=["x" * 1000] * 100, dtype=h5py.string_dtype())
    look_through(graph.read_bytes())
    monkeypatch.setattr(sealed_file, "unpacked_limit", lambda _: 50_000)
    with pytest.raises(ValueError, match="its texts are too long"):
        look_through(graph.read_bytes())


@pytest.mark.parametrize(
    "value",
    [np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]), h5py.Empty("f8"), np.array([b"x"], dtype="V3")],
    ids=["records", "empty", "bytes"],
)
def test_what_is_neither_number_nor_text_is_refused(graph: Path, value: Any) -> None:
    assert "neither numbers nor texts" in _replace(graph, WEIGHT, lambda file: file.__setitem__(WEIGHT, value))


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_nothing_waits_for_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nir")
    for path in (tmp_path / "pipe.nir", tmp_path, Path("/dev/zero"), tmp_path / ("x" * 300)):
        assert refused(path).code == "E411"


@pytest.mark.parametrize(
    ("node", "field", "value"),
    [
        ("up", "weight", np.eye(2) * (1 + 2j)),
        ("up", "weight", np.array([[b"1", b"2"], [b"3", b"4"]])),
        ("a", "v_leak", np.array([1j, 0])),
        ("a", "tau_syn", np.zeros(2)),
        ("a", "v_threshold", np.array([np.nan, 1.0])),
    ],
)
def test_numbers_that_no_neuron_has_are_refused(graph: Path, node: str, field: str, value: Any) -> None:
    """An imaginary part is never dropped without a word."""
    with h5py.File(graph, "r+") as file:
        del file[f"node/nodes/{node}/{field}"]
        file[f"node/nodes/{node}/{field}"] = value
    error = refused(graph)
    assert error.code == "E412"
    assert field in str(error) or "matrix" in str(error)


@pytest.mark.parametrize(("field", "value"), [("v_leak", np.zeros(0)), ("r", np.ones(7)), ("tau_mem", np.eye(3))])
def test_populations_whose_parameters_have_several_sizes_are_refused(graph: Path, field: str, value: Any) -> None:
    with h5py.File(graph, "r+") as file:
        del file[f"node/nodes/a/{field}"]
        file[f"node/nodes/a/{field}"] = value
    assert refused(graph).code in ("E411", "E412")


def test_an_edge_to_no_node_is_refused(graph: Path) -> None:
    with h5py.File(graph, "r+") as file:
        del file["node/edges"]
        file.create_dataset("node/edges", data=[["a", "nowhere"]], dtype=h5py.string_dtype())
    error = refused(graph)
    assert (error.code, error.field) == ("E412", "node nowhere")


def test_any_chain_of_delays_ends(tmp_path: Path) -> None:
    """A chain of 1200 is taken over; thirty forks in a row would be 2**30 ways."""
    delays = {f"d{number}": nir.Delay(delay=np.ones(2)) for number in range(1200)}
    nodes, edges = loop()
    edges.remove(("a", "up"))
    names = ["a", *delays, "up"]
    chain = [*edges, *itertools.pairwise(names)]
    imported = import_network(write(tmp_path / "chain.nir", nodes | delays, chain), time_unit="ms")
    assert max(item.delay_ms for item in imported.network.projections) == 1200.0
    forks = [
        (f"d{one}", f"d{other}")
        for level in range(30)
        for one in (2 * level, 2 * level + 1)
        for other in (2 * level + 2, 2 * level + 3)
    ]
    fork = [*edges, ("a", "d0"), ("a", "d1"), *forks, ("d60", "up"), ("d61", "up")]
    error = refused(write(tmp_path / "fork.nir", nodes | delays, fork))
    assert "steps on all ways" in str(error)


def test_direct_edges_between_large_populations_take_no_matrix(tmp_path: Path) -> None:
    nodes = {"a": cuba(10**5), "b": cuba(10**5)}
    error = refused(write(tmp_path / "wide.nir", nodes, [("a", "b"), ("b", "a")]))
    assert "direct edges" in str(error)


def test_names_of_any_length_and_kind_are_shown_on_one_line(tmp_path: Path) -> None:
    long, odd = "p" * 300, "a\x1b[31m\nb"
    matrix = {"up": nir.Linear(weight=np.eye(2)), "down": nir.Linear(weight=np.eye(2))}
    edges = [(long, "up"), ("up", odd), (odd, "down"), ("down", long)]
    path = write(tmp_path / "names.nir", {long: cuba(), odd: cuba(), **matrix}, edges)
    imported = import_network(path, time_unit="ms")
    assert all(note.isprintable() and len(note) < 200 for note in imported.notes)
    assert len(taken_over(path).job.on_network().network.populations) == 2
