"""Whether a class that somebody declares fits its namespace (DSP0004 sections 5.1.2, 5.6, 7.6).

The rule: a class that passes can be resolved, written and given instances; what is wrong is said
with the element that it is about.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from virtcim.schema.repository import Repository, is_association
from virtcim.wbem.objects import (
    ClassDeclaration,
    Embedding,
    Flavor,
    Method,
    Parameter,
    Property,
    Qualifier,
    QualifierDeclaration,
    qualifier_value,
)
from virtcim.wbem.status import InvalidParameter, InvalidSuperclass
from virtcim.wbem.types import CIMType

MOST_ELEMENTS = 1000
"""Properties, methods, or parameters of one method."""

DEEPEST = 100
"""Classes above each other; the deepest of DMTF's stands at ten."""

_NAME = re.compile(r"[^\W\d]\w*")
_FEWEST_ENDS = 2

Element = Property | Method | Parameter


def declared(given: ClassDeclaration, repository: Repository) -> ClassDeclaration:
    """Return a class as its author declared it: without what clients got with it and send back.

    That is what is inherited. What is embedded in a text is told by its qualifiers, and how these
    are inherited by their declarations: a message cannot say that it leaves that open.
    """

    def own(qualifiers: Iterable[Qualifier]) -> tuple[Qualifier, ...]:
        return tuple(_flavored(repository, one) for one in qualifiers if not one.propagated)

    return replace(
        given,
        properties=tuple(
            _own_property(p, own(p.qualifiers)) for p in given.properties if not p.propagated
        ),
        methods=tuple(
            replace(
                m,
                class_origin="",
                qualifiers=own(m.qualifiers),
                parameters=tuple(
                    replace(p, embedding=_embedding(p), qualifiers=own(p.qualifiers))
                    for p in m.parameters
                ),
            )
            for m in given.methods
            if not m.propagated
        ),
        qualifiers=own(given.qualifiers),
    )


def _own_property(one: Property, qualifiers: tuple[Qualifier, ...]) -> Property:
    embedding = _embedding(one)
    if (embedding, "", qualifiers) == (one.embedding, one.class_origin, one.qualifiers):
        return one  # nearly all are, and there are many
    return replace(one, embedding=embedding, class_origin="", qualifiers=qualifiers)


def _flavored(repository: Repository, one: Qualifier) -> Qualifier:
    """Return a qualifier that is inherited no further than its declaration says."""
    known = repository.qualifier(one.name)
    if known is None or known.flavor == one.flavor:
        return one
    flavor = Flavor(
        overridable=one.flavor.overridable and known.flavor.overridable,
        to_subclass=one.flavor.to_subclass and known.flavor.to_subclass,
        translatable=one.flavor.translatable or known.flavor.translatable,
    )
    return replace(one, flavor=flavor)


def _embedding(element: Property | Parameter) -> Embedding | None:
    if qualifier_value(element.qualifiers, "EmbeddedInstance") is not None:
        return "instance"
    return "object" if qualifier_value(element.qualifiers, "EmbeddedObject") else element.embedding


def check_class(repository: Repository, one: ClassDeclaration) -> None:
    """Raise InvalidSuperclass or InvalidParameter for a class that does not fit.

    `one` is as declared. Whether there is one of its name is not looked at.
    """
    _check_name(one.name, "class")
    parent = _superclass(repository, one)
    for what, elements in (("property", one.properties), ("method", one.methods)):
        _check_names(one.name, what, elements)
    for method in one.methods:
        _check_names(f"{one.name}.{method.name}", "parameter", method.parameters)
    for where, scope, qualifiers in _qualified(one):
        for qualifier in qualifiers:
            _check_qualifier(repository, where, scope, qualifier)
    _check_properties(repository, one, parent)
    for method in one.methods:
        _check_method(one, method, parent)


def _superclass(repository: Repository, one: ClassDeclaration) -> ClassDeclaration | None:
    """Return the superclass; raises InvalidSuperclass, InvalidParameter."""
    if one.superclass is None:
        return None
    parent = repository.find(one.superclass)
    if parent is None or parent.name.lower() == one.name.lower():
        raise InvalidSuperclass(f"superclass {one.superclass} of {one.name} does not exist")
    if repository.depth(parent.name) >= DEEPEST:
        raise InvalidParameter(f"{one.name} has more than {DEEPEST} classes above it")
    return parent


