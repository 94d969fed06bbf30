"""``sal-hw doctor``."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from importlib import metadata
from typing import Any

from sal_hw.cli.console import show, show_json, show_table
from sal_hw.cli.options import AsJson, Debug
from sal_hw.errors import InputError

_NEEDED = ("numpy", "numba", "pydantic", "pint", "PyYAML", "matplotlib", "typer", "rich")

Finding = tuple[str, bool, str]


def doctor(as_json: AsJson = False, debug: Debug = False) -> int:
    """Check the installation: packages, targets, backends, the software of machines, and the emulator itself.

    Example: sal-hw doctor
    """
    del debug
    findings = [*_packages(), *_entry_points(), _emulator(), _compiled_code(), _compiler()]
    healthy, machines = all(good for _, good, _ in findings), _machine_software()
    if as_json:
        listed = [{"what": what, "ok": good, "detail": detail} for what, good, detail in findings]
        show_json({"status": "ok" if healthy else "error", "findings": listed, "software": machines})
    else:
        show_table(
            [(what, "ok" if good else "BROKEN", detail) for what, good, detail in findings],
            ("what", "", "detail"),
        )
        show("\nsoftware of machines and simulators, which nothing else needs")
        show_table(
            [(item["backend"], item["name"], "ok" if item["fits"] else "-", item["detail"]) for item in machines],
            ("backend", "software", "", "detail"),
        )
        show("next: sal-hw targets" if healthy else "next: install sal-hw again in a fresh environment")
    return 0 if healthy else 4


def _packages() -> list[Finding]:
    found: list[Finding] = [("Python", True, f"{platform.python_version()}, {os.cpu_count()} cores")]
    for name in _NEEDED:
        try:
            found.append((name, True, metadata.version(name)))
        except metadata.PackageNotFoundError:
            found.append((name, False, "not installed"))
    return found


def _entry_points() -> list[Finding]:
    from sal_hw.contracts.capability import load_capability
    from sal_hw.plots.kinds import load_kind
    from sal_hw.registry import CAPABILITIES, GROUPS, PLOTS, STUDY_SCHEMAS, load, names, origin_of
    from sal_hw.spec.experiments import study_schema

    # these also look whether what is registered is what the group is for
    loaders: dict[str, Callable[[str], object]] = {
        CAPABILITIES: load_capability,
        PLOTS: load_kind,
        STUDY_SCHEMAS: study_schema,
    }
    found: list[Finding] = []
    for group, what in GROUPS.items():
        for name in names(group):
            try:
                loaders[group](name) if group in loaders else load(group, name)
                found.append((f"{what} {name}", True, origin_of(group, name)))
            except InputError as error:
                found.append((f"{what} {name}", False, error.problems[0].allowed))
    return found


def _machine_software() -> list[dict[str, Any]]:
    """Return what each backend needs of others; a backend that cannot be imported is among the findings."""
    from sal_hw.contracts.software import NamesSoftware
    from sal_hw.contracts.targets import load_backend
    from sal_hw.registry import BACKENDS, names

    found: list[dict[str, Any]] = []
    for name in names(BACKENDS):
        try:
            backend = load_backend(name)
        except InputError:
            continue
        for item in backend.software() if isinstance(backend, NamesSoftware) else ():
            found.append({"backend": name, "name": item.name, "fits": item.present, "detail": item.detail})
    return found


def _emulator() -> Finding:
    """Run a program of one free neuron; its activity is known: 1 / (1 + exp(-b))."""
    from sal_hw.contracts.backend import OpenRequest
    from sal_hw.contracts.targets import load_backend
    from sal_hw.passes.compile import compile_network
    from sal_hw.spec.network import NetworkSpec, Population
    from sal_hw.spec.neurons import SamplingNeuron

    neuron = SamplingNeuron(tau_ref_ms=10.0)
    spec = NetworkSpec(timestep_ms=1.0, populations=(Population(name="free", size=1, neuron=neuron),))
    try:
        session = load_backend("emulator").open(compile_network(spec), OpenRequest(seed=1))
    except InputError as error:
        return "emulator", False, error.problems[0].allowed
    counts = session.observe(100_000.0).spike_counts["free"]
    activity = 10 * int(counts[0]) / 100_000
    return (
        "emulator",
        abs(activity - 0.5) < 0.05,
        f"a free neuron is active {activity:.3f} of the time (0.5 expected)",
    )


def _compiled_code() -> Finding:
    from sal_hw.storage.compiled_code import place_of_compiled_code

    place = place_of_compiled_code()
    none = (
        "not kept, so that every command compiles what it runs, for up to a minute; "
        "no place for it can be written: set NUMBA_CACHE_DIR to a folder that can"
    )
    if place is None:
        return "compiled code", True, none
    return "compiled code", True, "kept beside its source" if place.name == "__pycache__" else f"kept in {place.parent}"


def _compiler() -> Finding:
    """Look for a C++ compiler; nothing but the checks of kernels for a chip needs one."""
    path = shutil.which("g++") or shutil.which("c++")
    return (
        "C++ compiler for kernel checks",
        True,
        path or "none; kernels are written, and not checked on this computer",
    )
