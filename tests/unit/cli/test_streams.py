"""Output that is closed, full or no longer read: the command ends in quiet, and what it wrote to files is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAL_HW = Path(sys.executable).with_name("sal-hw")
BASH = shutil.which("bash") or "bash"
RECIPE = Path(__file__).parents[3] / "recipes" / "two_neuron.yaml"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


def _shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BASH, "-c", line, "bash", str(SAL_HW), str(RECIPE)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    "words", ["targets", "explain", "targets --json", "--help", 'check "$2"', 'run "$2" --dry-run']
)
@pytest.mark.parametrize("where", [">&-", "| head -c 1 >/dev/null", "| true", "<&- >&- 2>&-", "2>&-", "2>/dev/full"])
def test_output_that_nobody_takes_is_no_error(tmp_path: Path, words: str, where: str) -> None:
    done = _shell(f'"$1" {words} {where}; exit "${{PIPESTATUS[0]}}"', tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", ["targets", "explain --json", "--help", 'check "$2"'])
def test_a_full_disk_behind_the_output_is_said_in_one_message(tmp_path: Path, words: str) -> None:
    done = _shell(f'"$1" {words} >/dev/full', tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("E503  standard output\n")
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") == 4


def test_an_error_keeps_its_exit_code_when_its_message_cannot_be_written(tmp_path: Path) -> None:
    assert _shell('"$1" check missing.yaml --json >/dev/full', tmp_path).returncode == 2
    assert _shell('"$1" check missing.yaml 2>/dev/full', tmp_path).returncode == 2


def test_a_program_is_written_though_nobody_reads_what_is_printed(tmp_path: Path) -> None:
    done = _shell('"$1" compile "$2" -o program >&- 2>&-', tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "program" / "manifest.json").is_file()
    # no file took the place of a closed stream, and what was meant for it
    assert b"next: sal-hw" not in b"".join(path.read_bytes() for path in (tmp_path / "program").rglob("*.json"))


def test_signs_that_a_terminal_cannot_show_are_spelled_out(tmp_path: Path) -> None:
    done = _shell('PYTHONIOENCODING=ascii "$1" run --help', tmp_path)
    assert done.returncode == 0
    assert "Usage" in done.stdout
