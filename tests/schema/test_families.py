"""Families: one declaration, a class for each prefix."""

import pytest

from virtcim.schema.families import (
    FAMILY_PREFIX,
    STANDING_PREFIXES,
    build_repository,
    member,
    packaged_schema,
)


def test_names() -> None:
    """The prefix takes the place of the family's."""
    assert member("KVM", "Virt_ComputerSystem") == "KVM_ComputerSystem"


@pytest.mark.parametrize("prefixes", [(), ("Test",), ("KVM", "Test", "Test", "Xen")])
def test_every_prefix_has_every_family(prefixes: tuple[str, ...]) -> None:
    """Prefixes in use and those of libvirt-cim: subclasses without additions."""
    repository = build_repository(prefixes)
    families = [c for c in packaged_schema().classes if c.name.startswith(FAMILY_PREFIX)]
    wanted = {*prefixes, *STANDING_PREFIXES}
    assert families
    for family in families:
        resolved = repository.find(family.name)
        assert resolved is not None
        stamped = {c.name: c for c in repository.children(family.name)}
        direct = {member(prefix, family.name) for prefix in wanted}
        below = {c.name for c in families if c.superclass == family.name}
        assert set(stamped) == direct | below
        for name in direct:
            mine = [(p.name, p.type, p.class_origin) for p in stamped[name].properties]
            assert mine == [(p.name, p.type, p.class_origin) for p in resolved.properties]


def test_every_class_and_qualifier_is_there() -> None:
    """The repository holds the whole schema besides the stamped classes."""
    repository = build_repository(())
    compiled = packaged_schema()
    assert {c.name for c in compiled.classes} <= {c.name for c in repository}
    assert {q.name for q in compiled.qualifiers} == {q.name for q in repository.qualifiers()}
