"""What the settings of all devices have in common."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.hypervisors.standing import facts_of
from tests.providers.handmade import domain_text, found_again, model_of, records, told
from tests.providers.settings_made import settings_of
from virtcim.hypervisors.definition.devices import Address
from virtcim.hypervisors.definition.kinds import KINDS
from virtcim.hypervisors.model import SnapshotFacts
from virtcim.providers import views
from virtcim.providers.configurations import Kind
from virtcim.providers.settings import CHANGEABLE, RESOURCE_TYPES, address_text
from virtcim.providers.views import (
    CHARACTER_SETTING,
    CONTROLLER_SETTING,
    DISK_SETTING,
    GENERIC_SETTING,
    GRAPHICS_SETTING,
    INPUT_SETTING,
    NET_SETTING,
)

SETTINGS = tuple(value for name, value in vars(views).items() if name.endswith("_SETTING"))

MODERN = """
<controller type='pci' index='0' model='pcie-root'/>
<controller type='pci' index='4' model='pcie-root-port'>
  <address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x3'/>
</controller>
<controller type='scsi' index='1'/><controller type='sata' index='1'/>
<controller type='virtio-serial' index='0'/>
<disk type='file' device='disk'><target dev='vda' bus='virtio'/><boot order='2'/>
  <alias name='virtio-disk0'/>
  <address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/></disk>
<disk type='file' device='disk'><target dev='sda' bus='scsi'/>
  <address type='drive' controller='1' bus='0' target='2' unit='3'/></disk>
<disk type='file' device='disk'><target dev='sdb' bus='sata'/>
  <address type='drive' controller='0' bus='0' target='0' unit='0'/></disk>
<channel type='unix'><target type='virtio' name='agent'/>
  <address type='virtio-serial' controller='0' bus='0' port='1'/></channel>
<memballoon model='none'/>
"""

EVERYTHING = (
    MODERN
    + """
<interface type='user'><mac address='52:54:00:00:00:01'/></interface>
<filesystem type='mount'><source dir='/srv'/><target dir='share'/></filesystem>
<graphics type='vnc' port='5900'/><video><model type='vga'/></video>
<console type='pty'><target type='serial' port='0'/></console>
<serial type='pty'><target port='0'/></serial><parallel type='pty'><target port='0'/></parallel>
<input type='tablet' bus='usb'/><input type='keyboard' bus='ps2'/>
<memory model='dimm'><target><size unit='KiB'>1024</size></target></memory>
<watchdog model='itco'/><sound model='ich9'/><tpm model='tpm-crb'/><hub type='usb'/>
"""
)


def test_every_setting_is_found_by_its_key() -> None:
    """GetInstance finds what an enumeration lists, of every family."""
    model = model_of(facts_of(None, domain_text("a/b", EVERYTHING)))
    for family in SETTINGS:
        assert records(model, family)
        assert found_again(model, family) == records(model, family)


@pytest.mark.parametrize("compat", [False, True])
def test_ids_are_unique(*, compat: bool) -> None:
    """No two settings of a domain have the same InstanceID, whatever their families."""
    model = model_of(facts_of(None, domain_text("web", EVERYTHING)), compat=compat)
    ids = [record["InstanceID"] for family in SETTINGS for record in records(model, family)]
    assert len(set(ids)) == len(ids)
    assert all(str(one).startswith("web/") for one in ids)


@pytest.mark.parametrize("compat", [False, True])
@pytest.mark.parametrize("element", [*KINDS, "strange"])
def test_a_device_that_says_nothing(element: str, *, compat: bool) -> None:
    """An element without attributes has a setting like any other, and nothing in it fails."""
    model = model_of(facts_of(None, domain_text("web", f"<{element}/>")), compat=compat)
    found = [record for family in SETTINGS for record in records(model, family)]
    known = model.behaviour.devices
    assert len(found) == (3 if known is None or element in known else 2)


def test_old_clients_see_what_they_know() -> None:
    """In compat there are no settings of devices that libvirt-cim did not show."""
    devices = EVERYTHING
    assert not settings_of(GENERIC_SETTING, devices, compat=True)
    assert not settings_of(CHARACTER_SETTING, devices, compat=True)
    assert [*settings_of(GRAPHICS_SETTING, devices, compat=True)] == ["vnc", "console:0"]
    assert [*settings_of(INPUT_SETTING, devices, compat=True)] == ["tablet:usb", "keyboard:ps2"]


def test_nothing_is_dropped() -> None:
    """A device without a class of its own is a generic one, named by its element."""
    found = settings_of(GENERIC_SETTING, EVERYTHING)
    assert [record["OtherResourceType"] for record in found.values()] == [
        "memballoon", "watchdog", "sound", "tpm", "hub",
    ]  # fmt: skip
    assert all(record["ResourceType"] == 1 for record in found.values())


def test_types_of_resources() -> None:
    """A setting has the number of its resource, or is other and names its element."""
    for family in SETTINGS:
        for record in settings_of(family, EVERYTHING).values():
            other = record["OtherResourceType"]
            assert (record["ResourceType"] == 1) == (other is not None), record.path
            assert other not in RESOURCE_TYPES


def test_controllers_are_parents() -> None:
    """A device on a controller names the controller's setting and its place there."""
    disks = settings_of(DISK_SETTING, MODERN)
    head = "root/virt:KVM_ControllerResourceAllocationSettingData.InstanceID="
    assert told(disks["vda"], "Parent", "AddressOnParent") == (
        f'{head}"web/controller:pci:4"', "00.0",
    )  # fmt: skip
    assert told(disks["sda"], "Parent", "AddressOnParent") == (
        f'{head}"web/controller:scsi:1"', "0:2:3",
    )  # fmt: skip
    channels = settings_of(CHARACTER_SETTING, MODERN)
    assert told(channels["channel:agent"], "Parent", "AddressOnParent", "Address") == (
        f'{head}"web/controller:virtio-serial:0"', "0:1", "0:0:1",
    )  # fmt: skip
    controllers = settings_of(CONTROLLER_SETTING, MODERN)
    assert told(controllers["controller:pci:4"], "Parent", "Address") == (
        f'{head}"web/controller:pci:0"', "0000:00:02.3",
    )  # fmt: skip


