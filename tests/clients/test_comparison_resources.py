"""Counters, networks, storage, filters and snapshots, compared with what virsh says of them."""

import signal
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any

import libvirt
import pytest

from tests.clients.callers import connect
from tests.clients.sides import NEVER, Sides, flags, ones, remove, sides
from tests.lab import Lab, eventually
from tests.serving import serving

NIC = """<interface type='network'><mac address='52:54:00:bb:00:01'/><source network='wire'/>
</interface>"""


# Counters


def stats(both: Sides, name: str) -> Mapping[str, str]:
    """What domstats says."""
    found = (line.strip().partition("=") for line in both.virsh("domstats", name).splitlines())
    return {key: value for key, sign, value in found if sign}


def values(both: Sides, name: str) -> Mapping[str, Any]:
    """The values of a domain and its devices."""
    found = both.client.EnumerateInstances("KVM_BaseMetricValue")
    start = f"KVM:{name}/"
    return {
        one["InstanceID"].removeprefix(start): one
        for one in found
        if one["InstanceID"].startswith(start)
    }


COUNTERS = {
    "CPUTime": "cpu.time",
    "CPUUserTime": "cpu.user",
    "CPUSystemTime": "cpu.system",
    "0/ProcessorTime": "vcpu.0.time",
    "hda/BlockReadRequests": "block.0.rd.reqs",
    "hda/BlockReadBytes": "block.0.rd.bytes",
    "hda/BlockReadTime": "block.0.rd.times",
    "hda/BlockWriteRequests": "block.0.wr.reqs",
    "52:54:00:bb:00:01/NetworkReceiveBytes": "net.0.rx.bytes",
    "52:54:00:bb:00:01/NetworkReceivePackets": "net.0.rx.pkts",
    "52:54:00:bb:00:01/NetworkTransmitBytes": "net.0.tx.bytes",
    "52:54:00:bb:00:01/NetworkTransmitDrops": "net.0.tx.drop",
}
EXACT = {
    "MemoryActual": ("balloon.current", 1024),
    "hda/BlockCapacity": ("block.0.capacity", 1),
    "hda/BlockAllocation": ("block.0.allocation", 1),
    "hda/BlockPhysical": ("block.0.physical", 1),
}


def test_counters(watching: Sides) -> None:
    """Between two readings of virsh lie ours; they grow, and their time moves on."""
    watching.run("counted", devices=NIC)
    eventually(lambda: "READY" in watching.lab.serial_text("counted"))
    before = stats(watching, "counted")
    cpu = int(before["cpu.time"])
    eventually(lambda: int(values(watching, "counted")["CPUTime"]["MetricValue"]) > cpu)
    first = values(watching, "counted")
    after = stats(watching, "counted")
    for name, key in COUNTERS.items():
        told = int(first[name]["MetricValue"])
        assert int(before[key]) <= told <= int(after[key]), name
    for name, (key, factor) in EXACT.items():
        assert int(first[name]["MetricValue"]) == int(after[key]) * factor, name
    assert int(first["MemoryResident"]["MetricValue"]) > 0
    moment = first["CPUTime"]["TimeStamp"].datetime
    eventually(lambda: values(watching, "counted")["CPUTime"]["TimeStamp"].datetime > moment)


def test_counters_belong_to_devices(watching: Sides) -> None:
    """A value leads to the device that was measured, and a device to its values."""
    domain = watching.run("owner", devices=NIC)
    eventually(lambda: "hda/BlockReadBytes" in values(watching, "owner"))
    for key, device in watching.devices(domain).items():
        told = watching.ends(device.path, "MetricForME")
        found = {one["InstanceID"].rpartition("/")[0] for one in told}
        assert found <= {f"KVM:{key}"}
        measured = key in {"owner/hda", "owner/0", "owner/52:54:00:bb:00:01"}
        assert bool(told) is measured, key
    watching.stop(domain)
    assert values(watching, "owner") == {}


