"""CIM_ResourcePoolConfigurationService: pools and volumes made and removed (DSP1041).

The rule: the arguments are judged by what is known, the action is done, and what it made is looked
up in what was read after it. What a return code cannot say is a CIM error with libvirt's own words;
clients of libvirt-cim get all refusals as its errors.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from virtcim.broker import arguments as given
from virtcim.broker.embedded import Embedded
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.hypervisors import errors
from virtcim.hypervisors.actions import (
    Action,
    CreateNetwork,
    CreatePool,
    CreateVolume,
    DeleteNetwork,
    DeletePool,
    DeleteVolume,
    RefreshPool,
    ResizeVolume,
)
from virtcim.hypervisors.definition.network_texts import network_text
from virtcim.hypervisors.definition.pool_texts import pool_text, volume_text
from virtcim.hypervisors.resources import NetworkFacts, PoolFacts, VolumeFacts
from virtcim.jobs.failures import wbem_error
from virtcim.providers import pool_settings as settings
from virtcim.providers.families import Method
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import disk_pool_id, network_pool_id
from virtcim.providers.pool_usage import is_in_use, usage
from virtcim.providers.pools import DISK_KIND, NETWORK_KIND, Kind, storage_definition
from virtcim.providers.volumes import FAMILY as STORAGE_VOLUME
from virtcim.providers.volumes import volume_id
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import PoolConfigurationCode as Code
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import (
    AlreadyExists,
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)

T = TypeVar("T")

DEFAULT_NAME = "libvirt-cim-pool"
"""Of a pool that nobody names, as libvirt-cim has it."""

_DONE = MethodResult(Code.JOB_COMPLETED_WITH_NO_ERROR.value)


class Refused(Exception):
    """The method ends with a return code; the text is for clients that want an error."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


_CODES: Mapping[type[errors.HypervisorError], Code] = {
    errors.NotSupported: Code.NOT_SUPPORTED,
    errors.Busy:         Code.IN_USE,
}  # fmt: skip
"""Failures that the methods have codes for; all others are CIM errors, which carry the reason."""


def _answered(body: Callable[[HostModel, Arguments], Awaitable[MethodResult]]) -> Method:
    """Return the method, whose refusals are codes, or errors for libvirt-cim's clients."""

    async def method(model: HostModel, _service: Record, arguments: Arguments) -> MethodResult:
        try:
            return await body(model, arguments)
        except Refused as refused:
            if not model.behaviour.legacy_pools:
                return MethodResult(refused.code.value)
            unsupported = refused.code is Code.NOT_SUPPORTED
            raise (NotSupported if unsupported else Failed)(refused.text) from refused

    return method


def _error(model: HostModel, kind: type[WBEMError], text: str) -> WBEMError:
    """Return an error that libvirt-cim has as CIM_ERR_FAILED, whatever it is about."""
    return (Failed if model.behaviour.legacy_pools else kind)(text)


async def _perform(model: HostModel, action: Action[T], tried: str) -> T:
    try:
        return await model.host.perform(action)
    except errors.HypervisorError as error:
        code = _CODES.get(type(error))
        if code is not None:
            raise Refused(code, f"{tried}: {error.detail}") from error
        found = wbem_error(error, tried)
        raise _error(model, type(found), found.reason) from error


def _read(model: HostModel, read: Callable[[], T], legacy: str = "Settings Error") -> T:
    """Return what settings say; `legacy` is what libvirt-cim says before what is wrong."""
    try:
        return read()
    except (ValueError, errors.InvalidArgument) as error:
        text = error.detail if isinstance(error, errors.InvalidArgument) else str(error)
        before = legacy if model.behaviour.legacy_pools else "Settings"
        raise _error(model, InvalidParameter, f"{before}: {text}") from error


# Arguments


def _embedded(arguments: Arguments, name: str) -> Embedded:
    found = given.instances(arguments, name)
    if not found:
        raise InvalidParameter(f"Missing argument `{name}'")
    return found[0]


