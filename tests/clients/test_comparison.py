"""Domains through the running server, compared with what libvirt and virsh say of the same ones."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from xml.sax.saxutils import escape

import libvirt
import pytest

from tests.clients.sides import BRIDGE, NEVER, SETTING, Sides, everything, flags, ones, sides
from tests.lab import Lab, eventually

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
<iotune><total_iops_sec>500</total_iops_sec></iotune><serial>S-1</serial></disk>
<filesystem type='mount' accessmode='mapped'><source dir='{directory}'/>
<target dir='share'/></filesystem>
<controller type='virtio-serial' index='0'/><controller type='scsi' index='0' model='virtio-scsi'/>
<interface type='network'><mac address='52:54:00:aa:01:01'/><source network='wire'/>
<model type='virtio'/><link state='down'/></interface>
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
<hub type='usb'/>
"""


@pytest.fixture
def rich(both: Sides) -> Any:
    """A running guest with a device of each kind that needs nothing of the machine."""
    image = both.lab.directory / "rich.raw"
    image.write_bytes(bytes(1 << 20))
    devices = RICH.format(image=image, directory=both.lab.directory / "lib")
    xml = both.lab.guest_xml("rich", devices=devices, top=RICH_TOP)
    xml = xml.replace("<vcpu>1</vcpu>", "<vcpu current='2'>4</vcpu>").replace(
        "<features>", "<cpu><numa><cell id='0' cpus='0-3' memory='16384'/></numa></cpu><features>"
    )
    return both.run("rich", xml)


def of_kind(instances: Any, kind: str) -> list[Any]:
    """Those of a class, by the id."""
    chosen = [one for one in instances.values() if one.classname == f"KVM_{kind}"]
    return sorted(chosen, key=lambda one: str(one.get("InstanceID") or one.get("DeviceID")))


def words(both: Sides, system: Any) -> list[tuple[str, ...]]:
    """What the settings of all devices of a configuration say."""
    told = (one["Attributes"] for one in both.settings(system).values())
    return sorted(tuple(one) for one in told if one is not None)


def test_every_word_of_a_running_guest(both: Sides, rich: Any) -> None:
    """One configuration, whose settings have each attribute of each device."""
    (system,) = both.systems(rich).values()
    live = both.text("rich")
    assert words(both, system) == everything(live)
    assert "secret" not in "".join(map(str, both.settings(system).values()))
    assert (system["Title"], system["Description"]) == ('A & "B"', "everything")


def test_every_word_of_a_guest_that_is_off(both: Sides, rich: Any) -> None:
    """The settings have what the next start will use."""
    both.stop(rich)
    (system,) = both.systems(rich).values()
    assert words(both, system) == everything(both.text("rich", "--inactive"))


def test_devices_and_settings_are_partners(both: Sides, rich: Any) -> None:
    """Each device has one setting; each setting but that of the processors has one device."""
    devices, settings = both.devices(rich), both.state(rich)
    led = {key: both.ends(one.path, "SettingsDefineState") for key, one in devices.items()}
    assert all(len(ends) == 1 for ends in led.values())
    assert {ends[0]["InstanceID"] for ends in led.values()} == settings.keys()
    for key, one in devices.items():
        assert both.client.GetInstance(one.path)["DeviceID"] == key
    for key, one in settings.items():
        assert both.client.GetInstance(one.path)["InstanceID"] == key
        assert one.classname.endswith(SETTING)


