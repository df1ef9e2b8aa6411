"""A host with networks, storage and a machine, for the tests of its pools."""

from dataclasses import replace

from tests.hypervisors.standing import facts_of
from tests.providers.handmade import NO_MACHINE, domain_text, network_facts
from virtcim.hypervisors.model import DomainFacts
from virtcim.hypervisors.resources import (
    NO_RESOURCES,
    PoolFacts,
    PoolState,
    PortFacts,
    ProcessorFacts,
    ResourceFacts,
    VolumeFacts,
)
from virtcim.providers.model import HostModel

GIB, MIB = 2**30, 2**20
IMAGE = "/images/demo.qcow2"

MACHINE = replace(
    NO_MACHINE,
    memory=16 * GIB,
    most_vcpus=255,
    processors=tuple(
        ProcessorFacts(number=number, node=0, socket=0, core=number) for number in range(4)
    ),
    ports=(
        PortFacts(name="eth0", mac=None, speed=None, up=True, bridge=False),
        PortFacts(name="br0", mac=None, speed=None, up=False, bridge=True),
        PortFacts(name="virbr0", mac=None, speed=None, up=True, bridge=True),
    ),
    guest_types=("hvm",),
)

VOLUME = VolumeFacts(
    name="demo.qcow2",
    key=IMAGE,
    path=IMAGE,
    kind="file",
    capacity=10 * GIB,
    allocation=2 * MIB,
    format="qcow2",
    backing_path=None,
)
REMOTE = replace(VOLUME, name="far", path="rbd/far", kind="network", format="raw", capacity=GIB)


def pool_facts(name: str, *volumes: VolumeFacts, kind: str = "dir", inner: str = "") -> PoolFacts:
    """Return a running storage pool with this in its definition."""
    return PoolFacts(
        name=name,
        uuid=f"uuid of {name}",
        kind=kind,
        state=PoolState.RUNNING,
        persistent=True,
        autostart=True,
        capacity=100 * GIB,
        allocation=20 * GIB,
        available=80 * GIB,
        xml=f"<pool type='{kind}'><name>{name}</name>{inner}</pool>",
        volumes=volumes,
    )


POOL = pool_facts("default", VOLUME, inner="<target><path>/images</path></target>")

RESOURCES: ResourceFacts = replace(
    NO_RESOURCES,
    networks=(network_facts("default", bridge="virbr0"),),
    pools=(POOL,),
    machine=MACHINE,
)

MAC = "52:54:00:00:00:%02x"


def interface(kind: str, source: str, number: int = 1) -> str:
    """Return an interface with these attributes of its source."""
    mac = MAC % number
    return f"<interface type='{kind}'><mac address='{mac}'/><source {source}/></interface>"


DISK = f"<disk type='file'><source file='{IMAGE}'/><target dev='vda' bus='virtio'/></disk>"
VNC = "<graphics type='vnc' port='5900'/>"


def reread(model: HostModel, resources: ResourceFacts) -> None:
    """Replace what the host found; the host is closed and finds nothing itself any more."""
    model.host._resources.facts = resources


def running(name: str, devices: str, number: int = 1) -> DomainFacts:
    """Return a running domain with 1 GiB, two processors and these devices."""
    text = domain_text(name, devices, number)
    return facts_of(text, text, number=number)


def stopped(name: str, devices: str, number: int = 1) -> DomainFacts:
    """Return the same as an inactive one."""
    return facts_of(None, domain_text(name, devices, number))