@dataclass(frozen=True, slots=True)
class _Pool:
    """The pool of an argument; a storage pool, a network, or neither where libvirt has none."""

    id: str
    storage: PoolFacts | None = None
    network: NetworkFacts | None = None

    @property
    def name(self) -> str:
        """As libvirt has it."""
        facts = self.storage or self.network
        return self.id if facts is None else facts.name


def _pool(model: HostModel, arguments: Arguments) -> _Pool:
    path = given.reference(arguments, "Pool")
    if path is None:
        raise InvalidParameter("Missing argument `Pool'")
    if model.behaviour.legacy_pools:
        _check_legacy_path(path)
    record = model.resolve(path)
    if record is None or "poolid" not in record.layout.index:
        raise _error(model, NotFound, "Resource pool instance does not exist")
    pool_id, resources = str(record["InstanceID"]), model.host.resources
    storage = {disk_pool_id(pool.name): pool for pool in resources.pools}
    networks = {network_pool_id(network.name): network for network in resources.networks}
    return _Pool(pool_id, storage.get(pool_id), networks.get(pool_id))


def _check_legacy_path(path: ObjectPath) -> None:
    keys = {name.lower(): value for name, value in path.keys or ()}
    pool_id = keys.get("instanceid", keys.get(""))
    if not isinstance(pool_id, str):
        raise Failed("Missing InstanceID in pool reference")
    if "/" not in pool_id:
        raise InvalidParameter("Pool has invalid InstanceID")


def _storage(model: HostModel, arguments: Arguments) -> PoolFacts:
    """Return the storage pool that an argument names."""
    pool = _pool(model, arguments)
    if pool.storage is None:
        raise Refused(
            Code.INCORRECT_RESOURCETYPE_FOR_THE_POOL, f"{pool.id} is no storage pool with volumes"
        )
    return pool.storage


def _volume(model: HostModel, pool: PoolFacts, resource: Embedded) -> VolumeFacts:
    """Return the volume of a pool that settings name by Address, or by VolumeName."""
    for name, attribute in (("Address", "path"), ("VolumeName", "name")):
        wanted = resource.get(name)
        if wanted is not None:
            found = (one for one in pool.volumes if getattr(one, attribute) == wanted)
            volume = next(found, None)
            if volume is None:
                text = f"Unable to get attributes for resource: {wanted} is not in pool {pool.name}"
                raise _error(model, NotFound, text)
            return volume
    raise _error(model, InvalidParameter, "Missing Address in resource RASD")


# Pools


@dataclass(frozen=True, slots=True)
class _Making:
    """How pools of one kind are made."""

    kind: Kind
    pool_id: Callable[[str], str]
    names: Callable[[HostModel], frozenset[str]]
    action: Callable[[HostModel, Embedded, str], Action[str]]


def _create_storage(model: HostModel, one: Embedded, name: str) -> Action[str]:
    pool, kind = settings.new_pool(one, name, path_needed=model.behaviour.legacy_pools)
    return CreatePool(xml=pool_text(pool), build=kind.builds, autostart=_autostart(one))


def _create_network(_model: HostModel, one: Embedded, name: str) -> Action[str]:
    network = settings.new_network(one, name)
    return CreateNetwork(xml=network_text(network), autostart=_autostart(one))


def _autostart(one: Embedded) -> bool:
    return bool(one.get("Autostart"))


_MAKING: Mapping[str, _Making] = {
    settings.DISK_POOL: _Making(
        DISK_KIND,
        disk_pool_id,
        lambda m: frozenset(pool.name for pool in m.host.resources.pools),
        _create_storage,
    ),
    settings.NET_POOL: _Making(
        NETWORK_KIND,
        network_pool_id,
        lambda m: frozenset(network.name for network in m.host.resources.networks),
        _create_network,
    ),
}


def _making(model: HostModel, one: Embedded) -> _Making:
    by_class = {model.class_name(family): making for family, making in _MAKING.items()}
    found = by_class.get(one.class_name) or _MAKING.get(one.class_name)
    if found is None:
        raise ValueError(f"{one.class_name} is none of {', '.join(by_class)}")
    return found