def is_heard(both: Sides, name: str, since: datetime | None = None) -> bool:
    """Whether a sample has what a guest's monitor tells, and is later than that."""
    one = values(both, name).get("hda/BlockReadBytes")
    return one is not None and (since is None or one["TimeStamp"].datetime > since)


def test_a_guest_that_hangs_holds_up_nobody(frail_lab: Lab, tmp_path: Path) -> None:
    """Its neighbours are measured and read as before, and so is it, as it was."""
    patience = {"driver_call_seconds": "1", "sample_interval": "0.5"}
    with sides(frail_lab, tmp_path, reconcile_interval=NEVER, **patience) as both:
        domains = {name: both.run(name) for name in ("stuck", "free")}
        for name in domains:
            eventually(partial(is_heard, both, name))
        frail_lab.signal_guest("stuck", signal.SIGSTOP)
        for _ in range(2):
            moment = values(both, "free")["CPUTime"]["TimeStamp"].datetime
            eventually(partial(is_heard, both, "free", moment))
        assert both.system(domains["stuck"])["EnabledState"] == 2
        assert "stuck/hda" in both.devices(domains["stuck"])
        domains["free"].suspend()
        ones(lambda: both.system(domains["free"])["EnabledState"], 9)
        frail_lab.signal_guest("stuck", signal.SIGCONT)
        eventually(partial(is_heard, both, "stuck"))


# Networks, storage, filters


def switches(both: Sides) -> dict[str, int]:
    """The networks among the switches, and whether they are active."""
    return {
        one["ElementName"]: one["EnabledState"]
        for one in both.all("VirtualEthernetSwitch")
        if one["UUID"]
    }


def networks(both: Sides) -> dict[str, int]:
    """The same in virsh's words."""
    rows = (line.split() for line in both.virsh("net-list", "--all").splitlines())
    return {row[0]: 2 if row[1] == "active" else 3 for row in rows}


ASIDE = "<network><name>aside</name><forward mode='bridge'/><bridge name='virbr0'/></network>"


def test_networks(both: Sides) -> None:
    """Defined, started, stopped and undefined, each by an event."""
    network = both.hypervisor.networkDefineXML(ASIDE)
    ones(lambda: switches(both), {"wire": 2, "aside": 3})
    assert switches(both) == networks(both)
    network.create()
    ones(lambda: switches(both), {"wire": 2, "aside": 2})
    assert switches(both) == networks(both)
    pools = set(both.names("NetworkPool", "InstanceID"))
    assert {"NetworkPool/wire", "NetworkPool/aside", "NetworkPool/0"} == pools
    network.destroy()
    ones(lambda: switches(both), {"wire": 2, "aside": 3})
    assert both.get("NetworkPool", InstanceID="NetworkPool/aside")["OperationalStatus"] == [10]
    (one,) = (one for one in both.all("VirtualEthernetSwitch") if one["ElementName"] == "wire")
    info = dict(line.split(":", 1) for line in both.virsh("net-info", "wire").splitlines())
    assert (one["UUID"], one["Bridge"]) == (info["UUID"].strip(), info["Bridge"].strip())
    network.undefine()
    ones(lambda: switches(both), {"wire": 2})


POOL = "<pool type='dir'><name>{}</name><target><path>{}</path></target></pool>"
VOLUME = """<volume><name>{}</name><capacity>{}</capacity><target><format type='{}'/></target>
{}</volume>"""


@pytest.fixture
def pool(bridged_lab: Lab) -> Iterator[Any]:
    """An active storage pool."""
    connection = bridged_lab.connect()
    directory = bridged_lab.directory / "store"
    directory.mkdir(exist_ok=True)
    one = connection.storagePoolDefineXML(POOL.format("store", directory))
    one.create()
    yield one
    if one.isActive():
        one.destroy()
    one.undefine()
    rmtree(directory)
    connection.close()


