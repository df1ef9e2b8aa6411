"""Instances of classes that nobody serves: kept as they were made, within what their class says."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from tests.broker.keeping import OTHER, N, Workbench, class_of, instance
from tests.broker.world import paths
from virtcim.infostore.errors import DiskFull, InfostoreError, Late
from virtcim.infostore.objects import ObjectKind
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Instance
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import VoidReply
from virtcim.wbem.status import (
    AlreadyExists,
    Failed,
    InvalidClass,
    InvalidParameter,
    NotFound,
    WBEMError,
)

THING = """
class A_Thing {
    [Key] string ID; [Key] uint16 Number = 1; string Note = "new"; [Required] string Owner;
    [Write(false)] string Fixed; [Read(false)] string Secret; [MaxLen(3)] string Short;
    datetime When; real64 Share; string Words[]; A_Thing REF Nothing;
};
""".replace(" A_Thing REF Nothing;", "")


LEAF = "class A_Leaf { [Key] string ID; %s Value; };"


@pytest.fixture
def bench() -> Workbench:
    """A server with a class that nobody serves."""
    one = Workbench()
    one.declare(THING)
    one.declare(f"{THING} class A_Small : A_Thing {{ string Less; }};")
    return one


def thing(number: object = 1, class_name: str = "A_Thing", id_: str = "a") -> ObjectPath:
    """The path of a thing."""
    keys = (("ID", id_), ("Number", number))
    return ObjectPath(class_name, keys, N)  # type: ignore[arg-type]


def test_an_instance_lives_on(bench: Workbench) -> None:
    """With defaults of its class, NULL in arrays, and in the next run of the server."""
    made = bench.make("a_thing", id="a", Owner="o", Words=("x", None), Share="1.5")
    assert made == thing()
    expected = {
        'root/a:A_Thing.ID="a",Number=1': {
            "ID": "a", "Number": 1, "Note": "new", "Owner": "o", "Words": ("x", None), "Share": 1.5,
        }
    }  # fmt: skip
    assert bench.found("A_Thing") == expected
    assert bench.again().found("A_Thing") == expected
    bench.do(ops.DeleteInstance(namespace=N, instance_name=thing("0x1")))
    assert bench.found("A_Thing") == {}
    assert bench.again().found("A_Thing") == {}


def test_an_enumeration_has_the_instances_of_subclasses(bench: Workbench) -> None:
    """Those that were made after the first enumeration too."""
    assert bench.found("A_Thing") == {}
    bench.make("A_Small", ID="s", Owner="o")
    bench.make("A_Thing", ID="t", Owner="o")
    assert len(bench.found("A_Thing")) == 2
    assert list(bench.found("A_Small")) == ['root/a:A_Small.ID="s",Number=1']


def modify(at: ObjectPath, **values: object) -> ops.ModifyInstance:
    """Return the operation."""
    changed = instance(at.class_name, at, **values)  # type: ignore[arg-type]
    return ops.ModifyInstance(namespace=N, modified_instance=changed)


def test_an_instance_is_changed(bench: Workbench) -> None:
    """What is not shown stays, what is not given too."""
    made = bench.make("A_Thing", ID="a", Owner="o", Secret="hidden", Fixed="f")
    bench.do(modify(made, ID="a", Note="other", Fixed="f"))
    later = bench.again()
    assert later.found("A_Thing")['root/a:A_Thing.ID="a",Number=1'] == {
        "ID": "a", "Number": 1, "Note": "other", "Owner": "o", "Fixed": "f",
    }  # fmt: skip
    (kept,) = (one.text for one in bench.store.kept.values() if "<INSTANCE" in one.text)
    assert "hidden" in kept


def create(class_name: str, **values: object) -> ops.CreateInstance:
    """Return the operation."""
    new = instance(class_name, None, **values)  # type: ignore[arg-type]
    return ops.CreateInstance(namespace=N, new_instance=new)


REFUSED: tuple[tuple[ops.Change, type[WBEMError], str], ...] = (
    (create("No_Such", ID="b"), InvalidClass, "No_Such"),
    (create("S_Base"), InvalidParameter, "S_Base is abstract"),
    (create("S_Signal"), InvalidParameter, "S_Signal is indication"),
    (create("A_Thing", Owner="o"), InvalidParameter, "ID of A_Thing is a key, and has no value"),
    (create("A_Thing", ID="b"), InvalidParameter, "Owner of A_Thing is required"),
    (create("A_Thing", ID="b", Owner="o", Short="long"), InvalidParameter, "Short of A_Thing has"),
    (create("A_Thing", ID="b", Owner="o", Nope="x"), InvalidParameter, "no property nope"),
    (create("A_Thing", ID="b", Owner="o", Number="x"), InvalidParameter, "Number of A_Thing"),
    (create("A_Thing", ID="a", Owner="o"), AlreadyExists, 'ID="a",Number=1 exists'),
    (modify(thing(), Fixed="other"), InvalidParameter, "fixed of A_Thing cannot be written"),
    (modify(thing(), ID="other"), InvalidParameter, "the key id cannot be changed"),
    (modify(thing(), Owner=None), InvalidParameter, "Owner of A_Thing is required"),
    (modify(thing(2), Note="x"), NotFound, "A_Thing"),
    (modify(thing(class_name="A_Small"), Less="x"), NotFound, "A_Small"),
    (ops.DeleteInstance(namespace=N, instance_name=thing(2)), NotFound, "A_Thing"),
    (
        ops.DeleteInstance(namespace=N, instance_name=ObjectPath("S_Node", (("ID", "x"),))),
        NotFound,
        "S_Node",
    ),
)


@pytest.mark.parametrize(("operation", "error", "said"), REFUSED)
def test_what_is_refused(
    bench: Workbench, operation: ops.Change, error: type[WBEMError], said: str
) -> None:
    """With its code, and nothing is changed."""
    bench.make("A_Thing", ID="a", Owner="o", Fixed="f")
    before = dict(bench.store.kept)
    with pytest.raises(error, match=said):
        bench.do(operation)
    assert bench.store.kept == before


CHANGES: tuple[Callable[[], ops.Change], ...] = (
    lambda: create("A_Thing", ID="b", Owner="o"),
    lambda: modify(thing(), Note="x"),
    lambda: ops.DeleteInstance(namespace=N, instance_name=thing()),
)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (DiskFull("store"), "could not be recorded; nothing was changed"),
        (Late("store"), "not made now, but may be there when the server has been started again"),
    ],
)
@pytest.mark.parametrize("change", CHANGES)
def test_what_cannot_be_kept_is_not_there(
    bench: Workbench, change: Callable[[], ops.Change], fault: InfostoreError, said: str
) -> None:
    """Durable before seen: a store that fails leaves everything as it was."""
    bench.make("A_Thing", ID="a", Owner="o")
    before = bench.found("A_Thing")
    bench.store.fault = fault
    with pytest.raises(Failed, match=said):
        bench.do(change())
    assert bench.found("A_Thing") == before


def test_two_clients_make_the_same(bench: Workbench) -> None:
    """One of them does."""

    async def both() -> list[object]:
        operation = create("A_Thing", ID="a", Owner="o")
        change = bench.broker.change
        return list(
            await asyncio.gather(change(operation), change(operation), return_exceptions=True)
        )

    told = asyncio.run(both())
    assert sum(isinstance(one, AlreadyExists) for one in told) == 1
    assert len(bench.found("A_Thing")) == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda: ops.DeleteClass(namespace=N, class_name="A_Leaf"), InvalidClass),
        (lambda: ops.ModifyClass(namespace=N, modified_class=class_of(LEAF % "uint8")), Failed),
    ],
)
def test_a_class_that_changes_meanwhile(
    bench: Workbench, change: Callable[[], ops.Change], told: type[WBEMError]
) -> None:
    """Nothing is made of a class that is no longer what it was judged by."""
    bench.declare(LEAF % "string")

    async def both() -> list[object]:
        changes = (change(), create("A_Leaf", ID="a"))
        return list(
            await asyncio.gather(*map(bench.broker.change, changes), return_exceptions=True)
        )

    changed, made = asyncio.run(both())
    assert isinstance(changed, VoidReply)
    assert isinstance(made, told)
    assert not [key for key in bench.store.kept if key.kind is ObjectKind.INSTANCE]


def test_two_clients_delete_the_same(bench: Workbench) -> None:
    """The other one is told that there is nothing."""
    path = bench.make("A_Thing", ID="a", Owner="o")

    async def both() -> list[object]:
        operation = ops.DeleteInstance(namespace=N, instance_name=path)
        change = bench.broker.change
        return list(
            await asyncio.gather(change(operation), change(operation), return_exceptions=True)
        )

    told = asyncio.run(both())
    assert sum(isinstance(one, NotFound) for one in told) == 1


# Associations


def linked(bench: Workbench) -> tuple[ObjectPath, ObjectPath, ObjectPath]:
    """Two nodes, one of another namespace, and what links them."""
    left = bench.make("S_Node", ID="left")
    right = bench.make("S_Node", OTHER, ID="right")
    link = bench.make("S_Link", Left=left, Right=right)
    bench.make("S_Link", Left=left, Right=ObjectPath("S_Node", (("ID", "gone"),), "alias"))
    return left, right, link


def test_kept_associations_are_followed(bench: Workbench) -> None:
    """In both directions, by roles and classes; who is not there is left out."""
    left, right, link = linked(bench)
    for one in (bench, bench.again()):
        partners = partial(asked, one, ops.AssociatorNames)
        assert partners(left) == [right.identity()]
        assert partners(right) == [left.identity()]
        assert partners(left, role="Right") == []
        assert partners(left, role="left", result_role="RIGHT") == [right.identity()]
        assert partners(left, assoc_class="S_Signal") == []
        assert partners(left, result_class="S_Named") == []
        links = partial(asked, one, ops.ReferenceNames)
        assert len(links(left)) == 2
        assert links(right) == [link.identity()]
        assert links(right, role="Left") == []


def asked(
    bench: Workbench,
    kind: type[ops.AssociatorNames | ops.ReferenceNames],
    at: ObjectPath,
    **more: str,
) -> list[object]:
    """What is found, by identity."""
    found = paths(bench.do(kind(namespace=N, object_name=at, **more)))
    return [path.identity() for path in found]


def test_a_loop_is_one_reference(bench: Workbench) -> None:
    """An instance that is linked to itself is its own partner."""
    node = bench.make("S_Node", ID="n")
    bench.make("S_Link", Left=node, Right=node)
    reply = bench.do(ops.ReferenceNames(namespace=N, object_name=node))
    assert len(paths(reply)) == 1
    reply = bench.do(ops.AssociatorNames(namespace=N, object_name=node))
    assert [one.identity() for one in paths(reply)] == [node.identity()]


def test_references_are_of_their_class(bench: Workbench) -> None:
    """A class path, or an instance of another class, is refused."""
    bench.declare("[Association] class A_To { [Key] S_Node REF A; [Key] S_Node REF B; };")
    node = bench.make("S_Node", ID="n")
    named = bench.make("S_Named", Name="x")
    for other, said in ((named, "refers to no S_Node"), (ObjectPath("S_Node", None), "path of a")):
        with pytest.raises(InvalidParameter, match=said):
            bench.make("A_To", A=node, B=other)


def test_an_alias_is_the_same_namespace(bench: Workbench) -> None:
    """References that name it are found by the instance."""
    node = bench.make("S_Node", ID="n")
    other = bench.make("S_Node", ID="o")
    by_alias = ObjectPath("S_Node", (("ID", "n"),), "Alias")
    bench.make("S_Link", Left=by_alias, Right=other)
    reply = bench.do(ops.AssociatorNames(namespace=N, object_name=node))
    assert [one.identity() for one in paths(reply)] == [other.identity()]
    with pytest.raises(AlreadyExists):
        bench.make("S_Link", Left=node, Right=other)


def test_an_embedded_instance_is_kept(bench: Workbench) -> None:
    """As an instance, also in the next run."""
    bench.declare('class A_Box { [Key] string ID; [EmbeddedInstance("S_Base")] string In; };')
    inner = instance("S_Node", None, ID="deep")
    bench.make("A_Box", ID="b", In=inner)
    (values,) = bench.again().found("A_Box").values()
    assert isinstance(values["In"], Instance)
    assert values["In"].by_name["id"].value == "deep"
