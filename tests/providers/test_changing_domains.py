"""Changes of real domains: what runs, what its next start will be, and what a failure leaves."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.hypervisors.definition.corpus import texts
from tests.hypervisors.definition.test_editing import tree
from tests.lab import Lab
from tests.providers.workshop import Workshop, ids, work
from virtcim.hypervisors.actions import DefineDomain, UndefineDomain
from virtcim.hypervisors.definition import parse_domain
from virtcim.hypervisors.definition.editing import DomainEditor, difference
from virtcim.hypervisors.model import Verb
from virtcim.infostore.records import DomainRecord
from virtcim.inventory.turns import Turns
from virtcim.jobs import undoing
from virtcim.jobs.states import JobRequest
from virtcim.providers import committing
from virtcim.schema.valuemaps import JobState
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import (
    AlreadyExists,
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True, scope="module")
def answering(lab: Lab) -> None:
    """The daemon answers before the first scene begins."""
    lab.connect().close()


MEGABYTES = "byte*2^20"


def small(shop: Workshop, **more: Any) -> tuple[str, ...]:
    """The resources of a small guest."""
    return (
        shop.mof("Mem", {"VirtualQuantity": 32, "AllocationUnits": MEGABYTES, **more}),
        shop.mof("Proc", {"VirtualQuantity": 1, "Limit": 3}),
    )


async def guest(shop: Workshop, lab: Lab, name: str, *more: str) -> None:
    """Define a guest that boots, with a controller for USB disks and an empty drive."""
    boots = shop.mof("Disk", {"VirtualDevice": "vda", "Address": str(lab.boot_image(name))})
    drive = shop.mof("Disk", {"VirtualDevice": "hdc", "EmulatedType": 1})
    usb = shop.mof("Controller", {"ResourceSubType": "usb", "Model": "qemu-xhci"})
    await shop.define(name, *small(shop), boots, drive, usb, *more)


def usb_disk(shop: Workshop, target: str, path: object) -> str:
    """A disk that a guest lets go of at once."""
    return shop.mof("Disk", {"VirtualDevice": target, "BusType": "usb", "Address": str(path)})


async def start(shop: Workshop, name: str) -> None:
    """Start a domain."""
    await shop.host.change(shop.domain(name).uuid, Verb.START)


def lines(before: str | None, after: str | None) -> list[str]:
    """What tells two texts apart."""
    found = difference(before or "", after or "").splitlines()[2:]
    return [line for line in found if line[0] in "+-"]


# The corpus


def _defined() -> Mapping[str, str]:
    """The texts of QEMU domains that are at rest, with images that no laboratory needs to have."""
    found = {name: text for name, text in texts("domains").items() if "type='qemu'" in text[:60]}
    return {name: text for name, text in found.items() if not name.endswith(".live")}


@pytest.mark.parametrize("name", _defined())
def test_a_change_of_the_corpus_changes_one_thing(name: str, lab: Lab) -> None:
    """Of a domain as libvirt has it: a property of the system, of its memory, of each device."""

    async def scene(shop: Workshop) -> None:
        uuid = await shop.host.perform(DefineDomain(xml=_renamed(name)))
        domain = f"corpus-{name}"
        try:
            await _changes(shop, domain)
        finally:
            await shop.host.perform(UndefineDomain(uuid=uuid))

    work(scene, lab.uri(), "KVM")


def _renamed(name: str) -> str:
    editor = DomainEditor(_defined()[name])
    editor.system.set("name", f"corpus-{name}")
    editor.system.set("uuid", None)
    return editor.text


PROPERTIES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    # element     kind of its setting and what is changed
    "disk":      ("Disk", {"DriverCache": "none"}),
    "interface": ("Net", {"LinkState": "down"}),
    "video":     ("Graphics", {"VideoMemory": 32768}),
    "channel":   ("Character", {"LogFile": "/srv/other.log"}),
    "rng":       ("Generic", {"HostResource": ("/dev/random",)}),
}  # fmt: skip


async def _changes(shop: Workshop, domain: str) -> None:
    before = (await shop.texts(domain)).persistent
    await shop.modify_system(f"KVM:{domain}", Notes=("other",))
    after = (await shop.texts(domain)).persistent
    assert parse_domain(after or "").description == "other"
    editor = DomainEditor(after or "")
    editor.system.set("description", parse_domain(before or "").description)
    assert tree(editor.text) == tree(before or "")
    for device in parse_domain(after or "").devices:
        kind, wanted = PROPERTIES.get(device.element, ("", {}))
        if kind:
            before = (await shop.texts(domain)).persistent
            try:
                await shop.modify(kind, f"{domain}/{device.id}", **wanted)
            except WBEMError:
                # Not every kind of device takes that; then nothing is different.
                assert (await shop.texts(domain)).persistent == before
                continue
            changed = lines(before, (await shop.texts(domain)).persistent)
            assert len([line for line in changed if line[0] == "-"]) <= 1, (device.id, changed)
            assert len([line for line in changed if line[0] == "+"]) <= 1, (device.id, changed)


def test_what_is_taken_away(lab: Lab) -> None:
    """An empty array takes a list away, also one that libvirt then completes."""

    async def scene(shop: Workshop) -> None:
        await shop.define("emptied", *small(shop), BootDevices=("network", "hd"))
        await shop.modify_system("KVM:emptied", BootDevices=("cdrom",), Timers=("rtc track=wall",))
        await shop.modify_system("KVM:emptied", BootDevices=(), Timers=())
        made = parse_domain((await shop.texts("emptied")).persistent or "")
        assert "cdrom" not in made.boot_devices
        assert made.timers == ()
        await destroy(shop, "emptied")

    work(scene, lab.uri(), "KVM")


# Running domains


def test_a_running_guest_is_changed_and_its_definition_too(lab: Lab) -> None:
    """Devices come and go, media and memory change; the next start has the same."""

    async def scene(shop: Workshop) -> None:
        await guest(shop, lab, "lively")
        await start(shop, "lively")
        await shop.modify("Proc", "lively/proc", VirtualQuantity=2)
        await shop.modify("Disk", "lively/hdc", Address=str(lab.boot_image("medium")))
        assert ids(await shop.add("lively", usb_disk(shop, "sdb", lab.boot_image("stick")))) == [
            "lively/sdb"
        ]
        made = ids(
            await shop.add("lively", shop.mof("Net", {"NetworkType": "user", "Address": MAC}))
        )
        assert made == [f"lively/{MAC}"]
        await shop.modify("Net", f"lively/{MAC}", LinkState="down")
        await shop.modify("Disk", "lively/vda", TotalBytesPerSecond=1_000_000)
        await shop.modify_system("KVM:lively", Title="Other")
        found = await shop.texts("lively")
        for text in (found.live, found.persistent):
            definition = parse_domain(text or "")
            devices = {one.id: one for one in definition.devices}
            assert definition.current_vcpus == 2
            assert definition.title == "Other"
            assert {"sdb", MAC} <= devices.keys()
            assert getattr(devices["hdc"], "source_file", None) == str(lab.directory / "medium.img")
            assert getattr(devices[MAC], "link_state", None) == "down"
            assert getattr(devices["vda"], "limits").total_bytes == 1_000_000  # noqa: B009
        await shop.modify("Disk", "lively/hdc", Address="")
        await shop.remove("Disk", "lively/sdb")
        for text in ((await shop.texts("lively")).live, (await shop.texts("lively")).persistent):
            left = {one.id: one for one in parse_domain(text or "").devices}
            assert "sdb" not in left
            assert getattr(left["hdc"], "source_file", "") is None
        await destroy(shop, "lively")

    work(scene, lab.uri(), "KVM")


MAC = "52:54:00:00:00:77"


async def destroy(shop: Workshop, name: str) -> None:
    """Call DestroySystem."""
    await shop.call("DestroySystem", AffectedSystem=shop.system_path(name))
    assert name not in shop.host.listing.names


def test_what_cannot_change_now_changes_with_the_next_start(lab: Lab) -> None:
    """The answer names the setting of the next start, and the running domain is as it was."""

    async def scene(shop: Workshop) -> None:
        await guest(shop, lab, "later")
        await start(shop, "later")
        before = (await shop.texts("later")).live
        answer = ids(await shop.modify("Proc", "later/proc", Sockets=1, Cores=3, Threads=1))
        assert answer == ["later/defined/proc"]
        assert shop.setting("Proc", "later/defined/proc")["Cores"] == 3
        assert shop.setting("Proc", "later/proc")["Cores"] is None
        answer = ids(await shop.modify("Graphics", "later/vnc", Password="sesame"))
        assert answer == ["later/defined/vnc"]
        answer = ids(await shop.modify("Disk", "later/defined/vda", DriverCache="none"))
        assert answer == ["later/defined/vda"]
        found = await shop.texts("later")
        assert found.live == before
        assert "passwd='sesame'" in (found.persistent or "")
        await destroy(shop, "later")

    work(scene, lab.uri(), "KVM")


def test_more_than_a_running_guest_can_have(lab: Lab) -> None:
    """With a higher Limit it waits for the next start as that does; alone it is refused."""

    async def scene(shop: Workshop) -> None:
        await guest(shop, lab, "more")
        await start(shop, "more")
        before = (await shop.texts("more")).live
        for kind, one, quantity in (("Proc", "proc", 4), ("Mem", "mem", 65536)):
            with pytest.raises(InvalidParameter, match="at most: raise Limit with it"):
                await shop.modify(kind, f"more/{one}", VirtualQuantity=quantity)
            answer = await shop.modify(
                kind, f"more/{one}", VirtualQuantity=quantity, Limit=quantity
            )
            assert ids(answer) == [f"more/defined/{one}"]
            assert shop.setting(kind, f"more/defined/{one}")["VirtualQuantity"] == quantity
        assert (await shop.texts("more")).live == before
        await destroy(shop, "more")

    work(scene, lab.uri(), "KVM")


def test_a_password_and_a_device_that_stay_while_it_runs(lab: Lab) -> None:
    """A display asks for its password until it ends; what cannot be unplugged is not removed."""

    async def scene(shop: Workshop) -> None:
        display = shop.mof("Graphics", {"ResourceSubType": "vnc", "Password": "sesame"})
        await guest(shop, lab, "keeper", display)
        await start(shop, "keeper")
        before = await shop.texts("keeper")
        with pytest.raises(WBEMError, match="keeper/defined/hdc can be removed"):
            await shop.remove("Disk", "keeper/hdc")
        assert await shop.texts("keeper") == before
        await shop.remove("Disk", "keeper/defined/hdc")
        with pytest.raises(WBEMError, match="hdc cannot be taken from the running domain"):
            await shop.remove("Disk", "keeper/hdc")
        answer = await shop.modify("Graphics", "keeper/vnc", Password="")
        assert ids(answer) == ["keeper/defined/vnc"]
        after = await shop.texts("keeper")
        assert "passwd" in (after.live or "")
        assert "passwd" not in (after.persistent or "")
        await destroy(shop, "keeper")

    work(scene, lab.uri(), "KVM")


def test_a_setting_is_of_its_class(lab: Lab) -> None:
    """Or of one above it; with another, nothing is changed."""

    async def scene(shop: Workshop) -> None:
        await shop.define("classy", *small(shop))
        text = "classy/mem is a KVM_Mem.*, and no KVM_Disk"
        with pytest.raises(InvalidParameter, match=text):
            await shop.modify("Disk", "classy/mem", VirtualQuantity=16384)
        one = 'InstanceID = "classy/mem"; VirtualQuantity = 16384;'
        for name in ("CIM_ResourceAllocationSettingData", "KVM_ResourceAllocationSettingData"):
            wanted = f"instance of {name} {{ {one} }};"
            await shop.call("ModifyResourceSettings", ResourceSettings=(wanted,))
        assert shop.setting("Mem", "classy/mem")["VirtualQuantity"] == 16384
        await destroy(shop, "classy")

    work(scene, lab.uri(), "KVM")


def test_a_paused_guest_is_live(lab: Lab) -> None:
    """It gets the device at once."""

    async def scene(shop: Workshop) -> None:
        await guest(shop, lab, "still")
        await start(shop, "still")
        await shop.host.change(shop.domain("still").uuid, Verb.SUSPEND)
        await shop.add("still", usb_disk(shop, "sdb", lab.boot_image("still-stick")))
        live = parse_domain((await shop.texts("still")).live or "")
        assert "sdb" in {one.id for one in live.devices}
        await destroy(shop, "still")

    work(scene, lab.uri(), "KVM")


def test_a_transient_domain_is_changed_as_it_runs(lab: Lab) -> None:
    """What cannot be changed so is refused: it has no next start."""

    async def scene(shop: Workshop) -> None:
        await guest(shop, lab, "passing")
        await start(shop, "passing")
        await shop.host.perform(UndefineDomain(uuid=shop.domain("passing").uuid))
        await shop.add("passing", usb_disk(shop, "sdb", lab.boot_image("passing-stick")))
        found = await shop.texts("passing")
        assert found.persistent is None
        assert "sdb" in {one.id for one in parse_domain(found.live or "").devices}
        with pytest.raises(NotFound):
            await shop.modify("Disk", "passing/defined/vda", DriverCache="none")
        with pytest.raises(NotSupported, match=r"Unable to change Period of `passing'.*transient"):
            await shop.modify("Proc", "passing/proc", Period=50000)
        await destroy(shop, "passing")

    work(scene, lab.uri(), "KVM")


# Failures


def test_all_or_nothing(lab: Lab) -> None:
    """The second of two devices cannot be attached: the first is gone again, everywhere."""

    async def scene(shop: Workshop) -> None:
        await guest(shop, lab, "whole")
        await start(shop, "whole")
        before = await shop.texts("whole")
        good = usb_disk(shop, "sdb", lab.boot_image("whole-stick"))
        bad = usb_disk(shop, "sdc", lab.directory / "nowhere.img")
        with pytest.raises(WBEMError, match=r"`whole'.*nowhere.*nothing was changed"):
            await shop.add("whole", good, bad)
        after = await shop.texts("whole")
        assert lines(before.persistent, after.persistent) == []
        assert lines(before.live, after.live) == []
        with pytest.raises(InvalidParameter, match="EmulatedType cannot be 9"):
            await shop.add(
                "whole", good, shop.mof("Disk", {"VirtualDevice": "x", "EmulatedType": 9})
            )
        assert (await shop.texts("whole")).persistent == after.persistent
        await destroy(shop, "whole")

    work(scene, lab.uri(), "KVM")


async def _stubborn(shop: Workshop, lab: Lab) -> str:
    """Start a guest that will not let go of a disk, and return its definition."""
    await guest(shop, lab, "stubborn")
    path = str(lab.boot_image("stubborn-b"))
    await start(shop, "stubborn")
    disk = {"VirtualDevice": "vdb", "BusType": "virtio", "Address": path}
    await shop.add("stubborn", shop.mof("Disk", disk))
    return (await shop.texts("stubborn")).persistent or ""


async def _job_of_removal(shop: Workshop) -> str:
    """Ask for the disk, and return the id of the job in which that goes on."""
    paths = (shop.path("Disk", "stubborn/vdb"),)
    reply = await shop.reply("RemoveResourceSettings", ResourceSettings=paths)
    assert reply.return_value == 4096
    (job,) = (one.value for one in reply.out)
    assert isinstance(job, ObjectPath)
    assert job.class_name == "KVM_ConfigurationJob"
    return str(job.key("InstanceID"))


@pytest.mark.parametrize("ended", [False, True], ids=["refused", "terminated"])
def test_a_guest_that_keeps_its_device(
    lab: Lab,
    monkeypatch: pytest.MonkeyPatch,
    ended: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A boot sector does not let go of PCI devices: the job says so, and its definition stays."""
    monkeypatch.setattr(undoing, "DETACH_SECONDS", 60.0 if ended else 5.5)
    monkeypatch.setattr(committing, "ANSWER_SECONDS", 1.0)

    async def scene(shop: Workshop) -> None:
        shop.host.turns = Turns(wait_seconds=1000)
        before = await _stubborn(shop, lab)
        job = await _job_of_removal(shop)
        with pytest.raises(Failed, match="a change of domain `stubborn' is under way"):
            await shop.modify_system("KVM:stubborn", Title="x")  # nobody waits for a job
        if ended:
            await shop.engine.request(job, JobRequest.TERMINATE, "anna")
        end = await shop.engine.end_of(job, 60)
        assert end is not None
        said = end.error or ""
        if ended:
            assert end.state == JobState.TERMINATED
            assert said.startswith("terminated at the request of anna: Remove resource failed")
            assert said.endswith(
                "it was stopped; the guest was asked to let go of vdb and may do so later; "
                "nothing else was changed"
            )
        else:
            assert end.state == JobState.EXCEPTION
            assert "let go of vdb and has not" in said
            assert said.endswith("may do so later; nothing else was changed")
        assert lines(before, (await shop.texts("stubborn")).persistent) == []
        await destroy(shop, "stubborn")

    work(scene, lab.uri(), "KVM")


