"""Weight files that a recipe refers to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sal_hw.errors import Problem

Only = Callable[..., Problem]
Find = Callable[..., list[Problem]]

WEIGHTS = [
    (np.ones((3, 2)), None, None),
    (np.ones((3, 2), dtype=np.float32), None, None),
    (np.ones((3, 2), dtype=np.int16), None, None),
    (np.asfortranarray(np.ones((3, 2))), None, None),
    (np.ones((2, 3)), "E405", "transposed"),
    (np.ones((3, 3)), "E405", None),
    (np.ones((3, 2), dtype=np.complex128), "E404", "astype(float)"),
    (np.ones((3, 2), dtype=bool), "E404", "astype(float)"),
    (np.ones((3, 2), dtype=np.float16), "E404", "astype(float)"),
    (np.array([["a", "b"]] * 3), "E404", "astype(float)"),
    (np.array([[1, 2], [3, np.nan], [5, 6]]), "E406", "1 of 6"),
    (np.full((3, 2), 1e7), "E214", None),
    (np.full((3, 2), 5.0), "E214", "is 2"),
]


@pytest.mark.parametrize(("values", "code", "hint"), WEIGHTS)
def test_weight_file(find: Find, tmp_path: Path, values: np.ndarray, code: str | None, hint: str | None) -> None:
    np.save(tmp_path / "w.npy", values)
    found = find("weight: 0.5}", "weight: {file: w.npy}, weight_max: 2}")
    assert [problem.code for problem in found] == ([code] if code else [])
    if found:
        assert (found[0].field, found[0].value) == ("projections[0].weight.file", '"w.npy"')
        assert (found[0].line, found[0].column) == (19, 66)
        assert hint is None or hint in (found[0].hint or "")


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("../w.npy", "E402"),
        ("/etc/passwd", "E402"),
        ("'..\\w.npy'", "E402"),
        ("a/../../w.npy", "E402"),
        ("link.npy", "E402"),
        ("base.yaml", "E403"),
        ("wrong.npy", "E401"),
        ("text.npy", "E403"),
        ("folder.npy", "E401"),
        ('"a\\0.npy"', "E104"),
    ],
)
def test_weight_file_that_is_none(find: Find, tmp_path: Path, file: str, code: str) -> None:
    outside = tmp_path.parent / "outside.npy"
    np.save(outside, np.ones((3, 2)))
    (tmp_path / "link.npy").symlink_to(outside)
    (tmp_path / "text.npy").write_text("1 2 3")
    (tmp_path / "folder.npy").mkdir()
    found = find("weight: 0.5}", f"weight: {{file: {file}}}}}")
    assert [problem.code for problem in found] == [code]


def test_similar_weight_file_is_named(only: Only, tmp_path: Path) -> None:
    np.save(tmp_path / "weights.npy", np.ones((3, 2)))
    assert only("weight: 0.5}", "weight: {file: wieghts.npy}}").hint == 'did you mean "weights.npy"?'


def test_sign_of_a_weight_file(only: Only, tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", -np.ones((3, 2)))
    assert only("weight: 0.5 mV", "weight: {file: w.npy, unit: mV}").code == "E220"


def test_sparse_file(find: Find, tmp_path: Path) -> None:
    new = "weight: {file: w.npz}, connectivity: sparse}"
    np.savez(tmp_path / "w.npz", pre=[0, 2], post=[0, 1], weight=[1.0, 2.0])
    np.savez(tmp_path / "v.npz", pre=[0, 1], post=[0, 2], weight=[1.0, 2.0])
    changes = ["projections.backward.weight={file: v.npz}", "projections.backward.connectivity=sparse"]
    assert find("weight: 0.5}", new, overrides=changes) == []
    np.savez(tmp_path / "v.npz", pre=[0, 1], post=[0, 3], weight=[1.0, 2.0])
    assert [problem.code for problem in find("weight: 0.5}", new, overrides=changes)] == ["E405"]