def test_numbers_of_a_guest(both: Sides, rich: Any) -> None:
    """Memory, processors, disks, interfaces and graphics are what virsh says of them."""
    info = dict(line.split(":", 1) for line in both.virsh("dominfo", "rich").splitlines())
    settings, devices = both.state(rich), both.devices(rich)
    memory, processors = settings["rich/mem"], settings["rich/proc"]
    assert memory["AllocationUnits"] == "byte*2^10"
    assert info["Max memory"].split() == [str(memory["Limit"]), "KiB"]
    assert info["Used memory"].split() == [str(memory["VirtualQuantity"]), "KiB"]
    counts = [line.split() for line in both.virsh("vcpucount", "rich").splitlines()]
    assert {tuple(one) for one in counts} == {
        ("maximum", "config", "4"), ("maximum", "live", "4"),
        ("current", "config", "2"), ("current", "live", "2"),
    }  # fmt: skip
    assert (processors["VirtualQuantity"], processors["Limit"]) == (2, 4)
    enabled = [one["EnabledState"] for one in of_kind(devices, "Processor")]
    assert enabled == [2, 2, 3, 3]
    for line in both.virsh("domblklist", "--details", "rich").splitlines():
        kind, device, target, source = line.split()
        one = settings[f"rich/{target}"]
        assert (one["SourceType"], one["ResourceSubType"]) == (kind, device)
        assert one["Address"] == source.replace("-", "", source == "-")
    for line in both.virsh("domiflist", "rich").splitlines():
        target, kind, source, model, mac = line.split()
        one = settings[f"rich/{mac}"]
        assert one["ResourceSubType"] == model
        assert (one["VirtualDevice"] or "-") == target
        assert source in {one["NetworkName"], one["Bridge"], "-"}
        link = both.virsh("domif-getlink", "rich", mac).split()[-1]
        assert devices[f"rich/{mac}"]["EnabledState"] == (2 if link == "up" else 6), kind


def test_an_allocated_port_is_seen_everywhere(both: Sides, rich: Any) -> None:
    """A display whose port libvirt has chosen tells it wherever it is asked."""
    port = int(both.virsh("vncdisplay", "rich").rpartition(":")[2]) + 5900
    (sap,) = both.ends(both.path(rich), "SAPAvailableForElement")
    assert (sap["Port"], sap["URL"]) == (port, f"vnc://127.0.0.1:{port}")
    one = both.state(rich)["rich/vnc"]
    assert (one["Port"], one["AutoPort"]) == (port, True)
    assert one["Address"] == f"127.0.0.1:{port}"
    display = both.devices(rich)["rich/vnc"]
    assert str(port) in " ".join(f"{v}" for v in display.values())
    both.stop(rich)
    (sap,) = both.ends(both.path(rich), "SAPAvailableForElement")
    assert (sap["Port"], sap["URL"]) == (None, None)
    assert both.state(rich)["rich/vnc"]["Port"] == -1


# Configurations: what runs and what is defined

CONFIG, LIVE = libvirt.VIR_DOMAIN_AFFECT_CONFIG, libvirt.VIR_DOMAIN_AFFECT_LIVE


def ids(both: Sides, domain: Any) -> list[str]:
    """The configurations of a domain."""
    return sorted(both.systems(domain))


UNTOUCHED = {
    "of a network": NIC.format(MAC),
    "of a bridge": f"<interface type='bridge'><source bridge='{BRIDGE}'/></interface>",
    "with character devices": """<console type='pty'><target type='virtio'/></console>
<channel type='unix'><target type='virtio' name='a'/></channel>
<channel type='pty'><target type='virtio' name='b'/></channel>
<serial type='pty'/><parallel type='pty'/>""",
    "with what libvirt adds": """<graphics type='vnc' autoport='yes'/>
<rng model='virtio'><backend model='random'/></rng>
<interface type='user'/><input type='tablet'/>
<sound model='ich6'/>""",
}


@pytest.mark.parametrize("devices", UNTOUCHED.values(), ids=UNTOUCHED)
def test_a_guest_that_nobody_changed_has_one_configuration(both: Sides, devices: str) -> None:
    """What libvirt adds at a start is no change."""
    top = "<cpu mode='host-model'/><clock offset='variable' adjustment='7'/><genid/>"
    domain = both.run("plain", devices=devices, top=top)
    assert flags(both, domain) == {"KVM:plain": (1, 1)}
    assert set(both.systems(domain)) == {"KVM:plain"}


def test_a_guest_that_was_saved_has_one_configuration(both: Sides) -> None:
    """Its controllers are in another order then, and it is of another generation."""
    domain = both.run("saved", devices=NIC.format(MAC), top="<genid/>")
    domain.managedSave()
    ones(lambda: both.system(domain)["EnabledState"], 6)
    both.start(domain)
    assert flags(both, domain) == {"KVM:saved": (1, 1)}


