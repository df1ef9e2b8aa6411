"""Operations on pulled enumerations (DSP0200 sections 5.3.2.24 to 5.3.2.30).

The order of checks is namespace, time-out, ContinueOnError, the other parameters, class and source,
filter, and last whether one more enumeration may be open.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain

from virtcim.broker import associations
from virtcim.broker.calling import CALLER
from virtcim.broker.filtering import Selecting, different
from virtcim.broker.instances import selection
from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.pulling import Cursor, Enumerations, Kind, Owner
from virtcim.broker.queries import selected
from virtcim.schema.pulled import Form, RecordWriter
from virtcim.schema.records import RecordSet
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import ClassDeclaration
from virtcim.wbem.query.reading import parse_filter
from virtcim.wbem.replies import CountReply, PulledReply, VoidReply
from virtcim.wbem.status import ContinuationOnErrorNotSupported, InvalidParameter


@dataclass(frozen=True, slots=True)
class Place:
    """Where enumerations are opened; `host` completes the paths in them."""

    namespaces: Namespaces
    host: str
    enumerations: Enumerations


OpenPaths = (
    ops.OpenEnumerateInstancePaths
    | ops.OpenAssociatorInstancePaths
    | ops.OpenReferenceInstancePaths
)
OpenInstances = (
    ops.OpenEnumerateInstances | ops.OpenAssociatorInstances | ops.OpenReferenceInstances
)

OpenRelated = ops.OpenAssociatorInstancePaths | ops.OpenReferenceInstancePaths


# Opening


def open_enumeration(
    place: Place, operation: ops.OpenEnumerateInstances | ops.OpenEnumerateInstancePaths
) -> PulledReply:
    """Open an enumeration of the instances of a class and its subclasses, or of their paths."""
    namespace, seconds = _checked(place, operation)
    providers, declaration = namespace.serving(operation.class_name)
    selecting = _selecting(namespace, operation, declaration.name)
    shallow = isinstance(operation, ops.OpenEnumerateInstances) and not operation.deep_inheritance
    write = _writer(place, operation, declaration if shallow else None)
    if selecting.test is not None:
        return _open(place, operation, seconds, Cursor(selecting.of(providers), write))
    sets = [provider.records() for provider in providers]
    cursor = Cursor(selecting.among(chain.from_iterable(sets)), write, partial(_size, sets))
    return _open(place, operation, seconds, cursor)


def _size(sets: Iterable[RecordSet]) -> int | None:
    sizes = [one.known_length for one in sets]
    if CALLER.get().keep is not None:
        return None  # not all of them are for this caller
    return None if None in sizes else sum(size or 0 for size in sizes)


def open_associated(place: Place, operation: OpenRelated) -> PulledReply:
    """Open an enumeration of what an instance is related to, or of the paths."""
    namespace, seconds = _checked(place, operation)
    find = _FINDS[type(operation)](place.namespaces, operation)
    batches = _selecting(namespace, operation, operation.result_class).among(different(find()))
    return _open(place, operation, seconds, Cursor(batches, _writer(place, operation)))


def _associators(
    namespaces: Namespaces, operation: ops.OpenAssociatorInstancePaths
) -> associations.Find:
    """Say how to find the instances at the other ends."""
    plain = ops.AssociatorNames(
        namespace=operation.namespace,
        object_name=operation.instance_name,
        assoc_class=operation.assoc_class,
        result_class=operation.result_class,
        role=operation.role,
        result_role=operation.result_role,
    )
    return associations.associated(namespaces, plain)


def _references(
    namespaces: Namespaces, operation: ops.OpenReferenceInstancePaths
) -> associations.Find:
    """Say how to find the association instances that refer to one."""
    plain = ops.ReferenceNames(
        namespace=operation.namespace,
        object_name=operation.instance_name,
        result_class=operation.result_class,
        role=operation.role,
    )
    return associations.referring(namespaces, plain)


_FINDS: Mapping[type, Callable[..., associations.Find]] = {
    ops.OpenAssociatorInstances:     _associators,
    ops.OpenAssociatorInstancePaths: _associators,
    ops.OpenReferenceInstances:      _references,
    ops.OpenReferenceInstancePaths:  _references,
}  # fmt: skip


def open_query(place: Place, operation: ops.OpenQueryInstances) -> PulledReply:
    """Open an enumeration of what a statement selects."""
    _, seconds = _checked(place, operation)
    found = selected(place.namespaces, place.host, operation)
    described = found.result_class if operation.return_query_result_class else None
    return _open(place, operation, seconds, Cursor(found.batches, found.write), described)


def _checked(place: Place, operation: ops.Opening) -> tuple[Namespace, int]:
    """Return the namespace, and how long the enumeration waits for its next operation."""
    namespace = place.namespaces.get(operation.namespace)
    seconds = place.enumerations.limits.seconds(operation.operation_timeout)
    if operation.continue_on_error:
        raise ContinuationOnErrorNotSupported("an enumeration ends with its first error")
    if isinstance(operation, ops.Open):
        _check_filter(operation)
    return namespace, seconds


def _check_filter(operation: ops.Open) -> None:
    """Raise InvalidParameter for half of a filter; clients without one send two empty texts too."""
    query, language = operation.filter_query, operation.filter_query_language
    if bool(query) == bool(language):
        return
    if query is None or language is None:
        raise InvalidParameter("FilterQuery and FilterQueryLanguage are given together")
    raise InvalidParameter(f"{'FilterQueryLanguage' if query else 'FilterQuery'} is empty")


def _selecting(namespace: Namespace, operation: ops.Open, class_name: str | None) -> Selecting:
    if not operation.filter_query or not operation.filter_query_language:
        return Selecting()
    query = parse_filter(operation.filter_query_language, operation.filter_query)
    return Selecting.by(query, namespace, class_name)


def _writer(
    place: Place,
    operation: OpenInstances | OpenPaths,
    within: ClassDeclaration | None = None,
) -> RecordWriter:
    if not isinstance(operation, OpenInstances):
        return RecordWriter(Form.PATH, place.host)
    chosen = selection(
        operation.property_list,
        None if within is None else within.name,
        class_origin=operation.include_class_origin,
    )
    return RecordWriter(Form.WITH_PATH, place.host, chosen, within)


def _open(
    place: Place,
    operation: ops.Opening,
    seconds: int,
    cursor: Cursor,
    result_class: ClassDeclaration | None = None,
) -> PulledReply:
    owner = _owner(place, operation, KINDS[type(operation)])
    most = operation.max_object_count
    portion = place.enumerations.open(owner, cursor, seconds=seconds, most=most)
    return PulledReply(portion, result_class)


# Continuing


def pull(place: Place, operation: ops.PullInstancesWithPath) -> PulledReply:
    """Return the next objects of an enumeration."""
    owner = _owner(place, operation, KINDS[type(operation)])
    context, most = operation.enumeration_context, operation.max_object_count
    return PulledReply(place.enumerations.pull(context, owner, most))


def close_enumeration(place: Place, operation: ops.CloseEnumeration) -> VoidReply:
    """End an enumeration before its end."""
    place.enumerations.close(operation.enumeration_context, _owner(place, operation, None))
    return VoidReply()


def enumeration_count(place: Place, operation: ops.EnumerationCount) -> CountReply:
    """Return how many objects are left."""
    owner = _owner(place, operation, None)
    return CountReply(place.enumerations.left(operation.enumeration_context, owner))


def _owner(place: Place, operation: ops.Operation, kind: Kind | None) -> Owner:
    return Owner(CALLER.get().user, place.namespaces.get(operation.namespace).name, kind)


KINDS: Mapping[type, Kind] = {
    ops.OpenEnumerateInstances:      Kind.INSTANCES_WITH_PATH,
    ops.OpenAssociatorInstances:     Kind.INSTANCES_WITH_PATH,
    ops.OpenReferenceInstances:      Kind.INSTANCES_WITH_PATH,
    ops.PullInstancesWithPath:       Kind.INSTANCES_WITH_PATH,
    ops.OpenEnumerateInstancePaths:  Kind.PATHS,
    ops.OpenAssociatorInstancePaths: Kind.PATHS,
    ops.OpenReferenceInstancePaths:  Kind.PATHS,
    ops.PullInstancePaths:           Kind.PATHS,
    ops.OpenQueryInstances:          Kind.INSTANCES,
    ops.PullInstances:               Kind.INSTANCES,
}  # fmt: skip
"""What each operation opens or continues."""

PULLED: Mapping[type, Callable[..., PulledReply | VoidReply | CountReply]] = {
    ops.OpenEnumerateInstances:      open_enumeration,
    ops.OpenEnumerateInstancePaths:  open_enumeration,
    ops.OpenAssociatorInstances:     open_associated,
    ops.OpenAssociatorInstancePaths: open_associated,
    ops.OpenReferenceInstances:      open_associated,
    ops.OpenReferenceInstancePaths:  open_associated,
    ops.OpenQueryInstances:          open_query,
    ops.PullInstancesWithPath:       pull,
    ops.PullInstancePaths:           pull,
    ops.PullInstances:               pull,
    ops.CloseEnumeration:            close_enumeration,
    ops.EnumerationCount:            enumeration_count,
}  # fmt: skip
"""What does each operation on pulled enumerations."""
