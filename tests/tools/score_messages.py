"""Prints how much messages about bad inputs tell: ``python tests/tools/score_messages.py [--all]``.

Each message gets a point for each of: file or key, the value, what is allowed, a hint, the code, a next command.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sal_hw.cli.main import main as sal_hw

RECIPES = Path(__file__).parents[2] / "recipes"
#: texts that stand in the place of each value of a recipe, one at a time
BAD_VALUES = ("nan", "ten", "2*0.05", "-1", "1e30", "[1, [2]]", "{a: 1}", "~", "yes", '""', "10 kg", "10", "$nothing")
#: a key and its value on a line of their own
VALUE = re.compile(r"^(\s*(?:- )?[a-z_]+:) (\S.*?)\s*(?:#.*)?$")
#: command lines with one mistake each; {} is the folder
COMMANDS = (
    "run {}/nothing.yaml",
    "check {}/good.yaml --target nothing",
    "check {}/good.yaml --target spinnaker1",
    "check {}/good.yaml --set populations.nothing.size=1",
    "check {}/good.yaml --set nothing",
    "check {}/good.yaml --preset nothing",
    "run {}/good.yaml --seed -1",
    "run {}/good.yaml --chip nothing",
    "run {}/good.yaml --resume --out {}/nothing",
    "run {}/good.yaml --target spinnaker2",
    "plot nothing {}",
    "plot --list {}",
    "snapshot show {}",
    "snapshot diff {} {}",
    "import {}",
    "submit {}",
    "explain E999",
    "calibrate --target ideal -o {}/s",
    "nir import {}/good.yaml --time-unit ms -o {}/x.yaml",
    "compile {}/good.yaml --target spinnaker1 -o {}/p",
)


def ask(words: list[str]) -> tuple[list[dict[str, object]], str]:
    """Return the problems of a command, and what it prints for people."""
    shown, printed = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        sal_hw([*words, "--json"])
    with contextlib.redirect_stderr(shown), contextlib.redirect_stdout(io.StringIO()):
        sal_hw(words)
    text = printed.getvalue()
    document = json.loads(text) if text.startswith("{") else {}
    return list(document.get("problems", [])), shown.getvalue()


def score(problem: dict[str, object], shown: str) -> dict[str, bool]:
    """Return which parts of a good message are there; what is missing or misspelt as a key has no value."""
    hint = problem.get("hint")
    about_key = problem["code"] in ("E201", "E202")
    return {
        "place": bool(problem.get("file") or problem.get("field")),
        "value": problem.get("value") is not None or about_key,
        "allowed": bool(problem.get("allowed")),
        "hint": bool(hint),
        "code": bool(problem.get("code")),
        "next": "sal-hw " in f"{hint} {shown.splitlines()[-1] if shown else ''}",
    }


def bad_inputs(folder: Path) -> Iterator[list[str]]:
    """Yield command lines with one mistake each: broken recipes, then broken commands."""
    lines = (RECIPES / "two_neuron.yaml").read_text(encoding="utf-8").splitlines()
    (folder / "good.yaml").write_text("\n".join(lines), encoding="utf-8")
    number = 0
    for place, line in enumerate(lines):
        match = VALUE.match(line)
        mistakes = [f"{match[1]} {bad}" for bad in BAD_VALUES] if match else []
        mistakes += [line.replace(f"{match[1].split()[-1]}", "nothing:", 1)] if match else []
        for mistake in mistakes:
            path = folder / f"{number}.yaml"
            path.write_text("\n".join([*lines[:place], mistake, *lines[place + 1 :]]), encoding="utf-8")
            number += 1
            yield ["check", str(path)]
    for command in COMMANDS:
        yield command.replace("{}", str(folder)).split()


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--all", action="store_true", help="print every message that lacks something")
    everything = parser.parse_args().all
    scores: list[dict[str, bool]] = []
    with tempfile.TemporaryDirectory() as name:
        for words in bad_inputs(Path(name)):
            problems, shown = ask(words)
            for problem in problems:
                found = score(problem, shown)
                scores.append(found)
                if everything and not all(found.values()):
                    missing = ", ".join(part for part, there in found.items() if not there)
                    print(f"lacks {missing}: {json.dumps(problem)[:300]}")
    for part in scores[0]:
        print(f"{part:8} {sum(each[part] for each in scores)} of {len(scores)}")
    print(f"mean {statistics.mean(sum(each.values()) for each in scores):.2f} of 6 in {len(scores)} messages")


if __name__ == "__main__":
    main()
