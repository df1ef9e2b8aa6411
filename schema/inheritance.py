"""Inheritance: a class as declared plus its superclass gives the class with all its elements.

The rules are those of DSP0004 sections 5.6.1.3 and 7.6: an element that a subclass declares again
takes the place of the inherited one, keeps its origin, and inherits the qualifiers that may be.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from virtcim.wbem.objects import ClassDeclaration, Method, Property, Qualifier

Member = TypeVar("Member", Property, Method)


def resolve(declared: ClassDeclaration, superclass: ClassDeclaration | None) -> ClassDeclaration:
    """Return the class with its inherited elements; `superclass` must be resolved itself."""
    if superclass is None:
        return replace(
            declared,
            properties=tuple(replace(p, class_origin=declared.name) for p in declared.properties),
            methods=tuple(replace(m, class_origin=declared.name) for m in declared.methods),
        )
    return replace(
        declared,
        properties=_members(
            declared.name, declared.properties, superclass.properties, _override_property
        ),
        methods=_members(declared.name, declared.methods, superclass.methods, _override_method),
        qualifiers=inherit_qualifiers(declared.qualifiers, superclass.qualifiers),
    )


def _members(
    class_name: str,
    own: Iterable[Member],
    inherited: Iterable[Member],
    override: Callable[[Member, Member], Member],
) -> tuple[Member, ...]:
    by_name = {member.name.lower(): member for member in own}
    result: list[Member] = []
    for member in inherited:
        mine = by_name.pop(member.name.lower(), None)
        result.append(_propagate(member) if mine is None else override(mine, member))
    result.extend(replace(member, class_origin=class_name) for member in by_name.values())
    return tuple(result)


def _propagate(member: Member) -> Member:
    if member.propagated:
        return (
            member  # as it is for the superclass: shared by all classes below, and there are many
        )
    return replace(member, propagated=True, qualifiers=inherit_qualifiers((), member.qualifiers))


def _override_property(own: Property, inherited: Property) -> Property:
    return replace(
        own,
        value=inherited.value if own.value is None else own.value,
        embedding=own.embedding or inherited.embedding,  # it follows from an inherited qualifier
        class_origin=inherited.class_origin,
        qualifiers=inherit_qualifiers(own.qualifiers, inherited.qualifiers),
    )


def _override_method(own: Method, inherited: Method) -> Method:
    return replace(
        own,
        class_origin=inherited.class_origin,
        qualifiers=inherit_qualifiers(own.qualifiers, inherited.qualifiers),
    )


def inherit_qualifiers(
    own: tuple[Qualifier, ...], inherited: tuple[Qualifier, ...]
) -> tuple[Qualifier, ...]:
    """Return own qualifiers, then those of the inherited that go to subclasses."""
    names = {qualifier.name.lower() for qualifier in own}
    return own + tuple(
        qualifier if qualifier.propagated else _propagated(qualifier)
        for qualifier in inherited
        if qualifier.flavor.to_subclass and qualifier.name.lower() not in names
    )


def _propagated(one: Qualifier) -> Qualifier:
    """Return what `replace` would, in a third of the time: a schema has tens of thousands."""
    return Qualifier(one.name, one.type, one.value, one.flavor, propagated=True)
