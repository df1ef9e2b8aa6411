"""Settings of disks and filesystems."""

import asyncio
from dataclasses import replace

from tests.hypervisors.standing import StandingHypervisor, facts_of
from tests.inventory.scripted import survey
from tests.providers.handmade import PREFIX, domain_text, model_of, provider, records, told
from tests.providers.settings_made import settings_in, settings_of
from tests.providers.stage import NAMESPACE, SERVER, Store
from virtcim.hypervisors.resources import (
    NO_RESOURCES,
    PoolFacts,
    PoolState,
    ResourceFacts,
    VolumeFacts,
)
from virtcim.inventory import Host
from virtcim.jobs import Engine
from virtcim.providers.host_resources import STORAGE_VOLUME
from virtcim.providers.model import HostModel, Server
from virtcim.providers.views import DISK_SETTING
from virtcim.schema.families import build_repository

FILE = """<disk type='file' device='disk'>
<driver name='qemu' type='qcow2' cache='none' io='native' discard='unmap' detect_zeroes='on'
  error_policy='stop' rerror_policy='ignore' iothread='1'/>
<source file='/pool/web.qcow2'/>
<backingStore type='file'><format type='raw'/><source file='/pool/base.raw'/><backingStore/>
</backingStore>
<target dev='vda' bus='virtio' rotation_rate='1'/>
<iotune><total_bytes_sec>6</total_bytes_sec><read_iops_sec>7</read_iops_sec></iotune>
<blockio logical_block_size='512' physical_block_size='4096'/>
<serial>S1</serial><wwn>5000c50015ea71ac</wwn><vendor>QEMU</vendor><product>DISK</product>
<transient/><shareable/>
<address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/></disk>"""

CDROM = "<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>"
VOLUME = (
    "<disk type='volume' device='disk' snapshot='no'><source pool='default' volume='data'/>"
    "<target dev='vdb' bus='virtio'/></disk>"
)
LUN = (
    "<disk type='block' device='lun' rawio='yes' sgio='unfiltered'><source dev='/dev/sdx'/>"
    "<target dev='sdb' bus='scsi'/></disk>"
)
RBD = """<disk type='network' device='disk'>
<source protocol='rbd' name='pool/image'><host name='mon1' port='6789'/><host name='::1' port='1'/>
<host transport='unix' socket='/run/x'/><encryption format='luks'/></source>
<target dev='vdc' bus='virtio'/></disk>"""
FILESYSTEM = (
    "<filesystem type='mount' accessmode='mapped'><driver type='virtiofs'/><source dir='/srv'/>"
    "<target dir='share'/><readonly/></filesystem>"
)
ALL = FILE + CDROM + VOLUME + LUN + RBD + FILESYSTEM


def volume(name: str, capacity: int, allocation: int = 0) -> VolumeFacts:
    """Return a volume of the pool."""
    return VolumeFacts(
        name=name, key=name, path=f"/pool/{name}", kind="file", capacity=capacity,
        allocation=allocation, format="qcow2", backing_path=None,
    )  # fmt: skip


POOL = PoolFacts(
    name="default",
    uuid="11111111-2222-3333-4444-555555555577",
    kind="dir",
    state=PoolState.RUNNING,
    persistent=True,
    autostart=True,
    capacity=2**40,
    allocation=0,
    available=2**40,
    xml="<pool type='dir'><name>default</name><target><path>/pool</path></target></pool>",
    volumes=(volume("web.qcow2", 2**30), volume("data", 2**31)),
)
STORAGE = replace(NO_RESOURCES, pools=(POOL,))


def test_a_file() -> None:
    """All that libvirt says of a disk is there."""
    disk = settings_of(DISK_SETTING, ALL)["vda"]
    assert told(disk, "InstanceID", "ResourceType", "ResourceSubType") == ("web/vda", 17, "disk")
    assert told(disk, "VirtualDevice", "BusType", "EmulatedType") == ("vda", "virtio", 0)
    assert told(disk, "Address", "SourceType", "BackingPath") == (
        "/pool/web.qcow2", "file", "/pool/base.raw",
    )  # fmt: skip
    assert told(disk, "DriverName", "DriverType", "DriverCache", "DriverIO", "DriverDiscard") == (
        "qemu", "qcow2", "none", "native", "unmap",
    )  # fmt: skip
    assert told(disk, "DriverDetectZeroes", "ErrorPolicy", "ReadErrorPolicy", "IOThread") == (
        "on", "stop", "ignore", 1,
    )  # fmt: skip
    assert told(disk, "SerialNumber", "WWN", "Vendor", "Product") == (
        "S1", "5000c50015ea71ac", "QEMU", "DISK",
    )  # fmt: skip
    assert told(disk, "TotalBytesPerSecond", "ReadOperationsPerSecond", "ReadBytesPerSecond") == (
        6, 7, None,
    )  # fmt: skip
    assert told(disk, "LogicalBlockSize", "PhysicalBlockSize", "RotationRate") == (512, 4096, 1)
    assert told(disk, "Transient", "readonly", "shareable") == (True, False, True)
    assert disk["AddressProperties"] == ("type", "domain", "bus", "slot", "function")
    assert disk["AddressValues"] == ("pci", "0x0000", "0x04", "0x00", "0x0")


