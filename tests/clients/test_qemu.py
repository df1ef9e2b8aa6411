"""Real QEMU guests through the running server: what clients see, and what their requests do."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import libvirt
import pytest
import pywbem

from tests.clients.callers import KVM, connect, path, request_state
from tests.hypervisors.test_contract import ARRANGE
from tests.lab import Key, Lab, eventually, press
from tests.serving import let_in, serving, started

ENABLED, DISABLED, SHUT_DOWN, OFFLINE, QUIESCE, REBOOT, RESET = 2, 3, 4, 6, 9, 10, 11
DONE, NOT_SUPPORTED, INVALID_PARAMETER, INVALID_TRANSITION = 0, 1, 5, 4097
NOT_FOUND = 6

NEVER = "600"
"""A reconciliation that the tests do not live to see: what they see came by events."""


class Seen(NamedTuple):
    """What the properties of state say of a guest."""

    enabled: int
    operating: int
    operational: tuple[int, ...]
    health: int
    available: tuple[int, ...]
    requested: int
    descriptions: tuple[str, ...]


class Stage:
    """A server over the lab: a client of it, and a connection of our own to arrange guests."""

    def __init__(self, lab: Lab, client: Any) -> None:
        self.lab = lab
        self.client = client
        self.hypervisor = lab.connect()
        self._numbers = count()
        self._ready: dict[str, Any] = {}

    def define(self, xml: Callable[[str], str] | None = None) -> Any:
        """A guest of its own that is off, and that the server knows."""
        name = f"guest{next(self._numbers)}"
        domain = self.hypervisor.defineXML((xml or self.lab.guest_xml)(name))
        eventually(lambda: self.knows(name))
        return domain

    def in_situation(self, situation: str) -> Any:
        """A guest that is so and known to be so; the same one while it is."""
        if situation not in self._ready:
            domain = self.define()
            ARRANGE[situation](self.lab, domain)
            text = SITUATIONS[situation]
            eventually(lambda: self.see(domain)["StatusDescriptions"] == [text])
            self._ready[situation] = domain
        return self._ready[situation]

    def changed(self, situation: str) -> None:
        """The guest in this situation is not any more."""
        remove(self._ready.pop(situation))

    def knows(self, name: str) -> bool:
        """Whether there is such a domain for clients."""
        return name in {p["Name"] for p in self.client.EnumerateInstanceNames(KVM)}

    def see(self, domain: Any) -> Any:
        """Get the instance of a domain."""
        return self.client.GetInstance(path(domain.name()))

    def seen(self, domain: Any) -> Seen:
        """What its properties of state say."""
        instance = self.see(domain)
        return Seen(
            instance["EnabledState"],
            instance["OperatingStatus"],
            tuple(instance["OperationalStatus"]),
            instance["HealthState"],
            tuple(instance["AvailableRequestedStates"]),
            instance["RequestedState"],
            tuple(instance["StatusDescriptions"]),
        )

    def request(self, domain: Any, state: int) -> int:
        """Invoke RequestStateChange; return its code."""
        return request_state(self.client, domain.name(), state)

    def close(self) -> None:
        """Leave nothing."""
        for domain in self.hypervisor.listAllDomains():
            remove(domain)
        self.hypervisor.close()


def remove(domain: Any) -> None:
    """End a guest, if it runs, and undefine it, if it is defined."""
    if domain.isActive():
        persistent = domain.isPersistent()
        domain.destroy()
        if not persistent:
            return
    domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)


@pytest.fixture(scope="module")
def stage(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One server for all guests here."""
    directory = tmp_path_factory.mktemp("qemu")
    let_in(directory)
    lab.connect().close()
    with serving(lab.uri(), directory, reconcile_interval=NEVER) as server:
        one = Stage(lab, connect(server))
        yield one
        one.client.close()
        one.close()


# What guests come to, and what of it clients see


def panic(lab: Lab, domain: Any) -> None:
    """The guest's kernel gives up."""
    press(domain, Key.PANIC)


def fall_asleep(lab: Lab, domain: Any) -> None:
    """The guest suspends itself to memory."""
    press(domain, Key.SLEEP)


def wake_up(lab: Lab, domain: Any) -> None:
    """It does, and somebody wakes it."""
    press(domain, Key.SLEEP)
    eventually(lambda: domain.state()[0] == libvirt.VIR_DOMAIN_PMSUSPENDED)
    domain.pMWakeup()


