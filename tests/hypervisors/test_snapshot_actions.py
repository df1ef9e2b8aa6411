"""Actions on snapshots and memory images: what is made, what is left, what libvirt cannot do."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from structlog.testing import capture_logs

from tests.lab import Lab, eventually
from virtcim.hypervisors.actions import (
    Action,
    Content,
    CreateSnapshot,
    DefineDomain,
    DeleteSnapshot,
    IsBusy,
    RestoreMemory,
    RevertToSnapshot,
    SaveMemory,
    UndefineDomain,
)
from virtcim.hypervisors.definition import parse_domain
from virtcim.hypervisors.definition.snapshot_images import SnapshotImages, snapshot_images
from virtcim.hypervisors.definition.snapshots import (
    LONGEST_NAME,
    keeps_snapshots,
    snapshot_text,
    unfit,
)
from virtcim.hypervisors.errors import (
    DomainNotFound,
    HypervisorFailure,
    InvalidArgument,
    InvalidState,
    NotSupported,
)
from virtcim.hypervisors.libvirt import LibvirtHypervisor
from virtcim.hypervisors.model import DomainFacts, DomainState, DomainUUID, StateReason, Verb

NOBODY = DomainUUID("00000000-0000-0000-0000-00000000dead")
NODE = Path(__file__).parent / "nine_situations.xml"
HOSTILE = "a<b>&amp;'{}$(x)`;%s é 日本 -c"

Scene = Callable[[LibvirtHypervisor, DomainUUID], Awaitable[None]]


# Texts and names


def test_a_text_is_built_and_not_written() -> None:
    """What looks like XML stays a name and a description."""
    root = ET.fromstring(snapshot_text("<name>", "]]> & </domainsnapshot>"))
    assert root.tag == "domainsnapshot"
    assert [(one.tag, one.text) for one in root] == [
        ("name", "<name>"),
        ("description", "]]> & </domainsnapshot>"),
    ]


def test_what_xml_cannot_carry_is_refused() -> None:
    """A control character in a description."""
    with pytest.raises(ValueError, match="XML"):
        snapshot_text("name", "\0")


@pytest.mark.parametrize("name", ["before", "a b", HOSTILE, "-l", "2026-11-21", "x" * LONGEST_NAME])
def test_names_that_fit(name: str) -> None:
    """Whatever hypervisors, images and files take."""
    assert unfit(name) is None


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a/b", ".a", "1", "a" * (LONGEST_NAME + 1), "é" * 101, 'a"b', "a\\b"]
)
def test_names_that_do_not_fit(name: str) -> None:
    """Each of them would make a snapshot that is none, or another one."""
    assert unfit(name)


@pytest.mark.parametrize(("loader", "keeps"), [("rom", True), ("pflash", False)])
def test_firmware_in_a_flash_device_is_in_no_snapshot(loader: str, *, keeps: bool) -> None:
    """Its variables are neither in the disks nor in the memory."""
    text = (
        f"<domain><os><loader type='{loader}'>/firmware</loader></os><devices>"
        "<disk type='file'><driver type='qcow2'/></disk></devices></domain>"
    )
    assert keeps_snapshots(parse_domain(text)) is keeps


def test_where_a_snapshot_is() -> None:
    """In images over the disks, inside those of the domain of that moment, or nowhere."""
    text = """<domainsnapshot><name>s</name><disks>
      <disk name="vda" snapshot="external"><source file="/over"/></disk>
      <disk name="vdb" snapshot="external"><source dev="/dev/over"/></disk>
      <disk name="vdc" snapshot="external"/>
      <disk name="vdd" snapshot="internal"/><disk name="vde" snapshot="no"/></disks>{}
    </domainsnapshot>"""
    disk = "<disk><source file='/{0}'/><target dev='{0}'/></disk>"
    domain = f"<domain><devices>{disk.format('vdd')}{disk.format('vde')}</devices></domain>"
    found = snapshot_images(text.format(domain))
    assert found == SnapshotImages(frozenset({"/over", "/dev/over"}), frozenset({"/vdd"}))
    assert snapshot_images(text.format("")).inside == frozenset()


# On both drivers that have snapshots


@pytest.fixture(params=["test", "qemu"])
def made(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A hypervisor's URI, and a domain to be defined there."""
    if request.param == "test":
        yield (
            f"test://{NODE}",
            (
                "<domain type='test'><name>kept</name><memory>16384</memory>"
                "<os><type arch='i686'>hvm</type></os></domain>"
            ),
        )
    else:
        lab: Lab = request.getfixturevalue("lab")
        lab.connect().close()
        yield lab.uri(), lab.kept_guest_xml("kept")


