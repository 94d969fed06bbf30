"""Runs in the platform's queue, against a client that has the real one's habits; where the token goes."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sal_hw.cli.main import main
from sal_hw.errors import DeviceError
from sal_hw.program import PROGRAM_SCHEMA
from sal_hw.results.store import write_program
from sal_hw.storage.codec import encode
from sal_hw.storage.folder import ArtifactFolder
from sal_hw_brainscales2.machine import submit as submit_module
from sal_hw_brainscales2.machine.submit import attach_job

FAKE = Path(__file__).parents[3] / "contract" / "fakes" / "nmpi_client"
TOKEN = "eyJhbGciOi-a-token-that-nobody-may-see"  # noqa: S105 - of nobody


#: stands for the files of a program: it says how it was started, and ends as the file ENDS beside the job wants it
SAYS = b"""import json, pathlib, sys
path = pathlib.Path(sys.argv[2])
seen = path.read_bytes().hex() if path.is_file() else None
with pathlib.Path("started").open("a") as file:
    print(json.dumps([pathlib.Path(sys.argv[0]).name, *sys.argv[1:], seen]), file=file)
ends = pathlib.Path("ENDS")
sys.exit(int(ends.read_text()) if ends.exists() else 0)
"""


def started(code: str, folder: Path, ends: int = 0) -> list[list[str]]:
    """Run a job as the platform does, in a folder of its own; return what it started with which options."""
    folder.mkdir()
    (folder / "run.py").write_text(code)
    if ends:
        (folder / "ENDS").write_text(str(ends))
    command = [sys.executable, "run.py", "--out", "result"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == ends, done.stderr
    return [json.loads(line) for line in (folder / "started").read_text().splitlines()]


class Queue:
    """What the queue answers, and what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.answer({})

    def answer(self, answers: dict) -> None:
        (self.folder / "answers.json").write_text(json.dumps(answers))

    def calls(self, name: str) -> list[dict]:
        lines = (self.folder / "calls.jsonl").read_text().splitlines()
        return [call for call in map(json.loads, lines) if call["call"] == name]


