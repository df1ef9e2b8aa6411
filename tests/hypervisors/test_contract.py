"""One contract for every driver: what each verb does in each state, on real hypervisors.

The tables are what libvirt 9.0 does; a cell is the state and reason after the verb, or the error.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import libvirt
import pytest

from tests.lab import Key, Lab, eventually, press
from virtcim.hypervisors.errors import (
    DomainNotFound,
    HypervisorError,
    InvalidArgument,
    InvalidState,
    NotSupported,
)
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.model import (
    DomainFacts,
    DomainState,
    DomainUUID,
    ListFlag,
    StateReason,
    Verb,
)

S, R, V = DomainState, StateReason, Verb
Outcome = tuple[DomainState, StateReason] | type[HypervisorError]

WRONG = InvalidState
OFF = (S.SHUTOFF, R.DESTROYED)
SAVED = (S.SHUTOFF, R.SAVED)
PAUSED = (S.PAUSED, R.USER)
BOOTED = (S.RUNNING, R.BOOTED)
RESUMED = (S.RUNNING, R.UNPAUSED)
DOWN = (S.SHUTOFF, R.SHUTDOWN)
PANIC = (S.CRASHED, R.PANICKED)
ASLEEP = (S.PMSUSPENDED, R.UNKNOWN)
NEVER = NotSupported
# of the file, where no reason is known
NOSTATE, RUNNING, BLOCKED, STOPPED, SHUTDOWN, CRASHED = (
    (state, R.UNKNOWN)
    for state in (S.NOSTATE, S.RUNNING, S.BLOCKED, S.PAUSED, S.SHUTDOWN, S.CRASHED)
)

VERBS = (
    # the columns of the tables
    V.START, V.RESUME, V.WAKEUP, V.DESTROY, V.DROP_SAVED_STATE,
    V.SHUTDOWN, V.SAVE, V.SUSPEND, V.REBOOT, V.RESET,
)  # fmt: skip

# fmt: off
TEST: dict[str, tuple[Outcome, ...]] = {
    "nostate":     (WRONG,  WRONG,   NEVER, OFF,   WRONG, DOWN,  SAVED, PAUSED, BOOTED, NOSTATE),
    "running":     (WRONG,  WRONG,   NEVER, OFF,   WRONG, DOWN,  SAVED, PAUSED, BOOTED, RUNNING),
    "blocked":     (WRONG,  WRONG,   NEVER, OFF,   WRONG, DOWN,  SAVED, PAUSED, BOOTED, BLOCKED),
    "paused":      (WRONG,  RESUMED, NEVER, OFF,   WRONG, DOWN,  SAVED, WRONG,  BOOTED, STOPPED),
    "shutdown":    (WRONG,  WRONG,   NEVER, OFF,   WRONG, DOWN,  SAVED, PAUSED, BOOTED, SHUTDOWN),
    "shutoff":     (BOOTED, WRONG,   NEVER, WRONG, WRONG, WRONG, WRONG, WRONG,  WRONG,  WRONG),
    "crashed":     (WRONG,  WRONG,   NEVER, OFF,   WRONG, DOWN,  SAVED, PAUSED, BOOTED, CRASHED),
    "pmsuspended": (WRONG,  WRONG,   NEVER, OFF,   WRONG, DOWN,  SAVED, PAUSED, BOOTED, ASLEEP),
    "saved":       (BOOTED, WRONG,   NEVER, WRONG, (S.SHUTOFF, R.UNKNOWN),
                                                          WRONG, WRONG, WRONG,  WRONG,  WRONG),
}
RESTORED, AWAKE = (S.RUNNING, R.RESTORED), (S.RUNNING, R.WAKEUP)
QEMU: dict[str, tuple[Outcome, ...]] = {
    "shutoff":     (BOOTED,   WRONG,   WRONG, WRONG, WRONG, WRONG, WRONG, WRONG,  WRONG,  WRONG),
    "running":     (WRONG,    WRONG,   WRONG, OFF,   WRONG, DOWN,  SAVED, PAUSED, BOOTED, BOOTED),
    "paused":      (WRONG,    RESUMED, WRONG, OFF,   WRONG, WRONG, SAVED, PAUSED, PAUSED, PAUSED),
    "saved":       (RESTORED, WRONG,   WRONG, WRONG, SAVED, WRONG, WRONG, WRONG,  WRONG,  WRONG),
    "crashed":     (WRONG,    RESUMED, WRONG, OFF,   WRONG, WRONG, SAVED, PANIC,  PANIC,
                                                                          (S.PAUSED, R.CRASHED)),
    "pmsuspended": (WRONG,    WRONG,   AWAKE, OFF,   WRONG, WRONG, SAVED, WRONG,  ASLEEP, ASLEEP),
}
# None: what a container does depends on its init, and a busy one can block libvirt's lxc driver.
LXC: dict[str, tuple[Outcome | None, ...]] = {
    "shutoff":     (BOOTED, WRONG,   NEVER, WRONG, NEVER, WRONG,  NEVER, WRONG,  WRONG,  WRONG),
    "running":     (WRONG,  WRONG,   NEVER, OFF,   NEVER, None,   NEVER, PAUSED, None,   BOOTED),
    "paused":      (WRONG,  RESUMED, NEVER, OFF,   NEVER, WRONG,  NEVER, PAUSED, WRONG,  BOOTED),
}
# fmt: on


def cells(table: Mapping[str, tuple[Outcome | None, ...]]) -> list[Any]:
    """The cells of a table as test parameters."""
    return [
        pytest.param(situation, verb, outcome, id=f"{situation}-{verb.value}")
        for situation, row in table.items()
        for verb, outcome in zip(VERBS, row, strict=True)
        if outcome is not None
    ]


def done(table: Mapping[str, tuple[Outcome | None, ...]]) -> list[Any]:
    """The cells in which something happens."""
    return [cell for cell in cells(table) if not isinstance(cell.values[2], type)]


def refused(table: Mapping[str, tuple[Outcome | None, ...]], situation: str) -> dict[Verb, Outcome]:
    """The other cells of a row: one guest outlives them all, since they leave it as it is."""
    row = zip(VERBS, table[situation], strict=True)
    return {verb: outcome for verb, outcome in row if isinstance(outcome, type)}


def test_the_tables_ask_every_verb() -> None:
    """The columns are the verbs, each once."""
    assert sorted(VERBS) == sorted(Verb)


async def prove(uri: str, name: str, verb: Verb, outcome: Outcome) -> None:
    """Do it and look."""
    hypervisor = LibvirtHypervisor(uri)
    await hypervisor.open()
    try:
        before = next(one for one in await hypervisor.domains() if one.name == name)
        if isinstance(outcome, type):
            with pytest.raises(outcome) as caught:
                await hypervisor.change(before.uuid, verb)
            assert type(caught.value) is outcome, verb
            assert caught.value.detail
            expected = (before.state, before.reason)
        else:
            await hypervisor.change(before.uuid, verb)
            expected = outcome
        await reaches(hypervisor, before.uuid, expected)
    finally:
        await hypervisor.close()


async def reaches(
    hypervisor: LibvirtHypervisor,
    uuid: DomainUUID,
    expected: tuple[DomainState, StateReason],
) -> DomainFacts:
    """Wait until the domain is so, as one read and as a listing tell; a guest takes its time."""
    for _ in range(500):
        one = await hypervisor.domain(uuid)
        if one is not None and (one.state, one.reason) == expected:
            listed = {other.uuid: other for other in await hypervisor.domains()}
            assert listed[uuid] == one
            assert one.active == (one.live_xml is not None)
            return one
        await asyncio.sleep(0.01)
    raise AssertionError(f"not {expected}: {one}")


DATA = Path(__file__).parent / "nine_situations.xml"


@pytest.mark.parametrize(("situation", "verb", "outcome"), cells(TEST))
def test_verbs_of_the_test_driver(situation: str, verb: Verb, outcome: Outcome) -> None:
    """All eight states and a saved domain; each connection to a file has a state of its own."""
    asyncio.run(prove(f"test://{DATA}", situation, verb, outcome))


@pytest.fixture
def qemu(lab: Lab) -> Iterator[Any]:
    """A connection for arranging guests; none is left."""
    connection = lab.connect()
    yield connection
    for domain in connection.listAllDomains():
        if domain.isActive():
            domain.destroy()
        if domain.isPersistent():
            domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
    connection.close()


def running(lab: Lab, domain: Any) -> None:
    """Start it and wait for its boot sector."""
    domain.create()
    eventually(lambda: "READY" in lab.serial_text(domain.name()))


def crashed(lab: Lab, domain: Any) -> None:
    """A guest that has panicked."""
    running(lab, domain)
    press(domain, Key.PANIC)
    eventually(lambda: domain.state()[0] == libvirt.VIR_DOMAIN_CRASHED)


def asleep(lab: Lab, domain: Any) -> None:
    """A guest in S3."""
    running(lab, domain)
    press(domain, Key.SLEEP)
    eventually(lambda: domain.state()[0] == libvirt.VIR_DOMAIN_PMSUSPENDED)


def paused(lab: Lab, domain: Any) -> None:
    """Paused by a user."""
    running(lab, domain)
    domain.suspend()


def saved(lab: Lab, domain: Any) -> None:
    """Saved to a managed save image."""
    running(lab, domain)
    domain.managedSave()


ARRANGE: dict[str, Callable[[Lab, Any], None]] = {
    "shutoff": lambda _lab, _domain: None,
    "running": running,
    "paused": paused,
    "saved": saved,
    "crashed": crashed,
    "pmsuspended": asleep,
}


@pytest.mark.parametrize(("situation", "verb", "outcome"), done(QEMU))
def test_verbs_of_qemu(lab: Lab, qemu: Any, situation: str, verb: Verb, outcome: Outcome) -> None:
    """Real guests in every state that a guest can bring about."""
    name = f"{situation}-{verb.value}"
    ARRANGE[situation](lab, qemu.defineXML(lab.guest_xml(name)))
    asyncio.run(prove(lab.uri(), name, verb, outcome))


@pytest.mark.parametrize("situation", QEMU)
def test_what_qemu_refuses(lab: Lab, qemu: Any, situation: str) -> None:
    """In each of those states every other verb, after which the guest is as it was."""
    ARRANGE[situation](lab, qemu.defineXML(lab.guest_xml(situation)))
    for verb, error in refused(QEMU, situation).items():
        asyncio.run(prove(lab.uri(), situation, verb, error))


CONTAINER = """<domain type='lxc'><name>{}</name><memory>65536</memory><os><type>exe</type>
<init>/bin/sleep</init><initarg>1000</initarg></os><devices><console type='pty'/></devices>
</domain>"""


@pytest.fixture(scope="module")
def container_lab() -> Iterator[Lab]:
    """A libvirtd for containers alone: their driver must not hold up the guests of other tests."""
    one = Lab("virtcim-lxc")
    yield one
    one.stop()


@pytest.fixture
def containers(container_lab: Lab) -> Iterator[Callable[[str, str], None]]:
    """Arranges containers in a situation; none is left."""
    connection = container_lab.connect("lxc")

    def arrange(name: str, situation: str) -> None:
        domain = connection.defineXML(CONTAINER.format(name))
        if situation != "shutoff":
            domain.create()
        if situation == "paused":
            domain.suspend()

    yield arrange
    for domain in connection.listAllDomains():
        if domain.isActive():
            domain.destroy()
        domain.undefine()
    connection.close()


@pytest.mark.parametrize(("situation", "verb", "outcome"), done(LXC))
def test_verbs_of_lxc(
    container_lab: Lab,
    containers: Callable[[str, str], None],
    situation: str,
    verb: Verb,
    outcome: Outcome,
) -> None:
    """Real containers; a driver without bulk statistics, saving and reset."""
    name = f"{situation}-{verb.value}"
    containers(name, situation)
    asyncio.run(prove(container_lab.uri("lxc"), name, verb, outcome))


@pytest.mark.parametrize("situation", LXC)
def test_what_lxc_refuses(
    container_lab: Lab, containers: Callable[[str, str], None], situation: str
) -> None:
    """As of QEMU's guests."""
    containers(situation, situation)
    for verb, error in refused(LXC, situation).items():
        asyncio.run(prove(container_lab.uri("lxc"), situation, verb, error))