async def create_child_pool(model: HostModel, arguments: Arguments) -> MethodResult:
    """Make a storage pool or a network, and start it (CreateChildResourcePool)."""
    one = _embedded(arguments, "Settings")
    many = len(given.instances(arguments, "Settings")) > 1
    if many and not model.behaviour.legacy_pools:  # libvirt-cim looks at the first alone
        raise InvalidParameter("Settings describes more than one pool")
    making = _read(model, partial(_making, model, one))
    _check_parent(model, making, given.reference(arguments, "ParentPool"))
    wanted = (given.text(arguments, "ElementName") or "").strip()
    name = wanted or DEFAULT_NAME
    if name in making.names(model):
        raise _error(model, AlreadyExists, f"Pool with that name already exists: {name}")
    action = _read(model, partial(making.action, model, one, name))
    if not wanted and not model.behaviour.legacy_pools:
        raise InvalidParameter("Missing argument `ElementName'")
    await _perform(model, action, "Unable to create resource pool")
    found = model.provider(making.kind.family).find({"instanceid": making.pool_id(name)})
    if found is None:
        raise Failed(f"Failed to lookup resulting pool: {name}")
    return MethodResult(Code.JOB_COMPLETED_WITH_NO_ERROR.value, {"Pool": found.path})


def _check_parent(model: HostModel, making: _Making, parent: ObjectPath | None) -> None:
    """Pools are children of the primordial pool of their kind, and of no other."""
    if parent is None or model.behaviour.legacy_pools:
        return
    record = model.resolve(parent)
    if record is None:
        raise NotFound("the ParentPool does not exist")
    family = model.class_name(making.kind.family)
    if record.layout.class_name != family or not record["Primordial"]:
        text = f"{making.kind.primordial_id} is the only parent of such pools"
        raise Refused(Code.INCORRECT_RESOURCETYPE_FOR_THE_POOL, text)


async def delete_pool(model: HostModel, arguments: Arguments) -> MethodResult:
    """Stop and undefine a pool, unless running domains use it (DeleteResourcePool)."""
    pool = _pool(model, arguments)
    facts = pool.storage or pool.network
    if facts is None:
        raise Refused(Code.NOT_SUPPORTED, f"{pool.id} is of the host and not of libvirt")
    if usage(model).devices.get(pool.id) and not model.behaviour.legacy_pools:
        raise Refused(Code.IN_USE, f"running domains use {pool.id}")
    make = DeletePool if pool.storage is not None else DeleteNetwork
    await _perform(model, make(uuid=facts.uuid), _deleting(model, pool))
    return _DONE


def _deleting(model: HostModel, pool: _Pool) -> str:
    if model.behaviour.legacy_pools:
        return "Storage pool deletion error: Unable to destroy resource pool"
    return f"Unable to delete resource pool {pool.id}"


# Volumes


async def create_volume(model: HostModel, arguments: Arguments) -> MethodResult:
    """Make a volume in a storage pool (CreateResourceInPool)."""
    one = _embedded(arguments, "Settings")
    pool = _storage(model, arguments)
    if model.behaviour.legacy_pools:
        for name in settings.missing_of_volume(one):
            raise Failed(f"StorageVolumeRASD {name} field not valid")
    volume = _read(model, partial(settings.new_volume, one), "StorageVolumeRASD")
    _check_path(model, pool, one)
    if volume.name in {known.name for known in pool.volumes}:
        text = f"Unable to create storage volume: {volume.name} exists in pool {pool.name}"
        raise _error(model, AlreadyExists, text)
    action = CreateVolume(pool=pool.uuid, xml=_read(model, partial(volume_text, volume)))
    path = await _perform(model, action, "Unable to create storage volume")
    return MethodResult(
        Code.JOB_COMPLETED_WITH_NO_ERROR.value,
        {"Resource": _volume_path(model, pool.name, volume.name, path)},
    )


def _check_path(model: HostModel, pool: PoolFacts, one: Embedded) -> None:
    """Refuse a directory that is not the pool's; libvirt and libvirt-cim do not look at it."""
    path, target = one.get("Path"), storage_definition(model, pool).target
    if model.behaviour.legacy_pools or not isinstance(path, str) or not path.strip():
        return
    if target is None or path.strip().rstrip("/") != target.rstrip("/"):
        raise InvalidParameter(f"Settings: Path is not that of the pool, which is {target}")


