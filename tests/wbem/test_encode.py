"""Replies to bytes: every kind of reply is a legal message, and says what it should."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.dsp0203 import check
from tests.wbem.strategies import TEXTS, class_paths, instances
from virtcim.wbem.encode import Kind, encode, encode_error
from virtcim.wbem.objects import ClassDeclaration, Instance, QualifierDeclaration, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import (
    ClassesReply,
    ClassNamesReply,
    ClassObjectsReply,
    ClassPathsReply,
    CountReply,
    InstanceNameReply,
    InstanceNamesReply,
    InstanceReply,
    MethodReply,
    NamedInstancesReply,
    ObjectPathsReply,
    ObjectsReply,
    OutParameter,
    PropertyReply,
    PulledReply,
    QualifiersReply,
    QueriedReply,
    Reply,
    VoidReply,
    Written,
    WrittenObjects,
)
from virtcim.wbem.status import Failed, NotFound
from virtcim.wbem.types import CIMType

LOCATION = (
    "<NAMESPACEPATH><HOST>h</HOST><LOCALNAMESPACEPATH>"
    '<NAMESPACE NAME="n"/></LOCALNAMESPACEPATH></NAMESPACEPATH>'
)
NAME = b'<INSTANCENAME CLASSNAME="X"></INSTANCENAME>'
INSTANCE = b'<INSTANCE CLASSNAME="X"></INSTANCE>'
FULL = b"<INSTANCEPATH>%b%b</INSTANCEPATH>" % (LOCATION.encode(), NAME)


class Pair:
    """Two instances, each a piece of its own."""

    def instances(self) -> list[bytes]:
        """Return INSTANCE elements."""
        return [INSTANCE] * 2

    def named_instances(self) -> list[bytes]:
        """Return VALUE.NAMEDINSTANCE elements."""
        return [b"<VALUE.NAMEDINSTANCE>%b%b</VALUE.NAMEDINSTANCE>" % (NAME, INSTANCE)] * 2

    def names(self) -> list[bytes]:
        """Return INSTANCENAME elements."""
        return [NAME] * 2

    def objects(self) -> list[bytes]:
        """Return VALUE.OBJECTWITHPATH elements."""
        return [b"<VALUE.OBJECTWITHPATH>%b%b</VALUE.OBJECTWITHPATH>" % (FULL, INSTANCE)] * 2

    def object_paths(self) -> list[bytes]:
        """Return OBJECTPATH elements."""
        return [b"<OBJECTPATH>%b</OBJECTPATH>" % FULL] * 2


class Pulled:
    """Two objects, and maybe more."""

    def __init__(self, context: str) -> None:
        self.context = context

    def pieces(self) -> Iterator[bytes]:
        """Yield INSTANCEPATH elements, one after a pause."""
        yield b""
        yield FULL * 2


PAIR: Written = Pair()  # type: ignore[assignment]
OBJECTS: WrittenObjects = Pair()  # type: ignore[assignment]
CLASS = ClassDeclaration(name="X")
PATH = ObjectPath("X", None, "n", "h")
QUALIFIER = QualifierDeclaration("Q", CIMType.STRING, False, None, frozenset(("CLASS",)))  # noqa: FBT003

# Reply, and the tags of what it returns.
REPLIES: dict[str, tuple[Reply, list[str]]] = {
    "instance": (InstanceReply(PAIR), ["INSTANCE"] * 2),
    "named instances": (NamedInstancesReply((PAIR, PAIR)), ["VALUE.NAMEDINSTANCE"] * 4),
    "no instances": (NamedInstancesReply(()), []),
    "names": (InstanceNamesReply((PAIR,)), ["INSTANCENAME"] * 2),
    "name": (InstanceNameReply(PATH), ["INSTANCENAME"]),
    "objects": (ObjectsReply(OBJECTS), ["VALUE.OBJECTWITHPATH"] * 2),
    "object paths": (ObjectPathsReply(OBJECTS), ["OBJECTPATH"] * 2),
    "classes": (ClassesReply((CLASS, CLASS)), ["CLASS"] * 2),
    "class names": (ClassNamesReply(("X", "Y")), ["CLASSNAME"] * 2),
    "class objects": (ClassObjectsReply(((PATH, CLASS),)), ["VALUE.OBJECTWITHPATH"]),
    "class paths": (ClassPathsReply((PATH,)), ["OBJECTPATH"]),
    "qualifiers": (QualifiersReply((QUALIFIER,)), ["QUALIFIER.DECLARATION"]),
    "property": (PropertyReply(CIMType.UINT8, 5), ["VALUE"]),
    "array property": (PropertyReply(CIMType.UINT8, (5,)), ["VALUE.ARRAY"]),
    "reference": (PropertyReply(CIMType.REFERENCE, PATH), ["VALUE.REFERENCE"]),
    "NULL property": (PropertyReply(CIMType.UINT8, None), []),
    "rows": (QueriedReply([b"", b"<VALUE.OBJECT>%b</VALUE.OBJECT>" % INSTANCE]), ["VALUE.OBJECT"]),
    "count": (CountReply(5), ["VALUE"]),
    "no count": (CountReply(None), []),
}


def message(reply: Reply, name: str = "X", message_id: str = "1") -> bytes:
    """Return the message of a reply, checked."""
    body = b"".join(encode(message_id, name, reply))
    check(body)
    return body


@pytest.mark.parametrize(("reply", "tags"), REPLIES.values(), ids=REPLIES)
def test_intrinsic_replies(reply: Reply, tags: list[str]) -> None:
    """Every kind of reply is legal and returns what it holds."""
    response = etree.fromstring(message(reply, "getINSTANCE")).find(".//IMETHODRESPONSE")
    assert response is not None
    assert response.get("NAME") == "getINSTANCE"
    assert [child.tag for child in response] == ["IRETURNVALUE"]
    assert [child.tag for child in response[0]] == tags


def test_every_kind_of_reply_is_encoded() -> None:
    """The tests of this file walk the whole union of replies."""
    tested = {type(reply) for reply, _ in REPLIES.values()} | {VoidReply, MethodReply, PulledReply}
    assert tested == set(Reply.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("context", "end", "described"),
    [("c.1", "FALSE", None), ("", "TRUE", None), ("", "TRUE", CLASS)],
)
def test_pulled_replies(context: str, end: str, described: ClassDeclaration | None) -> None:
    """After the objects come the class of rows, the context, and whether that was all."""
    response = etree.fromstring(message(PulledReply(Pulled(context), described)))
    body = response.find(".//IMETHODRESPONSE")
    assert body is not None
    assert [child.tag for child in body[0]] == ["INSTANCEPATH"] * 2
    told = {child.get("NAME"): child for child in body.iterchildren("PARAMVALUE")}
    assert told.pop("EnumerationContext").findtext("VALUE") == context
    assert told.pop("EndOfSequence").findtext("VALUE") == end
    assert [child[0].tag for child in told.values()] == (["CLASS"] if described else [])


def test_void() -> None:
    """An operation without a result is answered by a pair of tags."""
    assert b'<IMETHODRESPONSE NAME="DeleteInstance"></IMETHODRESPONSE>' in message(
        VoidReply(), "DeleteInstance"
    )


def test_envelope() -> None:
    """Versions are those that every client reads."""
    root = etree.fromstring(message(VoidReply()))
    assert {str(k): str(v) for k, v in root.attrib.items()} == {
        "CIMVERSION": "2.0",
        "DTDVERSION": "2.0",
    }
    assert root[0].get("PROTOCOLVERSION") == "1.0"


@given(TEXTS, st.sampled_from([VoidReply(), MethodReply(CIMType.UINT8, 0), None]))
def test_message_id_is_echoed(message_id: str, reply: Reply | None) -> None:
    """The id comes back as it was sent, whatever is in it."""
    if reply is None:
        body = encode_error(message_id, "X", Failed("x"), Kind.INTRINSIC)
    else:
        body = message(reply, message_id=message_id)
    found = etree.fromstring(body).find("MESSAGE")
    assert found is not None
    assert found.get("ID") == message_id


@given(st.text(), st.sampled_from(Kind))
def test_errors(reason: str, kind: Kind) -> None:
    """Any text of an error is legal; the response is that of the kind of call."""
    body = encode_error("1", "X", NotFound(reason), kind)
    check(body)
    response = etree.fromstring(body).find(f".//{kind}")
    assert response is not None
    error = response[0]
    assert (error.tag, error.get("CODE")) == ("ERROR", "6")
    assert (error.get("DESCRIPTION") or "").startswith("CIM_ERR_NOT_FOUND: ")


def test_method_reply() -> None:
    """Return value, then outputs with their types; those that are NULL are left out."""
    reply = MethodReply(
        CIMType.UINT32,
        4096,
        (
            OutParameter("Job", CIMType.REFERENCE, ObjectPath("J", (), "n")),
            OutParameter("Nothing", CIMType.STRING, None),
            OutParameter("List", CIMType.UINT8, (1, 2)),
        ),
    )
    body = message(reply, "Start")
    response = etree.fromstring(body).find(".//METHODRESPONSE")
    assert response is not None
    assert response.get("NAME") == "Start"
    assert response.findtext("RETURNVALUE/VALUE") == "4096"
    outputs = [(p.get("NAME"), p.get("PARAMTYPE"), p[0].tag) for p in response.iter("PARAMVALUE")]
    assert outputs == [
        ("Job", "reference", "VALUE.REFERENCE"),
        ("List", "uint8", "VALUE.ARRAY"),
    ]


def test_method_without_a_value() -> None:
    """A NULL return value is left out: some clients crash on an empty one."""
    assert b"RETURNVALUE" not in message(MethodReply(CIMType.UINT32, None))


EMBEDDED = (
    (Instance("X", ()), "instance"),
    ((None, Instance("X", ())), "instance"),
    (CLASS, "object"),
    ("text", None),
    ((), None),
)


@pytest.mark.parametrize(("value", "wanted"), EMBEDDED)
def test_embedded_outputs(value: Value, wanted: str | None) -> None:
    """An output that is an object says so."""
    body = message(MethodReply(CIMType.UINT32, 0, (OutParameter("E", CIMType.STRING, value),)))
    parameter = etree.fromstring(body).find(".//PARAMVALUE")
    assert parameter is not None
    assert parameter.get("EmbeddedObject") == wanted


@given(instances(), class_paths())
def test_any_object_as_output(instance: Instance, path: ObjectPath) -> None:
    """Objects with any values make legal messages."""
    out = (
        OutParameter("I", CIMType.STRING, instance),
        OutParameter("P", CIMType.REFERENCE, path),
    )
    message(MethodReply(CIMType.UINT32, 0, out))
