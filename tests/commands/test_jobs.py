"""``virtcim jobs`` shows long work, for people and for programs, and goes on as it goes on."""

import json
import os
import pty
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pywbem

from tests.commands.running import PROGRAM, on_terminal, virtcim
from tests.lab import eventually
from tests.serving import EIGHT_STATES, RunningServer, serving, started
from virtcim.infostore import JobKind, JobRecord, JobWrite
from virtcim.infostore.store import Store

BEGAN = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
ENDED = JobRecord(
    id="aa11", host="h", kind=JobKind.SNAPSHOT, domain=None, domain_name="web", name="Snapshot",
    method="CreateSnapshot", owner="anna", state=10, status="Failed", percent=30, error_code=7,
    error="Unable to make\tsnapshot", submitted=BEGAN, changed=BEGAN, started=BEGAN,
    ended=BEGAN + timedelta(seconds=75), parameters={"task": "create"},
)  # fmt: skip
WAITING = replace(
    ENDED, id="ab22", state=2, status="Queued", percent=0, error_code=0, error=None, started=None,
    ended=None, submitted=BEGAN + timedelta(seconds=1),
)  # fmt: skip
RUNNING = replace(
    WAITING, id="bc33", kind=JobKind.MIGRATION, domain_name="mail", state=4, status="Copying",
    percent=40, started=BEGAN, submitted=BEGAN + timedelta(seconds=2),
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with a job of each kind, open as in a server that runs."""
    one = Store(f"sqlite:///{tmp_path}/infostore.db")
    one.open()
    one.write_jobs([JobWrite(job) for job in (ENDED, WAITING, RUNNING)])
    yield one
    one.close()


def rows(out: str) -> list[list[str]]:
    """The cells of each line."""
    return [line.split("\t") for line in out.splitlines()]


def test_jobs_that_are_under_way_are_listed(store: Store, tmp_path: Path) -> None:
    """A line each, the oldest first; those that have ended only when they are asked for."""
    ended = virtcim("jobs", "--state-dir", tmp_path)
    assert ended.code == 0, ended
    waiting, running = rows(ended.out)
    assert waiting == ["ab22", "snapshot", "web", "h", "new", "0 %", "anna", "-", "-", "Queued"]
    assert running[:8] == [
        "bc33", "migration", "mail", "h", "running", "40 %", "anna", "2026-01-01T12:00:00Z",
    ]  # fmt: skip
    assert running[9] == "Copying"
    ended = virtcim("jobs", "--all", "--state-dir", tmp_path)
    assert rows(ended.out)[0] == [
        "aa11", "snapshot", "web", "h", "exception", "30 %", "anna", "2026-01-01T12:00:00Z",
        "0:01:15", "Unable to make snapshot",
    ]  # fmt: skip
    assert len(rows(ended.out)) == 3


def test_jobs_are_json(store: Store, tmp_path: Path) -> None:
    """Everything that a record has, for programs."""
    ended = virtcim("jobs", "--json", "--all", "--state-dir", tmp_path)
    first, *others = json.loads(ended.out)
    assert [one["id"] for one in others] == ["ab22", "bc33"]
    assert first["state"] == "exception"
    assert first["started"] == "2026-01-01T12:00:00+00:00"
    assert first["parameters"] == {"task": "create"}
    assert first["error"] == "Unable to make\tsnapshot"


def test_one_job_is_shown(store: Store, tmp_path: Path) -> None:
    """By its id, or as much of it as is needed."""
    ended = virtcim("jobs", "show", "b", "--state-dir", tmp_path)
    assert ended.code == 0, ended
    facts: dict[str, str] = dict(rows(ended.out))
    assert (facts["id"], facts["percent"], facts["ended"]) == ("bc33", "40", "-")
    assert facts["parameters"] == '{"task": "create"}'
    ended = virtcim("jobs", "show", "aa11", "--json", "--state-dir", tmp_path)
    assert json.loads(ended.out)["error_code"] == 7


@pytest.mark.parametrize(
    ("beginning", "code", "said"),
    [("a", 2, "the ids of 2 jobs begin with 'a'"), ("x", 1, "there is no job 'x'")],
)
def test_a_job_that_is_not_one(
    store: Store, tmp_path: Path, beginning: str, code: int, said: str
) -> None:
    """None, or several."""
    ended = virtcim("jobs", "show", beginning, "--state-dir", tmp_path)
    assert (ended.code, ended.err) == (code, f"virtcim: {said}\n")


def test_a_person_gets_a_table(store: Store, tmp_path: Path) -> None:
    """With headings."""
    code, screen = on_terminal(["jobs", "--state-dir", str(tmp_path)], [])
    heading, *lines = screen.splitlines()
    assert code == 0
    assert heading.split()[:3] == ["id", "kind", "domain"]
    assert [line.split()[0] for line in lines] == ["ab22", "bc33"]


def test_a_store_that_is_not_there_is_said(tmp_path: Path) -> None:
    """And is not made."""
    for words in (("jobs",), ("jobs", "--watch"), ("jobs", "show", "a")):
        ended = virtcim(*words, "--state-dir", tmp_path)
        assert ended.code == 1
        assert "infostore.db does not exist" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_changes_are_told_until_interrupted(store: Store, tmp_path: Path) -> None:
    """A line for each change, also of the end; jobs that had ended before are not told."""
    environment = os.environ | {"VIRTCIM_CONFIG": "/dev/null"}
    command = [PROGRAM, "jobs", "--watch", "--json", "--state-dir", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as watching:
        assert watching.stdout is not None
        told = [json.loads(watching.stdout.readline()) for _ in range(2)]
        assert [(one["id"], one["state"]) for one in told] == [
            ("ab22", "new"), ("bc33", "running"),
        ]  # fmt: skip
        store.write_jobs([JobWrite(replace(RUNNING, state=7, percent=100, status="Completed"))])
        last = json.loads(watching.stdout.readline())
        assert (last["id"], last["state"], last["percent"]) == ("bc33", "completed", 100)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 0


def test_a_person_watches(store: Store, tmp_path: Path) -> None:
    """A table that is drawn anew, with bars, until the person has seen enough."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update({"VIRTCIM_CONFIG": "/dev/null", "TERM": "xterm", "COLUMNS": "120"})
        os.execv(PROGRAM, [PROGRAM, "jobs", "--watch", "--state-dir", str(tmp_path)])
    screen = _Screen(terminal)
    eventually(lambda: screen.has("40 %", "Copying", "mail (h)", "━"))
    store.write_jobs([JobWrite(replace(RUNNING, state=7, percent=100, status="All is there"))])
    eventually(lambda: screen.has("100 %", "All is there", "completed"))
    os.write(terminal, b"\x03")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)