def _volume_path(model: HostModel, pool: str, name: str, path: str) -> ObjectPath:
    """Return the path of a new volume; libvirt-cim, which has no volumes, gives its settings'."""
    if STORAGE_VOLUME in model.behaviour.hidden:
        return ObjectPath(
            model.class_name(settings.VOLUME), (("InstanceID", path),), model.namespace
        )
    wanted = volume_id(pool, name)
    records = model.provider(STORAGE_VOLUME).records()
    found = next((record for record in records if record["DeviceID"] == wanted), None)
    if found is None:
        raise Failed(f"the volume {wanted} was made, and is not there any more")
    return found.path


async def delete_volume(model: HostModel, arguments: Arguments) -> MethodResult:
    """Delete a volume of a storage pool, unless it is needed (DeleteResourceInPool)."""
    resource = _embedded(arguments, "Resource")
    pool = _storage(model, arguments)
    volume = _volume(model, pool, resource)
    _check_unused(model, pool, volume)
    action = DeleteVolume(pool=pool.uuid, name=volume.name)
    await _perform(model, action, "Unable to delete resource")
    return _DONE


async def resize_volume(model: HostModel, arguments: Arguments) -> MethodResult:
    """Give a volume another capacity (ResizeResourceInPool)."""
    resource = _embedded(arguments, "Resource")
    pool = _storage(model, arguments)
    volume = _volume(model, pool, resource)
    capacity = _read(model, partial(settings.capacity_of, resource))
    shrink = arguments.get("shrink") is True
    if capacity < volume.capacity and not shrink:
        text = f"{volume.name} holds {volume.capacity} bytes and would lose some without Shrink"
        raise _error(model, InvalidParameter, text)
    _check_unused(model, pool, volume)
    action = ResizeVolume(pool=pool.uuid, name=volume.name, capacity=capacity, shrink=shrink)
    await _perform(model, action, "Unable to resize resource")
    return _DONE


def _check_unused(model: HostModel, pool: PoolFacts, volume: VolumeFacts) -> None:
    """Refuse what would take a volume from under a running domain or another volume."""
    if is_in_use(model, pool, volume) and not model.behaviour.legacy_pools:
        raise Refused(Code.IN_USE, f"{volume.name} is in use")


async def refresh_pool(model: HostModel, arguments: Arguments) -> MethodResult:
    """Have the volumes of a storage pool looked for (RefreshResourcesInPool)."""
    pool = _storage(model, arguments)
    await _perform(model, RefreshPool(uuid=pool.uuid), f"Unable to refresh {pool.name}")
    return _DONE


METHODS: Mapping[str, Method] = {
    "CreateChildResourcePool": _answered(create_child_pool),
    "DeleteResourcePool":      _answered(delete_pool),
    "CreateResourceInPool":    _answered(create_volume),
    "DeleteResourceInPool":    _answered(delete_volume),
    "ResizeResourceInPool":    _answered(resize_volume),
    "RefreshResourcesInPool":  _answered(refresh_pool),
}  # fmt: skip


# What cannot be: libvirt makes pools of what it finds, and takes nothing of the host into them.


def _unsupported(name: str) -> Method:
    async def method(model: HostModel, _service: Record, _arguments: Arguments) -> MethodResult:
        if model.behaviour.legacy_pools:
            rules = model.behaviour.rules
            unsupported = frozenset().union(*rules.unsupported_methods.values())
            if name.lower() in unsupported:
                raise NotSupported(f"{name} is not supported")
            raise Failed(rules.unknown_method or "")
        return MethodResult(Code.NOT_SUPPORTED.value)

    return method


UNSUPPORTED: Mapping[str, Method] = {
    name: _unsupported(name)
    for name in (
        "CreateResourcePool",
        "AddResourcesToResourcePool",
        "RemoveResourcesFromResourcePool",
        "ChangeParentResourcePool",
    )
}
