"""Values of every type in every position, as CIM-XML into what is kept and out of it again."""

import re
from html import escape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.broker.keeping import N, Workbench
from tests.dsp0203 import check
from tests.rawhttp import intrinsic, parameter
from tests.wbem.strategies import SIMPLE_TYPES, TEXTS, arrays, scalars
from virtcim.wbem.decode import operation, read_call
from virtcim.wbem.encode import encode
from virtcim.wbem.objects import InstanceProperty, Value
from virtcim.wbem.refusal import Refusal
from virtcim.wbem.status import InvalidParameter
from virtcim.wbem.types import CIMType
from virtcim.wbem.writing import property_head, property_tail, value_xml

KINDS = [kind for kind in CIMType if kind is not CIMType.REFERENCE]
ALL = f"""
class A_All {{ [Key] uint32 K;
    {" ".join(f"{kind} P_{kind}; {kind} L_{kind}[];" for kind in KINDS)} }};
"""
BOXES = """
class A_Box { [Key] string ID; [EmbeddedInstance("A_Box")] string In;
    [EmbeddedInstance("A_Box")] string Many[]; [EmbeddedObject] string Any; real32 Share; };
"""
LINKS = (
    "[Association] class A_Pair { [Key] S_Node REF Left; [Key] S_Base REF Right; string Note; };"
)
KEYED = "class A_Keyed { [Key] %s K; string Note; };"


@pytest.fixture
def bench() -> Workbench:
    """A world with a class of all types, one of boxes in boxes and an association."""
    return started()


def started() -> Workbench:
    """Return that world."""
    one = Workbench()
    for text in (ALL, BOXES, LINKS):
        one.declare(text)
    return one


def ask(bench: Workbench, name: str, *parameters: str) -> str:
    """Send an operation as bytes; return the bytes of its reply, which are valid."""
    call = read_call(intrinsic(name, *parameters, namespace=N))
    reply = b"".join(encode(call.message_id, call.name, bench.do(operation(call))))
    check(reply)
    return reply.decode()


def create(bench: Workbench, class_name: str, inside: str) -> str:
    """Create an instance; return its path as the reply has it."""
    one = f'<INSTANCE CLASSNAME="{class_name}">{inside}</INSTANCE>'
    reply = ask(bench, "CreateInstance", parameter("NewInstance", one))
    return reply.partition("<IRETURNVALUE>")[2].partition("</IRETURNVALUE>")[0]


def get(bench: Workbench, path: str) -> str:
    """Return the properties of an instance as the reply has them."""
    reply = ask(bench, "GetInstance", parameter("InstanceName", path))
    return re.split(r"<INSTANCE [^>]*>|</INSTANCE>", reply)[1]


def prop(name: str, kind: str, value: str | None) -> str:
    """Return a PROPERTY of a text."""
    inside = "" if value is None else f"<VALUE>{value}</VALUE>"
    return f'<PROPERTY NAME="{name}" TYPE="{kind}">{inside}</PROPERTY>'


def key(value: str, value_type: str = "numeric", name: str = "K", class_name: str = "A_All") -> str:
    """Return an INSTANCENAME with one key."""
    text = f'<KEYVALUE VALUETYPE="{value_type}">{value}</KEYVALUE>'
    bound = f'<KEYBINDING NAME="{name}">{text}</KEYBINDING>' if name else text
    return f'<INSTANCENAME CLASSNAME="{class_name}">{bound}</INSTANCENAME>'


# All types


def element(name: str, kind: CIMType, value: Value, *, is_array: bool) -> str:
    """Return a property as the wire has it."""
    item = InstanceProperty(name=name, type=kind, value=value, is_array=is_array)
    return property_head(item) + value_xml(kind, value) + property_tail(item)


@settings(max_examples=60)
@given(st.data(), SIMPLE_TYPES)
def test_every_value_of_every_type(data: st.DataObject, kind: CIMType) -> None:
    """It comes back as it was sent, NULL and NULL in arrays too, and so from the next run."""
    bench = started()
    given_one, given_many = (
        data.draw(st.none() | scalars(kind)),
        data.draw(st.none() | arrays(kind)),
    )
    sent = element(f"P_{kind}", kind, given_one, is_array=False)
    sent += element(f"L_{kind}", kind, given_many, is_array=True)
    path = create(bench, "A_All", prop("K", "uint32", "1") + sent)
    for one in (bench, bench.again()):
        assert sent in get(one, path)


