"""The server is killed without a warning at every state of a migration's job, and started again.

Afterwards there is one domain, one job that says what became of it, and no flag.
"""

import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import pywbem

from tests.clients.migrations import (
    LIVE,
    MIGRATING,
    OFFLINE,
    RESTART,
    SLOW,
    Scene,
    answering,
    ended_labs,
    setting,
)
from tests.lab import Key, eventually
from tests.pair import Pair
from tests.serving import let_in, started
from virtcim.hypervisors.model import DomainUUID
from virtcim.jobs.engine import AT_ONCE
from virtcim.jobs.states import FINAL, UNFINISHED, UNUSED, JobRequest
from virtcim.schema.valuemaps import JobState

S = JobState
NAME = "subject"
NOWHERE = "unix:///nonexistent/socket"
"""A stream that no hypervisor can listen for."""


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """Two hypervisors that outlive servers."""
    pair = answering("virtcim-left", "virtcim-right")
    yield pair
    ended_labs(pair)


@pytest.fixture(autouse=True)
def clear(pair: Pair) -> Iterator[None]:
    """Leave no domain."""
    yield
    pair.clear()


class Killed:
    """A scene whose server is killed, and what there is after another start."""

    def __init__(self, pair: Pair, directory: Path) -> None:
        self.pair = pair
        self.directory = directory
        self.uris = (pair.source.uri(), directory, pair.target.uri())

    def play(self, act: Callable[[Scene], Any]) -> Any:
        """Play an act on a server, which is killed at its end; return what the act gave."""
        with started(*self.uris) as server:
            scene = Scene(self.pair, server)
            found = act(scene)
            server.kill()
            scene.client.close()
        return found

    def again(self, act: Callable[[Scene], None]) -> None:
        """Play an act on the next server, which ends in peace."""
        with started(*self.uris) as server:
            scene = Scene(self.pair, server)
            act(scene)
            scene.client.close()
            server.stop()

    def rewrite(self, job: Any, **changes: Any) -> None:
        """Change what the dead server has left of a job."""
        store = sqlite3.connect(self.directory / "state/infostore.db")
        with store:
            for column, value in changes.items():
                store.execute(
                    f"update job set {column} = ? where id = ?", (value, job["InstanceID"])
                )
        store.close()


@pytest.fixture
def killed(pair: Pair, tmp_path: Path) -> Killed:
    """A server to be killed."""
    let_in(tmp_path)
    return Killed(pair, tmp_path)


def busy(scene: Scene) -> Any:
    """A migration that does not end by itself, while memory flows."""
    scene.guest(NAME)
    scene.pair.press(uuid_of(scene.pair), Key.DIRTY)
    job = scene.migrate(NAME, setting(LIVE, **SLOW))
    scene.flowing(job)
    return job


def queued(scene: Scene) -> Any:
    """A migration that waits for others: of guests that do not hear that they shall shut down."""
    connection = scene.pair.source.connect()
    for number in range(AT_ONCE):
        name = f"deaf{number}"
        xml = scene.pair.source.guest_xml(name).replace("<acpi/>", "")
        connection.defineXML(xml).create()
        eventually(lambda: scene.enabled(name) == 2)  # noqa: B023 - at once
        scene.migrate(name, setting(RESTART))
    scene.guest(NAME)
    return scene.migrate(NAME)


def suspended(scene: Scene) -> Any:
    """The same, held by a client."""
    job = queued(scene)
    assert scene.request(job, JobRequest.SUSPEND) == 0
    return job


def stopping(scene: Scene) -> Any:
    """A migration that was asked to end, while its hypervisor does not hear."""
    job = busy(scene)
    scene.pair.source.signal_daemon(signal.SIGSTOP)
    asking = Thread(target=lambda: _in_vain(lambda: scene.request(job)))
    asking.start()
    eventually(lambda: other(scene).job(job)["JobState"] == S.SHUTTING_DOWN)
    return job


def other(scene: Scene) -> Scene:
    """Return another client of the same server."""
    return Scene(scene.pair, scene.server)


def _in_vain(call: Callable[[], object]) -> None:
    with suppress(pywbem.Error):  # the server is killed before it can answer
        call()


def completed(scene: Scene) -> Any:
    """One that has ended well."""
    scene.guest(NAME)
    job = scene.migrate(NAME)
    scene.ended(job, S.COMPLETED)
    return job


def terminated(scene: Scene) -> Any:
    """One that a client has ended."""
    job = busy(scene)
    scene.request(job)
    scene.ended(job, S.TERMINATED)
    return job


def killed_job(scene: Scene) -> Any:
    """One that a client has killed."""
    job = busy(scene)
    scene.request(job, JobRequest.KILL)
    scene.ended(job, S.KILLED)
    return job


def failed(scene: Scene) -> Any:
    """One that has failed."""
    scene.guest(NAME)
    job = scene.migrate(NAME, setting(LIVE, MigrationURI=NOWHERE))
    scene.ended(job, S.EXCEPTION)
    return job


