"""What is always NULL is so on purpose."""

from collections.abc import Iterator

from virtcim.providers.associations import Association
from virtcim.providers.families import Family
from virtcim.providers.interop import SERVER_CLASSES
from virtcim.providers.links import ASSOCIATIONS
from virtcim.providers.nulls import REASONS
from virtcim.providers.registry import FAMILIES
from virtcim.providers.server_links import SERVER_LINKS
from virtcim.schema.families import build_repository, member
from virtcim.schema.layouts import Layout

REPOSITORY = build_repository(("KVM",))


def layout(name: str) -> Layout:
    """Return the layout of a class, or of a family's class."""
    declaration = REPOSITORY.find(member("KVM", name) if name.startswith("Virt_") else name)
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
    needed |= unfilled_of_server()
    assert REASONS.keys() - needed == set()


def test_associations_fill_what_they_have() -> None:
    """A property of an association is one of its ends, or has a getter, a default or a reason."""
    missing = {pair for one in ASSOCIATIONS for pair in unfilled_ends(one)} - REASONS.keys()
    assert missing == set()


def test_the_server_tells_all_of_itself() -> None:
    """The same holds for the classes and associations of the server."""
    assert unfilled_of_server() - REASONS.keys() == set()


def unfilled_of_server() -> set[tuple[str, str]]:
    """Return the properties of the server's own classes that nothing fills."""
    tables = [(name, {*getters}) for name, getters in SERVER_CLASSES.items()]
    for link in SERVER_LINKS:
        ends = {p.name for p in layout(link.name).properties if p.reference_class}
        tables.append((link.name, ends | {*link.properties}))
    return {
        pair
        for name, filled in tables
        for pair in unfilled(layout(name), frozenset(map(str.lower, filled)))
    }


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