# Systems


def test_a_system_is_made_copied_renamed_and_destroyed(lab: Lab) -> None:
    """The copy has what no model knows, an identity of its own, and what the client gave."""

    async def scene(shop: Workshop) -> None:
        net = shop.mof("Net", {"NetworkType": "user", "Address": MAC})
        await guest(shop, lab, "origin", net)
        editor = DomainEditor((await shop.texts("origin")).persistent or "")
        odd = editor.text.replace("</name>", f"</name><metadata>{ODD}</metadata>", 1)
        await shop.host.perform(DefineDomain(xml=odd))
        reference = shop.path("VirtualSystemSettingData", "KVM:origin")
        system = shop.mof("VirtualSystemSettingData", {"VirtualSystemIdentifier": "copy"})
        other = shop.mof("Disk", {"VirtualDevice": "vda", "Address": "/srv/other.img"})
        out = await shop.call(
            "DefineSystem",
            SystemSettings=system,
            ResourceSettings=(other,),
            ReferenceConfiguration=reference,
        )
        path = out["ResultingSystem"]
        assert isinstance(path, ObjectPath)
        text = (await shop.texts("copy")).persistent or ""
        made = parse_domain(text)
        assert ODD in text
        assert made.uuid != shop.domain("origin").uuid
        assert [one.id for one in made.devices if one.element == "interface"] != [MAC]
        disks = {one.id: one for one in made.devices}
        assert getattr(disks["vda"], "source_file", None) == "/srv/other.img"
        await shop.modify_system("KVM:copy", VirtualSystemIdentifier="renamed", AutoStart=1)
        assert shop.domain("renamed").facts.autostart
        with pytest.raises(WBEMError, match="renamed"):
            await shop.define("renamed", *small(shop))
        with pytest.raises(AlreadyExists, match="already defined with UUID"):
            await shop.define("third", *small(shop), UUID=str(shop.domain("origin").uuid))
        await start(shop, "origin")
        await shop.host.record(shop.domain("origin").uuid, DomainRecord(weight=7))
        await destroy(shop, "origin")
        await destroy(shop, "renamed")
        assert shop.store.kept == {}

    work(scene, lab.uri(), "KVM")


