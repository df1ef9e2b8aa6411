"""Plugs that are pulled half-way: the job, virsh and CIM tell the same story afterwards.

A guest that is frozen keeps the hypervisor at its work for as long as the test likes.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import libvirt
import pytest
import pywbem

from tests.clients.callers import path, request_state
from tests.clients.test_snapshots import (
    COMPLETED,
    DISABLED,
    DONE,
    ENABLED,
    EXCEPTION,
    FULL,
    MEMORY,
    MEMORY_TERMINAL,
    STARTED,
    Stage,
    words,
)
from tests.commands.running import virtcim
from tests.lab import Lab, eventually
from tests.serving import PASSWORD, USER, let_in, started

NAME = "pulled"
MADE = "before"
OFF, RUNS = libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_RUNNING
WORDS = {OFF: "off", RUNS: "running", libvirt.VIR_DOMAIN_PAUSED: "paused"}


class Rack:
    """A lab, and one run of the server after the other over the same state."""

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab = lab
        self._directory = directory
        self._stack = ExitStack()
        self.stage = self.boot()

    def boot(self) -> Stage:
        """Start the server, again after it was killed."""
        server = self._stack.enter_context(started(self.lab.uri(), self._directory))
        self.stage = Stage(self.lab, server)
        return self.stage

    def domain(self) -> Any:
        """The guest, by a connection of now."""
        return self.lab.connect().lookupByName(NAME)

    def freeze(self) -> None:
        """The guest's process stops, and with it whoever waits for its monitor."""
        self.lab.signal_guest(NAME, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on, if it is still there."""
        try:
            self.lab.signal_guest(NAME, signal.SIGCONT)
        except LookupError:
            return

    def kill_daemon(self) -> None:
        """End libvirtd, and wait for the next one."""
        self.lab.signal_daemon(signal.SIGKILL)
        eventually(lambda: self.lab.connect().isAlive())

    def close(self) -> None:
        """Leave nothing."""
        self.thaw()
        self.stage.client.close()
        domain = self.domain()
        if domain.isActive():
            domain.destroy()
        domain.undefineFlags(
            libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
            | libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
        )
        self._stack.close()


@pytest.fixture(scope="module")
def breakable() -> Iterator[Lab]:
    """A libvirtd to be killed, and to come back."""
    one = Lab("virtcim-pulled")
    yield one
    one.stop()


@pytest.fixture
def rack(breakable: Lab, tmp_path: Path) -> Iterator[Rack]:
    """A running guest with a snapshot."""
    let_in(tmp_path)
    breakable.connect().close()
    one = Rack(breakable, tmp_path)
    one.stage.running(NAME)
    one.stage.create(NAME, FULL, words(MADE))
    yield one
    one.close()


# What is under way


def create(stage: Stage, kind: int = FULL) -> Any:
    """Begin a snapshot."""
    code, out = stage.call(
        "CreateSnapshot",
        AffectedSystem=path(NAME),
        SnapshotSettings=words("under-way"),
        SnapshotType=pywbem.Uint16(kind),
    )
    assert code == STARTED
    return out["Job"]


def save(stage: Stage) -> Any:
    """Begin to save memory."""
    return create(stage, MEMORY_TERMINAL)


def save_and_go_on(stage: Stage) -> Any:
    """Begin to save and restore memory."""
    return create(stage, MEMORY)


def setting(stage: Stage) -> Any:
    """The path of the snapshot that was made before."""
    (found,) = (
        one
        for one in stage.client.EnumerateInstanceNames("KVM_VirtualSystemSettingData")
        if one["InstanceID"] == f"KVM:{NAME}/snapshot/{MADE}"
    )
    return found


def apply(stage: Stage) -> Any:
    """Begin to apply the snapshot."""
    return stage.call("ApplySnapshot", Snapshot=setting(stage))[1]["Job"]


def destroy(stage: Stage) -> Any:
    """Begin to destroy the snapshot."""
    return stage.call("DestroySnapshot", AffectedSnapshot=setting(stage))[1]["Job"]


# Whether it has been done, by libvirt itself


def names(domain: Any) -> set[str]:
    """The snapshots of a domain."""
    return {one.getName() for one in domain.listAllSnapshots()}


def runs_from_snapshot(domain: Any) -> bool:
    """It was put back."""
    return list(domain.state()) == [RUNS, libvirt.VIR_DOMAIN_RUNNING_FROM_SNAPSHOT]


def is_saved(domain: Any) -> bool:
    """It is off, and its memory is there."""
    return domain.state()[0] == OFF and bool(domain.hasManagedSaveImage())


def runs_on(domain: Any) -> bool:
    """It was restored."""
    return list(domain.state()) == [RUNS, libvirt.VIR_DOMAIN_RUNNING_RESTORED]


Begin = Callable[[Stage], Any]
TASKS: dict[Begin, Callable[[Any], bool]] = {
    create: lambda domain: "under-way" in names(domain),
    apply: runs_from_snapshot,
    destroy: lambda domain: MADE not in names(domain),
    save: is_saved,
    save_and_go_on: runs_on,
}


# What is pulled


def the_server(rack: Rack) -> None:
    """Our server alone; libvirt finishes what it is at."""
    rack.stage.server.kill()
    rack.thaw()


def the_daemon(rack: Rack) -> None:
    """Libvirtd alone; our server has to find out."""
    rack.kill_daemon()
    rack.thaw()


def both(rack: Rack) -> None:
    """Our server, and then libvirtd."""
    rack.stage.server.kill()
    rack.kill_daemon()
    rack.thaw()


def the_guest(rack: Rack) -> None:
    """The guest's process."""
    rack.lab.kill_guest(NAME)


@pytest.mark.parametrize("pull", [the_server, the_daemon, both, the_guest])
@pytest.mark.parametrize("begin", TASKS)
def test_one_story(rack: Rack, begin: Begin, pull: Callable[[Rack], None]) -> None:
    """A completed job has been done, a failed one has not, and says what the domain is now."""
    rack.freeze()
    job = begin(rack.stage)
    domain = rack.domain()
    eventually(lambda: not domain.isActive() or domain.controlInfo()[0] != 0)
    with pytest.raises(pywbem.CIMError, match="is under way"):
        create(rack.stage)
    pull(rack)
    if rack.stage.server.process.poll() is not None:
        rack.boot()
    ended = rack.stage.ended(job)
    domain = rack.domain()
    done = TASKS[begin](domain)
    assert (ended["JobState"], done) in {(COMPLETED, True), (EXCEPTION, False)}, ended.tomof()
    if not done:
        said = ended["ErrorDescription"]
        assert f"the domain is {WORDS[domain.state()[0]]}" in said
        assert ("its memory is saved" in said) == bool(domain.hasManagedSaveImage())
    assert_is_seen_and_free(rack, domain)


def assert_is_seen_and_free(rack: Rack, domain: Any) -> None:
    """CIM shows what libvirt has, nobody holds the domain, and it can be switched off and on."""
    stage = rack.stage
    eventually(lambda: (stage.state(NAME) == ENABLED) == bool(domain.isActive()))
    shown = {
        one["InstanceID"].rpartition("/")[2]
        for one in stage.client.AssociatorNames(
            path(NAME), AssocClass="KVM_SnapshotOfVirtualSystem"
        )
    }
    assert shown == names(domain)
    if domain.isActive():
        assert not domain.hasManagedSaveImage()
        assert request_state(stage.client, NAME, DISABLED) == DONE
    assert request_state(stage.client, NAME, ENABLED) == DONE
    job, _ = stage.create(NAME, FULL, words("afterwards"))
    assert job["JobState"] == COMPLETED, job["ErrorDescription"]


def test_an_operator_gives_a_job_up(rack: Rack, tmp_path: Path) -> None:
    """It is listed; it cannot be ended; killed, it is not waited for any longer."""
    rack.freeze()
    job = create(rack.stage)["InstanceID"]
    eventually(lambda: listed(tmp_path)[-1][:3] == [job, "snapshot", NAME])
    asking = ("--url", rack.stage.server.url, "--user", USER, "--password-stdin")
    ended = virtcim("jobs", "stop", job[:8], *asking, said=PASSWORD)
    assert (ended.code, ended.err) == (1, "virtcim: the server answers 1 (not supported)\n")
    ended = virtcim("jobs", "stop", job[:8], "--kill", *asking, said=PASSWORD)
    assert (ended.code, ended.out) == (0, f"job {job} has ended\n")
    assert [row[4] for row in listed(tmp_path, "--all") if row[0] == job] == ["killed"]
    assert listed(tmp_path) == []


def listed(directory: Path, *options: str) -> list[list[str]]:
    """The jobs that the command line shows."""
    ended = virtcim("jobs", *options, "--state-dir", directory / "state")
    assert ended.code == 0, ended
    return [line.split("\t") for line in ended.out.splitlines()]
