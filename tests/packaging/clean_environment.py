"""A clean environment: packages installed from their wheels, and the libraries that they need from this one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]


def build_wheel(project: Path, out: Path) -> Path:
    """Build a project's wheel into a folder, with the tools that are installed here."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(project)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = out.glob("*.whl")
    return built


class CleanEnvironment:
    """A virtual environment in which the checkout cannot be imported.

    Attributes
    ----------
    bin
        Where its commands are.
    """

    def __init__(self, folder: Path, wheels: list[Path]) -> None:
        venv.create(folder, with_pip=False)
        paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
        self.bin, packages = Path(paths["scripts"]), Path(paths["purelib"])
        command = [sys.executable, "-m", "pip", "--python", str(self.bin / "python"), "install", "--quiet"]
        command += ["--no-deps", "--no-index", "--no-compile", "--disable-pip-version-check", *map(str, wheels)]
        subprocess.run(command, check=True, capture_output=True)
        # a folder named in a .pth file is searched, but not for .pth files: this checkout's own is not followed
        (packages / "libraries.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
        _take_compiled_code(packages)

    def run(self, *command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment in a folder and return how it ended."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        program = [str(self.bin / command[0]), *command[1:]]
        return subprocess.run(program, check=False, capture_output=True, text=True, cwd=folder, env=environment)


def _take_compiled_code(packages: Path) -> None:
    """Give installed modules the compiled loops that this checkout has of them; making them takes seconds."""
    for roof in (ROOT, ROOT / "backends", ROOT / "calibration"):
        for compiled in roof.glob("sal_hw*/**/__pycache__/*.nb?"):
            cache = packages / compiled.relative_to(roof).parent
            cache.mkdir(exist_ok=True)
            shutil.copy(compiled, cache)
