"""What configuration jobs do, as data, and what has become of a deed that nobody saw the end of.

The rule: what is told is what the hypervisor says; what a deed left half done is put right here.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import MappingProxyType

import structlog

from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import DeleteNetwork, DeletePool, ResizeVolume
from virtcim.hypervisors.model import DomainUUID
from virtcim.hypervisors.resources import NetworkFacts, PoolFacts, VolumeFacts
from virtcim.infostore.jobs import JSON, JobRecord
from virtcim.inventory.host import Host
from virtcim.jobs.phrases import what_is_now
from virtcim.jobs.plans import Completed, Failed

log = structlog.get_logger("virtcim.jobs")


class Task(StrEnum):
    """What is done; all but the first is one deed, and its end is looked for."""

    CHANGE = "change"
    DESTROY = "destroy"
    CREATE_POOL = "create pool"
    DELETE_POOL = "delete pool"
    REFRESH_POOL = "refresh pool"
    CREATE_NETWORK = "create network"
    DELETE_NETWORK = "delete network"
    CREATE_VOLUME = "create volume"
    DELETE_VOLUME = "delete volume"
    RESIZE_VOLUME = "resize volume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What is done to what, as far as its end must be known by it.

    name: of the domain, pool, network or volume. uuid: of it; of a volume's pool; empty where it
    has none. capacity: bytes that a volume is to have. autostart: a pool is to have it.
    """

    task: Task
    name: str
    uuid: str = ""
    capacity: int = 0
    autostart: bool = False

    def parameters(self) -> dict[str, JSON]:
        """Return it as it is kept, and shown: what it has."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        values["task"] = self.task.value
        return {name: value for name, value in values.items() if value}

    @classmethod
    def of(cls, record: JobRecord) -> "Deed":
        """Return what a job does."""
        kept = record.parameters
        return cls(
            task=Task(str(kept["task"])),
            name=str(kept["name"]),
            uuid=str(kept.get("uuid", "")),
            capacity=int(str(kept.get("capacity", 0))),
            autostart=bool(kept.get("autostart", False)),
        )


async def outcome(host: Host, deed: Deed) -> Completed | Failed:
    """Say what became of it; raises Busy while the hypervisor is at it, and what else it raises."""
    if deed.task is Task.DESTROY:
        await host.refresh(DomainUUID(deed.uuid))
    else:
        await host.refresh_resources()
    return await _OUTCOMES[deed.task](host, deed)


async def _destroyed(host: Host, deed: Deed) -> Completed | Failed:
    uuid = DomainUUID(deed.uuid)
    if uuid in host.listing.domains:
        return Failed(what_is_now(host, uuid))
    await host.forget(uuid)
    return Completed()


async def _changed(_host: Host, _deed: Deed) -> Completed | Failed:
    return Failed("what was changed is not known")


# Pools and networks


def _pool(host: Host, deed: Deed) -> PoolFacts | None:
    return next((one for one in host.resources.pools if one.uuid == deed.uuid), None)


def _network(host: Host, deed: Deed) -> NetworkFacts | None:
    return next((one for one in host.resources.networks if one.uuid == deed.uuid), None)


async def _pool_made(host: Host, deed: Deed) -> Completed | Failed:
    found = _pool(host, deed)
    if found is not None and not _is_ready(found, deed):
        await host.perform(DeletePool(uuid=found.uuid))
        found = None
    return Failed(_NOTHING) if found is None else Completed()


async def _network_made(host: Host, deed: Deed) -> Completed | Failed:
    found = _network(host, deed)
    if found is not None and not _is_ready(found, deed):
        await host.perform(DeleteNetwork(uuid=found.uuid))
        found = None
    return Failed(_NOTHING) if found is None else Completed()


_NOTHING = "nothing was made"


def _is_ready(found: PoolFacts | NetworkFacts, deed: Deed) -> bool:
    return found.active and found.autostart is deed.autostart


async def _pool_deleted(host: Host, deed: Deed) -> Completed | Failed:
    return _removed(_pool(host, deed))


async def _network_deleted(host: Host, deed: Deed) -> Completed | Failed:
    return _removed(_network(host, deed))


def _removed(found: PoolFacts | NetworkFacts | None) -> Completed | Failed:
    if found is None:
        return Completed()
    return Failed(f"{found.name} is there, and {'active' if found.active else 'not active'}")


async def _refreshed(_host: Host, _deed: Deed) -> Completed | Failed:
    return Completed()  # looking for it has read what there is


# Volumes


def _volume(host: Host, deed: Deed) -> VolumeFacts | None:
    pool = _pool(host, deed)
    volumes = () if pool is None else pool.volumes
    return next((one for one in volumes if one.name == deed.name), None)


async def _volume_made(host: Host, deed: Deed) -> Completed | Failed:
    found = _volume(host, deed)
    if found is None:
        return Failed(_NOTHING)
    same = ResizeVolume(pool=deed.uuid, name=found.name, capacity=found.capacity, shrink=False)
    try:  # changes nothing, and is refused as long as space is being allocated
        await host.perform(same)
    except errors.InvalidState as error:
        raise errors.Busy(error.detail) from error
    except (errors.NotSupported, errors.InvalidArgument, errors.HypervisorFailure):
        log.debug("volume_of_one_size", volume=deed.name)  # there is nothing to wait for
    return Completed()


async def _volume_deleted(host: Host, deed: Deed) -> Completed | Failed:
    return Completed() if _volume(host, deed) is None else Failed(f"{deed.name} is there")


async def _volume_resized(host: Host, deed: Deed) -> Completed | Failed:
    found = _volume(host, deed)
    if found is None:
        return Failed(f"{deed.name} is not there any more")
    if found.capacity < deed.capacity:
        return Failed(f"{deed.name} has {found.capacity} bytes")
    return Completed()


_Looking = Callable[[Host, Deed], Awaitable[Completed | Failed]]

# Total over Task.
_OUTCOMES: Mapping[Task, _Looking] = MappingProxyType({
    Task.CHANGE:         _changed,
    Task.DESTROY:        _destroyed,
    Task.CREATE_POOL:    _pool_made,
    Task.DELETE_POOL:    _pool_deleted,
    Task.REFRESH_POOL:   _refreshed,
    Task.CREATE_NETWORK: _network_made,
    Task.DELETE_NETWORK: _network_deleted,
    Task.CREATE_VOLUME:  _volume_made,
    Task.DELETE_VOLUME:  _volume_deleted,
    Task.RESIZE_VOLUME:  _volume_resized,
})  # fmt: skip
