"""Classes, qualifiers and namespaces that clients make, change and remove."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.broker.keeping import OTHER, N, Workbench, class_of
from virtcim.broker.calling import CALLER, Caller
from virtcim.broker.namespace_changes import create_namespace, delete_namespace
from virtcim.infostore.errors import DiskFull, InfostoreError, Late
from virtcim.infostore.objects import CIMObject, ObjectKey, ObjectKind
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Flavor, Qualifier, QualifierDeclaration
from virtcim.wbem.replies import VoidReply
from virtcim.wbem.status import (
    AccessDenied,
    AlreadyExists,
    ClassHasChildren,
    ClassHasInstances,
    Failed,
    InvalidClass,
    InvalidNamespace,
    InvalidParameter,
    InvalidSuperclass,
    NamespaceNotEmpty,
    NotFound,
    NotSupported,
    WBEMError,
)
from virtcim.wbem.types import CIMType
from virtcim.wbem.writing import qualifier_declaration_xml

A_B = "class A_B { [Key] string K; uint8 N = 3; };"
MINE = QualifierDeclaration(
    "Mine", CIMType.STRING, is_array=False, value="x", scopes=frozenset({"CLASS"})
)


@pytest.fixture
def bench() -> Workbench:
    """A server with a class of a client."""
    one = Workbench()
    one.declare(A_B)
    return one


def create(text: str, namespace: str = N) -> ops.CreateClass:
    """Return the operation."""
    return ops.CreateClass(namespace=namespace, new_class=class_of(text))


def modify(text: str) -> ops.ModifyClass:
    """Return the operation."""
    return ops.ModifyClass(namespace=N, modified_class=class_of(text))


def delete(name: str) -> ops.DeleteClass:
    """Return the operation."""
    return ops.DeleteClass(namespace=N, class_name=name)


def declare(one: QualifierDeclaration) -> ops.SetQualifier:
    """Return the operation."""
    return ops.SetQualifier(namespace=N, qualifier_declaration=one)


def forget(name: str) -> ops.DeleteQualifier:
    """Return the operation."""
    return ops.DeleteQualifier(namespace=N, qualifier_name=name)


def test_a_class_lives_on(bench: Workbench) -> None:
    """In its namespace alone, as it was declared, and in the next run of the server."""
    for run in (bench, bench.again()):
        found = run.namespaces.get(N).repository.find("a_b")
        assert found is not None
        assert [(p.name, p.value, p.class_origin) for p in found.properties] == [
            ("K", None, "A_B"), ("N", 3, "A_B"),
        ]  # fmt: skip
        assert run.namespaces.get(OTHER).repository.find("A_B") is None
        with pytest.raises(InvalidClass):
            run.make("A_B", OTHER, K="x")


def test_a_class_changes_and_goes(bench: Workbench) -> None:
    """Its instances are then of the new one; a class of its name can be made again."""
    assert bench.do(modify("class A_B { [Key] string K; string Text; };")) == VoidReply()
    bench.make("A_B", K="k", Text="t")
    assert bench.again().found("A_B") == {'root/a:A_B.K="k"': {"K": "k", "Text": "t"}}
    bench.do(ops.DeleteInstance(namespace=N, instance_name=bench.make("A_B", K="l", Text="t")))
    (path,) = (record.path for record in bench.namespaces.get(N).serving("A_B")[0][0].records())
    bench.do(ops.DeleteInstance(namespace=N, instance_name=path))
    assert bench.do(delete("a_b")) == VoidReply()
    assert bench.again().namespaces.get(N).repository.find("A_B") is None
    bench.declare(A_B)
    bench.make("A_B", K="k", N="4")


def test_the_same_class_again_is_no_change(bench: Workbench) -> None:
    """Compilers modify what they could not create; nothing stands in the way of that."""
    bench.make("A_B", K="k")
    before = dict(bench.store.kept)
    assert bench.do(modify(A_B)) == VoidReply()
    own = bench.namespaces.get(N).repository.find("S_Named")
    assert own is not None
    assert bench.do(ops.ModifyClass(namespace=N, modified_class=own)) == VoidReply()
    assert bench.store.kept == before


REFUSED: tuple[tuple[ops.Change, type[WBEMError], str], ...] = (
    (create(A_B), AlreadyExists, "A_B exists in root/a"),
    (create(A_B, "root/none"), InvalidNamespace, "root/none"),
    (create("class A_C : S_Named { string Count; };"), InvalidParameter, "Override"),
    (
        ops.CreateClass(
            namespace=N,
            new_class=replace(
                class_of(A_B),
                name="A_C",
                qualifiers=(Qualifier("Key ", CIMType.BOOLEAN, value=True),),
            ),
        ),
        InvalidParameter,
        "'Key ' is no name of a qualifier",
    ),
    (
        ops.CreateClass(namespace=N, new_class=replace(class_of(A_B), name="A_C", superclass="X")),
        InvalidSuperclass,
        "superclass X of A_C",
    ),
    (modify("class A_C { [Key] string K; };"), NotFound, "A_C does not exist in root/a"),
    (
        ops.ModifyClass(namespace=N, modified_class=replace(class_of(A_B), name="S_Node")),
        AccessDenied,
        "belongs to the server",
    ),
    (modify("class A_B { [Key] string K; };"), ClassHasChildren, "A_B has subclasses"),
    (
        ops.ModifyClass(namespace=N, modified_class=replace(class_of(A_B), superclass="X")),
        InvalidSuperclass,
        "superclass X of A_B",
    ),
    (delete("A_C"), NotFound, "A_C does not exist in root/a"),
    (delete("S_Node"), AccessDenied, "S_Node of root/a belongs to the server"),
    (delete("A_B"), ClassHasChildren, "A_B has subclasses"),
    (delete("A_Below"), ClassHasInstances, "A_Below has instances"),
    (modify("class A_Below { string X; };"), ClassHasInstances, "A_Below has instances"),
    (declare(replace(MINE, name="")), InvalidParameter, "no name of a qualifier"),
    (declare(replace(MINE, name="Key")), Failed, "Key is used by class S_Named"),
    (forget("No"), NotFound, "qualifier No does not exist in root/a"),
    (forget("Key"), AccessDenied, "Key of root/a belongs to the server"),
    (forget("Used"), Failed, "Used is used by class A_Used"),
)


@pytest.mark.parametrize(("operation", "error", "said"), REFUSED)
def test_what_is_refused(
    bench: Workbench, operation: ops.Change, error: type[WBEMError], said: str
) -> None:
    """With its code, and nothing is changed."""
    below = replace(class_of("class A_Below { };"), superclass="A_B")
    bench.do(ops.CreateClass(namespace=N, new_class=below))
    bench.make("A_Below", K="k")
    bench.do(declare(replace(MINE, name="Used")))
    used = replace(
        class_of('[Description("d")] class A_Used { };'),
        qualifiers=(replace(class_of('[Fixed("x")] class A_U { };').qualifiers[0], name="Used"),),
    )
    bench.do(ops.CreateClass(namespace=N, new_class=used))
    before = dict(bench.store.kept)
    with pytest.raises(error, match=said):
        bench.do(operation)
    assert bench.store.kept == before


def test_qualifiers_are_inherited_as_declared(bench: Workbench) -> None:
    """A message cannot leave open how: what it does not say is the default of the wire."""
    plain = class_of('[Abstract, Fixed("x")] class A_Top { [Key] string K; };')
    open_ = tuple(replace(one, flavor=Flavor()) for one in plain.qualifiers)
    bench.do(ops.CreateClass(namespace=N, new_class=replace(plain, qualifiers=open_)))
    below = class_of("class A_Top {}; class A_Low : A_Top { string L; };")
    bench.do(ops.CreateClass(namespace=N, new_class=below))
    bench.make("A_Low", K="k")
    repository = bench.namespaces.get(N).repository
    assert repository.find("A_Top") == bench.again().namespaces.get(N).repository.find("A_Top")
    top, low = repository.find("A_Top"), repository.find("A_Low")
    assert top is not None
    assert low is not None
    assert [one.flavor for one in top.qualifiers] == [one.flavor for one in plain.qualifiers]
    assert [one.name for one in low.qualifiers] == ["Fixed"]


CHANGES: tuple[Callable[[], ops.Change], ...] = (
    lambda: create("class A_C { [Key] string K; };"),
    lambda: modify("class A_B { [Key] string K; };"),
    lambda: delete("A_B"),
    lambda: declare(MINE),
    lambda: forget("Theirs"),
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
    """Durable before seen."""
    bench.do(declare(replace(MINE, name="Theirs")))
    bench.store.fault = fault
    before = _state(bench)
    with pytest.raises(Failed, match=said):
        bench.do(change())
    assert _state(bench) == before


def _state(bench: Workbench) -> object:
    repository = bench.namespaces.get(N).repository
    return tuple(repository), repository.qualifiers()


@pytest.mark.parametrize("change", CHANGES)
def test_nothing_of_it_can_be_rehearsed(bench: Workbench, change: Callable[[], ops.Change]) -> None:
    """A dry run of what has none is refused."""
    bench.do(declare(replace(MINE, name="Theirs")))
    before = _state(bench)
    token = CALLER.set(Caller("anna", dry_run=True))
    try:
        with pytest.raises(NotSupported, match="cannot be rehearsed"):
            bench.do(change())
    finally:
        CALLER.reset(token)
    assert _state(bench) == before


def test_two_clients_make_the_same_class(bench: Workbench) -> None:
    """One of them does."""

    async def both() -> list[object]:
        operation = create("class A_C { [Key] string K; };")
        change = bench.broker.change
        return list(
            await asyncio.gather(change(operation), change(operation), return_exceptions=True)
        )

    assert sum(isinstance(one, AlreadyExists) for one in asyncio.run(both())) == 1


def test_a_qualifier_lives_on(bench: Workbench) -> None:
    """The server's own can be declared again as they are used; nobody loses what he relies on."""
    bench.do(declare(MINE))
    assert bench.do(declare(MINE)) == VoidReply()
    key = bench.namespaces.get(N).repository.qualifier("Key")
    assert key is not None
    bench.do(declare(replace(key, value=True)))
    later = bench.again().namespaces.get(N).repository
    assert later.qualifier("mine") == MINE
    assert later.qualifier("key") == replace(key, value=True)
    bench.do(forget(" MINE "))
    assert bench.again().namespaces.get(N).repository.qualifier("Mine") is None