def power_off(lab: Lab, domain: Any) -> None:
    """The guest switches itself off."""
    press(domain, Key.POWER_OFF)


def lose(lab: Lab, domain: Any) -> None:
    """Its process is killed."""
    lab.kill_guest(domain.name())


def save(lab: Lab, domain: Any) -> None:
    """Somebody saves it."""
    domain.managedSave()


def restore(lab: Lab, domain: Any) -> None:
    """Somebody saves it and starts it again."""
    domain.managedSave()
    domain.create()


def suspend(lab: Lab, domain: Any) -> None:
    """Somebody pauses it."""
    domain.suspend()


def go_on(lab: Lab, domain: Any) -> None:
    """It goes on as it was started."""


ALIVE, HALTED = (3, 4, 6, 9, 10, 11), (2, 3, 6, 10, 11)
# fmt: off
COMES_TO: dict[Callable[[Lab, Any], None], Seen] = {
    #                En Operating Op       Health Available Req Descriptions
    go_on:      Seen(2, 32768,    (2,),    5,  ALIVE,      2, ("booted",)),
    suspend:    Seen(9, 7,        (2,),    5,  HALTED,     2, ("paused by a user",)),
    panic:      Seen(3, 6,        (6,),    20, (3,),       2,
                                               ("guest panicked; disable it to clear",)),
    fall_asleep: Seen(6, 0,       (15,),   5,  (2, 3),     2,
                                               ("asleep at the guest's own request",)),
    wake_up:    Seen(2, 32768,    (2,),    5,  ALIVE,      2, ("woken up",)),
    save:       Seen(6, 5,        (15,),   0,  (2, 3),     2, ("saved to disk",)),
    restore:    Seen(2, 32768,    (2,),    5,  ALIVE,      2, ("restored from a saved state",)),
    lose:       Seen(3, 5,        (15, 6), 20, (2,),       2, ("off", "crashed")),
    power_off:  Seen(3, 5,        (15,),   0,  (2,),       2, ("shut down",)),
}
BROKEN =        Seen(9, 7,        (16, 6), 20, (2, 3, 11), 2,
                                               ("storage failed", "paused on an I/O error"))
# fmt: on


@pytest.mark.parametrize(
    ("befall", "seen"), COMES_TO.items(), ids=[one.__name__ for one in COMES_TO]
)
def test_what_befalls_a_guest_is_seen(
    stage: Stage, befall: Callable[[Lab, Any], None], seen: Seen
) -> None:
    """Whatever a guest or somebody else does shows in every property of state, by itself."""
    domain = stage.define()
    assert stage.seen(domain) == Seen(3, 5, (15,), 0, (2,), 0, ("off",))
    assert stage.request(domain, ENABLED) == DONE
    eventually(lambda: "READY" in stage.lab.serial_text(domain.name()))
    befall(stage.lab, domain)
    eventually(lambda: stage.seen(domain) == seen)
    remove(domain)


def test_a_failing_disk_is_seen(stage: Stage) -> None:
    """A guest whose disk fails is paused, in error, and says which."""
    domain = stage.define(stage.lab.broken_guest_xml)
    assert stage.request(domain, ENABLED) == DONE
    eventually(lambda: stage.seen(domain) == BROKEN)
    remove(domain)


# What requests do

SITUATIONS = {
    "shutoff": "off",
    "running": "booted",
    "paused": "paused by a user",
    "saved": "saved to disk",
    "crashed": "guest panicked; disable it to clear",
    "pmsuspended": "asleep at the guest's own request",
}
"""Each situation and how the server says it."""

