"""Runs a generated file's worker in this process, against the vendors' Python below and stand-ins of compiled modules.

python worker.py STACK TREES OLD FILE [options of the file]

STACK is pynn, hxtorch or calix; OLD has grenade and calix as hxtorch needs them.
"""

import importlib.util
import sys
import traceback
from pathlib import Path

from stand_ins import base, names

HEADERS = {"grenade": "include", "haldls": "", "halco": "include", "calix": "include"}


def work(stack: str, trees: Path, old: Path, file: str, options: list[str]) -> int:
    """Return 0 if the file ends as it should and used no name that the headers lack."""
    roots = {name: old if stack == "hxtorch" and name in ("grenade", "calix") else trees for name in HEADERS}
    base.be_strict({name: names.declared(roots[name] / name / inner) for name, inner in HEADERS.items()})
    from stand_ins import chip, coordinates  # noqa: F401 - they fill in what modules have

    sys.argv = [file, *options, "--worker"]
    spec = importlib.util.spec_from_file_location("run_file", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_file"] = module
    spec.loader.exec_module(module)
    fill_in(stack)
    try:
        (module.work if stack == "calix" else module.run)(module.arguments())
    except module.Stop as end:
        traceback.print_exc()
        print(f"{end.cause}: {end.following}", file=sys.stderr)
        return end.code
    except Exception:
        traceback.print_exc()
        return 4
    if base.MISSING:
        print(f"not in the vendors' headers: {sorted(base.MISSING)}", file=sys.stderr)
    return 4 if base.MISSING else 0


def fill_in(stack: str) -> None:
    """Give the stand-ins what the modules of a stack have, and replace what needs a chip."""
    if stack == "hxtorch":
        from stand_ins import former  # noqa: F401

        return
    from stand_ins import execution, front_end, router  # noqa: F401

    if stack == "pynn":
        import pynn_brainscales.brainscales2  # noqa: F401

        router.patch_reverse_mapping()
        return
    from stand_ins import calibration

    calibration.without_a_chip()


if __name__ == "__main__":
    sys.exit(work(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4], sys.argv[5:]))
