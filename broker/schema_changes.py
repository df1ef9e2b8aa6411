"""Operations that change classes and qualifiers (DSP0200 sections 5.3.2.6 to 5.3.2.10, .17).

The rule: a change is durable before it is seen, and judged by what there is when its turn comes.
The server's own classes are not its clients'.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from virtcim.broker.calling import CALLER
from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.recording import record
from virtcim.infostore.objects import CIMObject, Keeper, ObjectKey, ObjectKind
from virtcim.schema.checking import PLACES, check_class, check_qualifier_declaration, declared
from virtcim.schema.inheritance import resolve
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import ClassDeclaration, Qualifier, QualifierDeclaration
from virtcim.wbem.replies import VoidReply
from virtcim.wbem.status import (
    AccessDenied,
    AlreadyExists,
    ClassHasChildren,
    ClassHasInstances,
    Failed,
    NotFound,
    NotSupported,
)
from virtcim.wbem.writing import class_xml, qualifier_declaration_xml


def keeper_of(namespaces: Namespaces, operation: ops.Change) -> Keeper:
    """Return who keeps what clients make in a namespace.

    Raises InvalidNamespace, and NotSupported also in a dry run.
    """
    namespaces.get(operation.namespace)
    name = type(operation).__name__
    if CALLER.get().dry_run:
        raise NotSupported(f"{name} cannot be rehearsed (dry run); nothing was changed")
    if namespaces.keeper is None:
        raise NotSupported(f"{name} is not served")
    return namespaces.keeper


def key_of(namespace: str, kind: ObjectKind, name: str) -> ObjectKey:
    """Return the key under which a class or qualifier is kept: names can be longer than keys."""
    lower = name.lower()
    short = lower if len(lower) < _LONGEST_KEY else sha256(lower.encode()).hexdigest()
    return ObjectKey(namespace, kind, short)


_LONGEST_KEY = 64


# Classes


async def create_class(namespaces: Namespaces, operation: ops.CreateClass) -> VoidReply:
    """Add a class."""
    keeper = keeper_of(namespaces, operation)
    async with keeper.turn():
        namespace = namespaces.get(operation.namespace)
        one = declared(operation.new_class, namespace.repository)
        if namespace.repository.find(one.name) is not None:
            raise AlreadyExists(f"class {one.name} exists in {namespace.name}")
        check_class(namespace.repository, one)
        await record(keeper, [_kept_class(namespace, one)])
        namespace.repository.add(one)
        namespace.reclassed(one.name)
    return VoidReply()


async def modify_class(namespaces: Namespaces, operation: ops.ModifyClass) -> VoidReply:
    """Put a class in the place of the one of its name; the same class changes nothing."""
    keeper = keeper_of(namespaces, operation)
    async with keeper.turn():
        namespace = namespaces.get(operation.namespace)
        one = declared(operation.modified_class, namespace.repository)
        found = _existing(namespace, one.name)
        check_class(namespace.repository, one)
        parent = None if one.superclass is None else namespace.repository.find(one.superclass)
        if resolve(one, parent) == found:
            return VoidReply()
        _check_changeable(namespace, found)
        await record(keeper, [_kept_class(namespace, one)])
        namespace.repository.replace(one)
        namespace.reclassed(one.name)
    return VoidReply()


async def delete_class(namespaces: Namespaces, operation: ops.DeleteClass) -> VoidReply:
    """Remove a class that nobody derives from and that has no instances."""
    keeper = keeper_of(namespaces, operation)
    async with keeper.turn():
        namespace = namespaces.get(operation.namespace)
        found = _existing(namespace, operation.class_name)
        _check_changeable(namespace, found)
        await record(keeper, removed=[key_of(namespace.name, ObjectKind.CLASS, found.name)])
        namespace.repository.remove(found.name)
        namespace.reclassed(found.name)
    return VoidReply()


def _existing(namespace: Namespace, name: str) -> ClassDeclaration:
    found = namespace.repository.find(name)
    if found is None:
        raise NotFound(f"class {name} does not exist in {namespace.name}")
    return found


def _check_changeable(namespace: Namespace, one: ClassDeclaration) -> None:
    if namespace.is_own(one.name):
        text = f"class {one.name} of {namespace.name} belongs to the server, and stays as it is"
        raise AccessDenied(text)
    if namespace.repository.children(one.name):
        raise ClassHasChildren(f"class {one.name} has subclasses")
    if namespace.has_instances(one.name):
        raise ClassHasInstances(f"class {one.name} has instances")


def _kept_class(namespace: Namespace, one: ClassDeclaration) -> CIMObject:
    return CIMObject(key_of(namespace.name, ObjectKind.CLASS, one.name), class_xml(one))


# Qualifiers


async def set_qualifier(namespaces: Namespaces, operation: ops.SetQualifier) -> VoidReply:
    """Declare a qualifier, or declare it again as far as those who use it allow."""
    keeper, one = keeper_of(namespaces, operation), operation.qualifier_declaration
    check_qualifier_declaration(one)
    async with keeper.turn():
        namespace = namespaces.get(operation.namespace)
        check_redeclared(namespace, one)
        if _is_declared(namespace, one):
            return VoidReply()
        key = key_of(namespace.name, ObjectKind.QUALIFIER, one.name)
        await record(keeper, [CIMObject(key, qualifier_declaration_xml(one))])
        namespace.repository.add_qualifier(one)
    return VoidReply()


async def delete_qualifier(namespaces: Namespaces, operation: ops.DeleteQualifier) -> VoidReply:
    """Forget the declaration of a qualifier that nothing uses."""
    keeper, name = keeper_of(namespaces, operation), operation.qualifier_name.strip()
    async with keeper.turn():
        namespace = namespaces.get(operation.namespace)
        if namespace.repository.qualifier(name) is None:
            raise NotFound(f"qualifier {name} does not exist in {namespace.name}")
        if namespace.is_own_qualifier(name):
            raise AccessDenied(f"qualifier {name} of {namespace.name} belongs to the server")
        _check_unused(namespace, name)
        await record(keeper, removed=[key_of(namespace.name, ObjectKind.QUALIFIER, name)])
        namespace.repository.remove_qualifier(name)
    return VoidReply()


def check_redeclared(namespace: Namespace, one: QualifierDeclaration) -> None:
    """Raise Failed for a declaration that does not fit those who use the qualifier."""
    known = namespace.repository.qualifier(one.name)
    if known is not None and _shape(known) != _shape(one):
        _check_unused(namespace, one.name)


def _is_declared(namespace: Namespace, one: QualifierDeclaration) -> bool:
    known = namespace.repository.qualifier(one.name)
    if known is None or _shape(known) != _shape(one):
        return False
    return replace(known, scopes=one.scopes) == one


def _shape(one: QualifierDeclaration) -> tuple[object, ...]:
    return one.type, one.is_array, _places(one)


def _places(one: QualifierDeclaration) -> frozenset[str]:
    """Return where it can stand; ANY says the same as all that clients can name."""
    return PLACES if "ANY" in one.scopes else one.scopes & PLACES


def _check_unused(namespace: Namespace, name: str) -> None:
    wanted = name.lower()
    for declaration in namespace.repository:
        if any(one.name.lower() == wanted for one in _qualifiers_of(declaration)):
            raise Failed(f"qualifier {name} is used by class {declaration.name}")


def _qualifiers_of(one: ClassDeclaration) -> Iterator[Qualifier]:
    yield from one.qualifiers
    for element in one.properties:
        yield from element.qualifiers
    for method in one.methods:
        yield from method.qualifiers
        for parameter in method.parameters:
            yield from parameter.qualifiers