class _Screen:
    """What a program has written on a terminal."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._text = b""

    def has(self, *words: str) -> bool:
        """Read more, and look for the words."""
        self._text += os.read(self._terminal, 65536)
        return all(word in self._text.decode(errors="ignore") for word in words)


# With a server


def snapshot(server: RunningServer) -> str:
    """Have a server do a job; return its id."""
    client: Any = pywbem.WBEMConnection(server.url, default_namespace="root/virt")
    name = "Test_ComputerSystem"
    system = pywbem.CIMInstanceName(name, {"CreationClassName": name, "Name": "running"})
    code, out = client.InvokeMethod(
        "CreateSnapshot",
        "Test_VirtualSystemSnapshotService",
        AffectedSystem=system,
        SnapshotType=pywbem.Uint16(2),
    )
    client.close()
    assert code == 4096
    return str(out["Job"]["InstanceID"])


def test_a_dead_server_has_left_its_jobs(tmp_path: Path) -> None:
    """They can be looked at after a crash, as they can while the server runs."""

    def listed() -> list[list[str]]:
        return rows(virtcim("jobs", "--all", "--state-dir", tmp_path / "state").out)

    with started(EIGHT_STATES, tmp_path) as server:
        job = snapshot(server)
        eventually(lambda: [row[4] for row in listed()] == ["completed"])
        server.kill()
        ((id_, kind, domain, _, state, percent, *_),) = listed()
        assert (id_, kind, domain, state, percent) == (
            job, "snapshot", "running", "completed", "100 %",
        )  # fmt: skip


def test_a_server_is_asked_to_end_a_job(tmp_path: Path) -> None:
    """It says what it cannot do: the job has ended, or there is none."""
    with serving(EIGHT_STATES, tmp_path) as server:
        job = snapshot(server)
        eventually(
            lambda: "completed" in virtcim("jobs", "--all", "--state-dir", tmp_path / "state").out
        )
        ended = virtcim("jobs", "stop", job, "--url", server.url)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err == "virtcim: the server answers 4097 (invalid state transition)\n"
        ended = virtcim("jobs", "stop", "nothing", "--kill", "--url", server.url)
        assert ended.err == "virtcim: there is no job 'nothing'\n"
    ended = virtcim("jobs", "stop", job, "--url", server.url)
    assert ended.code == 1
    assert "is the server running" in ended.err