def _check_name(name: str, what: str) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidParameter(f"{name[:80]!r} is no name of a {what}")


def _check_names(where: str, what: str, elements: Iterable[Element]) -> None:
    seen: set[str] = set()
    for element in elements:
        _check_name(element.name, what)
        if element.name.lower() in seen:
            raise InvalidParameter(f"{where} has two of {what} {element.name}")
        seen.add(element.name.lower())
    if len(seen) > MOST_ELEMENTS:
        raise InvalidParameter(f"{where} has more than {MOST_ELEMENTS} of {what}")


# Qualifiers

Qualified = tuple[str, str, tuple[Qualifier, ...]]
"""Where qualifiers stand, the scope of that place, and the qualifiers."""


def _qualified(one: ClassDeclaration) -> Iterator[Qualified]:
    yield one.name, _class_scope(one), one.qualifiers
    for element in one.properties:
        scope = "REFERENCE" if element.type is CIMType.REFERENCE else "PROPERTY"
        yield f"{one.name}.{element.name}", scope, element.qualifiers
    for method in one.methods:
        yield f"{one.name}.{method.name}", "METHOD", method.qualifiers
        for parameter in method.parameters:
            where = f"{one.name}.{method.name}.{parameter.name}"
            yield where, "PARAMETER", parameter.qualifiers


def _class_scope(one: ClassDeclaration) -> str:
    for scope in ("Association", "Indication"):
        if qualifier_value(one.qualifiers, scope):
            return scope.upper()
    return "CLASS"


_NARROWER: Mapping[str, frozenset[str]] = MappingProxyType({
    "ASSOCIATION": frozenset({"ASSOCIATION", "CLASS"}),
    "INDICATION":  frozenset({"INDICATION", "CLASS"}),
    "REFERENCE":   frozenset({"REFERENCE", "PROPERTY"}),
})  # fmt: skip
"""Scopes that are also another one (DSP0004 section 5.6.1.2); all others are themselves."""


def _check_qualifier(repository: Repository, where: str, scope: str, qualifier: Qualifier) -> None:
    _check_name(qualifier.name, "qualifier")
    known = repository.qualifier(qualifier.name)
    if known is None:
        raise InvalidParameter(f"{where} has qualifier {qualifier.name}, which is not declared")
    is_array = isinstance(qualifier.value, tuple)
    if qualifier.type is not known.type or (is_array and not known.is_array):
        kind = f"{known.type}{'[]' if known.is_array else ''}"
        raise InvalidParameter(f"qualifier {qualifier.name} of {where} is of type {kind}")
    if not known.scopes & {"ANY", *_NARROWER.get(scope, {scope})}:
        raise InvalidParameter(f"qualifier {qualifier.name} cannot stand at {where}: no {scope}")


def _check_inherited(
    where: str, own: tuple[Qualifier, ...], inherited: tuple[Qualifier, ...]
) -> None:
    """Raise InvalidParameter for another value of a qualifier that cannot be overridden."""
    for one in inherited:
        if one.flavor.overridable or not one.flavor.to_subclass:
            continue
        value = qualifier_value(own, one.name)
        if value is not None and value != one.value:
            raise InvalidParameter(f"qualifier {one.name} of {where} cannot be overridden")


# Properties


def _check_properties(
    repository: Repository, one: ClassDeclaration, parent: ClassDeclaration | None
) -> None:
    inherited = {} if parent is None else {p.name.lower(): p for p in parent.properties}
    if parent is not None:
        _check_inherited(one.name, one.qualifiers, parent.qualifiers)
    parent_has_keys = any(qualifier_value(p.qualifiers, "Key") for p in inherited.values())
    for element in one.properties:
        where = f"{one.name}.{element.name}"
        above = inherited.get(element.name.lower())
        if above is not None:
            _check_override(repository, where, element, above)
        elif parent_has_keys and qualifier_value(element.qualifiers, "Key"):
            raise InvalidParameter(f"{where} is a key beside those that are inherited")
        _check_reference(repository, one, element)
        _check_embedding(repository, one, element)
    _check_association(one, parent)


