"""Namespaces, what providers must fit, and keys from the wire."""

import pytest

from tests.broker.world import Links, Rows, World, layout, repository, system
from virtcim.broker.namespaces import Namespace, Namespaces, ProviderError, find_record, typed_keys
from virtcim.schema.layouts import LayoutError
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.status import InvalidClass, InvalidNamespace, InvalidParameter


@pytest.fixture
def world() -> World:
    """A world of its own."""
    return World()


@pytest.mark.parametrize("name", ["root/a", "ROOT/A", "/root/a/", "a", "A", "root/alias"])
def test_spellings_and_aliases(world: World, name: str) -> None:
    """A namespace is found by any spelling and by its aliases."""
    assert world.namespaces.get(name).name == "root/a"


@pytest.mark.parametrize("name", ["", "root", "root/a/b", "root/x"])
def test_unknown_namespaces(world: World, name: str) -> None:
    """Any other name is CIM_ERR_INVALID_NAMESPACE."""
    with pytest.raises(InvalidNamespace):
        world.namespaces.get(name)


def test_each_namespace_is_listed_once(world: World) -> None:
    """Aliases are no namespaces of their own."""
    assert [namespace.name for namespace in world.namespaces] == world.namespaces.names
    assert world.namespaces.names == ["root/a", "root/b", "root/c", "root/d"]


def test_serving(world: World) -> None:
    """A class is served by its own provider and those of its subclasses, in any spelling."""
    namespace = world.namespaces.get("root/a")
    for _ in range(2):
        providers, declaration = namespace.serving("t_SYSTEM")
        assert [p.layout.class_name for p in providers] == ["T_System", "T_Special"]
        assert declaration.name == "T_System"
    assert namespace.serving("T_Keyless")[0] == ()
    with pytest.raises(InvalidClass):
        namespace.serving("T_Nothing")
    with pytest.raises(InvalidClass):
        namespace.declaration("T_Nothing")


def test_providers_of_associations(world: World) -> None:
    """Only those that relate instances are asked for associations."""
    found = [p.layout.class_name for p in world.namespaces.get("root/a").associations()]
    assert found == ["T_Has", "T_Knows"]


def test_providers_must_fit_the_schema(world: World) -> None:
    """An unknown, abstract or keyless class, a second provider, an unknown method: refused."""
    one = Namespaces()
    one.add(Namespace("root/a", repository()))
    strange = Rows("T_System", ())
    strange.methods = {"Act": world.calls, "act": world.calls, "Fly": world.calls}
    with pytest.raises(ProviderError, match="T_System has no method Fly, act"):
        one.add_provider(strange)
    for class_name in ("T_Thing", "T_Keyless"):
        with pytest.raises(ProviderError, match=f"class {class_name} cannot have instances"):
            one.add_provider(Rows(class_name, ()))
    one.add_provider(Rows("T_System", ()))
    with pytest.raises(ProviderError, match="T_System has two providers in root/a"):
        one.add_provider(Rows("T_System", ()))
    empty = Namespaces()
    empty.add(Namespace("root/a", type(repository())()))
    with pytest.raises(ProviderError, match="the schema has no class T_Has"):
        empty.add_provider(Links("T_Has", ()))


def test_a_provider_of_an_unknown_property_is_refused() -> None:
    """A property that the class lacks is found when the provider is built."""
    with pytest.raises(LayoutError, match="T_System has no property colour"):
        layout("T_System").bind({"Name": str, "Colour": str})


def test_a_provider_of_an_unknown_namespace_is_refused(world: World) -> None:
    """Providers name namespaces that are there."""
    with pytest.raises(InvalidNamespace):
        world.namespaces.add_provider(Rows("T_System", (), ("root/x",)))


# Keys


def path(**keys: KeyValue) -> ObjectPath:
    """Return a path of T_System with keys."""
    return ObjectPath("T_System", tuple(keys.items()))


def test_keys_are_typed_and_named_in_lower_case() -> None:
    """Numbers arrive as strings, booleans as strings, names in any case and order."""
    wanted = {"name": "one", "number": 5, "live": True}
    for given in (
        path(Name="one", Number=5, Live=True),
        path(LIVE="true", number="0x5", NAME="one"),
    ):
        assert typed_keys(layout("T_System"), given) == wanted


WRONG_KEYS = {
    "missing": (path(Name="one", Number=5), "has no key Live"),
    "all missing": (path(), "has no key Name, Number, Live"),
    "a class": (ObjectPath("T_System", None), "has no key Name, Number, Live"),
    "surplus": (path(Name="one", Number=5, Live=True, Load=3), "key Load of T_System is no key"),
    "instead": (path(Name="one", Number=5, Alive=True), "key Alive of T_System is no key"),
    "twice": (path(Name="one", Number=5, Live=True, NAME="one"), "key NAME .* is given twice"),
    "no number": (path(Name="one", Number="x", Live=True), "key number .* is not an integer"),
    "out of range": (path(Name="one", Number=65536, Live=True), "key number .* is not between"),
    "no boolean": (path(Name="one", Number=5, Live=1), "key live .* is not a boolean"),
    "a reference": (path(Name=path(), Number=5, Live=True), "key name .* is of type string"),
    "nameless": (ObjectPath("T_System", (("", "one"),)), "more than one key"),
}


@pytest.mark.parametrize(("given", "reason"), WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_wrong_keys(given: ObjectPath, reason: str) -> None:
    """What does not fit the class is CIM_ERR_INVALID_PARAMETER and says which key."""
    with pytest.raises(InvalidParameter, match=reason):
        typed_keys(layout("T_System"), given)


def test_a_lone_key_needs_no_name() -> None:
    """The key of a class with one key may come without its name."""
    nameless = ObjectPath("T_Device", (("", "d1"),))
    assert typed_keys(layout("T_Device"), nameless) == {"deviceid": "d1"}


def test_padded_keys() -> None:
    """A string matches as it stands first, then without outer blanks; inner ones count."""
    rows = Rows("T_Device", [{"DeviceID": name} for name in ("a", " a ", "b c")])

    def find(text: str) -> str | None:
        record = find_record(rows, ObjectPath("T_Device", (("DeviceID", text),)))
        return None if record is None else str(record["DeviceID"])

    assert [find(text) for text in ("a", " a ", "\ta\n", "b c ", "b  c", "A")] == [
        "a", " a ", "a", "b c", None, None,
    ]  # fmt: skip


def test_systems_are_found(world: World) -> None:
    """The rows of the world can be found by their keys."""
    provider = world.namespaces.get("root/a").provider("t_system")
    assert provider is not None
    assert find_record(provider, path(**system("two", 2, live=False))) is world.two  # type: ignore[arg-type]
