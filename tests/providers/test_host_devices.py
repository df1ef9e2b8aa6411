"""Processors, memory, network interfaces and storage volumes of a host."""

from dataclasses import replace

import pytest

from tests.providers.handmade import NO_MACHINE, found_again, model_of, records, told
from tests.providers.stage import SERVER
from virtcim.hypervisors.resources import (
    NO_RESOURCES,
    MachineFacts,
    NodeMemoryFacts,
    PoolFacts,
    PoolState,
    PortFacts,
    ProcessorFacts,
    ResourceFacts,
    VolumeFacts,
)
from virtcim.inventory import Communication
from virtcim.providers.conditions import CONDITIONS, Condition
from virtcim.providers.host_devices import MEMORY, PORT, PROCESSOR
from virtcim.providers.volumes import FAMILY as VOLUME

MACHINE = replace(
    NO_MACHINE,
    processor_vendor="Intel",
    processor_model="Skylake",
    clock=2_400_000_000,
    memory=2**34,
    processors=(
        ProcessorFacts(number=0, node=0, socket=0, core=1),
        ProcessorFacts(number=3, node=1, socket=None, core=None),
    ),
    nodes=(NodeMemoryFacts(node=0, size=2**33), NodeMemoryFacts(node=1, size=2**33)),
    ports=(
        PortFacts(name="eth0", mac="52:54:00:ab:cd:ef", speed=10**9, up=True, bridge=False),
        PortFacts(name="eth1", mac=None, speed=None, up=False, bridge=False),
        PortFacts(name="br0", mac=None, speed=None, up=None, bridge=True),
    ),
)
DISK = VolumeFacts(
    name="demo.qcow2",
    key="/images/demo.qcow2",
    path="/images/demo.qcow2",
    kind="file",
    capacity=10_000_000_001,
    allocation=196_608,
    format="qcow2",
    backing_path="/images/base.raw",
)
POOL = PoolFacts(
    name="default",
    uuid="11111111-2222-3333-4444-555555555599",
    kind="dir",
    state=PoolState.RUNNING,
    persistent=True,
    autostart=True,
    capacity=2**40,
    allocation=2**30,
    available=2**40 - 2**30,
    xml="<pool type='dir'><name>default</name></pool>",
    volumes=(DISK,),
)


def of(machine: MachineFacts) -> ResourceFacts:
    """Return resources with this machine alone."""
    return replace(NO_RESOURCES, machine=machine)


def test_processors() -> None:
    """One for each logical processor, where it is, and what is not known of it."""
    model = model_of(resources=of(MACHINE))
    first, second = records(model, PROCESSOR)
    assert told(first, "DeviceID", "SystemName", "SystemCreationClassName") == (
        "cpu0", SERVER, "KVM_HostSystem",
    )  # fmt: skip
    assert told(first, "NodeNumber", "SocketNumber", "CoreNumber") == (0, 0, 1)
    assert told(second, "DeviceID", "NodeNumber", "SocketNumber") == ("cpu3", 1, None)
    assert told(first, "Family", "OtherFamilyDescription") == (1, "Intel Skylake")
    assert told(first, "CurrentClockSpeed", "DataWidth", "Characteristics") == (2400, 64, (2,))
    assert told(first, "EnabledState", "CPUStatus", "HealthState") == (2, 1, 5)
    assert found_again(model, PROCESSOR) == [first, second]


@pytest.mark.parametrize(
    ("architecture", "width", "characteristics"),
    [("i686", 32, (3,)), ("s390x", 64, (2,)), ("z80", None, None)],
)
def test_widths(
    architecture: str, width: int | None, characteristics: tuple[int, ...] | None
) -> None:
    """Words are as wide as the architecture's; those of an unknown one are NULL."""
    machine = replace(MACHINE, architecture=architecture, processor_model=None,
                      processor_vendor=None, clock=None)  # fmt: skip
    first = records(model_of(resources=of(machine)), PROCESSOR)[0]
    assert told(first, "DataWidth", "AddressWidth", "Characteristics") == (
        width, width, characteristics,
    )  # fmt: skip
    assert told(first, "Family", "OtherFamilyDescription", "CurrentClockSpeed") == (2, None, None)


