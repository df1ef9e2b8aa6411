"""Operations that read instances (DSP0200 sections 5.3.2.2, 5.3.2.11, 5.3.2.12, 5.3.2.18)."""

from functools import lru_cache

from virtcim.broker.loose import find_loosely
from virtcim.broker.namespaces import Namespace, Namespaces, absence, find_record
from virtcim.schema.layouts import EVERYTHING, Record, Selection
from virtcim.schema.records import WrittenRecord, WrittenRecords
from virtcim.wbem import operations as ops
from virtcim.wbem.operations import Names
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import (
    InstanceNamesReply,
    InstanceReply,
    NamedInstancesReply,
    PropertyReply,
)
from virtcim.wbem.status import NoSuchProperty, NotFound, WBEMError
from virtcim.wbem.uri import format_uri


@lru_cache(maxsize=64)
def selection(names: Names, within: str | None, *, class_origin: bool) -> Selection:
    """Return the selection of properties that an operation's parameters ask for."""
    wanted = None if names is None else frozenset(name.lower() for name in names)
    return Selection(wanted, within, class_origin)


def existing_record(namespace: Namespace, path: ObjectPath) -> Record:
    """Return the instance that a path names.

    The path must name the instance's own class. Raises InvalidClass, InvalidParameter, NotFound;
    where keys are read loosely, what the provider says of the path.
    """
    provider = namespace.provider(path.class_name)
    if provider is None:
        namespace.declaration(path.class_name)
        raise NotFound(f"there is no instance {format_uri(path)}")
    if namespace.rules.loose_keys:
        found = find_loosely(provider, path)
        if isinstance(found, WBEMError):
            raise found
        return found
    record = find_record(provider, path)
    if record is None:
        raise absence(provider, path)
    return record


def get_instance(namespaces: Namespaces, operation: ops.GetInstance) -> InstanceReply:
    """Return one instance."""
    record = existing_record(namespaces.get(operation.namespace), operation.instance_name)
    chosen = selection(operation.property_list, None, class_origin=operation.include_class_origin)
    variant = record.layout.variant(chosen)
    return InstanceReply(WrittenRecord(record, variant))


def enumerate_instances(
    namespaces: Namespaces, operation: ops.EnumerateInstances
) -> NamedInstancesReply:
    """Return the instances of a class and its subclasses."""
    namespace = namespaces.get(operation.namespace)
    providers, declaration = namespace.serving(operation.class_name)
    within = None if operation.deep_inheritance else declaration
    chosen = selection(
        operation.property_list,
        None if within is None else within.name,
        class_origin=operation.include_class_origin,
    )
    return NamedInstancesReply(
        tuple(
            WrittenRecords(provider.records(), provider.layout.variant(chosen, within))
            for provider in providers
        )
    )


def enumerate_instance_names(
    namespaces: Namespaces, operation: ops.EnumerateInstanceNames
) -> InstanceNamesReply:
    """Return the paths of the instances of a class and its subclasses."""
    providers, _ = namespaces.get(operation.namespace).serving(operation.class_name)
    return InstanceNamesReply(
        tuple(
            WrittenRecords(provider.records(), provider.layout.variant(EVERYTHING))
            for provider in providers
        )
    )


def get_property(namespaces: Namespaces, operation: ops.GetProperty) -> PropertyReply:
    """Return the value of one property."""
    record = existing_record(namespaces.get(operation.namespace), operation.instance_name)
    number = record.layout.index.get(operation.property_name.strip().lower())
    if number is None:
        raise NoSuchProperty(record.layout.class_name, operation.property_name)
    return PropertyReply(record.layout.properties[number].type, record.values[number])