def change_memory(both: Sides, domain: Any) -> None:
    """More at the next start."""
    domain.setMemoryFlags(32768, CONFIG | libvirt.VIR_DOMAIN_MEM_MAXIMUM)


def change_memory_back(both: Sides, domain: Any) -> None:
    """As it runs."""
    domain.setMemoryFlags(16384, CONFIG | libvirt.VIR_DOMAIN_MEM_MAXIMUM)
    domain.setMemoryFlags(16384, CONFIG)


def add_disk(both: Sides, domain: Any) -> None:
    """One more at the next start."""
    image = both.lab.directory / "more.raw"
    image.write_bytes(bytes(4096))
    domain.attachDeviceFlags(DISK.format(image, "vdb"), CONFIG)


def remove_disk(both: Sides, domain: Any) -> None:
    """None more after all."""
    image = both.lab.directory / "more.raw"
    domain.detachDeviceFlags(DISK.format(image, "vdb"), CONFIG)


def add_nic(both: Sides, domain: Any) -> None:
    """One more at the next start."""
    domain.attachDeviceFlags(NIC.format(MAC), CONFIG)


def remove_nic(both: Sides, domain: Any) -> None:
    """None more after all."""
    domain.detachDeviceFlags(NIC.format(MAC), CONFIG)


def change_title(both: Sides, domain: Any) -> None:
    """Another at the next start."""
    domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "later", None, None, CONFIG)


def change_title_back(both: Sides, domain: Any) -> None:
    """None after all."""
    domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, None, None, None, CONFIG)


CHANGES = [
    (change_memory, change_memory_back, "changed/defined/mem"),
    (add_disk, remove_disk, "changed/defined/vdb"),
    (add_nic, remove_nic, f"changed/defined/{MAC}"),
    (change_title, change_title_back, "changed/defined/hda"),
]


@pytest.mark.parametrize(("change", "back", "expected"), CHANGES)
def test_a_pending_change_is_a_configuration_of_its_own(
    watching: Sides, change: Any, back: Any, expected: str
) -> None:
    """It is, until it is taken back or the guest starts anew."""
    domain = watching.run("changed")
    one, two = {"KVM:changed": (1, 1)}, {"KVM:changed": (1, 2), "KVM:changed/defined": (2, 1)}
    assert flags(watching, domain) == one
    change(watching, domain)
    ones(lambda: flags(watching, domain), two)
    systems = watching.systems(domain)
    live, inactive = watching.text("changed"), watching.text("changed", "--inactive")
    assert words(watching, systems["KVM:changed"]) == everything(live)
    assert words(watching, systems["KVM:changed/defined"]) == everything(inactive)
    assert expected in watching.settings(systems["KVM:changed/defined"])
    back(watching, domain)
    ones(lambda: flags(watching, domain), one)
    change(watching, domain)
    ones(lambda: flags(watching, domain), two)
    watching.stop(domain)
    ones(lambda: flags(watching, domain), one)
    watching.start(domain)
    assert flags(watching, domain) == one
    (system,) = watching.systems(domain).values()
    assert expected.replace("/defined", "") in watching.settings(system)


def test_a_new_definition_of_a_running_guest(both: Sides) -> None:
    """It is told by an event, and the numbers are those of each configuration."""
    domain = both.run("anew", devices=NIC.format(MAC))
    text = both.lab.guest_xml("anew", devices=NIC.format(MAC), top="<title>new</title>")
    uuid = f"<name>anew</name><uuid>{domain.UUIDString()}</uuid>"
    text = text.replace("<name>anew</name>", uuid).replace("16384", "20480")
    both.hypervisor.defineXML(text)
    ones(lambda: ids(both, domain), ["KVM:anew", "KVM:anew/defined"])
    systems = both.systems(domain)
    now, later = systems["KVM:anew"], systems["KVM:anew/defined"]
    assert (now["Title"], later["Title"]) == (None, "new")
    assert both.settings(now)["anew/mem"]["VirtualQuantity"] == 16384
    assert both.settings(later)["anew/defined/mem"]["VirtualQuantity"] == 20480
    nics = both.settings(now)[f"anew/{MAC}"], both.settings(later)[f"anew/defined/{MAC}"]
    assert [(one["NetworkType"], one["NetworkName"]) for one in nics] == [("network", "wire")] * 2