def test_memory() -> None:
    """One for each node; all of it as one where there are no nodes."""
    model = model_of(resources=of(MACHINE))
    first, second = records(model, MEMORY)
    assert told(first, "DeviceID", "NodeNumber", "BlockSize", "NumberOfBlocks") == (
        "node0", 0, 4096, 2**21,
    )  # fmt: skip
    assert second["DeviceID"] == "node1"
    assert found_again(model, MEMORY) == [first, second]
    (whole,) = records(model_of(resources=of(replace(MACHINE, nodes=()))), MEMORY)
    assert told(whole, "DeviceID", "NodeNumber", "ConsumableBlocks") == ("memory", None, 2**22)
    assert records(model_of(resources=of(NO_MACHINE)), MEMORY) == []


def test_ports() -> None:
    """Interfaces with their links; bridges are told apart."""
    model = model_of(resources=of(MACHINE))
    eth0, eth1, br0 = records(model, PORT)
    assert told(eth0, "DeviceID", "PermanentAddress", "Speed") == ("eth0", "525400ABCDEF", 10**9)
    assert told(eth0, "NetworkAddresses", "OtherPortType") == (("525400ABCDEF",), None)
    assert told(eth1, "NetworkAddresses", "PermanentAddress", "Speed") == (None, None, None)
    assert told(br0, "PortType", "OtherPortType") == (1, "bridge")
    assert [port["EnabledState"] for port in (eth0, eth1, br0)] == [2, 3, 0]
    assert found_again(model, PORT) == [eth0, eth1, br0]


@pytest.mark.parametrize("family", [PROCESSOR, MEMORY, PORT, VOLUME])
def test_a_hypervisor_that_tells_nothing(family: str) -> None:
    """Without facts of the machine there are no devices of it."""
    assert records(model_of(), family) == []


def test_volumes() -> None:
    """Keys, sizes to the byte, and where a volume is and comes from."""
    model = model_of(resources=replace(NO_RESOURCES, pools=(POOL,)))
    (volume,) = records(model, VOLUME)
    assert told(volume, "DeviceID", "PoolID", "Name") == (
        "default/demo.qcow2", "DiskPool/default", "/images/demo.qcow2",
    )  # fmt: skip
    assert told(volume, "Path", "Format", "BackingPath") == (
        "/images/demo.qcow2", "qcow2", "/images/base.raw",
    )  # fmt: skip
    size, count, consumable = told(volume, "BlockSize", "NumberOfBlocks", "ConsumableBlocks")
    assert isinstance(size, int)
    assert isinstance(count, int)
    assert size * count == volume["Capacity"] == 10_000_000_001
    assert consumable == count
    assert told(volume, "Allocation", "ThinlyProvisioned", "EnabledState") == (196_608, True, 2)
    assert found_again(model, VOLUME) == [volume]


@pytest.mark.parametrize(
    ("state", "enabled", "operational", "health"),
    [
        (PoolState.INACTIVE, 3, (10,), 0),
        (PoolState.BUILDING, 10, (8,), 5),
        (PoolState.RUNNING, 2, (2,), 5),
        (PoolState.DEGRADED, 2, (3,), 10),
        (PoolState.INACCESSIBLE, 2, (6,), 20),
    ],
)
def test_a_volume_is_as_its_pool(
    state: PoolState, enabled: int, operational: tuple[int], health: int
) -> None:
    """What is wrong with a pool is wrong with its volumes."""
    pools = (replace(POOL, state=state),)
    (volume,) = records(model_of(resources=replace(NO_RESOURCES, pools=pools)), VOLUME)
    assert told(volume, "EnabledState", "OperationalStatus", "HealthState") == (
        enabled, operational, health,
    )  # fmt: skip


def test_a_lost_hypervisor() -> None:
    """What was known of a port says nothing while the hypervisor does not answer."""
    model = model_of(resources=of(MACHINE))
    model.host.communication = Communication.LOST
    port = records(model, PORT)[0]
    assert told(port, "EnabledState", "OperationalStatus", "CommunicationStatus") == (0, (13,), 3)


def test_conditions_are_total() -> None:
    """Every property of state has a value for every condition."""
    assert {frozenset(row) for row in CONDITIONS.values()} == {frozenset(Condition)}