def test_what_does_not_fit_any_more_is_left_out(bench: Workbench) -> None:
    """The server's own classes may have changed since; the rest is there."""
    bench.make("A_B", K="k")
    for kind, text in (
        (ObjectKind.CLASS, '<CLASS NAME="A_X" SUPERCLASS="S_Gone"></CLASS>'),
        (ObjectKind.CLASS, "<CLASS"),
        (ObjectKind.QUALIFIER, "<CLASS></CLASS>"),
        (ObjectKind.INSTANCE, '<INSTANCE CLASSNAME="S_Gone"></INSTANCE>'),
        (ObjectKind.INSTANCE, '<INSTANCE CLASSNAME="A_B"></INSTANCE>'),
    ):
        key = ObjectKey(N, kind, f"x{len(bench.store.kept)}")
        bench.store.kept[key] = CIMObject(key, text)
    stray = ObjectKey("root/gone", ObjectKind.CLASS, "a")
    bench.store.kept[stray] = CIMObject(stray, "<CLASS></CLASS>")
    assert list(bench.again().found("A_B")) == ['root/a:A_B.K="k"']


def test_a_qualifier_gives_way_to_classes_that_use_it(bench: Workbench) -> None:
    """The server's schema may have come to declare it in another way, or a plug-in's."""
    known = bench.namespaces.get(N).repository.qualifier("Fixed")
    assert known is not None
    for one in (replace(known, type=CIMType.BOOLEAN), replace(known, scopes=frozenset({"METHOD"}))):
        key = ObjectKey(N, ObjectKind.QUALIFIER, "fixed")
        bench.store.kept[key] = CIMObject(key, qualifier_declaration_xml(one))
        assert bench.again().namespaces.get(N).repository.qualifier("Fixed") == known