# Devices come and go


def has(both: Sides, domain: Any, key: str) -> bool:
    """Whether there is a device, and its setting."""
    return key in both.devices(domain) and key in both.state(domain)


def test_plugging(both: Sides) -> None:
    """A disk and an interface that are plugged in and out come and go with all that is theirs."""
    domain = both.run("plug")
    eventually(lambda: "READY" in both.lab.serial_text("plug"))
    image = both.lab.directory / "plug.raw"
    image.write_bytes(bytes(4096))
    for name, device, xml, pool in (
        ("vdb", "LogicalDisk", DISK.format(image, "vdb"), []),
        (MAC, "NetworkPort", NIC.format(MAC), ["NetworkPool/wire"]),
    ):
        before = (both.devices(domain).keys(), both.state(domain).keys())
        domain.attachDeviceFlags(xml, LIVE)
        key = f"plug/{name}"
        ones(partial(has, both, domain, key), wanted=True)
        assert both.devices(domain).keys() == before[0] | {key}
        assert both.says(domain, both.text("plug"))
        one = both.devices(domain)[key]
        assert one.classname == f"KVM_{device}"
        assert [end["Name"] for end in both.ends(one.path, "SystemDevice")] == ["plug"]
        pools = both.ends(one.path, "ElementAllocatedFromPool")
        assert [one["InstanceID"] for one in pools] == pool
        assert ids(both, domain) == ["KVM:plug", "KVM:plug/defined"]
        alias = both.state(domain)[key]["Alias"]
        domain.detachDeviceAlias(alias, LIVE)
        domain.reset()  # the guest does not know of plugging, so it happens at its reset
        path = one.path
        ones(partial(has, both, domain, key), wanted=False)
        assert (both.devices(domain).keys(), both.state(domain).keys()) == before
        with pytest.raises(Exception, match="6"):
            both.client.GetInstance(path)
        assert ids(both, domain) == ["KVM:plug"]


QUIETLY = {
    "a link set down": (
        lambda both: both.virsh("domif-setlink", "quiet", MAC, "down"),
        f"quiet/{MAC}", "LinkState", "down",
    ),
    "a processor plugged in": (
        lambda both: both.virsh("setvcpus", "quiet", "2", "--live"),
        "quiet/proc", "VirtualQuantity", 2,
    ),
    "a medium": (
        lambda both: both.virsh(
            "change-media", "quiet", "hdc", str(both.lab.boot_image("cd")), "--live", "--insert"
        ),
        "quiet/hdc", "Address", "cd.img",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "key", "name", "wanted"), QUIETLY.values(), ids=QUIETLY)
def test_what_no_event_tells(
    watching: Sides, change: Any, key: str, name: str, wanted: object
) -> None:
    """It is found by looking again."""
    devices = NIC.format(MAC) + (
        "<disk type='file' device='cdrom'><target dev='hdc' bus='ide'/></disk>"
    )
    text = watching.lab.guest_xml("quiet", devices=devices)
    domain = watching.run("quiet", text.replace("<vcpu>1<", "<vcpu current='1'>3<"))
    change(watching)
    ones(lambda: str(watching.state(domain)[key][name]).rpartition("/")[2], str(wanted))
    assert watching.says(domain, watching.text("quiet"))


def test_the_other_end_of_a_wire(both: Sides) -> None:
    """A running guest's interface is connected to a port of its network, one that is off is not."""
    domain = both.run("wired", devices=NIC.format(MAC))
    port = both.devices(domain)[f"wired/{MAC}"]
    (end,) = both.ends(port.path, "DeviceSAPImplementation", "LANEndpoint")
    (other,) = both.ends(end.path, "ActiveConnection")
    (switch_port,) = both.ends(other.path, "DeviceSAPImplementation")
    (switch,) = both.ends(switch_port.path, "SystemDevice")
    assert switch["ElementName"] == "wire"
    both.stop(domain)
    assert both.ends(end.path, "ActiveConnection") == []


