"""Operations that make, change and remove instances (DSP0200 sections 5.3.2.4 to 5.3.2.8).

Providers say which of them they do (provider.Edits). The order of checks is namespace, class,
whether it is served at all, the parameters, the instance.
"""

from collections.abc import Mapping

from virtcim.broker.calling import CALLER
from virtcim.broker.instances import existing_record
from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.provider import Edits, InstanceValues, Provider, edits_of
from virtcim.broker.typed_values import typed_value
from virtcim.schema.layouts import Layout, Record
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Instance, InstanceProperty, Property, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import InstanceNameReply, VoidReply
from virtcim.wbem.status import (
    InvalidParameter,
    NoSuchProperty,
    NotFound,
    NotSupported,
    TypeMismatch,
)
from virtcim.wbem.types import CIMType
from virtcim.wbem.uri import format_uri


def _serving(namespaces: Namespaces, namespace: Namespace, class_name: str) -> Provider:
    """Return who serves a class, or keeps its instances from now on.

    Raises InvalidClass, InvalidParameter for a class that has no instances of its own.
    """
    provider = namespace.provider(class_name)
    if provider is None:
        declaration = namespace.declaration(class_name)
        if namespaces.keeper is None:
            raise NotSupported(f"CreateInstance is not served for {declaration.name}")
        provider = namespace.keep(declaration.name, namespaces.keeper, namespaces.home)
    return provider


def _edits(namespace: Namespace, path: ObjectPath) -> Edits:
    """Return which changes are done of what a path names; raises InvalidClass, NotFound."""
    provider = namespace.provider(path.class_name)
    if provider is None:
        namespace.declaration(path.class_name)
        raise NotFound(f"there is no instance {format_uri(path)}")
    return edits_of(provider)


def _unserved(operation: ops.Change, class_name: str) -> NotSupported:
    return NotSupported(f"{type(operation).__name__} is not served for {class_name}")


def _check_rehearsal(operation: ops.Change) -> None:
    if CALLER.get().dry_run:
        name = type(operation).__name__
        raise NotSupported(f"{name} cannot be rehearsed (dry run); nothing was changed")


async def create_instance(
    namespaces: Namespaces, operation: ops.CreateInstance
) -> InstanceNameReply:
    """Make an instance; a path that the client gives means nothing."""
    namespace, asked = namespaces.get(operation.namespace), operation.new_instance
    provider = _serving(namespaces, namespace, asked.class_name)
    edits = edits_of(provider)
    if edits.create is None:
        raise _unserved(operation, asked.class_name)
    _check_rehearsal(operation)
    given = _given(namespace, provider.layout, asked)
    if not edits.told_null:
        given = {name: value for name, value in given.items() if value is not None}
    return InstanceNameReply(await edits.create(given))


def _given(namespace: Namespace, layout: Layout, instance: Instance) -> InstanceValues:
    """Return the values of an instance, typed; raises InvalidParameter."""
    unknown = instance.by_name.keys() - layout.index.keys()
    if unknown:
        raise InvalidParameter(f"{layout.class_name} has no property {', '.join(sorted(unknown))}")
    return {
        name: _typed(namespace, layout, layout.properties[layout.index[name]], item.value)
        for name, item in instance.by_name.items()
    }


def _typed(namespace: Namespace, layout: Layout, declared: Property, value: Value) -> Value:
    try:
        return typed_value(declared, value, namespace.name)
    except ValueError as error:
        where = f"{declared.name} of {layout.class_name}"
        raise InvalidParameter(f"{where}: {error}") from None


def _check_served(
    namespaces: Namespaces, namespace: Namespace, operation: ops.ModifyInstance
) -> None:
    """Raise NotSupported for a class whose instances nobody changes, InvalidClass for none."""
    class_name = operation.modified_instance.class_name
    provider = namespace.provider(class_name)
    if provider is None:
        namespace.declaration(class_name)
        is_served = namespaces.keeper is not None
    else:
        is_served = edits_of(provider).modify is not None
    if not is_served:
        raise _unserved(operation, class_name)


async def modify_instance(namespaces: Namespaces, operation: ops.ModifyInstance) -> VoidReply:
    """Change the properties that differ; clients send back all that they were shown."""
    namespace, asked = namespaces.get(operation.namespace), operation.modified_instance
    _check_served(namespaces, namespace, operation)
    if asked.path is None or asked.path.class_name.lower() != asked.class_name.lower():
        raise InvalidParameter("the path of the ModifiedInstance is not of its class")
    _check_rehearsal(operation)
    edits = _edits(namespace, asked.path)
    record = existing_record(namespace, asked.path)
    changes = _changes(namespace, record, asked, operation.property_list)
    if changes and edits.modify is not None:
        await edits.modify(record, changes)
    return VoidReply()


def _changes(
    namespace: Namespace, record: Record, asked: Instance, names: ops.Names
) -> Mapping[str, Value]:
    """Return what is to be changed, by lower-case name; None means NULL."""
    layout = record.layout
    listed = asked.by_name.keys() if names is None else {name.strip().lower() for name in names}
    for name in (*listed, *asked.by_name):
        if name not in layout.index:
            raise NoSuchProperty(layout.class_name, name)
    changes: dict[str, Value] = {}
    for name in layout.index:
        if name not in listed:
            continue
        declared, given = layout.properties[layout.index[name]], asked.by_name.get(name)
        default = declared.value
        value = default if given is None else _typed(namespace, layout, declared, given.value)
        if value != record[name]:
            changes[name] = value
    if keys := changes.keys() & layout.keys.keys():
        raise InvalidParameter(f"the key {', '.join(sorted(keys))} cannot be changed")
    return changes


async def set_property(namespaces: Namespaces, operation: ops.SetProperty) -> VoidReply:
    """Change one property, which is a ModifyInstance of it alone (deprecated, and in use)."""
    path, value = operation.instance_name, operation.new_value
    namespace = namespaces.get(operation.namespace)
    edits = _edits(namespace, path)
    if edits.modify is None:
        raise _unserved(operation, path.class_name)
    _check_type(namespace, existing_record(namespace, path).layout, operation)
    item = InstanceProperty(
        name=operation.property_name.strip(),
        type=CIMType.STRING,
        value=value,
        is_array=isinstance(value, tuple),
    )
    instance = Instance(path.class_name, (item,), path)
    return await modify_instance(
        namespaces, ops.ModifyInstance(namespace=operation.namespace, modified_instance=instance)
    )


def _check_type(namespace: Namespace, layout: Layout, operation: ops.SetProperty) -> None:
    """Raise TypeMismatch, a code that this operation alone has."""
    number = layout.index.get(operation.property_name.strip().lower())
    if number is None:
        return
    try:
        _typed(namespace, layout, layout.properties[number], operation.new_value)
    except InvalidParameter as error:
        raise TypeMismatch(error.reason) from None


async def delete_instance(namespaces: Namespaces, operation: ops.DeleteInstance) -> VoidReply:
    """Remove an instance."""
    namespace, path = namespaces.get(operation.namespace), operation.instance_name
    edits = _edits(namespace, path)
    if edits.delete is None:
        raise _unserved(operation, path.class_name)
    _check_rehearsal(operation)
    await edits.delete(existing_record(namespace, path))
    return VoidReply()