def test_a_controller_that_is_not_defined_is_no_parent() -> None:
    """An address may name a controller that the definition leaves to the hypervisor."""
    disk = settings_of(DISK_SETTING, MODERN)["sdb"]
    assert told(disk, "Parent", "AddressOnParent") == (None, "0:0:0")


def test_what_libvirt_calls_it() -> None:
    """Alias, boot order and all that the element says are there."""
    disk = settings_of(DISK_SETTING, MODERN)["vda"]
    assert told(disk, "Alias", "BootOrder") == ("virtio-disk0", 2)
    attributes = disk["Attributes"]
    assert isinstance(attributes, tuple)
    assert attributes[:3] == ("@type=file", "@device=disk", "target/@dev=vda")


def test_a_boot_order_that_does_not_fit_is_unknown() -> None:
    """BootOrder is a uint16; libvirt takes more."""
    text = "<disk type='file'><target dev='vda'/><boot order='70000'/></disk>"
    assert settings_of(DISK_SETTING, text)["vda"]["BootOrder"] is None


def test_a_device_is_one_of_its_kind() -> None:
    """Devices without an amount count as one; compat leaves the unit away, as libvirt-cim does."""
    names = ("VirtualQuantity", "VirtualQuantityUnits", "AllocationUnits")
    for compat, unit in ((False, "count"), (True, None)):
        record = settings_of(INPUT_SETTING, "<input type='mouse' bus='ps2'/>", compat=compat)
        assert told(record["mouse:ps2"], *names) == (1, "count", unit)


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        ({"type": "pci", "domain": "0x0000", "bus": "0x0a", "slot": "0x1f", "function": "0x7"},
         "0000:0a:1f.7"),
        ({"type": "pci", "domain": "0", "bus": "1", "slot": "2", "function": "0"}, "0000:01:02.0"),
        ({"type": "pci"}, None),
        ({"type": "pci", "bus": "x"}, None),
        ({"type": "usb", "bus": "0", "port": "1.2"}, "0:1.2"),
        ({"type": "drive", "controller": "0", "bus": "1", "target": "2", "unit": "3"}, "0:1:2:3"),
        ({"type": "ccw", "cssid": "0xfe", "ssid": "0x0", "devno": "0x0001"}, "0xfe:0x0:0x0001"),
        ({"type": "virtio-mmio"}, None),
        ({"type": "strange", "a": "b"}, None),
    ],
)  # fmt: skip
def test_addresses_as_text(pairs: dict[str, str], text: str | None) -> None:
    """An address is one word, PCI's the one that hosts use; an unknown kind has none."""
    assert address_text(Address(names=tuple(pairs), values=tuple(pairs.values()))) == text


def test_every_kind_of_configuration_says_what_can_be_changed() -> None:
    """The table is total."""
    assert set(CHANGEABLE) == set(Kind)


def pending_domain() -> tuple[str, str]:
    """Return the texts of a domain that has a new disk at its next start."""
    disk = "<disk type='file'><source file='/a'/><target dev='{}' bus='virtio'/></disk>"
    one, two = disk.format("vda"), disk.format("vdb")
    return domain_text("web", one), domain_text("web", one + two)


def test_a_pending_configuration_has_settings_of_its_own() -> None:
    """What runs and what the next start will be are told apart by their ids."""
    model = model_of(facts_of(*pending_domain()))
    found = {record["InstanceID"]: record for record in records(model, DISK_SETTING)}
    assert [*found] == ["web/vda", "web/defined/vda", "web/defined/vdb"]
    assert told(found["web/vda"], "ConfigurationName", "ChangeableType") == ("KVM:web", 1)
    assert told(found["web/defined/vdb"], "ConfigurationName", "ChangeableType") == (
        "KVM:web/defined", 2,
    )  # fmt: skip
    assert found_again(model, DISK_SETTING) == [*found.values()]


def test_old_clients_see_one_configuration() -> None:
    """In compat settings of devices are those of the running domain alone."""
    model = model_of(facts_of(*pending_domain()), compat=True)
    assert [record["InstanceID"] for record in records(model, DISK_SETTING)] == ["web/vda"]


def test_snapshots_have_settings() -> None:
    """What a snapshot has kept cannot be changed."""
    text = domain_text(
        "web", "<interface type='user'><mac address='52:54:00:00:00:01'/></interface>"
    )
    snapshot = SnapshotFacts(
        name="before", parent=None, current=True, created=datetime(2024, 1, 2, tzinfo=UTC),
        state="shutoff", description=None,
        xml=f"<domainsnapshot><name>before</name>{text}</domainsnapshot>",
    )  # fmt: skip
    older = replace(snapshot, name="old", xml="<domainsnapshot><name>old</name></domainsnapshot>")
    model = model_of(facts_of(None, text, snapshot, older))
    now, then = records(model, NET_SETTING)
    assert told(now, "InstanceID", "ChangeableType") == ("web/52:54:00:00:00:01", 2)
    assert told(then, "InstanceID", "ChangeableType", "ConfigurationName") == (
        "web/snapshot/before/52:54:00:00:00:01", 0, "KVM:web/snapshot/before",
    )  # fmt: skip
    assert then["Address"] == now["Address"]