def volumes(both: Sides) -> dict[str, tuple[int, int, str]]:
    """Path, capacity and allocation of each."""
    return {
        one["Path"]: (one["Capacity"], one["Allocation"], one["Format"])
        for one in both.all("StorageVolume")
    }


def native_volumes(pool: Any) -> dict[str, tuple[int, int, str]]:
    """The same as libvirt says it."""
    found = {}
    for one in pool.listAllVolumes():
        _, capacity, allocation = one.info()
        kind = one.XMLDesc().partition("<format type='")[2].partition("'")[0]
        found[one.path()] = (capacity, allocation, kind)
    return found


def test_storage(both: Sides, pool: Any) -> None:
    """A refreshed pool shows what is in it, with libvirt's sizes; a stopped one is no pool."""
    ones(lambda: "DiskPool/store" in both.names("DiskPool", "InstanceID"), wanted=True)
    assert both.names("DiskPool", "Name") == sorted(["Storage", "store"])
    assert both.column(0, "pool-list") == ["store"]
    directory = both.lab.directory / "store"
    (directory / "raw.img").write_bytes(bytes(70_000))
    pool.createXML(VOLUME.format("q.qcow2", 1 << 20, "qcow2", ""))
    pool.refresh()
    ones(lambda: volumes(both), native_volumes(pool))
    assert both.column(1, "vol-list", "store") == sorted(volumes(both))
    one = both.get("DiskPool", InstanceID="DiskPool/store")
    state, capacity, allocation, _ = pool.info()
    assert (one["Capacity"], one["Reserved"]) == (capacity >> 20, allocation >> 20)
    assert one["AllocationUnits"] == "byte*2^20"
    assert (one["Path"], state) == (str(directory), libvirt.VIR_STORAGE_POOL_RUNNING)
    pool.destroy()
    ones(lambda: volumes(both), {})
    assert both.get("DiskPool", InstanceID="DiskPool/store")["OperationalStatus"] == [10]
    pool.create()
    ones(lambda: volumes(both), native_volumes(pool))


def test_a_volume_of_which_no_event_tells(watching: Sides, pool: Any) -> None:
    """It is found, and gives the disk that is on it a size and a pool."""
    volume = pool.createXML(VOLUME.format("found.raw", 1 << 20, "raw", ""))
    path = volume.path()
    eventually(lambda: path in volumes(watching))
    assert volumes(watching) == native_volumes(pool)
    disk = """<disk type='volume' device='disk'><driver name='qemu' type='raw'/>
<source pool='store' volume='found.raw'/><target dev='vdb' bus='virtio'/></disk>"""
    domain = watching.run("stored", devices=disk)
    one = watching.state(domain)["stored/vdb"]
    info = dict(
        line.split(":") for line in watching.virsh("domblkinfo", "stored", "vdb").splitlines()
    )
    assert one["VirtualQuantity"] == int(info["Capacity"])
    assert (one["Address"], one["PoolID"]) == (path, "DiskPool/store")
    device = watching.devices(domain)["stored/vdb"]
    assert device["NumberOfBlocks"] * device["BlockSize"] == int(info["Capacity"])
    (source,) = watching.ends(device.path, "ElementAllocatedFromPool")
    assert source["InstanceID"] == "DiskPool/store"
    volume.delete()
    ones(lambda: volumes(watching), {})


FILTERS = (
    """<filter name='inner' chain='ipv4'><rule action='drop' direction='in'>
<ip srcipaddr='10.0.0.1'/></rule></filter>""",
    """<filter name='outer'><filterref filter='inner'/><rule action='accept' direction='out'>
<mac protocolid='arp'/></rule></filter>""",
)