@pytest.mark.parametrize(
    ("kind", "sent", "shown"),
    [
        ("uint8", " 0xfF ", "255"), ("sint8", "-0x80", "-128"), ("uint64", "+007", "7"),
        ("sint64", str(-(2**63)), str(-(2**63))), ("real32", "1", "1.0"), ("real32", ".1", "0.1"),
        ("real64", "0.1", "0.10000000000000001"), ("real64", "INF", "INF"),
        ("real64", "-inf", "-INF"),
        ("real64", "-INF", "-INF"), ("real32", "NaN", "NaN"),
        ("real32", "3.4028235e38", "3.4028235E+38"),
        ("boolean", " tRuE", "TRUE"), ("char16", " ", " "), ("char16", "'x'", "x"),
        ("char16", r"'\x41'", "A"), ("char16", "'", "'"), ("string", " a\tb\n", " a\tb\n"),
        ("string", "<![CDATA[<&>]]>", "&lt;&amp;&gt;"),
        ("datetime", "20260102030405.000006+060", "20260102030405.000006+060"),
        ("datetime", "00000001******.******:000", "00000001******.******:000"),
    ],
)  # fmt: skip
def test_spellings(bench: Workbench, kind: str, sent: str, shown: str) -> None:
    """What clients write in different ways is shown in one."""
    path = create(bench, "A_All", prop("K", "uint32", "1") + prop(f"P_{kind}", kind, sent))
    assert prop(f"P_{kind}", kind, shown) in get(bench, path)


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("uint8", "256"), ("uint8", "-1"), ("uint8", ""), ("uint8", "1.0"), ("sint8", "128"),
        ("uint64", str(2**64)), ("boolean", "1"), ("char16", "xy"), ("char16", ""),
        ("char16", "\U0001f600"), ("real32", "1e39"), ("real64", "1e999"),
        ("real64", "1,5"), ("datetime", "20261302030405.000006+060"), ("datetime", "now"),
        ("datetime", "2026****030405.000006+060"), ("uint8", "<VALUE.NULL/>"),
    ],
)  # fmt: skip
def test_what_is_no_value(bench: Workbench, kind: str, sent: str) -> None:
    """A text that is no value of its type is refused with the whole message."""
    with pytest.raises(Refusal):
        create(bench, "A_All", prop("K", "uint32", "1") + prop(f"P_{kind}", kind, sent))


def test_null_stands_in_arrays_alone(bench: Workbench) -> None:
    """VALUE.NULL is an element, and no value of a property."""
    array = '<PROPERTY.ARRAY NAME="L_uint8" TYPE="uint8">%s</PROPERTY.ARRAY>'
    with pytest.raises(Refusal):
        create(bench, "A_All", '<PROPERTY NAME="K" TYPE="uint32"><VALUE.NULL/></PROPERTY>')
    with pytest.raises(Refusal):
        create(bench, "A_All", prop("K", "uint32", "1") + array % "<VALUE.NULL/>")
    inside = "<VALUE.ARRAY><VALUE.NULL/><VALUE>1</VALUE></VALUE.ARRAY>"
    path = create(bench, "A_All", prop("K", "uint32", "1") + array % inside)
    shown = get(bench, path)
    assert array % inside in shown
    assert shown.count("VALUE.NULL") == 1


# Keys


@pytest.mark.parametrize(
    ("kind", "made", "value_type", "same", "others"),
    [
        ("uint32", "1", "numeric", ["0x1", "01", "+1", " 1 "], ["2", "10"]),
        ("uint32", "1", "string", ["1", "0x01", "+1"], ["2"]),
        ("sint8", "-1", "numeric", ["-01", "-0x1"], ["1"]),
        ("real64", "0.5", "numeric", [".5", "5e-1", "0.50"], ["0.25"]),
        ("real32", "0.1", "numeric", ["0.1", "0.100000001490116"], ["0.2"]),
        ("boolean", "TRUE", "boolean", ["true", " True "], ["false"]),
        ("boolean", "TRUE", "string", ["true"], ["false"]),
        ("string", "Ab", "string", ["Ab", " Ab "], ["ab", "AB"]),
        ("string", "1", "numeric", ["1"], ["2"]),
        ("char16", "a", "string", ["a", "'a'"], ["A"]),
        (
            "datetime", "20260102030405.000006+060", "string",
            ["20260102030405.000006+060", "20260102020405.000006+000"],
            ["20260102030405.000006+000", "00000001000000.000000:000"],
        ),
    ],
)  # fmt: skip
def test_keys_compare_by_their_type(
    kind: str, made: str, value_type: str, same: list[str], others: list[str]
) -> None:
    """How a client writes a key does not matter, nor what it calls its type; what it means does."""
    bench = Workbench()
    bench.declare(KEYED % kind)
    create(bench, "A_Keyed", prop("K", kind, made) + prop("Note", "string", "found"))
    for one in (bench, bench.again()):
        for text in same:
            for name in ("K", "k", ""):
                shown = get(one, key(text, value_type, name, "a_keyed"))
                assert prop("Note", "string", "found") in shown
        for text in others:
            with pytest.raises(Exception, match="No such instance"):
                get(one, key(text, value_type, class_name="A_Keyed"))
    for text in same:
        if text.strip() == text or kind != "string":
            with pytest.raises(Exception, match="exists"):
                create(bench, "A_Keyed", prop("K", kind, text))