REQUESTS = (ENABLED, DISABLED, SHUT_DOWN, OFFLINE, QUIESCE, REBOOT, RESET)
# EnabledState and libvirt's state after a request that is met; None: it is refused.
Outcome = tuple[int, int] | None
RUNS = (2, libvirt.VIR_DOMAIN_RUNNING)
OFF = (3, libvirt.VIR_DOMAIN_SHUTOFF)
SAVED = (6, libvirt.VIR_DOMAIN_SHUTOFF)
HALTS = (9, libvirt.VIR_DOMAIN_PAUSED)
NO = None
# fmt: off
OUTCOMES: dict[str, tuple[Outcome, ...]] = {
    #               2     3    4    6      9      10     11
    "shutoff":     (RUNS, NO,  NO,  NO,    NO,    NO,    NO),
    "running":     (NO,   OFF, OFF, SAVED, HALTS, RUNS,  RUNS),
    "paused":      (RUNS, OFF, NO,  SAVED, NO,    HALTS, RUNS),  # its reboot waits for the resume
    "saved":       (RUNS, OFF, NO,  NO,    NO,    NO,    NO),
    "crashed":     (NO,   OFF, NO,  NO,    NO,    NO,    NO),
    "pmsuspended": (RUNS, OFF, NO,  NO,    NO,    NO,    NO),
}
# fmt: on
EDGES = [
    pytest.param(situation, state, outcome, id=f"{situation}-{state}")
    for situation, row in OUTCOMES.items()
    for state, outcome in zip(REQUESTS, row, strict=True)
]


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize(
    ("state", "code"),
    [
        (5, INVALID_PARAMETER),
        (7, NOT_SUPPORTED),
        (8, NOT_SUPPORTED),
        (12, INVALID_PARAMETER),
    ],
)
def test_what_cannot_be_requested(stage: Stage, situation: str, state: int, code: int) -> None:
    """No Change and Not Applicable are no states, Test and Deferred never reachable; all stays."""
    unmoved(stage, situation, state, code)


def unmoved(stage: Stage, situation: str, state: int, code: int) -> None:
    """Prove that a request is refused and changes nothing at all."""
    domain = stage.in_situation(situation)
    before, native = stage.see(domain), domain.state()
    assert before["RequestedState"] == 0
    assert stage.request(domain, state) == code
    assert stage.see(domain) == before
    assert domain.state() == native


@pytest.mark.parametrize(("situation", "state", "outcome"), EDGES)
def test_request(stage: Stage, situation: str, state: int, outcome: Outcome) -> None:
    """A request that is met is seen by the next read and by libvirt, and is remembered."""
    if outcome is None:
        unmoved(stage, situation, state, INVALID_TRANSITION)
        return
    domain = stage.in_situation(situation)
    offered = stage.see(domain)["AvailableRequestedStates"]
    assert state in offered
    assert stage.request(domain, state) == DONE
    instance, native = stage.see(domain), domain.state()[0]
    assert instance["RequestedState"] == state
    enabled, expected = outcome
    if state == SHUT_DOWN:  # which the guest has been asked for; it does it in its own time
        eventually(lambda: stage.see(domain)["EnabledState"] == enabled)
        instance, native = stage.see(domain), domain.state()[0]
    assert (instance["EnabledState"], native) == (enabled, expected)
    assert instance["RequestedState"] == state
    assert bool(domain.hasManagedSaveImage()) is (outcome is SAVED)
    stage.changed(situation)


def test_the_offers_are_what_is_granted(stage: Stage) -> None:
    """AvailableRequestedStates of each situation is the row of requests that are met."""
    for situation, row in OUTCOMES.items():
        met = [state for state, outcome in zip(REQUESTS, row, strict=True) if outcome]
        instance = stage.see(stage.in_situation(situation))
        assert instance["AvailableRequestedStates"] == met, situation


@pytest.mark.parametrize("state", [REBOOT, RESET])
def test_a_guest_boots_again(stage: Stage, state: int) -> None:
    """After a reboot and a reset the guest itself has begun anew."""
    domain = stage.define()
    assert stage.request(domain, ENABLED) == DONE
    eventually(lambda: boots(stage, domain) == 1)
    assert stage.request(domain, state) == DONE
    eventually(lambda: boots(stage, domain) == 2)
    assert stage.see(domain)["EnabledState"] == 2
    remove(domain)


def test_a_paused_guest_reboots_when_it_goes_on(stage: Stage) -> None:
    """A reboot reaches a paused guest like a press of its button: it obeys once it can."""
    domain = stage.define()
    for state in (ENABLED, QUIESCE, REBOOT, ENABLED):
        assert stage.request(domain, state) == DONE
        if state == ENABLED:
            eventually(lambda: "READY" in stage.lab.serial_text(domain.name()))
    eventually(lambda: boots(stage, domain) == 2)
    assert stage.see(domain)["RequestedState"] == ENABLED
    remove(domain)


def boots(stage: Stage, domain: Any) -> int:
    """How often the guest has booted since it was switched on."""
    return stage.lab.serial_text(domain.name()).count("READY")


# Domains come and go behind the server's back


