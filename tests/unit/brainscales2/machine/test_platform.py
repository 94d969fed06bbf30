"""The real client against a server on the loopback address that answers as the neuromorphic platform does.

What it takes and gives are the data models of HumanBrainProject/ebrains-neuromorphic-job-queue-api (data_models.py:
SubmittedJob, AcceptedJob, Job, DataSet) and the answers of resources/for_users.py. It runs a job's code, which it gets
as text, in a folder of the job's own, and offers what that leaves.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sal_hw.cli.main import main
from sal_hw.program import PROGRAM_SCHEMA
from sal_hw.results.store import write_program
from sal_hw.storage.codec import encode
from sal_hw.storage.folder import ArtifactFolder
from sal_hw_brainscales2.machine import submit as submit_module

TOKEN, USER, COLLAB = "a-token-of-nobody", "jane", "my-collab"

#: fields of SubmittedJob: type, and whether it must be there
SUBMITTED = {
    "code": (str, True),
    "command": (str, False),
    "collab": (str, True),
    "input_data": (list, False),
    "hardware_platform": (str, True),
    "hardware_config": (dict, False),
    "tags": (list, False),
}


class Platform(BaseHTTPRequestHandler):
    """Jobs in memory, one folder each; what a job may be is checked as the data models do."""

    jobs: dict[int, dict]
    work: Path

    def do_GET(self) -> None:
        path, _, _ = self.path.partition("?")
        if path.startswith("/files/"):
            return self.give(200, (self.work / path.removeprefix("/files/")).read_bytes())
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.give(401, {"detail": "invalid token"})
        if path == "/userinfo":
            return self.give(200, {"sub": "1", "preferred_username": USER})
        job = self.jobs.get(int(path.rpartition("/")[2]))
        if job is None:
            return self.give(404, {"detail": "Either there is no job with this id, or you do not have access"})
        if job["status"] == "submitted":
            self.execute(job)
        return self.give(200, job)

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for name, (kind, needed) in SUBMITTED.items():
            if (name in sent or needed) and not isinstance(sent.get(name), kind):
                return self.give(422, {"detail": f"{name}: wrong type or missing"})
        if sent["collab"] != COLLAB:
            return self.give(
                404, {"detail": "You do not have access to this collab or there is no collab with this id"}
            )
        number = len(self.jobs) + 1
        self.jobs[number] = sent | {
            "id": number,
            "user_id": USER,
            "status": "submitted",
            "timestamp_submission": "2026-11-30T08:00:00Z",
            "resource_uri": f"/jobs/{number}",
        }
        return self.give(201, self.jobs[number])

    def execute(self, job: dict) -> None:
        folder = self.work / str(job["id"])
        folder.mkdir()
        name, *options = job["command"].split()
        (folder / name).write_text(job["code"])
        command = [sys.executable, name, *options]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        (folder / name).unlink()
        made = sorted(path.relative_to(self.work) for path in folder.rglob("*") if path.is_file())
        url = f"http://127.0.0.1:{self.server.server_address[1]}/files"
        files = [{"url": f"{url}/{path}", "path": f"job_{path}", "content_type": None} for path in made]
        job["status"] = "error" if done.returncode else "finished"
        job["log"] = done.stdout + done.stderr
        job["output_data"] = {"repository": "EBRAINS Drive", "files": files} if files else None

    def give(self, status: int, content: object) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def platform(tmp_path, monkeypatch):
    client = pytest.importorskip("nmpi.nmpi_user")
    (tmp_path / "platform").mkdir()
    handler = type("Handler", (Platform,), {"jobs": {}, "work": tmp_path / "platform"})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    real = functools.partial(client.Client, job_service=url, user_info_endpoint=f"{url}/userinfo")
    monkeypatch.setattr(client, "Client", real)
    monkeypatch.setattr(client, "TOKENFILE", client.TOKENFILE)
    monkeypatch.setattr(client, "getpass", client.getpass)
    monkeypatch.setattr(submit_module, "POLL_S", 0.0)
    monkeypatch.setenv("EBRAINS_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


def build(recorded, folder: Path, run_file: str) -> Path:
    made = ArtifactFolder.create(folder, "program")
    made.write_json("recipe.json", dict(recorded.recipe.file.document))
    made.write_json("experiment.json", encode(recorded.recipe.protocol)[0])
    write_program(made, recorded.program)
    made.write("run_pynn.py", run_file.encode())
    made.write("calibrate_sal.py", b"print('calibrated')\n")
    made.finish({"target": "brainscales2"}, schema_version=PROGRAM_SCHEMA)
    return made.path


def test_a_program_is_sent_run_fetched_and_imported(recorded, platform, tmp_path, capsys):
    recorded.write(tmp_path / "recorded")
    copy = (
        f"import shutil, sys\nshutil.copytree({str(tmp_path / 'recorded')!r}, sys.argv[sys.argv.index('--out') + 1])\n"
    )
    folder = build(recorded, tmp_path / "build", copy)
    assert main(["submit", str(folder), "--collab", COLLAB]) == 0
    assert "job 1: submitted" in capsys.readouterr().out
    (job,) = platform.jobs.values()
    assert (job["hardware_platform"], job["hardware_config"]) == ("BrainScaleS-2", {"SOFTWARE_VERSION": "experimental"})
    assert main(["submit", str(folder), "--attach", "1", "--wait"]) == 0
    following = capsys.readouterr().out.splitlines()[-1]
    result = folder / "results" / "job_1" / "result"
    assert following == f"next: sal-hw import {result} --program {folder} --out runs/build"
    assert main(["import", str(result), "--program", str(folder), "--out", "run", "--no-figures"]) == 0
    assert (tmp_path / "run" / "manifest.json").is_file()


def test_a_job_that_fails_says_what_the_run_file_said(recorded, platform, tmp_path, capsys):
    stops = "import sys\nprint('cause: no chip\\nnext: ask for one', file=sys.stderr)\nsys.exit(4)\n"
    folder = build(recorded, tmp_path / "build", stops)
    assert main(["submit", str(folder), "--collab", COLLAB, "--wait"]) == 4
    err = capsys.readouterr().err
    assert "no chip" in err
    assert "ask for one" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--collab", "another"], "do not have access to this collab"), (["--attach", "9"], "No such job")],
)
def test_what_the_platform_refuses(recorded, platform, tmp_path, capsys, options, words):
    folder = build(recorded, tmp_path / "build", "")
    assert main(["submit", str(folder), *options]) == 4
    err = capsys.readouterr().err
    assert "E811" in err
    assert words in err
    assert TOKEN not in err
