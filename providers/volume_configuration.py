"""CIM_ResourcePoolConfigurationService: volumes made, resized and removed (DSP1041).

The rule: what would take a volume from under somebody who needs it is refused before it is tried.
"""

from collections.abc import Mapping
from functools import partial

from virtcim.broker.embedded import Embedded
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.hypervisors.actions import (
    CreateVolume,
    DeleteVolume,
    RefreshPool,
    ResizeVolume,
)
from virtcim.hypervisors.definition.pool_texts import volume_text
from virtcim.hypervisors.resources import PoolFacts, VolumeFacts
from virtcim.jobs.deeds import Deed, Task
from virtcim.providers import pool_settings as settings
from virtcim.providers.families import Method
from virtcim.providers.model import HostModel
from virtcim.providers.pool_requests import (
    Refused,
    answered,
    carry_out,
    embedded,
    error_for,
    given_storage,
    read_settings,
)
from virtcim.providers.pool_usage import is_in_use
from virtcim.providers.pools import storage_definition
from virtcim.providers.volumes import FAMILY as STORAGE_VOLUME
from virtcim.providers.volumes import volume_id
from virtcim.schema.valuemaps import PoolConfigurationCode as Code
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import (
    AlreadyExists,
    Failed,
    InvalidParameter,
    NotFound,
)


def _volume(model: HostModel, pool: PoolFacts, resource: Embedded) -> VolumeFacts:
    """Return the volume of a pool that settings name by Address, or by VolumeName."""
    for name, attribute in (("Address", "path"), ("VolumeName", "name")):
        wanted = resource.get(name)
        if wanted is not None:
            found = (one for one in pool.volumes if getattr(one, attribute) == wanted)
            volume = next(found, None)
            if volume is None:
                text = f"Unable to get attributes for resource: {wanted} is not in pool {pool.name}"
                raise error_for(model, NotFound, text)
            return volume
    raise error_for(model, InvalidParameter, "Missing Address in resource RASD")


async def create_volume(model: HostModel, arguments: Arguments) -> MethodResult:
    """Make a volume in a storage pool (CreateResourceInPool)."""
    one = embedded(arguments, "Settings")
    pool = given_storage(model, arguments)
    if model.behaviour.legacy_pools:
        for name in settings.missing_of_volume(one):
            raise Failed(f"StorageVolumeRASD {name} field not valid")
    volume = read_settings(model, partial(settings.new_volume, one), "StorageVolumeRASD")
    _check_path(model, pool, one)
    if volume.name in {known.name for known in pool.volumes}:
        text = f"Unable to create storage volume: {volume.name} exists in pool {pool.name}"
        raise error_for(model, AlreadyExists, text)
    action = CreateVolume(pool=pool.uuid, xml=read_settings(model, partial(volume_text, volume)))
    return await carry_out(
        model,
        action,
        Deed(task=Task.CREATE_VOLUME, name=volume.name, uuid=pool.uuid),
        method="CreateResourceInPool",
        tried="Unable to create storage volume",
        out=lambda: {"Resource": _volume_path(model, pool.name, volume.name)},
    )


def _check_path(model: HostModel, pool: PoolFacts, one: Embedded) -> None:
    """Refuse a directory that is not the pool's; libvirt and libvirt-cim do not look at it."""
    path, target = one.get("Path"), storage_definition(model, pool).target
    if model.behaviour.legacy_pools or not isinstance(path, str) or not path.strip():
        return
    if target is None or path.strip().rstrip("/") != target.rstrip("/"):
        raise InvalidParameter(f"Settings: Path is not that of the pool, which is {target}")


def _volume_path(model: HostModel, pool: str, name: str) -> ObjectPath | None:
    """Return the path of a new volume, None where it has gone again.

    Clients of libvirt-cim, which has no volumes, get its settings'.
    """
    volumes = (one.volumes for one in model.host.resources.pools if one.name == pool)
    made = next((one for found in volumes for one in found if one.name == name), None)
    if made is not None and STORAGE_VOLUME in model.behaviour.hidden:
        keys = (("InstanceID", made.path),)
        return ObjectPath(model.class_name(settings.VOLUME), keys, model.namespace)
    wanted = volume_id(pool, name)
    records = model.provider(STORAGE_VOLUME).records()
    return next((record.path for record in records if record["DeviceID"] == wanted), None)


async def delete_volume(model: HostModel, arguments: Arguments) -> MethodResult:
    """Delete a volume of a storage pool, unless it is needed (DeleteResourceInPool)."""
    resource = embedded(arguments, "Resource")
    pool = given_storage(model, arguments)
    volume = _volume(model, pool, resource)
    _check_unused(model, pool, volume)
    action = DeleteVolume(pool=pool.uuid, name=volume.name)
    return await carry_out(
        model,
        action,
        Deed(task=Task.DELETE_VOLUME, name=volume.name, uuid=pool.uuid),
        method="DeleteResourceInPool",
        tried="Unable to delete resource",
    )


async def resize_volume(model: HostModel, arguments: Arguments) -> MethodResult:
    """Give a volume another capacity (ResizeResourceInPool)."""
    resource = embedded(arguments, "Resource")
    pool = given_storage(model, arguments)
    volume = _volume(model, pool, resource)
    capacity = read_settings(model, partial(settings.capacity_of, resource))
    shrink = arguments.get("shrink") is True
    if capacity < volume.capacity and not shrink:
        text = f"{volume.name} holds {volume.capacity} bytes and would lose some without Shrink"
        raise error_for(model, InvalidParameter, text)
    _check_unused(model, pool, volume)
    action = ResizeVolume(pool=pool.uuid, name=volume.name, capacity=capacity, shrink=shrink)
    return await carry_out(
        model,
        action,
        Deed(task=Task.RESIZE_VOLUME, name=volume.name, uuid=pool.uuid, capacity=capacity),
        method="ResizeResourceInPool",
        tried="Unable to resize resource",
    )


def _check_unused(model: HostModel, pool: PoolFacts, volume: VolumeFacts) -> None:
    """Refuse what would take a volume from under a running domain or another volume."""
    if is_in_use(model, pool, volume) and not model.behaviour.legacy_pools:
        raise Refused(Code.IN_USE, f"{volume.name} is in use")


async def refresh_pool(model: HostModel, arguments: Arguments) -> MethodResult:
    """Have the volumes of a storage pool looked for (RefreshResourcesInPool)."""
    pool = given_storage(model, arguments)
    return await carry_out(
        model,
        RefreshPool(uuid=pool.uuid),
        Deed(task=Task.REFRESH_POOL, name=pool.name, uuid=pool.uuid),
        method="RefreshResourcesInPool",
        tried=f"Unable to refresh {pool.name}",
    )


METHODS: Mapping[str, Method] = {
    "CreateResourceInPool":   answered(create_volume),
    "DeleteResourceInPool":   answered(delete_volume),
    "ResizeResourceInPool":   answered(resize_volume),
    "RefreshResourcesInPool": answered(refresh_pool),
}  # fmt: skip
