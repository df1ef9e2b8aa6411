"""Object paths: which of them name the same object."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wbem.strategies import instance_paths
from virtcim.wbem.paths import ObjectPath, canonical_namespace

NAMESPACES = ("root/virt", "/root/virt", "root/virt/", " Root/VIRT ", "//root//virt//")


@pytest.mark.parametrize("text", NAMESPACES)
def test_spellings_of_a_namespace(text: str) -> None:
    """Case and outer slashes do not matter."""
    assert canonical_namespace(text) == "root/virt"


def test_other_namespaces_stay_different() -> None:
    """Only the spelling is removed."""
    assert canonical_namespace("root/virt2") != canonical_namespace("root/virt")
    assert canonical_namespace("") == canonical_namespace("/") == ""


def path(*keys: tuple[str, str | int | bool | float | ObjectPath], **fields: str) -> ObjectPath:
    """Return a path of class X with keys."""
    return ObjectPath("X", keys, fields.get("namespace"), fields.get("host"))


SAME = (
    (path(("A", 1), ("b", "x")), path(("B", "x"), ("a", 1))),
    (path(namespace="root/virt"), path(namespace="/ROOT/virt", host="h")),
    (ObjectPath("X"), ObjectPath("x")),
    (path(("k", 5)), path(("k", 5.0))),
    (path(("k", path(("a", 1)))), path(("k", path(("A", 1), host="h")))),
    (ObjectPath("X", None), ObjectPath("x", None, None, "h")),
)

DIFFERENT = (
    (path(("k", "a")), path(("k", "A"))),
    (path(("k", "5")), path(("k", 5))),
    (path(("k", True)), path(("k", 1))),
    (path(("k", 1)), path(("j", 1))),
    (path(("k", 1)), path(("k", 1), ("j", 1))),
    (path(namespace="a"), path(namespace="b")),
    (ObjectPath("X"), ObjectPath("X", None)),
    (ObjectPath("X"), ObjectPath("Y")),
)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same_object(one: ObjectPath, other: ObjectPath) -> None:
    """Case of names, order of keys, width of numbers and the host do not make another object."""
    assert one.identity() == other.identity()
    assert hash(one.identity()) == hash(other.identity())


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_objects(one: ObjectPath, other: ObjectPath) -> None:
    """Values compare with case and type; a class is none of its instances."""
    assert one.identity() != other.identity()


@given(instance_paths(), st.randoms())
def test_identity_ignores_the_order_of_keys(one: ObjectPath, random: Random) -> None:
    """However the keys are shuffled, it is the same object."""
    keys = list(one.keys or ())
    random.shuffle(keys)
    assert (
        ObjectPath(one.class_name.upper(), tuple(keys), one.namespace).identity() == one.identity()
    )


def test_at_fills_in_what_is_missing() -> None:
    """A namespace and a host of the path itself stay."""
    assert path().at("n", "h") == path(namespace="n", host="h")
    assert path(namespace="a", host="b").at("n", "h") == path(namespace="a", host="b")
    assert path().at("n").host is None


def test_a_key_by_its_name() -> None:
    """Case does not matter, of several the first counts, and a class has none."""
    named = path(("Name", "x"), ("count", 0), ("NAME", "y"), ("", 7))
    assert (named.key("name"), named.key("Count"), named.key("")) == ("x", 0, 7)
    assert named.key("Nam") is None
    assert ObjectPath("X", None).key("Name") is None