def test_an_io_error_pauses(lab: Lab, qemu: Any) -> None:
    """A disk whose every read fails stops its guest: PAUSED for IOERROR."""
    domain = qemu.defineXML(lab.broken_guest_xml("bad"))
    domain.create()

    async def scene() -> None:
        hypervisor = LibvirtHypervisor(lab.uri())
        await hypervisor.open()
        await reaches(hypervisor, DomainUUID(domain.UUIDString()), (S.PAUSED, R.IOERROR))
        await hypervisor.close()

    asyncio.run(scene())


def test_the_live_console_port_is_told(lab: Lab, qemu: Any) -> None:
    """An automatic port is none before the start and the real one after it."""
    graphics = "<graphics type='vnc' autoport='yes' listen='127.0.0.1'/>"
    domain = qemu.defineXML(lab.guest_xml("seen", devices=graphics))
    uuid = DomainUUID(domain.UUIDString())

    async def scene() -> None:
        hypervisor = LibvirtHypervisor(lab.uri())
        await hypervisor.open()
        off = await hypervisor.domain(uuid)
        await hypervisor.change(uuid, V.START)
        on = await hypervisor.domain(uuid, known=off)
        await hypervisor.close()
        (real,) = map(int, re.findall(r"<graphics type='vnc' port='(\d+)'", domain.XMLDesc()))
        assert off is not None
        assert on is not None
        assert [one.port for one in off.consoles if one.kind == "vnc"] == [None]
        assert [one.port for one in on.consoles if one.kind == "vnc"] == [real]
        assert on.consoles[0].address == "127.0.0.1"
        assert on.persistent_xml == off.persistent_xml

    asyncio.run(scene())


