"""Operations that follow associations (DSP0200 sections 5.3.2.14 to 5.3.2.17).

A provider only knows who is related to whom; all filters are applied here, by the class tree of
the namespace that the client asks in. The order of checks is that of known servers: namespace,
source class, filter classes, source instance.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain

from virtcim.broker.instances import existing_record, selection
from virtcim.broker.loose import find_loosely
from virtcim.broker.namespaces import Namespace, Namespaces, find_record
from virtcim.broker.provider import AssociationProvider, Provider, Refers
from virtcim.schema.layouts import EVERYTHING, Record
from virtcim.schema.records import RelatedRecords
from virtcim.schema.repository import is_association, select_class
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import ClassDeclaration
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import (
    ClassObjectsReply,
    ClassPathsReply,
    ObjectPathsReply,
    ObjectsReply,
    Reply,
)
from virtcim.wbem.status import InvalidParameter, WBEMError
from virtcim.wbem.types import CIMType

Step = tuple[AssociationProvider, int]
"""An association provider and the end at which the source stands."""


def associators(namespaces: Namespaces, host: str, operation: ops.Associators) -> Reply:
    """Return the instances, or for a class the classes, at the other ends."""
    chosen = selection(operation.property_list, None, class_origin=operation.include_class_origin)
    if operation.object_name.keys is None:
        return _class_objects(host, operation, _associated_classes(namespaces, operation))
    return ObjectsReply(RelatedRecords(associated(namespaces, operation), chosen, host))


def associator_names(namespaces: Namespaces, host: str, operation: ops.AssociatorNames) -> Reply:
    """Return the paths of the instances, or for a class of the classes, at the other ends."""
    if operation.object_name.keys is None:
        return _class_paths(host, _associated_classes(namespaces, operation))
    return ObjectPathsReply(RelatedRecords(associated(namespaces, operation), EVERYTHING, host))


def references(namespaces: Namespaces, host: str, operation: ops.References) -> Reply:
    """Return the association instances, or for a class the classes, that refer to the source."""
    chosen = selection(operation.property_list, None, class_origin=operation.include_class_origin)
    if operation.object_name.keys is None:
        return _class_objects(host, operation, _referring_classes(namespaces, operation))
    return ObjectsReply(RelatedRecords(referring(namespaces, operation), chosen, host))


def reference_names(namespaces: Namespaces, host: str, operation: ops.ReferenceNames) -> Reply:
    """Return the paths of the association instances, or for a class of the classes."""
    if operation.object_name.keys is None:
        return _class_paths(host, _referring_classes(namespaces, operation))
    return ObjectPathsReply(RelatedRecords(referring(namespaces, operation), EVERYTHING, host))


# Instances


Find = Callable[[], Iterator[Record]]
"""Finds related instances when they are written: a few at a time, and again if asked again."""


def associated(namespaces: Namespaces, operation: ops.AssociatorNames) -> Find:
    """Check everything, then say how to find what is related."""
    namespace = namespaces.get(operation.namespace)
    _check_classes(namespace, operation.object_name, operation.assoc_class, operation.result_class)
    source = _source(namespaces, namespace, operation.object_name)
    return partial(_partners, namespaces, namespace, source, operation)


def _partners(
    namespaces: Namespaces, namespace: Namespace, source: Record, operation: ops.AssociatorNames
) -> Iterator[Record]:
    seen: dict[int, Record] = {}  # with the record, whose number is another's when it is gone
    wanted = operation.result_class
    served = _served_partners(namespace, source, operation)
    for record in chain(served, _kept_partners(namespaces, namespace, source, operation)):
        if wanted and not namespace.repository.is_a(record.layout.class_name, wanted):
            continue
        if id(record) not in seen:
            seen[id(record)] = record
            yield record


def _served_partners(
    namespace: Namespace, source: Record, operation: ops.AssociatorNames
) -> Iterator[Record]:
    for provider, end in _steps(namespace, source, operation.assoc_class, operation.role):
        if not _is_role(operation.result_role, provider.ends[1 - end].role):
            continue
        yield from provider.partners(end, source)


def _kept_partners(
    namespaces: Namespaces, namespace: Namespace, source: Record, operation: ops.AssociatorNames
) -> Iterator[Record]:
    """Yield what instances relate by their values; who is not there or out of reach is left out."""
    for one, role, link in _kept_links(namespace, source, operation.assoc_class, operation.role):
        for end in one.references:
            path = link[end.name]
            if end.name == role or not _is_role(operation.result_role, end.name):
                continue
            found = _reached(namespaces, namespace, path) if isinstance(path, ObjectPath) else None
            if found is not None:
                yield found


def _reached(namespaces: Namespaces, namespace: Namespace, path: ObjectPath) -> Record | None:
    try:
        home = namespaces.get(path.namespace or namespace.name)
        provider = home.provider(path.class_name)
        return None if provider is None else find_record(provider, path)
    except WBEMError:
        return None


def _kept_links(
    namespace: Namespace, source: Record, assoc_class: str | None, role: str | None
) -> Iterator[tuple[Refers, str, Record]]:
    """Yield associations that refer to an instance by their values, with its role in each."""
    for one in namespace.referring():
        if assoc_class and not namespace.repository.is_a(one.layout.class_name, assoc_class):
            continue
        for own_role, link in one.referring(source.path):
            if _is_role(role, own_role):
                yield one, own_role, link


def referring(namespaces: Namespaces, operation: ops.ReferenceNames) -> Find:
    """Check everything, then say how to make the association instances."""
    namespace = namespaces.get(operation.namespace)
    _check_classes(namespace, operation.object_name, operation.result_class, None)
    source = _source(namespaces, namespace, operation.object_name)
    steps = tuple(_steps(namespace, source, operation.result_class, operation.role))
    kept = partial(_kept_links, namespace, source, operation.result_class, operation.role)
    return partial(_links, steps, source, kept)


def _links(
    steps: Iterable[Step],
    source: Record,
    kept: Callable[[], Iterable[tuple[Refers, str, Record]]],
) -> Iterator[Record]:
    for provider, end in steps:
        for record in provider.partners(end, source):
            pair = (source, record) if end == 0 else (record, source)
            yield provider.link(*pair)
    yield from {id(link): link for _, _, link in kept()}.values()


def _check_classes(namespace: Namespace, source: ObjectPath, *filters: str | None) -> None:
    for name in (source.class_name, *filters):
        if name is not None and namespace.repository.find(name) is None:
            raise InvalidParameter(f"class {name} does not exist in {namespace.name}")


def _source(namespaces: Namespaces, namespace: Namespace, path: ObjectPath) -> Record:
    """Return the source instance.

    Associations cross namespaces: an instance that another namespace serves is a legal source
    wherever an association of it is served; several hosts may serve one class.
    """
    home = namespace
    for one in (namespace, *(other for other in namespaces if other is not namespace)):
        provider = one.provider(path.class_name)
        if provider is None:
            continue
        home = home if home.provider(path.class_name) else one
        if _has(one, provider, path):
            return existing_record(one, path)
    return existing_record(home, path)


def _has(namespace: Namespace, provider: Provider, path: ObjectPath) -> bool:
    if namespace.rules.loose_keys:
        return isinstance(find_loosely(provider, path), Record)
    return find_record(provider, path) is not None


def _steps(
    namespace: Namespace, source: Record, assoc_class: str | None, role: str | None
) -> Iterator[Step]:
    is_a = namespace.repository.is_a
    source_class = source.layout.class_name
    for provider in namespace.associations():
        if assoc_class and not is_a(provider.layout.class_name, assoc_class):
            continue
        for end, description in enumerate(provider.ends):
            if is_a(source_class, description.class_name) and _is_role(role, description.role):
                yield provider, end


def _is_role(wanted: str | None, role: str) -> bool:
    return not wanted or wanted.lower() == role.lower()


# Classes


def _class_objects(
    host: str,
    operation: ops.Associators | ops.References,
    found: Iterable[tuple[str, ClassDeclaration]],
) -> ClassObjectsReply:
    return ClassObjectsReply(
        tuple(
            (ObjectPath(c.name, None, namespace, host), _selected(c, operation))
            for namespace, c in found
        )
    )


def _selected(
    declaration: ClassDeclaration, operation: ops.Associators | ops.References
) -> ClassDeclaration:
    return select_class(
        declaration,
        local_only=False,
        include_qualifiers=operation.include_qualifiers,
        include_class_origin=operation.include_class_origin,
        property_list=operation.property_list,
    )


def _class_paths(host: str, found: Iterable[tuple[str, ClassDeclaration]]) -> ClassPathsReply:
    return ClassPathsReply(
        tuple(ObjectPath(c.name, None, namespace, host) for namespace, c in found)
    )


def _reference_ends(declaration: ClassDeclaration) -> list[tuple[str, str]]:
    return [
        (p.name, p.reference_class or "")
        for p in declaration.properties
        if p.type is CIMType.REFERENCE
    ]


def _referring_ends(
    namespace: Namespace, source: str, assoc_class: str | None, role: str | None
) -> Iterator[tuple[ClassDeclaration, str]]:
    """Yield association classes that can refer to the class, with the role of the source."""
    repository = namespace.repository
    for declaration in repository:
        if not is_association(declaration):
            continue
        if assoc_class and not repository.is_a(declaration.name, assoc_class):
            continue
        for name, target in _reference_ends(declaration):
            if _is_role(role, name) and repository.is_a(source, target):
                yield declaration, name


def _referring_classes(
    namespaces: Namespaces, operation: ops.ReferenceNames
) -> Iterator[tuple[str, ClassDeclaration]]:
    namespace = namespaces.get(operation.namespace)
    _check_classes(namespace, operation.object_name, operation.result_class, None)
    seen = set()
    for declaration, _ in _referring_ends(
        namespace, operation.object_name.class_name, operation.result_class, operation.role
    ):
        if declaration.name not in seen:
            seen.add(declaration.name)
            yield namespace.name, declaration


def _associated_classes(
    namespaces: Namespaces, operation: ops.AssociatorNames
) -> Iterator[tuple[str, ClassDeclaration]]:
    namespace = namespaces.get(operation.namespace)
    repository = namespace.repository
    _check_classes(namespace, operation.object_name, operation.assoc_class, operation.result_class)
    seen = set()
    for declaration, near in _referring_ends(
        namespace, operation.object_name.class_name, operation.assoc_class, operation.role
    ):
        for name, target in _reference_ends(declaration):
            if name == near or not _is_role(operation.result_role, name) or target in seen:
                continue
            if operation.result_class and not repository.is_a(target, operation.result_class):
                continue
            seen.add(target)
            yield namespace.name, namespace.declaration(target)