# Namespaces


def test_a_namespace_lives_on(bench: Workbench) -> None:
    """It is empty; it goes when it is empty again."""
    made = asyncio.run(create_namespace(bench.namespaces, "/Root/New/"))
    assert made.name == "root/new"
    later = bench.again()
    assert later.namespaces.names == [N, OTHER, "root/new"]
    later.do(ops.SetQualifier(namespace="root/new", qualifier_declaration=MINE))
    with pytest.raises(NamespaceNotEmpty):
        asyncio.run(delete_namespace(later.namespaces, "root/new"))
    later.do(ops.DeleteQualifier(namespace="root/new", qualifier_name="Mine"))
    asyncio.run(delete_namespace(later.namespaces, "ROOT/new"))
    for run in (later, later.again()):
        assert "root/new" not in run.namespaces
        with pytest.raises(InvalidNamespace):
            run.do(ops.EnumerateClassNames(namespace="root/new"))


def test_a_namespace_that_goes_meanwhile(bench: Workbench) -> None:
    """Nothing is put into it that nobody would find again."""

    async def both() -> list[object]:
        await create_namespace(bench.namespaces, "root/new")
        change = ops.SetQualifier(namespace="root/new", qualifier_declaration=MINE)
        both = delete_namespace(bench.namespaces, "root/new"), bench.broker.change(change)
        return list(await asyncio.gather(*both, return_exceptions=True))

    gone, made = asyncio.run(both())
    assert gone is None
    assert isinstance(made, InvalidNamespace)
    assert not [key for key in bench.store.kept if key.namespace == "root/new"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("", InvalidParameter),
        ("root//", InvalidParameter),
        ("root/a", AlreadyExists),
        ("ALIAS", AlreadyExists),
        ("root/a b", InvalidParameter),
        ("root/" + "x" * 255, InvalidParameter),
    ],
)
def test_names_of_no_new_namespace(bench: Workbench, name: str, error: type[WBEMError]) -> None:
    """Names that are taken, and what is no name."""
    asyncio.run(create_namespace(bench.namespaces, "root"))
    with pytest.raises(error):
        asyncio.run(create_namespace(bench.namespaces, name))


def test_the_servers_own_namespaces_stay(bench: Workbench) -> None:
    """Whatever is in them."""
    with pytest.raises(NamespaceNotEmpty):
        asyncio.run(delete_namespace(bench.namespaces, N))
    bench.store.fault = DiskFull("store")
    with pytest.raises(Failed, match="nothing was changed"):
        asyncio.run(create_namespace(bench.namespaces, "root/x"))
    assert "root/x" not in bench.namespaces
