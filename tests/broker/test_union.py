"""Several providers of one class in one namespace."""

import pytest

from tests.broker.world import Links, Rows, World
from virtcim.broker.namespaces import ProviderError
from virtcim.broker.provider import is_association
from virtcim.broker.union import UnitedAssociation, united


@pytest.fixture
def world() -> World:
    """A world of its own."""
    return World()


def test_associations_are_united_where_they_meet(world: World) -> None:
    """In a shared namespace they are one; in their own each stays what it is."""
    one = Links("T_Never", ((world.far, world.d1),), ("root/b", "root/d"))
    two = Links("T_Never", ((world.near, world.d2),), ("root/c", "root/d"))
    found = {namespace: provider for provider, namespace in united((one, two))}
    assert (found["root/b"], found["root/c"]) == (one, two)
    both = found["root/d"]
    assert isinstance(both, UnitedAssociation)
    assert is_association(both)
    assert (both.namespaces, both.ends, both.layout) == (("root/d",), one.ends, one.layout)
    assert both.methods == {}


def test_a_united_association_answers_for_all(world: World) -> None:
    """Instances, look-ups, partners and links of all members, each from its own."""
    one = Links("T_Never", ((world.far, world.d1),), ("root/b", "root/d"))
    two = Links("T_Never", ((world.near, world.d1),), ("root/c", "root/d"))
    both = UnitedAssociation("root/d", (one, two))
    assert [r.namespace for r in both.records()] == ["root/b", "root/c"]
    assert [*both.partners(1, world.d1)] == [world.far, world.near]
    assert [*both.partners(0, world.near)] == [world.d1]
    assert both.link(world.near, world.d1).namespace == "root/c"
    assert both.link(world.d1, world.far).namespace == "root/b"
    assert both.link(world.d1, world.d2).namespace == "root/b"
    for record in both.records():
        found = both.find({"first": record["First"], "second": record["Second"]})  # type: ignore[dict-item]
        assert found is not None
        assert found.values == record.values
    assert both.find({"first": world.far.path, "second": world.d2.path}) is None


def test_other_providers_are_not_united(world: World) -> None:
    """Two providers of instances stay two, and the second is refused."""
    pair = (Rows("T_Keyless", (), ("root/a",)), Rows("T_Keyless", (), ("root/a",)))
    assert [p for p, _ in united(pair)] == [*pair]
    namespace = world.namespaces.get("root/d")
    namespace.add(Rows("T_Device", ()))
    with pytest.raises(ProviderError, match="has two providers"):
        namespace.add(Rows("T_Device", ()))
