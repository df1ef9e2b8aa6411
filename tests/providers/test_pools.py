"""Resource pools and what can be asked of them: which there are, how much they have and give."""

from dataclasses import replace

import pytest

from tests.providers.handmade import found_again, model_of, network_facts, records, told
from tests.providers.shared_resources import (
    DISK,
    GIB,
    MIB,
    POOL,
    RESOURCES,
    VNC,
    interface,
    pool_facts,
    reread,
    running,
    stopped,
)
from virtcim.hypervisors.resources import NO_RESOURCES, PoolState
from virtcim.inventory import Communication
from virtcim.providers.allocation_capabilities import FAMILY as ALLOCATIONS
from virtcim.providers.model import HostModel
from virtcim.providers.pools import KINDS
from virtcim.schema.layouts import Record

FAMILIES = tuple(kind.family for kind in KINDS)
AMOUNTS = ("Capacity", "Reserved", "CurrentlyConsumedResource", "AllocationUnits")


def every(model: HostModel) -> list[Record]:
    """Return all pools."""
    return [record for family in FAMILIES for record in records(model, family)]


def one(model: HostModel, pool_id: str) -> Record:
    """Return the pool with an id."""
    return next(record for record in every(model) if record["InstanceID"] == pool_id)


def ids(model: HostModel, family: str = "") -> list[object]:
    """Return the ids of all pools, or of those of one family."""
    return [record["InstanceID"] for record in (records(model, family) if family else every(model))]


@pytest.mark.parametrize("compat", [False, True])
def test_every_kind_has_a_primordial_pool(*, compat: bool) -> None:
    """A host without anything has one pool of each kind, in the order of libvirt-cim."""
    model = model_of(resources=NO_RESOURCES, compat=compat)
    assert ids(model) == [
        "ProcessorPool/0", "MemoryPool/0", "NetworkPool/0", "DiskPool/0", "GraphicsPool/0",
        "InputPool/0", "ControllerPool/0",
    ]  # fmt: skip
    assert {record["Primordial"] for record in every(model)} == {True}
    assert told(one(model, "ProcessorPool/0"), *AMOUNTS)[:3] == (None, 0, 0)


def test_pools_of_networks_and_storage() -> None:
    """Each network and storage pool is one, as is each bridge of the host that no network owns."""
    model = model_of(resources=RESOURCES)
    assert ids(model, "Virt_NetworkPool") == [
        "NetworkPool/default", "NetworkPool/bridge:br0", "NetworkPool/0",
    ]  # fmt: skip
    assert ids(model, "Virt_DiskPool") == ["DiskPool/default", "DiskPool/0"]
    for family in FAMILIES:
        assert found_again(model, family) == records(model, family)
    default = one(model, "NetworkPool/default")
    assert told(default, "PoolID", "ElementName", "Name", "Caption", "Primordial") == (
        "NetworkPool/default", "default", "default", "Bridge: virbr0", False,
    )  # fmt: skip
    assert ids(model_of(resources=RESOURCES, compat=True), "Virt_NetworkPool") == [
        "NetworkPool/default", "NetworkPool/0",
    ]  # fmt: skip


def test_devices_of_the_host_that_domains_name() -> None:
    """Bridges and macvtap devices that the machine does not tell are known from domains."""
    domains = (
        running("a", interface("bridge", "bridge='br7'"), 1),
        stopped("b", interface("direct", "dev='eth0' mode='vepa'"), 2),
        stopped("c", interface("bridge", "bridge='virbr0'"), 3),
    )
    model = model_of(*domains, resources=RESOURCES)
    assert ids(model, "Virt_NetworkPool") == [
        "NetworkPool/default", "NetworkPool/bridge:br0", "NetworkPool/bridge:br7",
        "NetworkPool/direct:eth0", "NetworkPool/0",
    ]  # fmt: skip
    states = {
        str(record["ElementName"]): record["OperationalStatus"]
        for record in records(model, "Virt_NetworkPool")
    }
    assert states == {
        "default": (2,), "br0": (10,), "br7": (0,), "eth0": (2,), "Networks": (2,),
    }  # fmt: skip
    assert told(one(model, "NetworkPool/direct:eth0"), "Caption", "ResourceSubType") == (
        "Device: eth0", "direct",
    )  # fmt: skip


