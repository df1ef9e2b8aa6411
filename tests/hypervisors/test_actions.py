"""Actions on definitions, one contract for every driver that runs here."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import Lab
from virtcim.hypervisors.actions import (
    AttachDevice,
    DefineDomain,
    Note,
    ReadDefinitions,
    RenameDomain,
    SetAutostart,
    SetNote,
    SetVCPUs,
    UndefineDomain,
)
from virtcim.hypervisors.definition import parse_domain
from virtcim.hypervisors.errors import (
    DomainNotFound,
    HypervisorError,
    InvalidArgument,
    NotSupported,
)
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.libvirt.actions import PERFORMERS
from virtcim.hypervisors.libvirt.schemes import SCHEMES
from virtcim.hypervisors.model import DomainUUID, Verb

NOBODY = DomainUUID("00000000-0000-0000-0000-00000000dead")
FILE = Path(__file__).parent / "nine_situations.xml"


@pytest.fixture(params=["test", "qemu"])
def uri(request: pytest.FixtureRequest) -> Iterator[str]:
    """A hypervisor of each driver."""
    if request.param == "test":
        yield f"test://{FILE}"
    else:
        lab: Lab = request.getfixturevalue("lab")
        lab.connect().close()  # it answers
        yield lab.uri()


def text(driver: str, name: str, *, secret: str = "") -> str:
    """Return a definition; `secret` is the password of its console."""
    graphics = f"<graphics type='vnc' passwd='{secret}'/>" if secret else ""
    kind, arch = ("test", "i686") if driver == "test" else ("qemu", "x86_64")
    return (
        f"<domain type='{kind}'><name>{name}</name><memory>16384</memory>"
        f"<os><type arch='{arch}'>hvm</type></os><devices>{graphics}</devices></domain>"
    )


def test_every_driver_has_a_table() -> None:
    """What is peculiar to a driver names it once for both tables."""
    assert PERFORMERS.keys() == SCHEMES.keys()


def test_a_domain_is_defined_read_and_undefined(uri: str) -> None:
    """The text that is read has what others are not shown."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        driver = uri.partition(":")[0].partition("+")[0]
        uuid = await hypervisor.perform(DefineDomain(xml=text(driver, "made", secret="sesame")))
        read = await hypervisor.perform(ReadDefinitions(uuid=uuid))
        assert (read.name, read.live) == ("made", None)
        assert read.persistent is not None
        assert "sesame" in read.persistent
        assert "sesame" not in repr(read)
        await hypervisor.change(uuid, Verb.START)
        read = await hypervisor.perform(ReadDefinitions(uuid=uuid))
        assert read.live is not None
        await hypervisor.change(uuid, Verb.DESTROY)
        await hypervisor.perform(UndefineDomain(uuid=uuid))
        assert await hypervisor.domain(uuid) is None

    _play(uri, scene)


def test_what_libvirt_keeps_beside_a_definition_goes_with_it(uri: str) -> None:
    """A managed save image keeps no domain from being undefined."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        driver = uri.partition(":")[0].partition("+")[0]
        uuid = await hypervisor.perform(DefineDomain(xml=text(driver, "kept")))
        await hypervisor.change(uuid, Verb.START)
        await hypervisor.change(uuid, Verb.SAVE)
        await hypervisor.perform(UndefineDomain(uuid=uuid))
        assert await hypervisor.domain(uuid) is None

    _play(uri, scene)


def test_failures_are_told_apart(uri: str) -> None:
    """A text that is none, a name that is taken, a domain that is not there."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        driver = uri.partition(":")[0].partition("+")[0]
        uuid = await hypervisor.perform(DefineDomain(xml=text(driver, "first")))
        for action, error in (
            (DefineDomain(xml="<domain"), InvalidArgument),
            (DefineDomain(xml=text(driver, "first")), HypervisorError),
        ):
            with pytest.raises(error):
                await hypervisor.perform(action)
        with pytest.raises(DomainNotFound):
            await hypervisor.perform(UndefineDomain(uuid=NOBODY))
        with pytest.raises(DomainNotFound):
            await hypervisor.perform(ReadDefinitions(uuid=NOBODY))
        await hypervisor.perform(UndefineDomain(uuid=uuid))

    _play(uri, scene)


def test_a_running_domain_is_changed(uri: str) -> None:
    """Processors, notes and autostart, by what the driver can do; the definition is another."""

    async def scene(hypervisor: LibvirtHypervisor) -> None:
        driver = uri.partition(":")[0].partition("+")[0]
        xml = text(driver, "changed").replace("<os>", "<vcpu current='1'>2</vcpu><os>")
        uuid = await hypervisor.perform(DefineDomain(xml=xml))
        await hypervisor.perform(RenameDomain(uuid=uuid, name="other"))
        await hypervisor.change(uuid, Verb.START)
        await hypervisor.perform(SetVCPUs(uuid=uuid, count=2))
        await hypervisor.perform(SetNote(uuid=uuid, note=Note.TITLE, text="T"))
        await hypervisor.perform(SetAutostart(uuid=uuid, on=True))
        facts = await hypervisor.domain(uuid)
        assert facts is not None
        live = parse_domain(facts.live_xml or "")
        assert (facts.title, facts.autostart, live.current_vcpus or live.vcpus) == ("T", True, 2)
        await hypervisor.perform(SetNote(uuid=uuid, note=Note.TITLE, text=None))
        facts = await hypervisor.domain(uuid)
        assert facts is not None
        assert facts.title is None
        with pytest.raises(DomainNotFound):
            await hypervisor.perform(SetVCPUs(uuid=NOBODY, count=2))
        if AttachDevice not in hypervisor.actions:
            with pytest.raises(NotSupported):
                await hypervisor.perform(AttachDevice(uuid=uuid, xml="<disk/>"))
        await hypervisor.change(uuid, Verb.DESTROY)
        await hypervisor.perform(UndefineDomain(uuid=uuid))

    _play(uri, scene)


def _play(uri: str, scene: object) -> None:
    async def play() -> None:
        hypervisor = LibvirtHypervisor(uri)
        await hypervisor.open()
        try:
            await scene(hypervisor)  # type: ignore[operator]
        finally:
            await hypervisor.close()

    asyncio.run(play())
