"""Plugs that are pulled half-way: the job, virsh and CIM tell the same story afterwards.

A guest that is frozen keeps the hypervisor at its work for as long as the test likes.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any

import libvirt
import pytest
import pywbem

from tests.clients.callers import path, request_state
from tests.clients.sides import make_path
from tests.clients.test_snapshots import (
    COMPLETED,
    DISABLED,
    DONE,
    ENABLED,
    EXCEPTION,
    FULL,
    MEMORY,
    MEMORY_TERMINAL,
    SETTING,
    STARTED,
    Stage,
    words,
)
from tests.commands.running import virtcim
from tests.lab import Lab, eventually
from tests.serving import PASSWORD, USER, let_in, started

MADE = "before"
OFF, RUNS = libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_RUNNING
WORDS = {OFF: "off", RUNS: "running", libvirt.VIR_DOMAIN_PAUSED: "paused"}


# What is under way, each on a guest of its own


def create(stage: Stage, name: str, kind: int = FULL) -> Any:
    """Begin a snapshot."""
    code, out = stage.call(
        "CreateSnapshot",
        AffectedSystem=path(name),
        SnapshotSettings=words("under-way"),
        SnapshotType=pywbem.Uint16(kind),
    )
    assert code == STARTED
    return out["Job"]


def save(stage: Stage, name: str) -> Any:
    """Begin to save memory."""
    return create(stage, name, MEMORY_TERMINAL)


def save_and_go_on(stage: Stage, name: str) -> Any:
    """Begin to save and restore memory."""
    return create(stage, name, MEMORY)


def apply(stage: Stage, name: str) -> Any:
    """Begin to apply the snapshot."""
    return stage.call("ApplySnapshot", Snapshot=snapshot_of(name))[1]["Job"]


def destroy(stage: Stage, name: str) -> Any:
    """Begin to destroy the snapshot."""
    return stage.call("DestroySnapshot", AffectedSnapshot=snapshot_of(name))[1]["Job"]


def snapshot_of(name: str) -> Any:
    """The path of the snapshot that was made before."""
    return make_path(SETTING, {"InstanceID": f"KVM:{name}/snapshot/{MADE}"})


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


Begin = Callable[[Stage, str], Any]
WORK: dict[Begin, Callable[[Any], bool]] = {
    create: lambda domain: "under-way" in names(domain),
    apply: runs_from_snapshot,
    destroy: lambda domain: MADE not in names(domain),
    save: is_saved,
    save_and_go_on: runs_on,
}
GUESTS = [begin.__name__.replace("_", "-") for begin in WORK]


class Rack:
    """A lab with guests, and one run of the server after the other over the same state."""

    def __init__(self, lab: Lab, directory: Path, guests: Sequence[str]) -> None:
        self.lab = lab
        self.guests = guests
        self._directory = directory
        self._stack = ExitStack()
        self.stage = self.boot()
        for name in guests:
            self.stage.running(name)
            self.stage.create(name, FULL, words(MADE))

    def boot(self) -> Stage:
        """Start the server, again after it was killed."""
        server = self._stack.enter_context(started(self.lab.uri(), self._directory))
        self.stage = Stage(self.lab, server)
        return self.stage

    def domain(self, name: str) -> Any:
        """A guest, by a connection of now."""
        return self.lab.connect().lookupByName(name)

    def freeze(self) -> None:
        """The guests' processes stop, and with them whoever waits for their monitors."""
        for name in self.guests:
            self.lab.signal_guest(name, signal.SIGSTOP)

    def thaw(self) -> None:
        """They go on, those that are still there."""
        for name in self.guests:
            with suppress(LookupError):
                self.lab.signal_guest(name, signal.SIGCONT)

    def kill_daemon(self) -> None:
        """End libvirtd, and wait for the next one."""
        self.lab.signal_daemon(signal.SIGKILL)
        eventually(lambda: self.lab.connect().isAlive())

    def close(self) -> None:
        """Leave nothing."""
        self.thaw()
        self.stage.client.close()
        for name in self.guests:
            domain = self.domain(name)
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
def rack(breakable: Lab, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Rack]:
    """Running guests with a snapshot: one for each kind of work, or those that a test names."""
    let_in(tmp_path)
    breakable.connect().close()
    one = Rack(breakable, tmp_path, getattr(request, "param", GUESTS))
    yield one
    one.close()


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


def the_guests(rack: Rack) -> None:
    """The guests' processes, those that libvirt has not ended itself."""
    for name in rack.guests:
        with suppress(LookupError):
            rack.lab.kill_guest(name)


@pytest.mark.parametrize("pull", [the_server, the_daemon, both, the_guests])
def test_one_story(rack: Rack, pull: Callable[[Rack], None]) -> None:
    """A completed job has been done, a failed one has not, and says what the domain is now."""
    rack.freeze()
    under_way = dict(zip(GUESTS, WORK, strict=True))
    jobs = {name: begin(rack.stage, name) for name, begin in under_way.items()}
    for name in GUESTS:
        eventually(partial(is_at_work, rack.domain(name)))
        with pytest.raises(pywbem.CIMError, match="is under way"):
            create(rack.stage, name)
    pull(rack)
    if rack.stage.server.process.poll() is not None:
        rack.boot()
    for name, begin in under_way.items():
        ended = rack.stage.ended(jobs[name])
        assert_told(ended, rack.domain(name), WORK[begin])
        assert_seen_and_free(rack, name)


def is_at_work(domain: Any) -> bool:
    """Something is being done to it, or has ended it already."""
    return not domain.isActive() or domain.controlInfo()[0] != libvirt.VIR_DOMAIN_CONTROL_OK


def assert_told(job: Any, domain: Any, is_done: Callable[[Any], bool]) -> None:
    """Prove that a job says what libvirt says."""
    done = is_done(domain)
    assert (job["JobState"], done) in {(COMPLETED, True), (EXCEPTION, False)}, job.tomof()
    if not done:
        said = job["ErrorDescription"]
        assert f"the domain is {WORDS[domain.state()[0]]}" in said
        assert ("its memory is saved" in said) == bool(domain.hasManagedSaveImage())


def assert_seen_and_free(rack: Rack, name: str) -> None:
    """CIM shows what libvirt has, nobody holds the domain, and it can be switched off and on."""
    stage, domain = rack.stage, rack.domain(name)
    eventually(lambda: (stage.state(name) == ENABLED) == bool(domain.isActive()))
    settings = stage.client.AssociatorNames(path(name), AssocClass="KVM_SnapshotOfVirtualSystem")
    assert {one["InstanceID"].rpartition("/")[2] for one in settings} == names(domain)
    if domain.isActive():
        assert not domain.hasManagedSaveImage()
        assert request_state(stage.client, name, DISABLED) == DONE
    assert request_state(stage.client, name, ENABLED) == DONE
    job, _ = stage.create(name, FULL, words("afterwards"))
    assert job["JobState"] == COMPLETED, job["ErrorDescription"]


@pytest.mark.parametrize("rack", [["given-up"]], indirect=True)
def test_an_operator_gives_a_job_up(rack: Rack, tmp_path: Path) -> None:
    """It is listed; it cannot be ended; killed, it is not waited for any longer."""
    (name,) = rack.guests
    rack.freeze()
    job = create(rack.stage, name)["InstanceID"]
    eventually(lambda: listed(tmp_path)[-1][:3] == [job, "snapshot", name])
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
