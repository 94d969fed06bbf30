"""Runs a run file's worker in this process, against the vendors' Python below and stand-ins of compiled modules.

python worker.py TREES FILE [options of the run file]
"""

import importlib.util
import sys
import traceback
from pathlib import Path

from stand_ins import base, names

HEADERS = {"grenade": "grenade/include", "haldls": "haldls", "halco": "halco/include", "calix": "calix/include"}


def work(trees: Path, file: str, options: list[str]) -> int:
    """Return 0 if the file ends with a result and used no name that the headers lack."""
    base.be_strict({name: names.declared(trees / folder) for name, folder in HEADERS.items()})
    from stand_ins import chip, execution, front_end, router  # noqa: F401 - they fill in what modules have

    sys.argv = [file, *options, "--worker"]
    spec = importlib.util.spec_from_file_location("run_file", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_file"] = module
    spec.loader.exec_module(module)
    import pynn_brainscales.brainscales2  # noqa: F401

    router.patch_reverse_mapping()
    try:
        module.run(module.arguments())
    except module.Stop as end:
        print(f"{end.cause}: {end.following}", file=sys.stderr)
        return end.code
    except Exception:
        traceback.print_exc()
        return 4
    if base.MISSING:
        print(f"not in the vendors' headers: {sorted(base.MISSING)}", file=sys.stderr)
    return 4 if base.MISSING else 0


if __name__ == "__main__":
    sys.exit(work(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