def test_a_key_equals_itself() -> None:
    """NaN does not, and would never be found again."""
    bench = Workbench()
    bench.declare(KEYED % "real64")
    with pytest.raises(InvalidParameter, match="no value that equals itself"):
        create(bench, "A_Keyed", prop("K", "real64", "NaN"))
    create(bench, "A_Keyed", prop("K", "real64", "INF"))
    assert "INF" in get(bench, key("INF", "numeric", class_name="A_Keyed"))


# References


def node(name: str = "ID", value: str = "n", class_name: str = "S_Node") -> str:
    """Return an INSTANCENAME of a node."""
    return key(value, "string", name, class_name)


LOCAL = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="a"/></LOCALNAMESPACEPATH>'
FORMS = (
    node(), node("id", "n", "s_NODE"), node("", "n"),
    f"<LOCALINSTANCEPATH>{LOCAL}{node()}</LOCALINSTANCEPATH>",
    f"<LOCALINSTANCEPATH>{LOCAL.upper().replace('ROOT', 'Root')}{node()}</LOCALINSTANCEPATH>",
    f"<INSTANCEPATH><NAMESPACEPATH><HOST>host</HOST>{LOCAL}</NAMESPACEPATH>{node()}</INSTANCEPATH>",
)  # fmt: skip


def end(name: str, form: str) -> str:
    """Return a PROPERTY.REFERENCE."""
    reference = f"<VALUE.REFERENCE>{form}</VALUE.REFERENCE>"
    return f'<PROPERTY.REFERENCE NAME="{name}">{reference}</PROPERTY.REFERENCE>'


@pytest.mark.parametrize("form", FORMS)
def test_references_in_all_forms(bench: Workbench, form: str) -> None:
    """Each is of the same instance: as a value, as a key and as what is asked about."""
    create(bench, "S_Node", prop("ID", "string", "n"))
    inside = end("Left", form) + end("Right", node()) + prop("Note", "string", "x")
    create(bench, "A_Pair", inside)
    for other in FORMS:
        bindings = "".join(
            f'<KEYBINDING NAME="{name}"><VALUE.REFERENCE>{one}</VALUE.REFERENCE></KEYBINDING>'
            for name, one in (("LEFT", other), ("right", form))
        )
        path = f'<INSTANCENAME CLASSNAME="a_pair">{bindings}</INSTANCENAME>'
        assert prop("Note", "string", "x") in get(bench, path)
        with pytest.raises(Exception, match="exists"):
            create(bench, "A_Pair", end("Left", other) + end("Right", form))
    links = ask(bench, "ReferenceNames", parameter("ObjectName", node()))
    assert links.count("<OBJECTPATH>") == 1


# Objects in objects


def nested(depth: int, kind: str = "In") -> str:
    """Return a box with boxes in it, as CIM-XML."""
    inside = prop("ID", "string", f"b{depth}") + prop("Share", "real32", "0.25")
    if depth:
        text = escape(nested(depth - 1, kind))
        head = f'<PROPERTY NAME="{kind}" TYPE="string" EmbeddedObject="instance">'
        inside += f"{head}<VALUE>{text}</VALUE></PROPERTY>"
    return f'<INSTANCE CLASSNAME="A_Box">{inside}</INSTANCE>'


def in_mof(depth: int) -> str:
    """Return the same as MOF."""
    inner = in_mof(depth - 1).replace("\\", "\\\\").replace('"', '\\"') if depth else ""
    deeper = f' In = "{inner}";' if depth else ""
    return f'instance of A_Box {{ ID = "b{depth}"; Share = 0.25;{deeper} }};'


