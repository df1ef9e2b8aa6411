"""Rows of the association table: pools, what was allocated from them, what they are made of."""

from collections.abc import Iterable, Iterator, Mapping

from virtcim.hypervisors.definition.characters import Console
from virtcim.providers import views
from virtcim.providers.associations import COMPAT_ONLY, Association, Row, Walk
from virtcim.providers.device_links import HOST
from virtcim.providers.model import CIMV2, HostModel
from virtcim.providers.pool_index import (
    GRAPHICS_POOL,
    MEMORY_POOL,
    PROCESSOR_POOL,
    pool_index,
    pool_of,
)
from virtcim.providers.views import DeviceView
from virtcim.providers.walks import devices_of, equal, every, grouped, named, part_of
from virtcim.schema.layouts import Record

PROCESSORS, MEMORY, DISKS, NETWORKS, GRAPHICS, INPUTS, CONTROLLERS = POOLS = (
    "Virt_ProcessorPool", "Virt_MemoryPool", "Virt_DiskPool", "Virt_NetworkPool",
    "Virt_GraphicsPool", "Virt_InputPool", "Virt_ControllerPool",
)  # fmt: skip

ALLOCATIONS = "Virt_AllocationCapabilities"

DEVICE_POOLS: Mapping[str, str] = {
    # device             family of its pool; the others have none
    views.PROCESSOR:    PROCESSORS,
    views.MEMORY:       MEMORY,
    views.DISK:         DISKS,
    views.NETWORK_PORT: NETWORKS,
    views.DISPLAY:      GRAPHICS,
    views.POINTING:     INPUTS,
    views.KEYBOARD:     INPUTS,
    views.CONTROLLER:   CONTROLLERS,
}  # fmt: skip

SETTING_POOLS: Mapping[str, str] = {
    # setting                  family of its pool; the others have none
    views.PROCESSOR_SETTING:  PROCESSORS,
    views.MEMORY_SETTING:     MEMORY,
    views.DISK_SETTING:       DISKS,
    views.NET_SETTING:        NETWORKS,
    views.GRAPHICS_SETTING:   GRAPHICS,
    views.INPUT_SETTING:      INPUTS,
    views.CONTROLLER_SETTING: CONTROLLERS,
}  # fmt: skip


def _pool_id(model: HostModel, view: DeviceView) -> str | None:
    if isinstance(view.device, Console):
        return GRAPHICS_POOL  # for clients of libvirt-cim, which see a display in it
    if view.device is not None:
        return pool_of(model, view.device)
    return MEMORY_POOL if view.number is None else PROCESSOR_POOL


def _allocated(device: str) -> Walk:
    """Return a walk from a pool to the devices that were allocated from it, of all domains."""

    def walk(model: HostModel, source: Record) -> Iterable[Record]:
        given = (model.provider(device).records(), pool_index(model))
        found = model.derive((_allocated, device), given, lambda: grouped(by_pool(model)))
        return found.get(str(source["PoolID"]), ())

    def by_pool(model: HostModel) -> Iterator[tuple[str | None, Record]]:
        for domain in model.host.listing.domains.values():
            for view, record in devices_of(model, domain, device):
                yield _pool_id(model, view), record

    return walk


def _pool_of_device(device: str, pool: str) -> Walk:
    """Return a walk from a device to its pool."""

    def walk(model: HostModel, source: Record) -> Iterator[Record]:
        domain = model.owner(source)
        if domain is None:
            return
        view = part_of(devices_of(model, domain, device), source)
        wanted = None if view is None else _pool_id(model, view)
        if wanted is not None:
            found = model.provider(pool).find({"instanceid": wanted})
            if found is not None:
                yield found

    return walk


def _children(model: HostModel, source: Record) -> Iterator[Record]:
    """Walk from a primordial pool to the others of its family."""
    if source["Primordial"]:
        for record in model.provider(_family(model, source)).records():
            if not record["Primordial"]:
                yield record


def _parent(model: HostModel, source: Record) -> Iterator[Record]:
    if not source["Primordial"]:
        for record in model.provider(_family(model, source)).records():
            if record["Primordial"]:
                yield record


def _family(model: HostModel, source: Record) -> str:
    return next(pool for pool in POOLS if model.class_name(pool) == source.layout.class_name)


def _ports_of(model: HostModel, source: Record) -> Iterator[Record]:
    """Walk from the primordial network pool to the ports of the host."""
    if source["Primordial"]:
        yield from model.provider("Virt_HostEthernetPort").records()


def _primordial(pool: str) -> Walk:
    return lambda model, _source: (
        record for record in model.provider(pool).records() if record["Primordial"]
    )


POOL_LINKS: tuple[Association, ...] = (
    # family                       first end, second end, and the walks between them
    Association("Virt_ElementAllocatedFromPool", (
        *(Row(pool, device, _allocated(device), _pool_of_device(device, pool))
          for device, pool in DEVICE_POOLS.items()),
        *(Row(pool, pool, _children, _parent) for pool in (NETWORKS, DISKS)),
        *(Row(pool, pool, _parent, _children, COMPAT_ONLY) for pool in (NETWORKS, DISKS)),
    )),
    Association("Virt_ResourceAllocationFromPool", tuple(
        Row(pool, setting, equal(setting, "PoolID", "PoolID"), named(pool, "instanceid", "PoolID"))
        for setting, pool in SETTING_POOLS.items()
    )),
    Association("Virt_HostedResourcePool", tuple(
        Row(HOST, pool, every(pool), every(HOST)) for pool in POOLS
    ), (CIMV2,)),
    Association("Virt_ConcreteComponent", (
        Row(PROCESSORS, "Virt_HostProcessor", every("Virt_HostProcessor"), every(PROCESSORS)),
        Row(MEMORY, "Virt_HostMemory", every("Virt_HostMemory"), every(MEMORY)),
        Row(NETWORKS, "Virt_HostEthernetPort", _ports_of, _primordial(NETWORKS)),
        Row(DISKS, "Virt_StorageVolume", equal("Virt_StorageVolume", "PoolID", "PoolID"),
            named(DISKS, "instanceid", "PoolID")),
    )),
)  # fmt: skip
"""libvirt-cim shows the hierarchy of pools from the child's side the wrong way round as well."""