def test_a_transient_domain(lab: Lab, qemu: Any) -> None:
    """It has no persistent definition, cannot be kept, and is gone after its end."""
    domain = qemu.createXML(lab.guest_xml("fleeting"))
    uuid = DomainUUID(domain.UUIDString())

    async def scene() -> None:
        hypervisor = LibvirtHypervisor(lab.uri())
        await hypervisor.open()
        one = await hypervisor.domain(uuid)
        assert one is not None
        assert not one.persistent
        assert one.persistent_xml is None
        await hypervisor.change(uuid, V.DESTROY)
        assert await hypervisor.domain(uuid) is None
        assert await hypervisor.domains() == []
        with pytest.raises(DomainNotFound):
            await hypervisor.change(uuid, V.START)
        await hypervisor.close()

    asyncio.run(scene())


def test_a_transient_container_is_not_reset(lab: Lab) -> None:
    """Off and on would lose it: NotSupported, and it still runs."""
    domain = lab.connect("lxc").createXML(CONTAINER.format("fleeting"), 0)

    async def scene() -> None:
        hypervisor = LibvirtHypervisor(lab.uri("lxc"))
        await hypervisor.open()
        with pytest.raises(NotSupported):
            await hypervisor.change(DomainUUID(domain.UUIDString()), V.RESET)
        await hypervisor.close()

    asyncio.run(scene())
    assert domain.isActive()
    domain.suspend()
    domain.destroy()