def _check_override(repository: Repository, where: str, own: Property, above: Property) -> None:
    if qualifier_value(own.qualifiers, "Override") is None:
        text = f"{where} is inherited from {above.class_origin}; to replace it takes Override"
        raise InvalidParameter(text)
    if (own.type, own.is_array) != (above.type, above.is_array):
        raise InvalidParameter(f"{where} is of another type than the one that it overrides")
    narrower = own.reference_class or ""
    if own.type is CIMType.REFERENCE and not repository.is_a(narrower, above.reference_class or ""):
        raise InvalidParameter(f"{where} refers to no subclass of {above.reference_class}")
    _check_inherited(where, own.qualifiers, above.qualifiers)


def _check_reference(repository: Repository, one: ClassDeclaration, element: Property) -> None:
    if element.type is not CIMType.REFERENCE:
        return
    target = element.reference_class
    if not target:
        raise InvalidParameter(f"{one.name}.{element.name} does not say what class it refers to")
    if target.lower() != one.name.lower() and repository.find(target) is None:
        raise InvalidParameter(f"{one.name}.{element.name} refers to {target}, which is no class")


def _check_embedding(repository: Repository, one: ClassDeclaration, element: Property) -> None:
    target = qualifier_value(element.qualifiers, "EmbeddedInstance")
    if element.embedding is None:
        return
    where = f"{one.name}.{element.name}"
    if element.type is not CIMType.STRING:
        raise InvalidParameter(f"{where} is no string, and cannot have objects embedded")
    known = {one.name.lower()}
    if isinstance(target, str) and target.lower() not in known and not repository.find(target):
        raise InvalidParameter(f"{where} embeds {target}, which is no class")


def _check_association(one: ClassDeclaration, parent: ClassDeclaration | None) -> None:
    own = is_association(one)
    above = parent is not None and is_association(parent)
    if own and parent is not None and not above:
        raise InvalidParameter(f"{one.name} is an association, and its superclass is none")
    every = (*one.properties, *(() if parent is None else parent.properties))
    ends = {p.name.lower() for p in every if p.type is CIMType.REFERENCE}
    if ends and not (own or above):
        raise InvalidParameter(f"{one.name} has references, and is no association")
    if (own or above) and len(ends) < _FEWEST_ENDS:
        raise InvalidParameter(f"{one.name} is an association with fewer than two references")


# Methods


def _check_method(one: ClassDeclaration, method: Method, parent: ClassDeclaration | None) -> None:
    where = f"{one.name}.{method.name}"
    methods = () if parent is None else parent.methods
    above = next((m for m in methods if m.name.lower() == method.name.lower()), None)
    if above is None:
        return
    if qualifier_value(method.qualifiers, "Override") is None:
        text = f"{where} is inherited from {above.class_origin}; to replace it takes Override"
        raise InvalidParameter(text)
    if method.return_type is not above.return_type:
        raise InvalidParameter(f"{where} returns another type than the one that it overrides")
    _check_inherited(where, method.qualifiers, above.qualifiers)


# Declarations of qualifiers

PLACES = frozenset({
    "CLASS", "ASSOCIATION", "INDICATION", "PROPERTY", "REFERENCE", "METHOD", "PARAMETER",
})  # fmt: skip
"""Scopes of what stands in a class (DSP0201, SCOPE)."""

_SCOPES = PLACES | {"QUALIFIER", "SCHEMA", "ANY"}


def check_qualifier_declaration(one: QualifierDeclaration) -> None:
    """Raise InvalidParameter for what declares no qualifier."""
    _check_name(one.name, "qualifier")
    if one.type is CIMType.REFERENCE:
        raise InvalidParameter(f"qualifier {one.name} cannot be a reference")
    if not one.scopes or not one.scopes <= _SCOPES:
        raise InvalidParameter(f"qualifier {one.name} has no scope, or one that does not exist")
    if isinstance(one.value, tuple) and not one.is_array:
        raise InvalidParameter(f"qualifier {one.name} has an array where one value is needed")
