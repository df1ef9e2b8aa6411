"""Operations on classes and qualifiers (DSP0200 sections 5.3.2.1 to 5.3.2.16, the reads)."""

from virtcim.broker.namespaces import Namespaces
from virtcim.schema.repository import select_class
from virtcim.wbem import operations as ops
from virtcim.wbem.replies import ClassesReply, ClassNamesReply, QualifiersReply
from virtcim.wbem.status import NotFound


def get_class(namespaces: Namespaces, operation: ops.GetClass) -> ClassesReply:
    """Return one class; CIM_ERR_NOT_FOUND when there is none of the name."""
    namespace = namespaces.get(operation.namespace)
    found = namespace.repository.find(operation.class_name)
    if found is None:
        raise NotFound(f"class {operation.class_name} does not exist in {namespace.name}")
    selected = select_class(
        found,
        local_only=operation.local_only,
        include_qualifiers=operation.include_qualifiers,
        include_class_origin=operation.include_class_origin,
        property_list=operation.property_list,
    )
    return ClassesReply((selected,))


def enumerate_classes(namespaces: Namespaces, operation: ops.EnumerateClasses) -> ClassesReply:
    """Return the classes below one, or from the top."""
    repository = namespaces.get(operation.namespace).repository
    names = _below(namespaces, operation)
    # Selected while it is written: a whole schema takes longer than others should wait.
    return ClassesReply(
        select_class(
            declaration,
            local_only=operation.local_only,
            include_qualifiers=operation.include_qualifiers,
            include_class_origin=operation.include_class_origin,
        )
        for name in names
        if (declaration := repository.find(name)) is not None
    )


def enumerate_class_names(
    namespaces: Namespaces, operation: ops.EnumerateClassNames
) -> ClassNamesReply:
    """Return the names of the classes below one, or from the top."""
    return ClassNamesReply(_below(namespaces, operation))


def _below(
    namespaces: Namespaces, operation: ops.EnumerateClasses | ops.EnumerateClassNames
) -> tuple[str, ...]:
    namespace = namespaces.get(operation.namespace)
    if operation.class_name is not None:
        namespace.declaration(operation.class_name)
    repository = namespace.repository
    find = repository.descendants if operation.deep_inheritance else repository.children
    return tuple(find(operation.class_name))


def get_qualifier(namespaces: Namespaces, operation: ops.GetQualifier) -> QualifiersReply:
    """Return one qualifier declaration; CIM_ERR_NOT_FOUND when there is none of the name."""
    namespace = namespaces.get(operation.namespace)
    found = namespace.repository.qualifier(operation.qualifier_name)
    if found is None:
        raise NotFound(f"qualifier {operation.qualifier_name} does not exist in {namespace.name}")
    return QualifiersReply((found,))


def enumerate_qualifiers(
    namespaces: Namespaces, operation: ops.EnumerateQualifiers
) -> QualifiersReply:
    """Return all qualifier declarations."""
    return QualifiersReply(namespaces.get(operation.namespace).repository.qualifiers())