# How a job comes to each state, how it stands after the crash, and what it says then.
# fmt: off
STATES: dict[JobState, tuple[Callable[[Scene], Any], JobState, str]] = {
    S.NEW:           (queued,     S.EXCEPTION,  "before the job began"),
    S.SUSPENDED:     (suspended,  S.EXCEPTION,  "before the job began"),
    S.STARTING:      (queued,     S.EXCEPTION,  "before the job began"),  # see below
    S.RUNNING:       (busy,       S.EXCEPTION,  "the server ended while it was under way"),
    S.SHUTTING_DOWN: (stopping,   S.TERMINATED, "at the request of"),
    S.COMPLETED:     (completed,  S.COMPLETED,  "Completed"),
    S.TERMINATED:    (terminated, S.TERMINATED, "at the request of anna"),
    S.KILLED:        (killed_job, S.KILLED,     "at the request of anna"),
    S.EXCEPTION:     (failed,     S.EXCEPTION,  "Migration Failed: "),
}
# fmt: on


def test_every_state_is_played() -> None:
    """The table is total over the states that a job can be in."""
    assert STATES.keys() == set(JobState) - UNUSED == FINAL | UNFINISHED


def uuid_of(pair: Pair) -> DomainUUID:
    """Return the UUID of the guest that all this is about, wherever it is."""
    for lab in (pair.source, pair.target):
        for domain in lab.connect().listAllDomains():
            if domain.name() == NAME:
                return DomainUUID(domain.UUIDString())
    raise LookupError(NAME)


@pytest.mark.parametrize("state", STATES)
def test_killed_in_every_state(killed: Killed, state: JobState) -> None:
    """One domain, one job that is true, no flag; and the domain can be migrated after all."""
    arrange, after, text = STATES[state]
    job = killed.play(arrange)
    if state is S.STARTING:  # it lasts for one write; on the disk it differs from NEW by itself
        killed.rewrite(job, state=S.STARTING.value)
    killed.pair.source.signal_daemon(signal.SIGCONT)

    def scene(after_crash: Scene) -> None:
        uuid = uuid_of(after_crash.pair)
        eventually(lambda: after_crash.job(job)["JobState"] in FINAL)
        found = after_crash.job(job)
        assert (JobState(found["JobState"]), found["Status"]) == (after, found["Status"])
        assert text in found["Status"]
        if after is S.COMPLETED:
            eventually(lambda: after_crash.is_there(NAME, uuid))
            return
        eventually(lambda: after_crash.is_here(NAME, uuid))
        assert after_crash.find(NAME)["OperatingStatus"] != MIGRATING
        after_crash.pair.source.connect().lookupByUUIDString(uuid).reset()  # it is busy no more
        assert after_crash.check(NAME) is None
        if arrange not in {queued, suspended}:  # what they wait for, they would wait for again
            after_crash.ended(after_crash.migrate(NAME), S.COMPLETED)
            assert after_crash.is_there(NAME, uuid)

    killed.again(scene)


def test_a_migration_that_goes_on_without_us_is_followed(killed: Killed) -> None:
    """Peer to peer: the new server shows how far it is, and can end it."""

    def begin(scene: Scene) -> Any:
        scene.guest(NAME)
        scene.pair.press(uuid_of(scene.pair), Key.DIRTY)
        job = scene.migrate(NAME, setting(LIVE, PeerToPeer=True, **SLOW))
        scene.flowing(job)
        return job

    def follow(scene: Scene) -> None:
        uuid = uuid_of(scene.pair)
        assert scene.job(job)["JobState"] == S.RUNNING
        assert scene.find(NAME)["OperatingStatus"] == MIGRATING
        before = scene.job(job)["DataProcessed"]
        eventually(lambda: scene.job(job)["DataProcessed"] > before)
        scene.request(job)
        scene.ended(job, S.TERMINATED)
        eventually(lambda: scene.is_here(NAME, uuid))

    job = killed.play(begin)
    killed.again(follow)


def test_a_migration_that_went_on_without_us_is_completed(killed: Killed) -> None:
    """Peer to peer: it ended well while nobody looked, and what is remembered goes along."""

    def begin(scene: Scene) -> Any:
        scene.guest(NAME)
        scene.pair.press(uuid_of(scene.pair), Key.DIRTY)
        job = scene.migrate(NAME, setting(LIVE, PeerToPeer=True, **SLOW))
        scene.flowing(job)
        return job

    def look(scene: Scene) -> None:
        eventually(lambda: scene.job(job)["JobState"] == S.COMPLETED)
        scene.nothing_migrates()
        assert scene.is_there(NAME, uuid)

    job = killed.play(begin)
    uuid = uuid_of(killed.pair)
    killed.pair.source.connect().lookupByUUIDString(uuid).migrateSetMaxSpeed(1000)
    eventually(lambda: killed.pair.moved(uuid))
    killed.again(look)


@pytest.mark.parametrize("kind", [OFFLINE, RESTART])
def test_what_was_done_while_nobody_looked(killed: Killed, kind: int) -> None:
    """The definition had moved, and only that: the job goes on from there."""

    def begin(scene: Scene) -> Any:
        if kind == RESTART:
            scene.guest(NAME)
        else:
            scene.guest(NAME, run=False)
        return scene.migrate(NAME, setting(kind))

    job = killed.play(begin)
    uuid = uuid_of(killed.pair)

    def look(scene: Scene) -> None:
        eventually(lambda: scene.job(job)["JobState"] in FINAL)
        scene.nothing_migrates()
        moved = scene.job(job)["JobState"] == S.COMPLETED
        enabled = 2 if kind == RESTART else 3
        if moved:
            eventually(lambda: scene.is_there(NAME, uuid, enabled))
        else:
            eventually(lambda: scene.enabled(NAME) == enabled)
            assert scene.pair.situation(scene.pair.target, uuid) is None

    killed.again(look)
