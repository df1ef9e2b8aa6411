"""What is always NULL is so on purpose."""

from collections.abc import Iterator

from virtcim.providers.associations import Association
from virtcim.providers.families import Family
from virtcim.providers.links import ASSOCIATIONS
from virtcim.providers.nulls import REASONS
from virtcim.providers.registry import FAMILIES
from virtcim.schema.families import build_repository, member
from virtcim.schema.layouts import Layout

REPOSITORY = build_repository(("KVM",))


def layout(name: str) -> Layout:
    """Return the layout of a family's class."""
    declaration = REPOSITORY.find(member("KVM", name))
    assert declaration is not None
    return Layout(declaration)


def described(families: tuple[Family, ...]) -> list[Family]:
    """Return the families whose instances are made by getters, not of templates alone."""
    return [family for family in families if family.getters]


def test_every_property_is_filled_or_has_a_reason() -> None:
    """A property of a served class has a getter, a default, or a reason to be NULL."""
    missing = {
        (family.name, *pair)
        for family in described(FAMILIES)
        for pair in unfilled(layout(family.name), frozenset(map(str.lower, family.getters)))
        if pair not in REASONS
    }
    assert missing == set()


def test_every_reason_is_needed() -> None:
    """A reason is there for a property that some served class leaves NULL."""
    needed = {
        pair
        for family in described(FAMILIES)
        for pair in unfilled(layout(family.name), frozenset(map(str.lower, family.getters)))
    }
    needed |= {pair for one in ASSOCIATIONS for pair in unfilled_ends(one)}
    assert REASONS.keys() - needed == set()


def test_associations_fill_what_they_have() -> None:
    """A property of an association is one of its ends, or has a getter, a default or a reason."""
    missing = {pair for one in ASSOCIATIONS for pair in unfilled_ends(one)} - REASONS.keys()
    assert missing == set()


def unfilled_ends(association: Association) -> set[tuple[str, str]]:
    """Return the properties of an association that nothing fills."""
    own = layout(association.family)
    ends = {p.name.lower() for p in own.properties if p.reference_class}
    filled = frozenset(ends | {name.lower() for name in association.properties})
    return set(unfilled(own, filled))


def unfilled(layout: Layout, filled: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the class and name of each property that nothing fills.

    filled: lower-case names of those that have a getter.
    """
    for declared in layout.properties:
        if declared.name.lower() not in filled and declared.value is None:
            yield declared.class_origin or layout.class_name, declared.name