ODD = '<odd:one xmlns:odd="urn:odd" kept="yes"/>'


def test_a_rehearsal_changes_nothing(lab: Lab) -> None:
    """Each method says what it would change."""

    async def scene(shop: Workshop) -> None:
        await guest(shop, lab, "rehearsed")
        await start(shop, "rehearsed")
        before = await shop.texts("rehearsed")
        stick = usb_disk(shop, "sdb", lab.boot_image("rehearsed-stick"))
        for answer in (
            await shop.modify("Disk", "rehearsed/vda", DriverCache="none", dry_run=True),
            await shop.add("rehearsed", stick, dry_run=True),
            await shop.remove("Disk", "rehearsed/hdc", dry_run=True),
            await shop.modify_system("KVM:rehearsed", Title="Other", dry_run=True),
        ):
            assert "\n+" in str(answer["Difference"]) or "\n-" in str(answer["Difference"])
        system = shop.mof("VirtualSystemSettingData", {"VirtualSystemIdentifier": "unborn"})
        answer = await shop.call(
            "DefineSystem", SystemSettings=system, ResourceSettings=small(shop), dry_run=True
        )
        assert "+  <name>unborn</name>" in str(answer["Difference"])
        assert "unborn" not in shop.host.listing.names
        assert await shop.texts("rehearsed") == before
        await destroy(shop, "rehearsed")

    work(scene, lab.uri(), "KVM")


