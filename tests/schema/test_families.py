"""Families: one declaration, a class for each prefix."""

from functools import cache
from itertools import chain

import pytest

from virtcim.schema.families import (
    FAMILY_PREFIX,
    STANDING_PREFIXES,
    build_repository,
    member,
    packaged_schema,
)
from virtcim.schema.repository import Repository
from virtcim.wbem.objects import ClassDeclaration, Parameter, Property, Qualifier, qualifier_value

FAMILIES = {c.name: c for c in packaged_schema().classes if c.name.startswith(FAMILY_PREFIX)}
PATTERNS = [family for family in FAMILIES.values() if family.superclass in FAMILIES]


def found(repository: Repository, name: str) -> ClassDeclaration:
    """Return a class that must be there."""
    declaration = repository.find(name)
    assert declaration is not None, name
    return declaration


def shape(declaration: ClassDeclaration) -> list[object]:
    """Return the elements of a class without what depends on where they come from."""
    return [
        *((p.name, p.type, p.is_array, p.value, p.embedding) for p in declaration.properties),
        *((m.name, m.return_type, m.parameters) for m in declaration.methods),
    ]


def own_qualifiers(declaration: ClassDeclaration) -> list[Qualifier]:
    """Return the qualifiers that the class does not inherit."""
    return [q for q in declaration.qualifiers if not q.propagated]


@cache
def standing() -> Repository:
    """Return a repository of the prefixes that are always there."""
    return build_repository(())


def test_names() -> None:
    """The prefix takes the place of the family's."""
    assert member("KVM", "Virt_ComputerSystem") == "KVM_ComputerSystem"


@pytest.mark.parametrize("prefixes", [(), ("Test",), ("KVM", "Test", "Test", "Xen")])
def test_every_prefix_has_every_family(prefixes: tuple[str, ...]) -> None:
    """Prefixes in use and those of libvirt-cim: classes with what the family has."""
    repository = build_repository(prefixes)
    wanted = {*prefixes, *STANDING_PREFIXES}
    assert FAMILIES
    for name in FAMILIES:
        family = found(repository, name)
        for prefix in wanted:
            assert shape(found(repository, member(prefix, name))) == shape(family)
    stamped = {member(prefix, name) for prefix in wanted for name in FAMILIES}
    assert {c.name for c in repository} == stamped | {c.name for c in packaged_schema().classes}


def test_families_below_dmtf_classes_have_subclasses_without_additions() -> None:
    """Everything in the class of a prefix comes from the family."""
    repository = standing()
    for name, family in FAMILIES.items():
        if family in PATTERNS:
            continue
        for prefix in STANDING_PREFIXES:
            stamped = found(repository, member(prefix, name))
            assert stamped.superclass == name
            assert all(p.propagated for p in stamped.properties)
            assert all(m.propagated for m in stamped.methods)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
def test_families_below_families_are_copied(pattern: ClassDeclaration) -> None:
    """The class of a prefix has its own elements, below the prefix's class of the other family."""
    repository = standing()
    declared = {p.name for p in pattern.properties} | {m.name for m in pattern.methods}
    for prefix in STANDING_PREFIXES:
        stamped = found(repository, member(prefix, pattern.name))
        assert pattern.superclass is not None
        assert stamped.superclass == member(prefix, pattern.superclass)
        assert not repository.is_a(stamped.name, pattern.name)
        own = {p.name for p in stamped.properties if not p.propagated}
        own |= {m.name for m in stamped.methods if not m.propagated}
        assert own == declared
        assert own_qualifiers(stamped) == own_qualifiers(pattern)


def test_a_prefix_finds_its_settings_below_its_own_class() -> None:
    """The class that clients of libvirt-cim enumerate has all of the prefix's and no others."""
    repository = standing()
    kvm = set(repository.descendants("KVM_ResourceAllocationSettingData"))
    assert {
        "KVM_DiskResourceAllocationSettingData",
        "KVM_ConsoleResourceAllocationSettingData",
    } < kvm
    assert {name for name in kvm if not name.startswith("KVM_")} == set()


def test_patterns_say_what_they_are_and_nothing_refers_to_them() -> None:
    """A family that is copied has no instances, so no end and no parameter can be one."""
    for pattern in PATTERNS:
        text = qualifier_value(pattern.qualifiers, "Description")
        assert isinstance(text, str)
        assert "a pattern that each prefix copies below its own" in text
    names = {pattern.name for pattern in PATTERNS}
    for declaration in packaged_schema().classes:
        parameters = chain.from_iterable(m.parameters for m in declaration.methods)
        for element in chain[Property | Parameter](declaration.properties, parameters):
            assert element.reference_class not in names
            assert str(qualifier_value(element.qualifiers, "EmbeddedInstance")) not in names


def test_every_class_and_qualifier_is_there() -> None:
    """The repository holds the whole schema besides the stamped classes."""
    repository = standing()
    compiled = packaged_schema()
    assert {c.name for c in compiled.classes} <= {c.name for c in repository}
    assert {q.name for q in compiled.qualifiers} == {q.name for q in repository.qualifiers()}


def test_resolved_classes_are_shared() -> None:
    """A server has a copy for each namespace, and their classes in memory once."""
    first, second = build_repository(["Test"]), build_repository(["Test"]).copy()
    assert all(first.find(one.name) is one for one in second)