def test_a_tree_is_made_walked_and_felled(made: tuple[str, str]) -> None:
    """Off, running and paused; back to each; the middle one goes, and its child moves up."""

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        await full(hypervisor, uuid, "off", "switched off")
        await hypervisor.change(uuid, Verb.START)
        await full(hypervisor, uuid, "running")
        await hypervisor.change(uuid, Verb.SUSPEND)
        await full(hypervisor, uuid, "paused")
        facts = await read(hypervisor, uuid)
        assert {(one.name, one.parent, one.state) for one in facts.snapshots} == {
            ("off", None, "shutoff"), ("running", "off", "running"),
            ("paused", "running", "paused"),
        }  # fmt: skip
        assert current(facts) == "paused"
        assert {one.description for one in facts.snapshots if one.name == "off"} == {"switched off"}
        for name, state in (
            ("running", DomainState.RUNNING),
            ("paused", DomainState.PAUSED),
            ("off", DomainState.SHUTOFF),
            ("paused", DomainState.PAUSED),
        ):
            await hypervisor.perform(RevertToSnapshot(uuid=uuid, name=name))
            facts = await read(hypervisor, uuid)
            assert (facts.state, facts.reason) == (state, StateReason.FROM_SNAPSHOT)
            assert current(facts) == name
        await hypervisor.perform(DeleteSnapshot(uuid=uuid, name="running"))
        facts = await read(hypervisor, uuid)
        assert {(one.name, one.parent) for one in facts.snapshots} == {
            ("off", None), ("paused", "off"),
        }  # fmt: skip
        assert facts.state is DomainState.PAUSED

    _play(made, scene)


def test_names_go_through_unharmed(made: tuple[str, str]) -> None:
    """A hostile name is made, applied and deleted as it is, off and running."""

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        await full(hypervisor, uuid, HOSTILE)
        await hypervisor.change(uuid, Verb.START)
        await full(hypervisor, uuid, f"{HOSTILE} 2")
        for name in (HOSTILE, f"{HOSTILE} 2"):
            await hypervisor.perform(RevertToSnapshot(uuid=uuid, name=name))
            await hypervisor.perform(DeleteSnapshot(uuid=uuid, name=name))
        facts = await read(hypervisor, uuid)
        assert (facts.snapshots, facts.state) == ((), DomainState.RUNNING)

    _play(made, scene)


def test_memory_is_saved_and_restored(made: tuple[str, str]) -> None:
    """Once each: the image is gone when the domain runs."""

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        with pytest.raises(InvalidState, match="no managed save image"):
            await hypervisor.perform(RestoreMemory(uuid=uuid))
        await hypervisor.change(uuid, Verb.START)
        await hypervisor.perform(SaveMemory(uuid=uuid))
        facts = await read(hypervisor, uuid)
        assert (facts.state, facts.managed_save) == (DomainState.SHUTOFF, True)
        await hypervisor.perform(RestoreMemory(uuid=uuid))
        facts = await read(hypervisor, uuid)
        assert (facts.state, facts.managed_save) == (DomainState.RUNNING, False)
        with pytest.raises(InvalidState):
            await hypervisor.perform(RestoreMemory(uuid=uuid))

    _play(made, scene)


@pytest.mark.parametrize("name", ["off", "running"])
def test_no_memory_outlives_a_snapshot_that_is_applied(made: tuple[str, str], name: str) -> None:
    """Memory that was saved before does not belong to the disks any more."""

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        await full(hypervisor, uuid, "off")
        await hypervisor.change(uuid, Verb.START)
        await full(hypervisor, uuid, "running")
        await hypervisor.perform(SaveMemory(uuid=uuid))
        await hypervisor.perform(RevertToSnapshot(uuid=uuid, name=name))
        facts = await read(hypervisor, uuid)
        assert (facts.managed_save, facts.active) == (False, name == "running")

    _play(made, scene)