def test_texts_without_such_devices_are_not_parsed() -> None:
    """Inactive domains cost nothing where a pool is asked for."""
    model = model_of(stopped("a", interface("network", "network='default'")), resources=RESOURCES)
    every(model)
    assert len(model.host.recent) == 0


def test_a_definition_that_cannot_be_read_takes_nothing() -> None:
    """What one domain's next start says to nobody costs no pool an answer."""
    odd = replace(running("odd", VNC, 1), persistent_xml="<interface type='bridge'")
    model = model_of(odd, running("b", VNC, 2), resources=RESOURCES)
    assert told(one(model, "GraphicsPool/0"), "Reserved") == (2,)
    assert told(one(model, "NetworkPool/0"), "Primordial") == (True,)


def test_processors_and_memory() -> None:
    """Active domains take what they have now, in the units of the behaviour; others nothing."""
    balloon = running("b", "", 2)
    text = str(balloon.live_xml)
    text = text.replace("</memory>", "</memory><currentMemory unit='KiB'>524288</currentMemory>")
    text = text.replace("<vcpu>2<", "<vcpu current='1'>2<")
    balloon = replace(balloon, live_xml=text)
    model = model_of(running("a", ""), balloon, stopped("c", "", 3), resources=RESOURCES)
    assert told(one(model, "ProcessorPool/0"), *AMOUNTS) == (4, 3, 3, "count")
    used = (GIB + GIB // 2) // 1024
    assert told(one(model, "MemoryPool/0"), *AMOUNTS) == (16 * MIB, used, used, "byte*2^10")
    compat = model_of(running("a", ""), resources=RESOURCES, compat=True)
    assert told(one(compat, "ProcessorPool/0"), *AMOUNTS) == (4, 2, 2, "Processors")
    assert one(compat, "MemoryPool/0")["ConsumedResourceUnits"] == "byte*2^10"


def test_devices() -> None:
    """Connections and devices of active domains are counted where they are from."""
    devices = interface("network", "network='default'") + interface("bridge", "bridge='br0'", 2)
    domains = (running("a", devices + VNC), running("b", VNC, 2), stopped("c", VNC, 3))
    model = model_of(*domains, resources=RESOURCES)
    counts = {str(record["InstanceID"]): told(record, *AMOUNTS)[1:3] for record in every(model)}
    assert counts["NetworkPool/default"] == counts["NetworkPool/bridge:br0"] == (1, 1)
    assert counts["NetworkPool/0"] == (2, 2)
    assert counts["GraphicsPool/0"] == (2, 2)
    assert counts["InputPool/0"] == (0, 0)
    assert told(one(model, "NetworkPool/0"), *AMOUNTS[::3]) == (None, "count")
    compat = model_of(*domains, resources=RESOURCES, compat=True)
    assert told(one(compat, "NetworkPool/0"), *AMOUNTS) == (None, 1, 1, None)


@pytest.mark.parametrize(("compat", "unit"), [(False, "byte*2^20"), (True, "Megabytes")])
def test_storage(*, compat: bool, unit: str) -> None:
    """A pool has its sizes and sees its volumes' ones; the primordial one has all active ones'."""
    inner = "<source><host name='nfs.example.org'/><dir path='/export'/></source>"
    other = pool_facts("far", kind="netfs", inner=inner)
    model = model_of(resources=replace(RESOURCES, pools=(POOL, other)), compat=compat)
    default, far, primordial = records(model, "Virt_DiskPool")
    assert told(default, *AMOUNTS) == (100 * 1024, 20 * 1024, 10 * 1024, unit)
    assert told(primordial, *AMOUNTS) == (200 * 1024, 40 * 1024, 10 * 1024, unit)
    assert told(default, "Path", "Autostart", "Host", "SourceDirectory") == (
        "/images", 1, None, None,
    )  # fmt: skip
    assert told(far, "Host", "SourceDirectory", "ResourceSubType") == (
        "nfs.example.org", "/export", "netfs",
    )  # fmt: skip
    assert told(primordial, "Path", "Autostart", "Host") == (None, None, None)
    assert default["OtherResourceType"] == ("dir" if compat else None)


def test_states_of_pools() -> None:
    """A pool that is off or faulty says so, and has no sizes that nobody knows."""
    pools = tuple(replace(pool_facts(state.name), state=state) for state in PoolState)
    networks = (network_facts("n", active=False),)
    off = replace(NO_RESOURCES, pools=pools, networks=networks)
    model = model_of(resources=off)
    seen = {
        str(record["ElementName"]): told(
            record, "OperationalStatus", "HealthState", "PrimaryStatus"
        )
        for record in records(model, "Virt_DiskPool")
    }
    assert seen == {
        "INACTIVE":     ((10,), 0, 0),
        "BUILDING":     ((8,), 5, 1),
        "RUNNING":      ((2,), 5, 1),
        "DEGRADED":     ((3,), 10, 2),
        "INACCESSIBLE": ((6,), 20, 3),
        "Storage":      ((2,), 5, 1),
    }  # fmt: skip
    assert told(one(model, "DiskPool/INACTIVE"), *AMOUNTS) == (None, None, None, "byte*2^20")
    assert one(model, "NetworkPool/n")["OperatingStatus"] == 5
    assert one(model, "NetworkPool/n")["Caption"] == "No bridge"
    compat = model_of(resources=off, compat=True)
    assert "DiskPool/INACTIVE" not in ids(compat)
    assert ids(compat, "Virt_NetworkPool") == ["NetworkPool/0"]


def test_a_lost_hypervisor() -> None:
    """Nothing is known of pools then, whatever they were."""
    model = model_of(resources=RESOURCES)
    model.host.communication = Communication.LOST
    assert {record["OperationalStatus"] for record in every(model)} == {(13,)}
    assert {record["HealthState"] for record in every(model)} == {0}


def test_types() -> None:
    """Types are those of the settings; controllers have a number of their own at libvirt-cim."""
    names = ("ResourceType", "OtherResourceType")
    strict, compat = (model_of(compat=mode) for mode in (False, True))
    assert [told(record, *names) for record in every(strict)] == [
        (3, None), (4, None), (10, None), (17, None), (24, None), (13, None), (1, "controller"),
    ]  # fmt: skip
    assert [record["ResourceType"] for record in every(compat)] == [3, 4, 10, 17, 24, 13, 32771]


def test_a_network_and_a_storage_pool_called_0() -> None:
    """They are beside the primordial pools, not in their place."""
    resources = replace(NO_RESOURCES, networks=(network_facts("0"),), pools=(pool_facts("0"),))
    model = model_of(running("a", interface("network", "network='0'")), resources=resources)
    assert ids(model, "Virt_NetworkPool") == ["NetworkPool/network:0", "NetworkPool/0"]
    assert ids(model, "Virt_DiskPool") == ["DiskPool/pool:0", "DiskPool/0"]
    assert one(model, "NetworkPool/network:0")["Reserved"] == 1


def test_pools_are_kept() -> None:
    """Instances stay as long as nothing that they tell has changed."""
    model = model_of(running("a", DISK), resources=RESOURCES)
    before = every(model)
    reread(model, replace(RESOURCES))
    assert all(one is other for one, other in zip(before, every(model), strict=True))
    reread(model, replace(RESOURCES, pools=()))
    assert ids(model, "Virt_DiskPool") == ["DiskPool/0"]


# What can be asked of them


@pytest.mark.parametrize("compat", [False, True])
def test_allocation_capabilities(*, compat: bool) -> None:
    """Each pool has one with its id and type, in the order of the pools."""
    model = model_of(
        running("a", interface("direct", "dev='eth0'")), resources=RESOURCES, compat=compat
    )
    found = records(model, ALLOCATIONS)
    same = ("InstanceID", "ElementName", "ResourceType", "OtherResourceType", "ResourceSubType")
    assert [told(r, *same) for r in found] == [told(r, *same) for r in every(model)]
    assert found_again(model, ALLOCATIONS) == found
    by_id = {str(record["InstanceID"]): record for record in found}
    requests = ("RequestTypesSupported", "SharingMode", "SupportedAddStates")
    assert told(by_id["DiskPool/default"], *requests) == (2, 2, ())
    assert told(by_id["NetworkPool/default"], *requests) == (3, 3, ())
    assert told(by_id["ProcessorPool/0"], *requests) == (3, 3, ())
