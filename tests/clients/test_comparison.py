"""Domains through the running server, compared with what libvirt and virsh say of the same ones."""

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import libvirt
import pytest

from tests.clients.sides import NEVER, SETTING, Sides, everything, ones, sides
from tests.lab import Lab, eventually

BRIDGE = "virbr0"
WIRE = f"""<network><name>wire</name><forward mode='bridge'/><bridge name='{BRIDGE}'/></network>"""

NIC = "<interface type='network'><mac address='{}'/><source network='wire'/></interface>"
MAC = "52:54:00:aa:00:01"
DISK = """<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{}'/>
<target dev='{}' bus='virtio'/></disk>"""

RICH_TOP = """<title>A &amp; "B"</title><description>everything</description>
<maxMemory slots='4' unit='KiB'>1048576</maxMemory><iothreads>2</iothreads>
<currentMemory unit='KiB'>12288</currentMemory>"""

RICH = """
<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/><readonly/></disk>
<disk type='file' device='disk'><driver name='qemu' type='raw' cache='none' io='threads'
 discard='unmap'/><source file='{image}'/><target dev='vda' bus='virtio'/>
<iotune><total_iops_sec>500</total_iops_sec></iotune><serial>S&amp;1</serial></disk>
<filesystem type='mount' accessmode='mapped'><source dir='{directory}'/>
<target dir='share'/></filesystem>
<controller type='virtio-serial' index='0'/><controller type='scsi' index='0' model='virtio-scsi'/>
<interface type='network'><mac address='52:54:00:aa:01:01'/><source network='wire'/>
<model type='virtio'/><bandwidth><inbound average='1000' peak='2000' burst='512'/></bandwidth>
<link state='down'/></interface>
<interface type='bridge'><mac address='52:54:00:aa:01:02'/><source bridge='virbr0'/>
<model type='e1000'/></interface>
<interface type='user'><mac address='52:54:00:aa:01:03'/></interface>
<console type='pty'/><parallel type='null'/>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
<input type='tablet' bus='usb'/><input type='keyboard' bus='usb'/>
<graphics type='vnc' autoport='yes' passwd='secret'><listen type='address' address='127.0.0.1'/>
</graphics>
<video><model type='vga' vram='16384'/></video>
<watchdog model='i6300esb' action='none'/><rng model='virtio'><rate bytes='1024'/>
<backend model='random'>/dev/urandom</backend></rng>
<vsock model='virtio'><cid auto='yes'/></vsock><hub type='usb'/>
"""


@pytest.fixture(scope="module")
def bridged_lab() -> Iterator[Lab]:
    """A libvirtd in a network of its own with a bridge."""
    lab = Lab("virtcim-sides", bridge=BRIDGE)
    connection = lab.connect()
    connection.networkDefineXML(WIRE).create()
    connection.close()
    yield lab
    lab.stop()


@pytest.fixture(scope="module")
def both(bridged_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """A server that hears of changes by events alone."""
    with sides(
        bridged_lab, tmp_path_factory.mktemp("events"), reconcile_interval=NEVER
    ) as one:
        yield one


@pytest.fixture
def rich(both: Sides) -> Iterator[Any]:
    """A running guest with a device of each kind that needs nothing of the machine."""
    image = both.lab.directory / "rich.raw"
    image.write_bytes(bytes(1 << 20))
    devices = RICH.format(image=image, directory=both.lab.directory / "lib")
    xml = both.lab.guest_xml("rich", devices=devices, top=RICH_TOP)
    xml = xml.replace("<vcpu>1</vcpu>", "<vcpu current='2'>4</vcpu>").replace(
        "<features>", "<cpu><numa><cell id='0' cpus='0-3' memory='16384'/></numa></cpu><features>"
    )
    domain = both.run("rich", xml)
    yield domain
    both.remove(domain)


def test_every_word_of_a_running_guest(both: Sides, rich: Any) -> None:
    """The settings have each attribute of each device, and the numbers are libvirt's."""
    live = both.virsh("dumpxml", "rich")
    (system,) = both.systems(rich).values()
    assert (system["ElementName"], system["IsCurrent"] if "IsCurrent" in system else 0)
    told = both.settings(system)
    attributes = sorted(
        tuple(one["Attributes"]) for one in told.values() if one["Attributes"] is not None
    )
    assert attributes == everything(live.replace("<graphics type='vnc'", "<graphics type='vnc' passwd='x'"))