F = ListFlag
# fmt: off
LISTINGS: dict[ListFlag, str] = {
    F.ACTIVE:                      "nostate running blocked paused shutdown crashed pmsuspended",
    F.INACTIVE:                    "shutoff saved",
    F.RUNNING:                     "running",
    F.PAUSED:                      "paused",
    F.SHUTOFF:                     "shutoff saved",
    F.OTHER:                       "nostate blocked shutdown crashed pmsuspended",
    F.MANAGEDSAVE:                 "saved",
    F.TRANSIENT:                   "",
    F.AUTOSTART:                   "",
    F.HAS_SNAPSHOT:                "paused",
    F.HAS_CHECKPOINT:              "",
    F.RUNNING | F.PAUSED:          "running paused",
    F.ACTIVE | F.SHUTOFF:          "",
    F.NO_SNAPSHOT | F.INACTIVE | F.NO_MANAGEDSAVE:                   "shutoff",
    F.PERSISTENT | F.NO_AUTOSTART | F.NO_CHECKPOINT | F.HAS_SNAPSHOT: "paused",
}
# fmt: on


@pytest.mark.parametrize("flags", LISTINGS)
def test_listing_flags(flags: ListFlag) -> None:
    """Bits of a group are alternatives, groups narrow each other; all seven groups work."""

    async def scene() -> set[str]:
        hypervisor = LibvirtHypervisor(f"test://{DATA}")
        await hypervisor.open()
        listed = {one.name for one in await hypervisor.domains(flags)}
        await hypervisor.close()
        return listed

    assert asyncio.run(scene()) == set(LISTINGS[flags].split())


def test_an_unknown_listing_flag_is_refused() -> None:
    """Raises InvalidArgument, before anything is asked."""

    async def scene() -> None:
        hypervisor = LibvirtHypervisor(f"test://{DATA}")
        with pytest.raises(InvalidArgument):
            await hypervisor.domains(ListFlag(1 << 16) | ListFlag.ACTIVE)

    asyncio.run(scene())