def test_kinds_of_disks() -> None:
    """What the guest sees is a number; a unit of the host's own SCSI bus is passed through."""
    found = settings_of(DISK_SETTING, ALL)
    names = ("EmulatedType", "ConsumerVisibility")
    assert {name: told(one, *names) for name, one in found.items()} == {
        "vda":   (0, 3),
        "sda":   (1, 3),
        "vdb":   (0, 3),
        "sdb":   (4, 2),
        "vdc":   (0, 3),
        "share": (3, 3),
    }  # fmt: skip
    assert told(found["sdb"], "rawio", "sgio", "Address") == ("yes", "unfiltered", "/dev/sdx")


def test_an_empty_drive_has_an_empty_address() -> None:
    """libvirt-cim's clients tell an empty drive by it."""
    drive = settings_of(DISK_SETTING, ALL)["sda"]
    assert told(drive, "Address", "HostResource", "VirtualQuantity", "readonly") == (
        "", None, None, True,
    )  # fmt: skip


def test_a_source_on_the_network() -> None:
    """Protocol, name and servers are there, and the name is the address."""
    disk = settings_of(DISK_SETTING, ALL)["vdc"]
    assert told(disk, "SourceType", "SourceProtocol", "SourceName", "Address") == (
        "network", "rbd", "pool/image", "pool/image",
    )  # fmt: skip
    assert disk["SourceHosts"] == ("mon1:6789", "[::1]:1", "/run/x")
    assert disk["Encryption"] == "luks"


def test_a_filesystem() -> None:
    """A shared directory has its own properties, and none of a disk."""
    shared = settings_of(DISK_SETTING, ALL)["share"]
    assert told(shared, "FilesystemType", "FilesystemDriver", "FilesystemSource") == (
        "mount", "virtiofs", "/srv",
    )  # fmt: skip
    assert told(shared, "VirtualDevice", "AccessMode", "readonly", "DriverType") == (
        "share", "mapped", True, "virtiofs",
    )  # fmt: skip
    assert told(shared, "MountPoint", "BusType", "SourceType", "shareable") == (None,) * 4


def test_a_container_mounts_it() -> None:
    """Only a container has a mount point."""
    text = domain_text("box", "<filesystem><source dir='/srv'/><target dir='/'/></filesystem>")
    found = settings_in(DISK_SETTING, text.replace(">hvm<", ">exe<"))
    assert told(found["/"], "MountPoint", "FilesystemType") == ("/", "mount")


def test_sizes_are_those_of_volumes() -> None:
    """The size is that of the volume, found by its path or by its pool and name."""
    found = settings_of(DISK_SETTING, ALL, resources=STORAGE)
    names = ("VirtualQuantity", "PoolID", "AllocationUnits", "VirtualQuantityUnits")
    assert told(found["vda"], *names) == (2**30, "DiskPool/default", "byte", "byte")
    assert told(found["vdb"], *names) == (2**31, "DiskPool/default", "byte", "byte")
    assert told(found["sdb"], *names) == (None, None, "byte", "byte")
    old = settings_of(DISK_SETTING, ALL, resources=STORAGE, compat=True)
    assert told(old["vda"], *names[:3]) == (2**30, "DiskPool/default", "Bytes")


def test_a_volume_has_the_path_that_its_pool_tells() -> None:
    """A volume that no pool has is named as the definition names it."""
    known = settings_of(DISK_SETTING, VOLUME, resources=STORAGE)["vdb"]
    assert told(known, "Address", "SourcePool", "SourceVolume", "Snapshot") == (
        "/pool/data", "default", "data", "no",
    )  # fmt: skip
    assert settings_of(DISK_SETTING, VOLUME)["vdb"]["Address"] == "default/data"


def served(resources: ResourceFacts) -> HostModel:
    """Return a model that shows its volumes too."""
    model = model_of(facts_of(None, domain_text("web", ALL)), resources=resources)
    model.add(provider(model, STORAGE_VOLUME))
    return model


def test_a_volume_that_is_shown_is_named_by_its_uri() -> None:
    """HostResource leads to the instance of the volume, or else names the path."""
    model = served(STORAGE)
    found = {str(record["ElementName"]): record for record in records(model, DISK_SETTING)}
    (uri,) = (found["vda"]["HostResource"],)
    assert isinstance(uri, tuple)
    assert str(uri[0]).startswith("root/virt:KVM_StorageVolume.")
    assert told(found["sdb"], "HostResource") == (("/dev/sdx",),)


def test_a_volume_that_grows_keeps_the_records() -> None:
    """How full volumes are changes all the time and is no reason to make settings again."""

    async def scene() -> None:
        hypervisor = StandingHypervisor((facts_of(None, domain_text("web", ALL)),), STORAGE)
        host = Host("h", hypervisor, Store(), prefix=PREFIX, namespace=NAMESPACE)
        await host.start()
        await survey(host)
        model = HostModel(
            host, Server(SERVER, "1.2.3"), build_repository((PREFIX,)), Engine(Store())
        )
        model.add(provider(model, STORAGE_VOLUME))
        before = provider(model, DISK_SETTING).records()
        assert next(record["VirtualQuantity"] for record in before) == 2**30
        hypervisor.shared = pool_with(volume("web.qcow2", 2**30, 5), volume("data", 2**31, 6))
        await survey(host)
        assert provider(model, DISK_SETTING).records() is before
        hypervisor.shared = pool_with(volume("web.qcow2", 2**33), volume("data", 2**31))
        await survey(host)
        assert records(model, DISK_SETTING)[0]["VirtualQuantity"] == 2**33
        await host.close()

    asyncio.run(scene())


def pool_with(*volumes: VolumeFacts) -> ResourceFacts:
    """Return the pool with other volumes."""
    return replace(STORAGE, pools=(replace(POOL, volumes=volumes),))