@pytest.fixture
def queue(tmp_path, monkeypatch) -> Queue:
    monkeypatch.syspath_prepend(str(FAKE))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("SAL_HW_FAKE_QUEUE", str(tmp_path / "queue"))
    monkeypatch.delenv("NMPI_TOKEN", raising=False)
    monkeypatch.setenv("EBRAINS_AUTH_TOKEN", TOKEN)
    monkeypatch.setattr(submit_module, "POLL_S", 0.0)
    for name in ("nmpi", "nmpi.nmpi_user"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.chdir(tmp_path)
    yield Queue(tmp_path / "queue")
    for name in ("nmpi", "nmpi.nmpi_user"):
        sys.modules.pop(name, None)


@pytest.fixture
def build(recorded, tmp_path) -> Path:
    folder = ArtifactFolder.create(tmp_path / "build", "program")
    folder.write_json("recipe.json", dict(recorded.recipe.file.document))
    folder.write_json("experiment.json", encode(recorded.recipe.protocol)[0])
    write_program(folder, recorded.program)
    folder.write("run_pynn.py", SAYS)
    folder.write("calibrate_sal.py", SAYS)
    folder.finish({"target": "brainscales2"}, schema_version=PROGRAM_SCHEMA)
    return folder.path


def job(status: str, files: list[dict] | None = None, log: str = "") -> dict:
    return {"id": 4711, "status": status, "log": log, "output_data": {"files": files or []}}


def no_token_in(folder: Path, *texts: str) -> None:
    for path in folder.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path
    for text in texts:
        assert TOKEN not in text


def test_a_job_is_sent_and_attached_to_later(queue, build, tmp_path, capsys):
    assert main(["submit", str(build), "--collab", "my-collab"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == ["job 4711: submitted", f"next: sal-hw submit {build} --attach 4711 --wait"]
    (call,) = queue.calls("submit_job")
    assert [words[0] for words in started(call["code"], tmp_path / "job")] == ["calibrate_sal.py", "run_pynn.py"]
    assert (call["platform"], call["collab"], call["command"]) == ("BrainScaleS-2", "my-collab", "run.py --out result")
    assert (call["config"], call["wait"]) == ({"SOFTWARE_VERSION": "experimental"}, False)

    queue.answer({"jobs": {"4711": [job("running")]}})
    assert main(["submit", str(build), "--attach", "4711"]) == 0
    assert "job 4711: running" in capsys.readouterr().out
    no_token_in(tmp_path, out, err)


def test_results_come_back_and_can_be_imported(recorded, queue, build, tmp_path, capsys):
    recorded.write(queue.folder / "files")
    names = ("manifest.json", "result.json", "arrays.npz")
    files = [{"url": f"https://data/{name}", "path": f"job_4711/result/{name}"} for name in names]
    queue.answer({"jobs": {"4711": [job("submitted"), job("running"), job("finished", files)]}})
    assert main(["submit", str(build), "--collab", "my-collab", "--wait"]) == 0
    out, err = capsys.readouterr()
    folder = build / "results" / "job_4711" / "result"
    assert out.splitlines()[-1] == f"next: sal-hw import {folder} --program {build} --out runs/build"
    assert len(queue.calls("get_job")) == 3
    assert main(["import", str(folder), "--program", str(build), "--out", "run", "--no-figures"]) == 0
    no_token_in(tmp_path, out, err)


def test_json_output_is_one_document(queue, build, capsys):
    assert main(["submit", str(build), "--collab", "c", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["job"], document["job_status"], document["files"]) == ("4711", "submitted", [])


@pytest.mark.parametrize("answers", [{"refused": "no quota"}, {"invalid_token": True}])
def test_a_refusal_does_not_show_the_token_nor_ask_for_a_password(queue, build, tmp_path, capsys, answers):
    queue.answer(answers)
    assert main(["submit", str(build), "--collab", "c"]) == 4
    out, err = capsys.readouterr()
    assert "E811" in err
    assert ("no quota" if "refused" in answers else "not valid any more") in err
    no_token_in(tmp_path, out, err)
    assert main(["submit", str(build), "--collab", "c", "--json"]) == 4
    no_token_in(tmp_path, *capsys.readouterr())


def test_the_traceback_of_a_refusal_does_not_show_the_token(queue, build):
    queue.answer({"refused": "no quota"})
    with pytest.raises(DeviceError) as caught:
        attach_job("4711", wait=False, out=build / "results")
    chain, error = [], caught.value
    while error is not None:
        chain.append(str(error))
        error = error.__cause__ or error.__context__
    assert all(TOKEN not in text for text in chain)


def test_the_token_comes_from_the_environment_only(queue, build, monkeypatch, capsys):
    monkeypatch.delenv("EBRAINS_AUTH_TOKEN")
    assert main(["submit", str(build), "--collab", "c"]) == 4
    assert "EBRAINS_AUTH_TOKEN or NMPI_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("NMPI_TOKEN", f" {TOKEN}\n")
    assert main(["submit", str(build), "--collab", "c"]) == 0


def test_a_client_that_keeps_tokens_elsewhere_is_not_trusted(queue, build, monkeypatch, capsys):
    import nmpi.nmpi_user

    monkeypatch.delattr(nmpi.nmpi_user, "TOKENFILE")
    assert main(["submit", str(build), "--collab", "c"]) == 4
    assert "E807" in capsys.readouterr().err
    assert not (queue.folder / "calls.jsonl").exists()


def test_a_failed_job_says_why(queue, build, capsys):
    log = "noise\ncause: the calibration is of another chip\nnext: python calibrate_sal.py --out calibration\n"
    queue.answer({"jobs": {"4711": [job("error", log=log)]}})
    assert main(["submit", str(build), "--attach", "4711", "--wait"]) == 4
    err = capsys.readouterr().err
    assert "the calibration is of another chip" in err
    assert "hint: python calibrate_sal.py --out calibration" in err
    assert main(["submit", str(build), "--attach", "12"]) == 4
    assert "No such job: 12" in capsys.readouterr().err


@pytest.mark.parametrize(
    "item",
    [
        {"url": "https://data/x", "path": "../../outside"},
        {"url": "https://data/x", "path": "/etc/outside"},
        {"url": "file:///etc/passwd", "path": "inside"},
    ],
)
def test_results_stay_in_their_folder(queue, build, tmp_path, capsys, item):
    queue.answer({"jobs": {"4711": [job("finished", [item])]}})
    assert main(["submit", str(build), "--attach", "4711"]) == 4
    assert "E811" in capsys.readouterr().err
    assert not (build / "results").exists()


def test_what_is_missing_is_named(queue, build, capsys):
    assert main(["submit", str(build)]) == 2
    assert "--collab" in capsys.readouterr().err
    assert main(["submit", str(build), "--collab", "c", "--via", "hxtorch"]) == 2
    assert "E806" in capsys.readouterr().err
    assert main(["submit", str(build), "--collab", "c", "--via", "nest"]) == 2
    assert "E812" in capsys.readouterr().err
    assert main(["submit", str(build), "--attach", "4711; rm"]) == 2
    assert "E811" in capsys.readouterr().err
    shutil.rmtree(build)
    assert main(["submit", str(build), "--collab", "c"]) == 2
    assert "E505" in capsys.readouterr().err


def test_without_the_client_the_hint_says_how_to_install_it(build, monkeypatch, capsys):
    for name in ("nmpi", "nmpi.nmpi_user"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("EBRAINS_AUTH_TOKEN", TOKEN)
    assert main(["submit", str(build), "--collab", "c"]) == 4
    err = capsys.readouterr().err
    assert "E807" in err
    assert "pip install 'sal-hw[nmpi]'" in err


# --- what a job holds -------------------------------------------------------------------------------------------------


def calibration_of(build: Path, folder: Path, data: bytes = b"settings", **changed) -> Path:
    folder.mkdir()
    known = {"program_hash": json.loads((build / "program.json").read_text())["hash"], "chip_id": "chip63"}
    known["sha256"] = {"mine.pbin": hashlib.sha256(b"settings").hexdigest()}
    (folder / "mine.pbin").write_bytes(data)
    (folder / "mine.json").write_text(json.dumps(known | changed))
    return folder / "mine.pbin"


def test_without_a_calibration_the_job_makes_one(queue, build, tmp_path):
    assert main(["submit", str(build), "--collab", "c"]) == 0
    (call,) = queue.calls("submit_job")
    calibrate, run = started(call["code"], tmp_path / "job")
    assert calibrate[:3] == ["calibrate_sal.py", "--out", "calibration"]
    assert run[:5] == ["run_pynn.py", "--calibration", "calibration/calibration.pbin", "--out", "result"]
    # a chip that cannot be calibrated runs nothing, and the job ends as the calibration did
    assert [words[0] for words in started(call["code"], tmp_path / "other", ends=4)] == ["calibrate_sal.py"]


def test_a_calibration_goes_along(queue, build, tmp_path):
    pbin = calibration_of(build, tmp_path / "calibrated")
    assert main(["submit", str(build), "--collab", "c", "--calibration", str(pbin)]) == 0
    (call,) = queue.calls("submit_job")
    ((name, option, path, *_, seen),) = started(call["code"], tmp_path / "job")
    assert (name, option, Path(path).name) == ("run_pynn.py", "--calibration", "calibration.pbin")
    assert bytes.fromhex(seen) == b"settings"


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"data": b"others"}, "that mine.json tells of"), ({"program_hash": "0" * 64}, "for this program")],
)
def test_a_calibration_that_does_not_fit_is_not_sent(queue, build, tmp_path, capsys, changed, words):
    pbin = calibration_of(build, tmp_path / "calibrated", **changed)
    assert main(["submit", str(build), "--collab", "c", "--calibration", str(pbin)]) == 2
    err = capsys.readouterr().err
    assert "E805" in err
    assert words in err
    pbin.with_suffix(".json").unlink()
    assert main(["submit", str(build), "--collab", "c", "--calibration", str(pbin)]) == 2
    assert "mine.json beside it" in capsys.readouterr().err


def test_a_damaged_job_says_so(queue, build, tmp_path):
    assert main(["submit", str(build), "--collab", "c"]) == 0
    (call,) = queue.calls("submit_job")
    (tmp_path / "run.py").write_text(call["code"].replace(hashlib.sha256(SAYS).hexdigest(), "0" * 64))
    done = subprocess.run([sys.executable, "run.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 6
    assert "is damaged" in done.stderr


def test_a_job_that_was_removed_has_ended(queue, build, capsys):
    queue.answer({"jobs": {"4711": [job("removed")]}})
    assert main(["submit", str(build), "--attach", "4711", "--wait"]) == 4
    assert "E811" in capsys.readouterr().err
