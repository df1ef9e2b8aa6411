"""CIM_ResourcePoolConfigurationService: pools made and removed (DSP1041).

The rule: the arguments are judged by what is known, the action is done, and what it made is looked
up in what was read after it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from uuid import uuid4

from virtcim.broker import arguments as given
from virtcim.broker.embedded import Embedded
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.hypervisors.actions import (
    Action,
    CreateNetwork,
    CreatePool,
    DeleteNetwork,
    DeletePool,
)
from virtcim.hypervisors.definition.network_texts import network_text
from virtcim.hypervisors.definition.pool_texts import pool_text
from virtcim.jobs.deeds import Deed, Task
from virtcim.providers import pool_settings as settings
from virtcim.providers import volume_configuration
from virtcim.providers.families import Method
from virtcim.providers.model import HostModel
from virtcim.providers.pool_index import disk_pool_id, network_pool_id
from virtcim.providers.pool_requests import (
    GivenPool,
    Refused,
    answered,
    carry_out,
    embedded,
    error_for,
    given_pool,
    read_settings,
)
from virtcim.providers.pool_usage import usage
from virtcim.providers.pools import DISK_KIND, NETWORK_KIND, Kind
from virtcim.schema.layouts import Record
from virtcim.schema.valuemaps import PoolConfigurationCode as Code
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import (
    AlreadyExists,
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
)

DEFAULT_NAME = "libvirt-cim-pool"
"""Of a pool that nobody names, as libvirt-cim has it."""


@dataclass(frozen=True, slots=True)
class _Making:
    """How pools of one kind are made."""

    kind: Kind
    pool_id: Callable[[str], str]
    names: Callable[[HostModel], frozenset[str]]
    action: Callable[[HostModel, Embedded, Deed], Action[str]]
    task: Task


def _create_storage(model: HostModel, one: Embedded, deed: Deed) -> Action[str]:
    pool, kind = settings.new_pool(one, deed.name, path_needed=model.behaviour.legacy_pools)
    text = pool_text(replace(pool, uuid=deed.uuid))
    return CreatePool(xml=text, build=kind.builds, autostart=deed.autostart)


def _create_network(_model: HostModel, one: Embedded, deed: Deed) -> Action[str]:
    network = settings.new_network(one, deed.name)
    return CreateNetwork(
        xml=network_text(replace(network, uuid=deed.uuid)), autostart=deed.autostart
    )


_MAKING: Mapping[str, _Making] = {
    settings.DISK_POOL: _Making(
        DISK_KIND,
        disk_pool_id,
        lambda m: frozenset(pool.name for pool in m.host.resources.pools),
        _create_storage,
        Task.CREATE_POOL,
    ),
    settings.NET_POOL: _Making(
        NETWORK_KIND,
        network_pool_id,
        lambda m: frozenset(network.name for network in m.host.resources.networks),
        _create_network,
        Task.CREATE_NETWORK,
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
    one = embedded(arguments, "Settings")
    many = len(given.instances(arguments, "Settings")) > 1
    if many and not model.behaviour.legacy_pools:  # libvirt-cim looks at the first alone
        raise InvalidParameter("Settings describes more than one pool")
    making = read_settings(model, partial(_making, model, one))
    _check_parent(model, making, given.reference(arguments, "ParentPool"))
    wanted = (given.text(arguments, "ElementName") or "").strip()
    name = wanted or DEFAULT_NAME
    if name in making.names(model):
        raise error_for(model, AlreadyExists, f"Pool with that name already exists: {name}")
    autostart = bool(one.get("Autostart"))
    deed = Deed(task=making.task, name=name, uuid=str(uuid4()), autostart=autostart)
    action = read_settings(model, partial(making.action, model, one, deed))
    if not wanted and not model.behaviour.legacy_pools:
        raise InvalidParameter("Missing argument `ElementName'")
    return await carry_out(
        model,
        action,
        deed,
        method="CreateChildResourcePool",
        tried="Unable to create resource pool",
        out=lambda: {"Pool": _path(model, making, name)},
    )


def _path(model: HostModel, making: _Making, name: str) -> ObjectPath | None:
    """Return the path of a new pool; None where it has gone again."""
    found = model.provider(making.kind.family).find({"instanceid": making.pool_id(name)})
    return None if found is None else found.path


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
    pool = given_pool(model, arguments)
    facts = pool.storage or pool.network
    if facts is None:
        raise Refused(Code.NOT_SUPPORTED, f"{pool.id} is of the host and not of libvirt")
    if usage(model).devices.get(pool.id) and not model.behaviour.legacy_pools:
        raise Refused(Code.IN_USE, f"running domains use {pool.id}")
    make, task = (
        (DeletePool, Task.DELETE_POOL)
        if pool.storage is not None
        else (DeleteNetwork, Task.DELETE_NETWORK)
    )
    return await carry_out(
        model,
        make(uuid=facts.uuid),
        Deed(task=task, name=facts.name, uuid=facts.uuid),
        method="DeleteResourcePool",
        tried=_deleting(model, pool),
    )


def _deleting(model: HostModel, pool: GivenPool) -> str:
    if model.behaviour.legacy_pools:
        return "Storage pool deletion error: Unable to destroy resource pool"
    return f"Unable to delete resource pool {pool.id}"


METHODS: Mapping[str, Method] = {
    "CreateChildResourcePool": answered(create_child_pool),
    "DeleteResourcePool":      answered(delete_pool),
    **volume_configuration.METHODS,
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
