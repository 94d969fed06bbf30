"""The part of ``nmpi.nmpi_user`` that is used (hbp-neuromorphic-platform 0.11.2, nmpi/nmpi_user.py), with its habits.

It keeps the token in TOKENFILE, asks for a password if the token is not valid, prints, and raises plain exceptions.
``SAL_HW_FAKE_QUEUE`` names a folder: ``answers.json`` says what the queue answers, ``calls.jsonl`` keeps what it was
asked, without the token.
"""

from __future__ import annotations

import getpass
import json
import os
import shutil
from pathlib import Path

TOKENFILE = os.path.expanduser("~/.hbptoken")  # noqa: PTH111 - as the client does


def _queue() -> Path:
    return Path(os.environ["SAL_HW_FAKE_QUEUE"])


def _answers() -> dict:
    return json.loads((_queue() / "answers.json").read_text())


def _note(call: str, **what) -> None:
    with (_queue() / "calls.jsonl").open("a") as file:
        file.write(json.dumps({"call": call, **what}) + "\n")


class Client:
    # Client.__init__
    def __init__(
        self,
        username=None,
        password=None,
        job_service="https://nmpi-v3.hbpneuromorphic.eu",
        authorization_endpoint="https://nmpi-v3.hbpneuromorphic.eu",
        user_info_endpoint="https://iam.ebrains.eu/auth/realms/hbp/protocol/openid-connect/userinfo",
        token=None,
        verify=True,
    ):
        if password is None and token is None:
            getpass.getpass()
        if _answers().get("invalid_token"):
            getpass.getpass()
        self.token = token
        _note("Client", token_given=token is not None)
        with open(TOKENFILE, "w") as file:  # noqa: PTH123 - as the client does
            json.dump({username: {"access_token": token}}, file)

    # Client.submit_job
    def submit_job(
        self, source, platform, collab_id, config=None, inputs=None, command="run.py {system}", tags=None, wait=False
    ):
        if "refused" in _answers():
            raise Exception(f"Error 403: {_answers()['refused']} (Bearer {self.token})")
        code = Path(source).read_text()
        _note("submit_job", code=code, platform=platform, collab=collab_id, config=config, command=command, wait=wait)
        print("Job submitted")
        return "/jobs/4711"

    # Client.get_job
    def get_job(self, job_id, with_log=True):
        _note("get_job", job=job_id, with_log=with_log)
        jobs = _answers()["jobs"]
        if str(job_id) not in jobs:
            raise Exception(f"No such job: {job_id}")
        asked = sum('"get_job"' in line for line in (_queue() / "calls.jsonl").read_text().splitlines())
        states = jobs[str(job_id)]
        return states[min(asked, len(states)) - 1]

    # Client.download_data
    def download_data(self, job, local_dir="."):
        names = []
        for item in job["output_data"]["files"]:
            target = Path(local_dir) / item["path"]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(_queue() / "files" / Path(item["path"]).name, target)
            names.append(str(target))
        return names