def opened(xml: str | None) -> list[Any]:
    """Return the IDs of a box and of those in it, each read out of the text of the one around."""
    box = etree.fromstring(xml or "")
    ids = [box.findtext("PROPERTY[@NAME='ID']/VALUE")]
    inner = box.find("PROPERTY[@NAME='In']")
    if inner is not None and len(inner):
        assert inner.get("EmbeddedObject") == "instance"
        ids += opened(inner.findtext("VALUE"))
    return ids


@pytest.mark.parametrize("text", [nested(3), in_mof(3)])
def test_boxes_in_boxes(bench: Workbench, text: str) -> None:
    """Three deep, as CIM-XML or as MOF; they are shown as CIM-XML at every level."""
    path = create(bench, "A_Box", prop("ID", "string", "out") + prop("In", "string", escape(text)))
    for one in (bench, bench.again()):
        shown = f'<INSTANCE CLASSNAME="A_Box">{get(one, path)}</INSTANCE>'
        assert opened(shown) == ["out", "b3", "b2", "b1", "b0"]


def test_arrays_of_boxes(bench: Workbench) -> None:
    """Each element is an object, in either spelling, or NULL."""
    values = f"<VALUE>{escape(nested(1))}</VALUE><VALUE.NULL/><VALUE>{escape(in_mof(0))}</VALUE>"
    head = '<PROPERTY.ARRAY NAME="Many" TYPE="string">'
    array = f"{head}<VALUE.ARRAY>{values}</VALUE.ARRAY></PROPERTY.ARRAY>"
    path = create(bench, "A_Box", prop("ID", "string", "out") + array)
    for one in (bench, bench.again()):
        shown = etree.fromstring(f"<I>{get(one, path)}</I>")
        many = shown.find("PROPERTY.ARRAY[@NAME='Many']")
        assert many is not None
        assert many.get("EmbeddedObject") == "instance"
        texts = [each.text for each in many[0]]
        assert [None if each is None else opened(each) for each in texts] == [
            ["b1", "b0"],
            None,
            ["b0"],
        ]


def test_a_class_in_an_object(bench: Workbench) -> None:
    """Where any object can stand a class can, and where an instance must stand it cannot."""
    described = '<QUALIFIER NAME="Description" TYPE="string"><VALUE>&lt;</VALUE></QUALIFIER>'
    one = f'<CLASS NAME="A_X">{described}</CLASS>'
    path = create(bench, "A_Box", prop("ID", "string", "c") + prop("Any", "string", escape(one)))
    for run in (bench, bench.again()):
        shown = etree.fromstring(f"<I>{get(run, path)}</I>").find("PROPERTY[@NAME='Any']")
        assert shown is not None
        assert shown.get("EmbeddedObject") == "object"
        assert shown.findtext("VALUE") == one
    with pytest.raises(InvalidParameter, match="a class stands where an instance is needed"):
        create(bench, "A_Box", prop("ID", "string", "d") + prop("In", "string", escape(one)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (nested(2).replace("A_Box", "A_None"), "no class A_None"),
        (nested(0).replace("0.25", "x"), "'x' is not a real number"),
        ('<INSTANCE CLASSNAME="S_Node"></INSTANCE>', "S_Node is no A_Box"),
        ("<INSTANCE", "not well-formed"),
        ("instance of A_Box { ID = 5 }", "In"),
        (nested(1) + nested(1), "not well-formed"),
    ],
)  # fmt: skip
def test_what_is_no_box(bench: Workbench, text: str, said: str) -> None:
    """A text that is no instance of the class is refused, with what is wrong in it."""
    with pytest.raises(InvalidParameter, match=said):
        create(bench, "A_Box", prop("ID", "string", "x") + prop("In", "string", escape(text)))


@settings(max_examples=40)
@given(TEXTS)
def test_text_in_boxes(text: str) -> None:
    """Whatever a text is, it survives being text in text in text."""
    bench = started()
    inner = nested(2).replace("b0", escape(escape(escape(text.replace("\r", "")))))
    path = create(bench, "A_Box", prop("ID", "string", "out") + prop("In", "string", escape(inner)))
    shown = f'<INSTANCE CLASSNAME="A_Box">{get(bench, path)}</INSTANCE>'
    assert (opened(shown)[-1] or "") == text.replace("\r", "")
