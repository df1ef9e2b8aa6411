"""Bytes to calls: the envelope, its versions, its limits, and arbitrary bytes."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.rawhttp import intrinsic, namespace_path
from tests.wbem.messages import (
    LOCAL_PATH,
    NAMESPACE,
    argument,
    class_name,
    envelope,
    extrinsic,
    message,
    path,
    text,
)
from virtcim.wbem.decode import (
    MOST_NODES,
    ExtrinsicCall,
    IntrinsicCall,
    operation,
    read_call,
    read_padded_call,
)
from virtcim.wbem.objects import ClassDeclaration, Instance
from virtcim.wbem.operations import Argument, InvokeMethod
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.reading import DEEPEST
from virtcim.wbem.refusal import CIMErrorToken, Refusal
from virtcim.wbem.status import WBEMError
from virtcim.wbem.types import CIMType

Token = CIMErrorToken
CALL = f'<IMETHODCALL NAME="GetClass">{NAMESPACE}</IMETHODCALL>'


def test_intrinsic_call() -> None:
    """The envelope gives id, version, name as spelt, and namespace."""
    call = read_call(envelope(CALL, attributes='ID=" a&lt;&#10;" PROTOCOLVERSION="1.4"'))
    assert isinstance(call, IntrinsicCall)
    assert (call.message_id, call.protocol_version) == (" a<\n", "1.4")
    assert (call.name, call.namespace, call.parameters) == ("GetClass", "root/virt", ())


def test_extrinsic_calls() -> None:
    """A method is called on an instance or on a class."""
    call = read_call(extrinsic())
    assert isinstance(call, ExtrinsicCall)
    assert call.target == ObjectPath("X", (("Name", "a b"),), "root/virt")
    assert (call.name, call.namespace) == ("Do", "root/virt")
    on_class = f"<LOCALCLASSPATH>{NAMESPACE}{class_name('X')}</LOCALCLASSPATH>"
    call = read_call(extrinsic(target=on_class))
    assert isinstance(call, ExtrinsicCall)
    assert call.target == ObjectPath("X", None, "root/virt")


ACCEPTED = {
    "no declaration": envelope(declaration=""),
    "byte order mark": b"\xef\xbb\xbf" + envelope(),
    "comments": envelope(f"<!-- c -->{CALL}<!-- d -->"),
    "processing instructions": envelope(f"<?a b?>{CALL}<?c?>"),
    "blanks between elements": envelope(f"\n  {CALL}\n"),
    "correlator": envelope(f'<CORRELATOR NAME="c" TYPE="string">{text("x")}</CORRELATOR>{CALL}'),
    "newer versions": envelope(cim='CIMVERSION="2.4" DTDVERSION="2.40"'),
    "unknown attributes": envelope(cim='CIMVERSION="2.0" DTDVERSION="2.0" X="y" xml:lang="en"'),
    "another encoding named": envelope(declaration='<?xml version="1.0" encoding="latin-1"?>'),
}


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted_envelopes(body: bytes) -> None:
    """What clients do differently and what means nothing is accepted."""
    assert read_call(body).namespace == "root/virt"


def expanding() -> bytes:
    """Return a document whose entity would fill the memory."""
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<!DOCTYPE CIM [<!ENTITY a0 "haha">{entities}]>'
    return envelope(declaration=head, attributes='ID="&a11;" PROTOCOLVERSION="1.0"')


def nested(levels: int) -> bytes:
    """Return a call with paths inside paths."""
    inside, tail = "", ""
    for _ in range(levels // 3):
        inside += '<INSTANCENAME CLASSNAME="X"><KEYBINDING NAME="k"><VALUE.REFERENCE>'
        tail += "</VALUE.REFERENCE></KEYBINDING></INSTANCENAME>"
    return intrinsic(
        "DeleteInstance", f"<IPARAMVALUE NAME='InstanceName'>{inside}{path()}{tail}</IPARAMVALUE>"
    )


BAD: dict[str, tuple[bytes, int, Token]] = {
    "nothing": (b"", 400, Token.REQUEST_NOT_WELL_FORMED),
    "no XML": (b"hello", 400, Token.REQUEST_NOT_WELL_FORMED),
    "truncated": (envelope()[:-1], 400, Token.REQUEST_NOT_WELL_FORMED),
    "text after the end": (envelope() + b"x", 400, Token.REQUEST_NOT_WELL_FORMED),
    "second document": (envelope() * 2, 400, Token.REQUEST_NOT_WELL_FORMED),
    "blank before the declaration": (b" " + envelope(), 400, Token.REQUEST_NOT_WELL_FORMED),
    "declaration without version": (envelope(declaration="<?xml ?>"), 400,
                                    Token.REQUEST_NOT_WELL_FORMED),
    "control character": (envelope(f"\x01{CALL}"), 400, Token.REQUEST_NOT_WELL_FORMED),
    "reference to a control character": (envelope(f"&#1;{CALL}"), 400,
                                         Token.REQUEST_NOT_WELL_FORMED),
    "undefined entity": (envelope(f"&x;{CALL}"), 400, Token.REQUEST_NOT_WELL_FORMED),
    "invalid UTF-8": (envelope().replace(b"virt", b"v\xffrt"), 400, Token.REQUEST_NOT_VALID),
    "UTF-16": (envelope().decode().encode("utf-16"), 400, Token.REQUEST_NOT_VALID),
    "document type": (envelope(declaration="<!DOCTYPE CIM>"), 400, Token.REQUEST_NOT_VALID),
    "external document type": (
        envelope(declaration='<!DOCTYPE CIM SYSTEM "file:///etc/passwd">'), 400,
        Token.REQUEST_NOT_VALID),
    "external entity": (
        envelope(f"{CALL}&x;", declaration='<!DOCTYPE CIM [<!ENTITY x SYSTEM "hosts">]>'),
        400, Token.REQUEST_NOT_VALID),
    "entity in a document type": (
        envelope(CALL, declaration='<!DOCTYPE CIM [<!ENTITY x "y">]>'), 400,
        Token.REQUEST_NOT_VALID),
    "expanding entity": (expanding(), 400, Token.REQUEST_NOT_VALID),
    "another root": (b"<A/>", 400, Token.REQUEST_NOT_VALID),
    "namespaced": (envelope(cim='xmlns="u" CIMVERSION="2.0" DTDVERSION="2.0"'), 400,
                   Token.REQUEST_NOT_VALID),
    "no CIM version": (envelope(cim='DTDVERSION="2.0"'), 400, Token.REQUEST_NOT_VALID),
    "no DTD version": (envelope(cim='CIMVERSION="2.0"'), 400, Token.REQUEST_NOT_VALID),
    **{f"CIM version {v!r}": (envelope(cim=f'CIMVERSION="{v}" DTDVERSION="2.0"'), 501,
                              Token.UNSUPPORTED_CIM_VERSION)
       for v in ("", "1.0", "3.0", "2", "2.", "2.x", "2.0.0", " 2.0", "22.0")},
    **{f"DTD version {v!r}": (envelope(cim=f'CIMVERSION="2.0" DTDVERSION="{v}"'), 501,
                              Token.UNSUPPORTED_DTD_VERSION)
       for v in ("", "1.0", "2.x:y")},
    **{f"protocol {v!r}": (envelope(attributes=f'ID="1" PROTOCOLVERSION="{v}"'), 501,
                           Token.UNSUPPORTED_PROTOCOL_VERSION)
       for v in ("", "2.0", "1", "1.a")},
    "no protocol version": (envelope(attributes='ID="1"'), 400, Token.REQUEST_NOT_VALID),
    "no id": (envelope(attributes='PROTOCOLVERSION="1.0"'), 400, Token.REQUEST_NOT_VALID),
    "no message": (b'<CIM CIMVERSION="2.0" DTDVERSION="2.0"/>', 400, Token.REQUEST_NOT_VALID),
    "declaration": (b'<CIM CIMVERSION="2.0" DTDVERSION="2.0"><DECLARATION/></CIM>', 400,
                    Token.REQUEST_NOT_VALID),
    "multiple requests": (
        envelope(CALL).replace(b"<SIMPLEREQ>", b"<MULTIREQ><SIMPLEREQ>").replace(
            b"</SIMPLEREQ>", b"</SIMPLEREQ></MULTIREQ>"), 400, Token.HEADER_MISMATCH),
    "export": (envelope(CALL).replace(b"SIMPLEREQ", b"SIMPLEEXPREQ"), 400,
               Token.REQUEST_NOT_VALID),
    "response": (envelope(CALL).replace(b"SIMPLEREQ", b"SIMPLERSP"), 400, Token.REQUEST_NOT_VALID),
    "no call": (envelope(""), 400, Token.REQUEST_NOT_VALID),
    "two calls": (envelope(CALL * 2), 400, Token.REQUEST_NOT_VALID),
    "unknown call": (envelope("<CALL/>"), 400, Token.REQUEST_NOT_VALID),
    "nameless call": (envelope(CALL.replace('NAME="GetClass"', "")), 400, Token.REQUEST_NOT_VALID),
    "call of nothing": (envelope('<IMETHODCALL NAME="GetClass"/>'), 400, Token.REQUEST_NOT_VALID),
    "call without namespace": (envelope('<IMETHODCALL NAME="X"><IPARAMVALUE/></IMETHODCALL>'), 400,
                               Token.REQUEST_NOT_VALID),
    "stranger among parameters": (
        envelope(CALL.replace("</IM", "<PARAMVALUE/></IM")), 400, Token.REQUEST_NOT_VALID),
    "method without target": (envelope('<METHODCALL NAME="M"/>'), 400, Token.REQUEST_NOT_VALID),
    "method on a bare path": (extrinsic(target=path()), 400, Token.REQUEST_NOT_VALID),
    "nameless method": (envelope(f"<METHODCALL>{LOCAL_PATH}</METHODCALL>"), 400,
                        Token.REQUEST_NOT_VALID),
    "stranger among arguments": (extrinsic("<IPARAMVALUE/>"), 400, Token.REQUEST_NOT_VALID),
    "too deep": (nested(DEEPEST + 3), 400, Token.REQUEST_NOT_VALID),
    "too deep for the parser": (nested(3000), 400, Token.REQUEST_NOT_WELL_FORMED),
    "long name": (envelope(CALL.replace("GetClass", "X" * 1025)), 400, Token.REQUEST_NOT_VALID),
    "long namespace": (
        intrinsic("GetClass", namespace="/".join("x" * 600)), 400, Token.REQUEST_NOT_VALID),
    "too many elements": (
        intrinsic("X", "<IPARAMVALUE/>" * (2 * MOST_NODES)), 400, Token.REQUEST_NOT_VALID),
}  # fmt: skip


@pytest.mark.parametrize(("body", "http_status", "token"), BAD.values(), ids=BAD)
def test_refused_envelopes(body: bytes, http_status: int, token: Token) -> None:
    """Each fault has its status, its token and a text of one line."""
    with pytest.raises(Refusal) as caught:
        read_call(body)
    assert (caught.value.http_status, caught.value.token) == (http_status, token)
    assert caught.value.detail
    assert "\n" not in caught.value.detail
    assert "(<string>" not in caught.value.detail


def test_legal_depth_is_read() -> None:
    """Some levels of references are legal."""
    assert operation(read_call(nested(30))).namespace == "root/virt"


def arguments(*sent: str) -> tuple[Argument, ...]:
    """Return what a method call passes."""
    asked = operation(read_call(extrinsic(*sent)))
    assert isinstance(asked, InvokeMethod)
    assert (asked.method, asked.target.class_name) == ("Do", "X")
    return asked.arguments


K = ObjectPath("X", (("K", 5),))
INSTANCE = '<INSTANCE CLASSNAME="X"/>'
PASSED = (
    (text("5"), "", None, "5"),
    (text("5"), 'PARAMTYPE="uint8"', CIMType.UINT8, 5),
    (text("5"), 'TYPE="uint8"', CIMType.UINT8, 5),
    (text("5"), 'PARAMTYPE="" TYPE=""', None, "5"),
    ("", 'PARAMTYPE="uint8"', CIMType.UINT8, None),
    ("", "", None, None),
    ("<VALUE.ARRAY><VALUE>1</VALUE></VALUE.ARRAY>", 'PARAMTYPE="uint8"', CIMType.UINT8, (1,)),
    (f"<VALUE.REFERENCE>{path()}</VALUE.REFERENCE>", "", None, K),
    (
        f"<VALUE.REFARRAY><VALUE.REFERENCE>{path()}</VALUE.REFERENCE></VALUE.REFARRAY>",
        'PARAMTYPE="reference"',
        CIMType.REFERENCE,
        (K,),
    ),
    (path(), 'PARAMTYPE="reference"', CIMType.REFERENCE, K),
    (class_name("X"), "", None, ObjectPath("X", None)),
    (INSTANCE, 'PARAMTYPE="string"', CIMType.STRING, Instance("X", ())),
    (
        f"<VALUE.NAMEDINSTANCE>{path()}{INSTANCE}</VALUE.NAMEDINSTANCE>",
        "",
        None,
        Instance("X", (), K),
    ),
    ('<CLASS NAME="X"/>', "", None, ClassDeclaration(name="X")),
)


@pytest.mark.parametrize(("inside", "attributes", "kind", "value"), PASSED)
def test_arguments(inside: str, attributes: str, kind: CIMType | None, value: object) -> None:
    """All forms of PARAMVALUE; without a type, simple values stay text."""
    assert arguments(argument("A", inside, attributes)) == (Argument("A", kind, value),)  # type: ignore[arg-type]


BAD_ARGUMENTS = {
    "nameless": f"<PARAMVALUE>{text('x')}</PARAMVALUE>",
    "two values": argument("A", text("x") * 2),
    "unknown element": argument("A", "<THING/>"),
    "unknown type": argument("A", text("x"), 'PARAMTYPE="int"'),
    "not of its type": argument("A", text("x"), 'PARAMTYPE="uint8"'),
    "text for a reference": argument("A", text("x"), 'PARAMTYPE="reference"'),
}


@pytest.mark.parametrize("sent", BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS)
def test_refused_arguments(sent: str) -> None:
    """An argument that is none makes the message not valid."""
    with pytest.raises(Refusal) as caught:
        arguments(sent)
    assert (caught.value.http_status, caught.value.token) == (400, Token.REQUEST_NOT_VALID)


def test_parameter_without_name() -> None:
    """An IPARAMVALUE says what it is."""
    call = read_call(intrinsic("DeleteClass", "<IPARAMVALUE/>"))
    with pytest.raises(Refusal, match="IPARAMVALUE has no attribute NAME"):
        operation(call)


def decode(body: bytes) -> None:
    """Decode, accepting the two errors that a decoder may raise."""
    try:
        operation(read_call(body))
    except (Refusal, WBEMError):
        return


@given(st.binary(max_size=300))
@example(b"\xef\xbb\xbf")
@example(b"\x00")
@example(b"<")
def test_any_bytes(body: bytes) -> None:
    """Arbitrary bytes are refused and nothing worse."""
    decode(body)


PIECES = st.sampled_from(
    [
        "<", "/>", "</VALUE>", "<VALUE>", 'NAME="', '"', "<IPARAMVALUE ", "<KEYVALUE>",
        "<VALUE.ARRAY>", "<INSTANCENAME CLASSNAME='X'>", "&lt;", "&#0;", "]]>", "<![CDATA[", "<!--",
        "PropertyList", namespace_path("a"), path(), class_name("X"), text("1"), INSTANCE,
    ]
)  # fmt: skip


@given(
    st.lists(PIECES, max_size=12).map("".join), st.sampled_from(["GetClass", "Associators", "x"])
)
def test_any_pieces_of_messages(inside: str, name: str) -> None:
    """Pieces of real messages in any order are refused, or mean something."""
    decode(intrinsic(name, inside))
    decode(intrinsic(name, f"<IPARAMVALUE NAME='PropertyList'>{inside}</IPARAMVALUE>"))
    decode(extrinsic(argument("A", inside)))
    decode(message(inside))


@given(st.data())
def test_mutilated_messages(data: st.DataObject) -> None:
    """A real message with bytes cut out or changed is refused, or still means something."""
    body = bytearray(data.draw(st.sampled_from([*ACCEPTED.values(), extrinsic(), nested(6)])))
    start = data.draw(st.integers(0, len(body) - 1))
    body[start : start + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=4))
    decode(bytes(body))


# What some clients send around a message

PADDED: dict[str, bytes] = {
    "blanks before": b" \r\n\t" + envelope(),
    "blanks before no declaration": b"\n" + envelope(declaration=""),
    "text after": envelope() + b"x",
    "zeros after": envelope() + b"\0\0",
    "bytes after": envelope() + b"\xff",
    "both": b"\n" + envelope() + b" the end\n",
    "comment after": b"\n" + envelope() + b"<!-- c -->",
    "an end within": envelope(f"<!--</CIM>-->{CALL}") + b"x",
}


@pytest.mark.parametrize("body", PADDED.values(), ids=PADDED)
def test_padded_messages(body: bytes) -> None:
    """Blanks before a message and text after it are tolerated where that is asked for."""
    assert read_padded_call(body).namespace == "root/virt"
    if body is not PADDED["blanks before no declaration"]:
        with pytest.raises(Refusal):
            read_call(body)


@pytest.mark.parametrize("body", ACCEPTED.values(), ids=ACCEPTED)
def test_good_messages_need_no_padding(body: bytes) -> None:
    """What is accepted without the tolerance is accepted with it."""
    assert read_padded_call(body).namespace == "root/virt"


TOLERATED = {"text after the end", "blank before the declaration"}


@pytest.mark.parametrize("name", [name for name in BAD if name not in TOLERATED])
def test_padding_excuses_nothing_else(name: str) -> None:
    """A message that is bad for another reason is refused as it is without the tolerance."""
    body, status, token = BAD[name]
    for padded in (body, b" " + body):
        with pytest.raises(Refusal) as caught:
            read_padded_call(padded)
        if padded is body:
            assert (caught.value.http_status, caught.value.token) == (status, token)


@given(st.binary(max_size=40))
def test_what_follows_never_joins_the_message(rest: bytes) -> None:
    """Bytes after the end are ignored or refused; they never change what is read."""
    try:
        call = read_padded_call(envelope() + rest)
    except Refusal:
        assert b"<" in rest
    else:
        assert (call.name, call.namespace) == ("EnumerateQualifiers", "root/virt")