def test_failures_are_told_apart(made: tuple[str, str]) -> None:
    """A domain and a snapshot that are not there, a text that cannot be, a name that is taken."""

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        await full(hypervisor, uuid, "taken")
        before = await read(hypervisor, uuid)
        failing: tuple[tuple[Action[Any], type[Exception]], ...] = (
            (CreateSnapshot(uuid=NOBODY, name="a", content=Content.FULL), DomainNotFound),
            (RevertToSnapshot(uuid=NOBODY, name="a"), DomainNotFound),
            (DeleteSnapshot(uuid=NOBODY, name="a"), DomainNotFound),
            (SaveMemory(uuid=NOBODY), DomainNotFound),
            (RestoreMemory(uuid=NOBODY), DomainNotFound),
            (IsBusy(uuid=NOBODY), DomainNotFound),
            (RevertToSnapshot(uuid=uuid, name="a"), HypervisorFailure),
            (DeleteSnapshot(uuid=uuid, name="a"), HypervisorFailure),
            (CreateSnapshot(uuid=uuid, name="taken", content=Content.FULL), HypervisorFailure),
            (CreateSnapshot(uuid=uuid, name="\0", content=Content.FULL), InvalidArgument),
            (SaveMemory(uuid=uuid), InvalidState),
        )
        for action, error in failing:
            with pytest.raises(error):
                await hypervisor.perform(action)
        assert await read(hypervisor, uuid) == before

    _play(made, scene)


# What only real guests have


def test_disks_that_cannot_keep_a_snapshot(lab: Lab) -> None:
    """Off and running, libvirt refuses a raw image, and nothing is left."""
    connection = lab.connect()

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        for _ in range(2):
            before = await read(hypervisor, uuid)
            with pytest.raises(NotSupported, match="unsupported for storage type raw"):
                await full(hypervisor, uuid, "never")
            assert await read(hypervisor, uuid) == before
            if not before.active:
                await hypervisor.change(uuid, Verb.START)

    _play((_answering(lab), lab.guest_xml("kept")), scene)
    connection.close()


def test_disks_alone_of_a_running_guest(lab: Lab) -> None:
    """Its image stays as it was, it runs on with one over that, until both are one again.

    libvirt 9 can do that, and cannot go back.
    """

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        await hypervisor.change(uuid, Verb.START)
        await hypervisor.perform(CreateSnapshot(uuid=uuid, name="over", content=Content.DISKS))
        facts = await read(hypervisor, uuid)
        assert [(one.name, one.state) for one in facts.snapshots] == [("over", "disk-snapshot")]
        assert "kept.over" in (facts.live_xml or "")
        with pytest.raises(NotSupported, match="not supported yet"):
            await hypervisor.perform(RevertToSnapshot(uuid=uuid, name="over"))
        assert await read(hypervisor, uuid) == facts
        await hypervisor.perform(DeleteSnapshot(uuid=uuid, name="over"))
        facts = await read(hypervisor, uuid)
        assert (facts.snapshots, facts.state) == ((), DomainState.RUNNING)
        assert "kept.over" not in (facts.live_xml or "")
        assert not (lab.directory / "kept.over").exists()

    _play((_answering(lab), lab.kept_guest_xml("kept")), scene)


def test_a_snapshot_of_disks_that_were_left(lab: Lab) -> None:
    """Who went back to an older one can delete it; what is inside its image can still be applied.

    As long as the domain is on another image, the one inside cannot be deleted, and the error says
    what to do.
    """

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        def delete(name: str) -> Awaitable[None]:
            return hypervisor.perform(DeleteSnapshot(uuid=uuid, name=name))

        def apply(name: str) -> Awaitable[None]:
            return hypervisor.perform(RevertToSnapshot(uuid=uuid, name=name))

        await hypervisor.change(uuid, Verb.START)
        await full(hypervisor, uuid, "old")
        await hypervisor.perform(CreateSnapshot(uuid=uuid, name="over", content=Content.DISKS))
        with pytest.raises(NotSupported, match=r"delete the snapshots of disks .* after it"):
            await delete("old")
        with pytest.raises(NotSupported, match="apply an older snapshot first"):
            await delete("over")
        await full(hypervisor, uuid, "inside")
        await apply("old")
        with pytest.raises(NotSupported, match="apply it first"):
            await delete("inside")
        with capture_logs() as logs:
            await delete("over")
        images_left = [str(lab.directory / "kept.over")]
        assert [(one["event"], one["images"]) for one in logs] == [("image_left", images_left)]
        assert (lab.directory / "kept.over").exists()
        await apply("inside")
        await delete("inside")
        await apply("old")
        await delete("old")
        facts = await read(hypervisor, uuid)
        assert (facts.snapshots, facts.state, images(lab)) == ((), DomainState.RUNNING, [])
        (lab.directory / "kept.over").unlink()

    _play((_answering(lab), lab.kept_guest_xml("kept")), scene)