def test_a_defined_domain_appears_and_an_undefined_one_vanishes(stage: Stage) -> None:
    """Nobody needs to tell the server."""
    domain = stage.define()
    name = domain.name()
    assert stage.see(domain)["UUID"] == domain.UUIDString()
    domain.undefine()
    eventually(lambda: not stage.knows(name))
    with pytest.raises(pywbem.CIMError) as caught:
        stage.client.GetInstance(path(name))
    assert caught.value.status_code == NOT_FOUND
    with pytest.raises(pywbem.CIMError) as caught:
        request_state(stage.client, name, ENABLED)
    assert caught.value.status_code == NOT_FOUND


def test_a_transient_domain_is_gone_when_it_is_switched_off(stage: Stage) -> None:
    """The request is met, and there is nothing left that could remember it."""
    domain = stage.hypervisor.createXML(stage.lab.guest_xml("fleeting"), 0)
    eventually(lambda: stage.knows("fleeting"))
    assert stage.request(domain, DISABLED) == DONE
    assert not stage.knows("fleeting")


def test_a_domain_keeps_its_request_under_another_name(stage: Stage) -> None:
    """What was requested belongs to the domain, whatever it is called."""
    domain = stage.define()
    former = domain.name()
    assert stage.request(domain, ENABLED) == DONE
    assert stage.request(domain, DISABLED) == DONE
    domain.rename("renamed")
    eventually(lambda: stage.knows("renamed") and not stage.knows(former))
    domain = stage.hypervisor.lookupByName("renamed")
    assert stage.see(domain)["RequestedState"] == DISABLED
    assert stage.request(domain, ENABLED) == DONE
    assert stage.see(domain)["RequestedState"] == ENABLED
    remove(domain)


def test_a_new_domain_of_an_old_name_has_no_request(stage: Stage) -> None:
    """A name that is used again does not bring back what was requested of another domain."""
    domain = stage.define()
    name = domain.name()
    assert stage.request(domain, ENABLED) == DONE
    remove(domain)
    eventually(lambda: not stage.knows(name))
    domain = stage.hypervisor.defineXML(stage.lab.guest_xml(name))
    eventually(lambda: stage.knows(name))
    assert stage.see(domain)["RequestedState"] == 0
    remove(domain)


# The server comes and goes


@pytest.fixture
def guest(lab: Lab) -> Iterator[Any]:
    """A guest that is off, for a server of the test's own."""
    hypervisor = lab.connect()
    domain = hypervisor.defineXML(lab.guest_xml("kept"))
    yield domain
    remove(domain)
    hypervisor.close()


def test_requests_outlive_the_server(lab: Lab, guest: Any, tmp_path: Path) -> None:
    """What was acknowledged is there after a restart, even one without any warning."""
    let_in(tmp_path)
    with started(lab.uri(), tmp_path) as server:
        client = connect(server)
        assert request_state(client, "kept", ENABLED) == DONE
        assert request_state(client, "kept", QUIESCE) == DONE
        server.kill()
        client.close()
    with serving(lab.uri(), tmp_path) as server:
        client = connect(server)
        instance = client.GetInstance(path("kept"))
        assert (instance["RequestedState"], instance["EnabledState"]) == (QUIESCE, 9)
        assert request_state(client, "kept", DISABLED) == DONE
        client.close()
    with serving(lab.uri(), tmp_path) as server:
        client = connect(server)
        instance = client.GetInstance(path("kept"))
        assert (instance["RequestedState"], instance["EnabledState"]) == (DISABLED, 3)
        client.close()


def test_what_happens_without_the_server_is_seen_by_the_next(
    lab: Lab, guest: Any, tmp_path: Path
) -> None:
    """A server that starts shows what is, beside what was requested of its predecessor."""
    let_in(tmp_path)
    with serving(lab.uri(), tmp_path) as server:
        client = connect(server)
        assert request_state(client, "kept", ENABLED) == DONE
        client.close()
    eventually(lambda: "READY" in lab.serial_text("kept"))
    press(guest, Key.PANIC)
    eventually(lambda: guest.state()[0] == libvirt.VIR_DOMAIN_CRASHED)
    with serving(lab.uri(), tmp_path) as server:
        client = connect(server)
        instance = client.GetInstance(path("kept"))
        assert (instance["RequestedState"], instance["OperatingStatus"]) == (ENABLED, 6)
        client.close()
