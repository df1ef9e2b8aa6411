"""Defining systems: what is given is what is read, of every kind of resource."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.lab import Lab
from tests.providers.workshop import Workshop, work
from virtcim.hypervisors.definition import parse_domain
from virtcim.providers.changes import same
from virtcim.schema.layouts import Record
from virtcim.wbem.status import Failed, InvalidParameter, WBEMError

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(autouse=True, scope="module")
def answering(lab: Lab) -> None:
    """The daemon answers before the first scene begins."""
    lab.connect().close()


MEMORY: tuple[str, Mapping[str, Any]] = (
    "Mem", {"VirtualQuantity": 65536, "AllocationUnits": "byte*2^10"},
)  # fmt: skip

RESOURCES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    MEMORY,
    ("Proc", {"VirtualQuantity": 2, "Limit": 4, "Sockets": 2, "Cores": 2, "Threads": 1,
              "CPUMode": "custom", "CPUModel": "qemu64", "CPUMatch": "exact", "Weight": 2048,
              "CPUFeatures": ("disable=svm",), "CPUSet": "0", "VCPUPins": ("0=0",),
              "NUMACells": ("0=0-1:32768", "1=2-3:32768")}),
    ("Controller", {"ResourceSubType": "scsi", "Index": 0, "Model": "virtio-scsi"}),
    ("Disk", {"VirtualDevice": "sda", "BusType": "scsi", "SourceType": "network",
              "SourceProtocol": "rbd", "SourceName": "pool/image", "DriverType": "raw",
              "SourceHosts": ("mon.example.org:6789", "[::1]:6789"), "BootOrder": 2}),
    ("Disk", {"VirtualDevice": "vda", "BusType": "virtio", "Address": "/srv/x.qcow2",
              "DriverType": "qcow2", "DriverCache": "none", "DriverIO": "native",
              "DriverDiscard": "unmap", "SerialNumber": "abc", "BootOrder": 1,
              "TotalBytesPerSecond": 1000000}),
    ("Disk", {"VirtualDevice": "vdb", "BusType": "virtio", "SourcePool": "p", "SourceVolume": "v",
              "SourceType": "volume"}),
    ("Disk", {"VirtualDevice": "vdc", "BusType": "virtio", "Address": "/dev/sdx",
              "SourceType": "block", "ErrorPolicy": "stop"}),
    ("Disk", {"VirtualDevice": "hda", "BusType": "ide", "EmulatedType": 1, "Address": ""}),
    ("Disk", {"VirtualDevice": "fda", "EmulatedType": 2, "Address": "/srv/floppy.img"}),
    ("Disk", {"VirtualDevice": "sdb", "BusType": "scsi", "EmulatedType": 4,
              "Address": "/dev/sdy"}),
    ("Disk", {"EmulatedType": 3, "VirtualDevice": "tag", "Address": "/srv/dir",
              "AccessMode": "mapped", "readonly": True}),
    ("Net", {"NetworkType": "bridge", "NetworkName": "br9", "ResourceSubType": "virtio",
             "Address": "52:54:00:00:00:01", "InboundAverage": 100, "InboundPeak": 200,
             "OutboundAverage": 50, "FilterRef": "clean-traffic", "MTU": 1400,
             "FilterParameters": ("IP=192.0.2.1",), "LinkState": "down", "Queues": 4}),
    ("Net", {"NetworkType": "bridge", "NetworkName": "ovs", "VSIType": "openvswitch",
             "VLANTags": (42, 47), "VLANTrunk": True, "NativeVLAN": 42,
             "Address": "52:54:00:00:00:02"}),
    ("Net", {"NetworkType": "direct", "SourceDevice": "eth0", "NetworkMode": "bridge",
             "VSIType": "802.1Qbh", "ProfileID": "profile", "Address": "52:54:00:00:00:03"}),
    ("Net", {"NetworkType": "user", "Reservation": 100, "Limit": 300,
             "AllocationUnits": "byte*10^3/second", "Address": "52:54:00:00:00:04"}),
    ("Graphics", {"ResourceSubType": "vnc", "Address": "192.0.2.1:5999", "KeyMap": "de",
                  "Port": 5999}),
    ("Graphics", {"ResourceSubType": "spice", "ListenAddress": "127.0.0.1", "AutoPort": True,
                  "DefaultMode": "insecure"}),
    ("Graphics", {"VideoModel": "virtio", "Heads": 2}),
    ("Character", {"SourceType": 8, "BindURL": "telnet://127.0.0.1:4555",
                   "ResourceType": 21}),
    ("Character", {"TargetName": "org.qemu.guest_agent.0", "SourceType": 9}),
    ("Input", {"ResourceSubType": "tablet", "BusType": "usb"}),
    ("Generic", {"OtherResourceType": "rng", "HostResource": ("/dev/random",)}),
    ("Generic", {"OtherResourceType": "watchdog", "ResourceSubType": "i6300esb"}),
    ("Generic", {"OtherResourceType": "vsock", "Address": "7"}),
    ("Generic", {"OtherResourceType": "sound", "ResourceSubType": "ac97"}),
    ("Generic", {"OtherResourceType": "hostdev", "ResourceSubType": "pci",
                 "HostResource": ("0000:01:00.0",)}),
    ("Generic", {"OtherResourceType": "hostdev", "ResourceSubType": "usb",
                 "HostResource": ("0x1234:0xbeef",)}),
)  # fmt: skip

SYSTEM: Mapping[str, Any] = {
    "Title": "Everything", "Notes": ("of every", "kind"), "Machine": "pc-q35-7.2",
    "EnableACPI": True, "EnablePAE": True, "ClockOffset": 1, "AutoStart": 1,
    "OnPowerOff": "destroy", "OnReboot": "destroy", "OnCrash": "restart", "SMBIOSMode": "host",
    "BootMenu": True, "BootMenuTimeout": 3000, "BIOSUseSerial": True, "IOThreads": 2,
    "Timers": ("rtc tickpolicy=catchup", "hpet present=no"), "SuspendToDisk": False,
}  # fmt: skip


async def destroyed(shop: Workshop, name: str) -> None:
    """Call DestroySystem."""
    await shop.call("DestroySystem", AffectedSystem=shop.system_path(name))


def told(shop: Workshop, kind: str, domain: str) -> list[Record]:
    """The settings of a kind that a domain has."""
    provider = shop.namespaces.get("root/virt").provider(shop.name(kind))
    assert provider is not None
    return [one for one in provider.records() if str(one["InstanceID"]).startswith(f"{domain}/")]


def test_what_is_given_is_read(lab: Lab) -> None:
    """Each property of each resource; what libvirt fills in beside them is its own affair."""

    async def scene(shop: Workshop) -> None:
        system = {name: value for name, value in SYSTEM.items() if name != "Machine"}
        resources = [shop.mof(kind, values) for kind, values in RESOURCES]
        await shop.define("every", *resources, **system)
        (setting,) = [
            one
            for one in shop.namespaces.get("root/virt")
            .provider(shop.name("VirtualSystemSettingData"))
            .records()  # type: ignore[union-attr]
            if one["InstanceID"] == "KVM:every"
        ]
        for name, value in system.items():
            found = setting[name]
            wanted = ("\n".join(value),) if name == "Notes" else value
            assert same(wanted, found), (name, found)
        for kind, values in RESOURCES:
            read = told(shop, kind, "every")
            assert any(all(same(values[name], one[name]) for name in values) for one in read), (
                kind,
                values,
                [{name: one[name] for name in values} for one in read],
            )
        await destroyed(shop, "every")

    work(scene, lab.uri(), "KVM")


def test_firmware(lab: Lab) -> None:
    """UEFI by its files."""

    async def scene(shop: Workshop) -> None:
        firmware = {
            "Machine": "q35", "Loader": "/srv/code.fd", "LoaderType": "pflash",
            "LoaderReadOnly": True, "NVRAM": "/srv/vars.fd", "NVRAMTemplate": "/srv/template.fd",
        }  # fmt: skip
        await shop.define("firm", shop.mof(*MEMORY), **firmware)
        made = parse_domain((await shop.texts("firm")).persistent or "")
        assert (made.loader, made.loader_type, made.loader_readonly, made.nvram) == (
            "/srv/code.fd", "pflash", True, "/srv/vars.fd",
        )  # fmt: skip
        await shop.modify_system("KVM:firm", NVRAM="", NVRAMTemplate="", SecureBoot=False)
        made = parse_domain((await shop.texts("firm")).persistent or "")
        assert made.nvram_template is None
        await destroyed(shop, "firm")

    work(scene, lab.uri(), "KVM")


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        ("Disk", {}, "Missing `VirtualDevice' property"),
        ("Disk", {"VirtualDevice": "vda"}, "Missing `Address'"),
        ("Disk", {"VirtualDevice": "vda", "Address": "/x", "EmulatedType": 7}, "EmulatedT"),
        ("Disk", {"VirtualDevice": "a", "Address": "/x", "VirtualQuantity": 5}, "VirtualQ"),
        ("Disk", {"VirtualDevice": "a", "SourceType": "network", "SourceHosts": ("a:b",)}, "NAME"),
        ("Net", {"NetworkType": "bridge"}, "No Network bridge name specified"),
        ("Net", {"NetworkType": "direct"}, "No Source Device specified"),
        ("Net", {"NetworkType": "user", "Limit": 5}, "Limit"),
        ("Graphics", {}, "ResourceSubType field not valid"),
        ("Graphics", {"ResourceSubType": "glass"}, "Unsupported graphics type"),
        ("Graphics", {"ResourceSubType": "vnc", "Address": "nowhere"}, "Address not valid"),
        ("Character", {"SourceType": 99}, "Invalid SourceType value"),
        ("Character", {"SourceType": 8, "BindURL": "udp://a:1"}, "protocol"),
        ("Input", {"ResourceSubType": "pedal"}, "mouse, tablet"),
        ("Controller", {}, "a controller has a type"),
        ("Generic", {"OtherResourceType": "toaster"}, "OtherResourceType must be one of"),
        ("Generic", {"OtherResourceType": "hostdev"}, "which device of the host"),
        ("Mem", {"VirtualQuantity": 5, "AllocationUnits": "parsec"}, "AllocationUnits"),
        ("Mem", {"VirtualQuantity": 512}, "VirtualQuantity cannot be 512 byte: .*less than 1 MiB"),
        ("Mem", {"VirtualQuantity": 2**53, "AllocationUnits": "byte*2^10"}, "VirtualQ.*2.63"),
        ("Mem", {"VirtualQuantity": 2**20, "Limit": 2**63}, "Limit cannot be .*2.63"),
        ("Proc", {"VirtualQuantity": 0}, "at least one"),
        ("Proc", {"VirtualQuantity": 4_000_000_000}, "VirtualQuantity cannot be 4000000000"),
        ("Proc", {"VirtualQuantity": 1, "Limit": 2**31}, "Limit cannot be 2147483648"),
        ("Proc", {"VirtualQuantity": 1, "NUMACells": (f"0=0:{2**53}",)}, "2.63"),
        ("Proc", {"VirtualQuantity": 1, "Weight": 1}, "Weight cannot be 1"),
        ("Proc", {"VirtualQuantity": 1, "NUMACells": ("0=0",)}, "ID=CPUS:KIB"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(kind: str, values: Mapping[str, Any], text: str, lab: Lab) -> None:
    """The property and what it must be; nothing is defined."""

    async def scene(shop: Workshop) -> None:
        with pytest.raises(InvalidParameter, match=text.replace("`", ".")):
            await shop.define("wrong", shop.mof(*MEMORY), shop.mof(kind, values))
        assert "wrong" not in shop.host.listing.names

    work(scene, lab.uri(), "KVM")


def test_a_system_needs_a_name_and_memory(lab: Lab) -> None:
    """And an architecture that the host can run."""

    async def scene(shop: Workshop) -> None:
        for name, resources, more, text in (
            ("", (shop.mof(*MEMORY),), {}, "Missing VirtualSystemIdentifier"),
            ("bare", (), {}, "no memory"),
            ("odd", (shop.mof(*MEMORY),), {"Arch": "pdp11"}, "Arch cannot be 'pdp11'"),
            ("odd", (shop.mof(*MEMORY),), {"UUID": "none"}, "UUID cannot be 'none'"),
            ("odd", (shop.mof(*MEMORY),), {"Timers": ("rtc x=y",)}, "Timers cannot be"),
        ):
            with pytest.raises(WBEMError, match=text):
                await shop.define(name, *resources, **more)

    work(scene, lab.uri(), "KVM")


def test_other_hypervisors(lab: Lab) -> None:
    """A container, and a domain of a driver that cannot hold a weight: the record does."""

    async def container(shop: Workshop) -> None:
        root = shop.mof("Disk", {"MountPoint": "/", "Address": "/"})
        await shop.define("box", shop.mof(*MEMORY), root, InitPath="/bin/sh")
        made = parse_domain((await shop.texts("box")).persistent or "")
        assert (made.domain_type, made.os_type, made.init) == ("lxc", "exe", "/bin/sh")
        assert [one.element for one in made.devices] == ["filesystem", "console"]
        await destroyed(shop, "box")

    async def tested(shop: Workshop) -> None:
        weighty = shop.mof("Proc", {"VirtualQuantity": 1, "Weight": 500})
        await shop.define("weighty", shop.mof(*MEMORY), weighty)
        assert shop.setting("Proc", "weighty/proc")["Weight"] == 500
        (record,) = shop.store.kept.values()
        assert record.weight == 500
        await shop.modify("Proc", "weighty/proc", Weight=600)
        assert shop.setting("Proc", "weighty/proc")["Weight"] == 600
        await destroyed(shop, "weighty")
        assert shop.store.kept == {}

    work(container, lab.uri("lxc"), "LXC")
    work(tested, "test:///default", "Test")


def test_a_snapshot_is_what_it_was(lab: Lab) -> None:
    """Its settings cannot be changed."""

    async def scene(shop: Workshop) -> None:
        await shop.define("taken", shop.mof(*MEMORY))
        with pytest.raises(Failed, match="snapshot"):
            await shop.modify("Mem", "taken/snapshot/one/mem", VirtualQuantity=1)
        await destroyed(shop, "taken")

    work(scene, lab.uri(), "KVM")