def test_filters(watching: Sides) -> None:
    """The same filters, and which one includes which."""
    made = [watching.hypervisor.nwfilterDefineXML(text) for text in FILTERS]
    ones(lambda: watching.names("FilterList", "Name"), ["inner", "outer"])
    listed = dict(line.split() for line in watching.virsh("nwfilter-list").splitlines())
    assert {one["UUID"]: one["Name"] for one in watching.all("FilterList")} == listed
    (outer,) = (one for one in watching.all("FilterList") if one["Name"] == "outer")
    assert [one["Name"] for one in watching.ends(outer.path, "NestedFilterList")] == ["inner"]
    assert len(watching.ends(outer.path, "EntriesInFilterList")) == 1
    nic = NIC.replace("</interface>", "<filterref filter='outer'/></interface>")
    domain = watching.define("filtered", devices=nic)
    port = watching.devices(domain)["filtered/52:54:00:bb:00:01"]
    assert [one["Name"] for one in watching.ends(port.path, "AppliedFilterList")] == ["outer"]
    remove(domain)
    for one in reversed(made):
        one.undefine()
    ones(lambda: watching.names("FilterList", "Name"), [])


def test_the_machine(both: Sides) -> None:
    """Processors, memory and interfaces of the host."""
    info = dict(line.split(":") for line in both.virsh("nodeinfo").splitlines())
    (memory,) = both.all("MemoryPool")
    assert info["Memory size"].split() == [str(memory["Capacity"]), "KiB"]
    assert len(both.all("HostProcessor")) == int(info["CPU(s)"])
    (processors,) = both.all("ProcessorPool")
    assert processors["Capacity"] in {int(info["CPU(s)"]), None}


# Snapshots

SNAPSHOT = "<domainsnapshot><name>{}</name><description>{}</description></domainsnapshot>"


def tree(both: Sides, domain: Any) -> dict[str, str | None]:
    """Each snapshot and its parent, by the associations."""
    found = both.ends(both.path(domain), "SnapshotOfVirtualSystem")
    parents = {}
    for one in found:
        kin = both.client.References(one.path, ResultClass=f"{both.prefix}_ParentChildSettingData")
        above = [
            link["Antecedent"]["InstanceID"].rpartition("/")[2]
            for link in kin
            if link["Dependent"]["InstanceID"] == one["InstanceID"]
        ]
        parents[one["InstanceID"].rpartition("/")[2]] = above[0] if above else None
    return parents


def native_tree(both: Sides, domain: Any) -> dict[str, str | None]:
    """The same by virsh."""
    listed = both.virsh("snapshot-list", "--name", domain.name()).splitlines()
    roots = both.virsh("snapshot-list", "--name", "--roots", domain.name()).splitlines()
    return {
        name: None if name in roots else both.virsh("snapshot-parent", domain.name(), name).strip()
        for name in listed
        if name
    }


def current(both: Sides, domain: Any) -> list[list[str]]:
    """The current one by both associations and by virsh."""
    found = [
        [one["InstanceID"].rpartition("/")[2] for one in both.ends(both.path(domain), association)]
        for association in ("MostCurrentSnapshotInBranch", "LastAppliedSnapshot")
    ]
    return [*found, [both.virsh("snapshot-current", "--name", domain.name()).strip()]]


def follow(both: Sides, domain: Any, wanted: Mapping[str, str | None], now: str) -> None:
    """Wait until the server has the tree, and compare."""
    ones(lambda: tree(both, domain), wanted)
    assert native_tree(both, domain) == wanted
    ones(lambda: current(both, domain), [[now]] * 3)