def test_a_transient_guest(both: Sides) -> None:
    """It has what runs and nothing that a start would bring."""
    domain = both.hypervisor.createXML(both.lab.guest_xml("fleeting", devices=NIC.format(MAC)))
    eventually(lambda: both.knows("fleeting"))
    assert flags(both, domain) == {"KVM:fleeting": (1, 2)}
    assert both.says(domain, both.text("fleeting"))


# Names

NAMES = ("two words été 東京 + =,;:", "\"R&D\" 'x' <y> back\\slash per%cent")


@pytest.mark.parametrize("name", NAMES)
def test_names(both: Sides, name: str) -> None:
    """Whatever a domain is called, its instances can be got by the names that are told."""
    xml = both.lab.guest_xml("named").replace("<name>named<", f"<name>{escape(name)}<")
    domain = both.run(name, xml)
    assert domain.name() == name
    assert f"{name}/hda" in both.devices(domain)
    for one in (*both.devices(domain).values(), *both.state(domain).values()):
        assert both.client.GetInstance(one.path).path.keybindings == one.path.keybindings
    assert set(both.systems(domain)) == {f"KVM:{name}"}


TWINS = """<interface type='user'><mac address='{mac}' check='no'/></interface>
<interface type='user'><mac address='{mac}' check='no'/></interface>
<input type='mouse' bus='usb'/><input type='mouse' bus='usb'/>
<graphics type='vnc' autoport='yes'/><graphics type='vnc' autoport='yes'/>"""


def test_twins(both: Sides) -> None:
    """Devices that libvirt does not tell apart by what names them have names of their own."""
    domain = both.run("twins", devices=TWINS.partition("<graphics")[0].format(mac=MAC))
    devices = both.devices(domain)
    wanted = {f"twins/{MAC}", f"twins/{MAC}:1", "twins/mouse:usb", "twins/mouse:usb:1"}
    assert wanted <= devices.keys()
    assert {key.partition("/")[2] for key in wanted} <= {
        key.partition("/")[2] for key in both.state(domain)
    }
    for key in wanted:
        assert both.client.GetInstance(devices[key].path)["DeviceID"] == key


# Containers

CONTAINER = """<domain type='lxc'><name>box</name><memory unit='KiB'>65536</memory><vcpu>2</vcpu>
<os><type>exe</type><init>/bin/sleep</init><initarg>1000</initarg><initenv name='A'>b</initenv></os>
<devices><filesystem type='mount'><source dir='{}'/><target dir='/mnt'/></filesystem>
<interface type='bridge'><mac address='52:54:00:aa:02:01'/><source bridge='virbr0'/></interface>
<console type='pty'/></devices></domain>"""


@pytest.fixture
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """A server over a libvirtd for containers alone."""
    lab = Lab("virtcim-boxes", bridge=BRIDGE)
    directory = tmp_path_factory.mktemp("boxes")
    with sides(lab, directory, "lxc", "LXC", reconcile_interval=NEVER) as one:
        yield one
    lab.stop()


def test_a_container(containers: Sides) -> None:
    """Its devices and settings are those of its text, and one configuration."""
    box = containers.run("box", CONTAINER.format(containers.lab.directory / "lib"))
    devices = containers.devices(box)
    assert containers.says(box, containers.text("box"))
    assert {"box/0", "box/1", "box/mem", "box//mnt", "box/52:54:00:aa:02:01"} <= devices.keys()
    assert set(containers.systems(box)) == {"LXC:box"}
    system = containers.systems(box)["LXC:box"]
    assert (system["InitPath"], system["InitArguments"]) == ("/bin/sleep", ["1000"])
    assert system["InitEnvironment"] == ["A=b"]
    containers.stop(box)
    assert containers.says(box, containers.text("box"))