def test_a_snapshot_inside_an_image_that_would_go(lab: Lab) -> None:
    """The snapshot that the image was made with stays as long as the other is there."""

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        await hypervisor.change(uuid, Verb.START)
        await hypervisor.perform(CreateSnapshot(uuid=uuid, name="over", content=Content.DISKS))
        await full(hypervisor, uuid, "inside")
        before = await read(hypervisor, uuid)
        with pytest.raises(InvalidState, match=r"snapshot `inside' .*: delete that one first"):
            await hypervisor.perform(DeleteSnapshot(uuid=uuid, name="over"))
        assert await read(hypervisor, uuid) == before
        for name in ("inside", "over"):
            await hypervisor.perform(DeleteSnapshot(uuid=uuid, name=name))
        facts = await read(hypervisor, uuid)
        assert (facts.snapshots, facts.state) == ((), DomainState.RUNNING)
        assert not (lab.directory / "kept.over").exists()

    _play((_answering(lab), lab.kept_guest_xml("kept")), scene)


def test_disks_alone_of_a_guest_that_is_off(lab: Lab) -> None:
    """There is nothing else, so the snapshot is inside the image, and can be applied."""

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        await hypervisor.perform(CreateSnapshot(uuid=uuid, name="in", content=Content.DISKS))
        await hypervisor.perform(RevertToSnapshot(uuid=uuid, name="in"))
        assert images(lab) == ["in"]
        await hypervisor.perform(DeleteSnapshot(uuid=uuid, name="in"))
        assert images(lab) == []

    _play((_answering(lab), lab.kept_guest_xml("kept")), scene)


def test_a_guest_goes_on_where_it_was(lab: Lab) -> None:
    """It does not boot again: neither from a snapshot nor from its saved memory."""

    async def scene(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> None:
        await hypervisor.change(uuid, Verb.START)
        await asyncio.to_thread(eventually, lambda: "READY" in lab.serial_text("kept"))
        await full(hypervisor, uuid, "ready")
        assert images(lab) == ["ready"]
        await hypervisor.perform(RevertToSnapshot(uuid=uuid, name="ready"))
        await hypervisor.perform(SaveMemory(uuid=uuid))
        await hypervisor.perform(RestoreMemory(uuid=uuid))
        facts = await read(hypervisor, uuid)
        assert (facts.state, facts.reason) == (DomainState.RUNNING, StateReason.RESTORED)
        assert "READY" not in lab.serial_text("kept")  # the file is begun anew by each process
        assert await hypervisor.perform(IsBusy(uuid=uuid)) is False

    _play((_answering(lab), lab.kept_guest_xml("kept")), scene)


async def full(
    hypervisor: LibvirtHypervisor, uuid: DomainUUID, name: str, description: str | None = None
) -> None:
    """Make a full snapshot."""
    await hypervisor.perform(
        CreateSnapshot(uuid=uuid, name=name, content=Content.FULL, description=description)
    )


async def read(hypervisor: LibvirtHypervisor, uuid: DomainUUID) -> DomainFacts:
    """Return what the hypervisor says now."""
    facts = await hypervisor.domain(uuid)
    assert facts is not None
    return facts


def current(facts: DomainFacts) -> str:
    """Return the name of the current snapshot."""
    (name,) = (one.name for one in facts.snapshots if one.current)
    return name


def images(lab: Lab) -> list[str]:
    """Return the tags of the snapshots that the guest's image holds."""
    command = ("qemu-img", "snapshot", "-U", "-l", str(lab.directory / "kept.qcow2"))
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split()[1] for line in said.splitlines()[2:]]


def _answering(lab: Lab) -> str:
    """Return the URI of a lab, as soon as it answers."""
    lab.connect().close()
    return lab.uri()


def _play(made: tuple[str, str], scene: Scene) -> None:
    """Play a scene with a domain that is off, and leave nothing."""
    uri, text = made

    async def play() -> None:
        hypervisor = LibvirtHypervisor(uri)
        await hypervisor.open()
        uuid = await hypervisor.perform(DefineDomain(xml=text))
        try:
            await scene(hypervisor, uuid)
        finally:
            if (await read(hypervisor, uuid)).active:
                await hypervisor.change(uuid, Verb.DESTROY)
            await hypervisor.perform(UndefineDomain(uuid=uuid))
            await hypervisor.close()

    asyncio.run(play())
