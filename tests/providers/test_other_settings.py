"""Settings of input devices, of controllers and of what has no class of its own."""

import pytest

from tests.providers.handmade import told
from tests.providers.settings_made import settings_of
from virtcim.providers.views import CONTROLLER_SETTING, GENERIC_SETTING, INPUT_SETTING


@pytest.mark.parametrize(
    ("device", "id_", "caption", "bus"),
    [
        ("<input type='mouse' bus='ps2'/>", "mouse:ps2", "PS2 Mouse", "ps2"),
        ("<input type='tablet' bus='usb'/>", "tablet:usb", "USB Tablet", "usb"),
        ("<input type='mouse' bus='xen'/>", "mouse:xen", "Xen Mouse", "xen"),
        ("<input type='keyboard' bus='virtio'/>", "keyboard:virtio", "VirtIO Keyboard", "virtio"),
        ("<input type='evdev'/>", "evdev", "Unknown bus Unknown device type", None),
    ],
)
def test_input(device: str, id_: str, caption: str, bus: str | None) -> None:
    """The caption is libvirt-cim's, with words for what it did not know."""
    record = settings_of(INPUT_SETTING, device)[id_]
    assert told(record, "Caption", "BusType", "ResourceType") == (caption, bus, 13)
    assert told(record, "ResourceSubType", "PoolID") == (id_.partition(":")[0], "InputPool/0")


def test_a_device_of_the_host_behind_an_input() -> None:
    """What is passed through is named."""
    text = "<input type='evdev'><source dev='/dev/input/event1'/></input>"
    assert settings_of(INPUT_SETTING, text)["evdev"]["HostResource"] == ("/dev/input/event1",)


CONTROLLERS = """
<controller type='scsi' index='1' model='virtio-scsi'>
<driver queues='4' max_sectors='512' cmd_per_lun='8' iothread='1'/></controller>
<controller type='virtio-serial' index='0' ports='16' vectors='4'/>
<controller type='pci' index='4' model='pcie-root-port'><model name='pcie-root-port'/>
<target chassis='4' port='0x13' hotplug='off'/>
<address type='pci' domain='0x0000' bus='0x00' slot='0x02' function='0x3'/></controller>
<controller type='pci' index='5' model='pcie-expander-bus'>
<target busNr='254' chassisNr='3'><node>1</node></target></controller>
"""


@pytest.mark.parametrize("compat", [False, True])
def test_controllers(*, compat: bool) -> None:
    """Numbers that libvirt-cim has as strings stay strings."""
    found = settings_of(CONTROLLER_SETTING, CONTROLLERS, compat=compat)
    scsi, serial, port, expander = found.values()
    assert told(scsi, "InstanceID", "ResourceType", "OtherResourceType", "ResourceSubType") == (
        "web/controller:scsi:1", 1, "controller", "scsi",
    )  # fmt: skip
    assert told(scsi, "Index", "Model", "Queues", "MaxSectors", "CmdPerLun", "IOThread") == (
        1, "virtio-scsi", "4", 512, 8, 1,
    )  # fmt: skip
    assert told(serial, "Ports", "Vectors", "Queues", "PoolID") == (
        "16", "4", None, "ControllerPool/0",
    )  # fmt: skip
    assert told(port, "Chassis", "Port", "TargetHotplug", "ModelName") == (
        "4", "0x13", "off", "pcie-root-port",
    )  # fmt: skip
    assert port["AddressValues"] == ("pci", "0x0000", "0x00", "0x02", "0x3")
    assert told(expander, "ChassisNumber", "NUMANode") == ("3", 1)


@pytest.mark.parametrize(
    ("device", "resource"),
    [
        (("<hostdev mode='subsystem' type='pci'><source><address domain='0x0000' bus='0x06' "
         "slot='0x02' function='0x0'/></source></hostdev>"), "0000:06:02.0"),
        (("<hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0xbeef'/>"
         "</source></hostdev>"), "0x1234:0xbeef"),
        (("<hostdev mode='subsystem' type='usb'><source><address bus='1' device='2'/></source>"
         "</hostdev>"), "1:2"),
        (("<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>"
         "<address bus='0' target='1' unit='2'/></source></hostdev>"), "scsi_host0:0:1:2"),
        (("<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source>"
         "<address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>"),
         "c2177883-f1bb-47f0-914d-32a22e3a8804"),
        (("<hostdev mode='capabilities' type='storage'><source><block>/dev/sdb</block></source>"
         "</hostdev>"), "/dev/sdb"),
    ],
)  # fmt: skip
def test_devices_of_the_host(device: str, resource: str) -> None:
    """What is handed over whole is named as the host knows it."""
    record = settings_of(GENERIC_SETTING, device)["hostdev:0"]
    assert record["HostResource"] == (resource,)
    assert told(record, "ConsumerVisibility", "MappingBehavior") == (2, 3)
    assert record["OtherResourceType"] == "hostdev"


def test_other_devices() -> None:
    """Their model is the subtype, and the address is what the guest sees."""
    found = settings_of(
        GENERIC_SETTING,
        "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
        "<vsock model='virtio'><cid auto='no' address='3'/></vsock>"
        "<tpm model='tpm-tis'><backend type='passthrough'><device path='/dev/tpm0'/></backend>"
        "</tpm>"
        "<sound model='ich9'><address type='pci' domain='0' bus='0' slot='5' function='0'/></sound>"
        "<shmem name='s'/>",
    )
    rng, vsock, tpm, sound, shmem = found.values()
    assert told(rng, "ResourceSubType", "HostResource") == ("virtio", ("/dev/urandom",))
    assert told(vsock, "ResourceSubType", "Address", "HostResource") == ("virtio", "3", None)
    assert told(tpm, "HostResource", "ConsumerVisibility") == (("/dev/tpm0",), 2)
    assert told(sound, "Address", "ConsumerVisibility") == ("0000:00:05.0", 3)
    assert told(shmem, "InstanceID", "ResourceSubType") == ("web/shmem:0", None)
