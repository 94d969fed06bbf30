"""The run file of a program: one readable Python file that needs numpy and py-spinnaker2, but not this package.

``templates/run_spinnaker2.py.txt`` is Python with lines ``#<NAME>``, each of which a part replaces. The loop that
learns and the description of a chunk are the modules that sal-hw runs itself, without their imports. Equal arguments
give equal bytes.
"""

from __future__ import annotations

import ast
import base64
import inspect
import re
import zlib
from importlib.resources import files
from pprint import pformat
from types import ModuleType

from sal_hw.errors import InputError, Problem, quote_value
from sal_hw.program import CompiledProgram
from sal_hw.storage.files import npz_bytes, sha256
from sal_hw_spinnaker.chunks import loop as chunk_loop
from sal_hw_spinnaker.chunks.plan import chunk_plan
from sal_hw_spinnaker.spinnaker2 import network as spinnaker2_network
from sal_hw_spinnaker.spinnaker2.description import FRONT_END, NAME
from sal_hw_spinnaker.spinnaker2.sdk import WHERE

RUN_FILE, NOTES_FILE = "run_spinnaker2.py", "HOW_TO_RUN.txt"

#: longest line of embedded data, in characters
_LINE_LENGTH = 100

_MARK = re.compile(r"^#<([A-Z_]+)>$", re.MULTILINE)

_NOTES = f"""How to run this program on a SpiNNaker2 chip

{RUN_FILE} needs numpy and py-spinnaker2 ({WHERE}), but not sal-hw.

1. python {RUN_FILE} --chip ADDRESS --out result     runs it; ADDRESS is that of the chip's board
2. sal-hw import result --help                          makes a run of its results, where sal-hw is

It has not been run on hardware by the authors of sal-hw. A run of the software takes several seconds besides the
duration of a chunk, so that the whole takes several seconds per update.
"""


def program_files(program: CompiledProgram, *, updates: int, seed: int, via: str | None = None) -> dict[str, bytes]:
    """Return all files by their path below the program's folder; see :class:`sal_hw.contracts.targets.ProgramFiles`.

    Raises
    ------
    InputError
        E812 if `via` names another front end.
    """
    if via not in (None, FRONT_END):
        allowed = f"a front end of {NAME}: {FRONT_END}"
        raise InputError(Problem(code="E812", field="via", value=quote_value(via), allowed=allowed))
    text = run_file(program, updates=updates, seed=seed)
    return {RUN_FILE: text.encode(), NOTES_FILE: _NOTES.encode()}


def run_file(program: CompiledProgram, *, updates: int, seed: int) -> str:
    """Return the run file."""
    plan = chunk_plan(program, seed)
    raw = npz_bytes(plan.arrays)
    packed = base64.b64encode(zlib.compress(raw, 9)).decode("ascii")
    lines = [packed[at : at + _LINE_LENGTH] for at in range(0, len(packed), _LINE_LENGTH)]
    parts = {
        "WHERE": f"WHERE = {WHERE!r}",
        "UPDATES": f"UPDATES = {int(updates)}",
        "PLAN": f"PLAN: dict[str, Any] = {pformat(plan.document(), width=_LINE_LENGTH)}",
        "LOOP": body(chunk_loop),
        "NETWORK": body(spinnaker2_network),
        "ARRAYS": "\n".join([f"ARRAYS_SHA256 = {sha256(raw)!r}", 'ARRAYS = """', *lines, '"""']),
    }
    path = files("sal_hw_spinnaker.spinnaker2").joinpath("templates/run_spinnaker2.py.txt")
    template = path.read_text(encoding="utf-8")
    return _MARK.sub(lambda mark: parts[mark.group(1)], template)


def body(module: ModuleType) -> str:
    """Return a module's text without its description and imports, which a template has."""
    text = inspect.getsource(module)
    last = 0
    for node in ast.parse(text).body:
        if not isinstance(node, (ast.Import, ast.ImportFrom)) and not _is_text(node):
            break
        last = node.end_lineno or 0
    return "\n".join(text.splitlines()[last:]).strip("\n")


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