# Many at once

CLIENTS = 32


def test_thirty_two_clients(lab: Lab) -> None:
    """Each adds a device to one domain, and fights for the title of another; none is lost."""

    async def scene(shop: Workshop) -> None:
        for name in ("crowd", "title"):
            await shop.define(name, *small(shop))

        async def client(number: int) -> None:
            mac = f"52:54:00:00:01:{number:02x}"
            await shop.add("crowd", shop.mof("Net", {"NetworkType": "user", "Address": mac}))
            await shop.modify_system("KVM:title", Title=str(number), Notes=(str(number),))

        await asyncio.gather(*map(client, range(CLIENTS)))
        crowd = parse_domain((await shop.texts("crowd")).persistent or "")
        macs = {one.id for one in crowd.devices if one.element == "interface"}
        assert macs == {f"52:54:00:00:01:{number:02x}" for number in range(CLIENTS)}
        title = parse_domain((await shop.texts("title")).persistent or "")
        assert title.title == title.description
        await destroy(shop, "crowd")
        await destroy(shop, "title")

    work(scene, lab.uri(), "KVM")


# Old clients


def test_what_clients_of_libvirt_cim_match(lab: Lab) -> None:
    """Codes and texts of its errors, and what it ignores."""

    async def scene(shop: Workshop) -> None:
        memory = shop.mof("Mem", {"VirtualQuantity": 32, "AllocationUnits": "MegaBytes"})
        cpus = shop.mof("Proc", {"VirtualQuantity": 1, "AllocationUnits": "Processors"})
        disk = {"VirtualDevice": "vda", "Address": "/srv/x.img", "PoolID": "DiskPool/0"}
        net = {"NetworkType": "user", "VirtualQuantity": 1}
        await shop.define("old", memory, cpus, shop.mof("Disk", disk), shop.mof("Net", net))
        for failure, text, call in (
            (NotFound, "Referenced domain `none' does not exist", shop.add("none", cpus)),
            (Failed, "Cannot add resources of type 3", shop.add("old", cpus)),
            (Failed, "Cannot delete resources of type 4", shop.remove("Mem", "old/mem")),
            (NotFound, r"No such instance \(old/vdx\)", shop.remove("Disk", "old/vdx")),
            (InvalidParameter, "Invalid InstanceID `bad'", shop.modify("Disk", "bad")),
            (Failed, "ResourceSettings Error: No resources specified", shop.define("x")),
            (
                Failed,
                "Guest 'y' is already defined with UUID",
                shop.define("y", memory, UUID=str(shop.domain("old").uuid)),
            ),
        ):
            with pytest.raises(failure, match=text):
                await call
        await shop.modify("Mem", "old/mem", VirtualQuantity=64, AllocationUnits="MegaBytes")
        assert shop.setting("Mem", "old/mem")["VirtualQuantity"] == 65536
        await shop.modify("Graphics", "old/vnc", Password="sesame")
        await shop.modify("Graphics", "old/vnc", KeyMap="de")
        assert "passwd='sesame'" in ((await shop.texts("old")).persistent or "")
        await destroy(shop, "old")
        with pytest.raises(NotFound, match="Referenced domain `old' does not exist"):
            await shop.call("DestroySystem", AffectedSystem=shop.system_path("old"))

    work(scene, lab.uri(), "KVM", compat=True)