def grow(both: Sides, domain: Any) -> None:
    """Make a tree, go back in it, and cut it."""
    domain.snapshotCreateXML(SNAPSHOT.format("first", "The first"))
    follow(both, domain, {"first": None}, "first")
    domain.snapshotCreateXML(SNAPSHOT.format("second", ""))
    follow(both, domain, {"first": None, "second": "first"}, "second")
    domain.revertToSnapshot(domain.snapshotLookupByName("first"))
    follow(both, domain, {"first": None, "second": "first"}, "first")
    domain.snapshotCreateXML(SNAPSHOT.format("third", ""))
    follow(both, domain, {"first": None, "second": "first", "third": "first"}, "third")
    system = both.systems(domain)[f"{both.prefix}:{domain.name()}/snapshot/first"]
    assert system["Description"] == "The first"
    told = both.settings(system)
    start = f"{domain.name()}/snapshot/first/"
    assert {key.startswith(start) for key in told} == {True}
    now = {key.partition("/")[2] for key in both.state(domain)}
    assert {key.removeprefix(start) for key in told} == now
    domain.snapshotLookupByName("first").delete()
    follow(both, domain, {"second": None, "third": None}, "third")
    for name in ("second", "third"):
        domain.snapshotLookupByName(name).delete()
    ones(lambda: tree(both, domain), {})
    with pytest.raises(Exception, match="6"):
        both.get("VirtualSystemSettingData", InstanceID=system["InstanceID"])


QCOW = """<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{}'/>
<target dev='vda' bus='virtio'/></disk>"""


@pytest.mark.parametrize("running", [False, True], ids=["off", "running"])
def test_snapshots(watching: Sides, pool: Any, *, running: bool) -> None:
    """Internal ones of a guest, with its memory when it runs."""
    volume = pool.createXML(VOLUME.format("s.qcow2", 4 << 20, "qcow2", ""))
    text = watching.lab.guest_xml("kept", devices=QCOW.format(volume.path()))
    boot, _, rest = text.partition("<disk type='file'")
    domain = watching.define("kept", boot + rest.partition("</disk>")[2])
    if running:
        watching.start(domain)
    grow(watching, domain)


DEFINED = """<domain type='test'><name>keeper</name><memory>1024</memory><os><type>hvm</type></os>
{}</domain>"""
TAKEN = """<test:domainsnapshot><name>{0}</name>{1}<creationTime>{2}</creationTime>
<state>shutoff</state><active>{3}</active>{4}</test:domainsnapshot>"""
PARENT = "<parent><name>a</name></parent>"


def test_snapshots_of_the_test_driver(tmp_path: Path) -> None:
    """A tree that is there from the start, with a name that needs care."""
    taken = TAKEN.format("a", "", 1, 0, DEFINED.format(""))
    taken += TAKEN.format("b &amp; \u00e9", PARENT, 2, 1, DEFINED.format(""))
    namespace = "xmlns:test='http://libvirt.org/schemas/domain/test/1.0'"
    node = tmp_path / "node.xml"
    node.write_text(f"<node {namespace}>{DEFINED.format(taken)}</node>")
    with serving(node, tmp_path) as server:
        both = Sides(f"test://{node}", connect(server), "Test")
        (domain,) = both.hypervisor.listAllDomains()
        follow(both, domain, {"a": None, "b & \u00e9": "a"}, "b & \u00e9")
        assert flags(both, domain)["Test:keeper"] == (1, 1)
        both.client.close()


EXTERNAL = """<domainsnapshot><name>aside</name><disks>
<disk name='vda' snapshot='external'><source file='{}'/></disk></disks></domainsnapshot>"""


def test_an_external_snapshot(watching: Sides, pool: Any) -> None:
    """The guest goes on with another image, as its settings say at once."""
    volume = pool.createXML(VOLUME.format("base.qcow2", 4 << 20, "qcow2", ""))
    text = watching.lab.guest_xml("split", devices=QCOW.format(volume.path()))
    boot, _, rest = text.partition("<disk type='file'")
    domain = watching.run("split", boot + rest.partition("</disk>")[2])
    image = f"{volume.path()}.aside"
    domain.snapshotCreateXML(EXTERNAL.format(image), libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY)
    follow(watching, domain, {"aside": None}, "aside")
    assert watching.state(domain)["split/vda"]["Address"] == image
    assert flags(watching, domain)["KVM:split"] == (1, 1)
    assert watching.says(domain, watching.text("split"))
