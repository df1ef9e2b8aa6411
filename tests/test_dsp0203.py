"""The checker of replies, on messages that are right and messages that are wrong in one way."""

import pytest

from tests.dsp0203 import check

HEAD = '<?xml version="1.0" encoding="utf-8" ?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'
TAIL = "</CIM>"


def reply(inside: str, element: str = "IMETHODRESPONSE") -> bytes:
    """Return a response message around some content."""
    return (
        f'{HEAD}<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLERSP><{element} NAME="GetInstance">'
        f"{inside}</{element}></SIMPLERSP></MESSAGE>{TAIL}"
    ).encode()


def value(inside: str) -> str:
    """Return a return value around some content."""
    return f"<IRETURNVALUE>{inside}</IRETURNVALUE>"


def instance(inside: str) -> bytes:
    """Return a response with one instance that has some content."""
    return reply(value(f'<INSTANCE CLASSNAME="X">{inside}</INSTANCE>'))


def number(text: str, type_: str) -> bytes:
    """Return a response with one property."""
    return instance(f'<PROPERTY NAME="P" TYPE="{type_}"><VALUE>{text}</VALUE></PROPERTY>')


KEY = '<KEYBINDING NAME="K"><KEYVALUE VALUETYPE="string" TYPE="string">v</KEYVALUE></KEYBINDING>'
PATH = (
    '<INSTANCEPATH><NAMESPACEPATH><HOST>h</HOST><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/>'
    '<NAMESPACE NAME="virt"></NAMESPACE></LOCALNAMESPACEPATH></NAMESPACEPATH>'
    f'<INSTANCENAME CLASSNAME="X">{KEY}</INSTANCENAME></INSTANCEPATH>'
)

GOOD = {
    "void": reply(""),
    "empty": reply(value("")),
    "error": reply('<ERROR CODE="6" DESCRIPTION="gone &#10; &lt;x&gt;"/>'),
    "class names": reply(value('<CLASSNAME NAME="A"/><CLASSNAME NAME="B"></CLASSNAME>')),
    "null property": instance('<PROPERTY NAME="P" TYPE="string"></PROPERTY>'),
    "text": number("a &amp; b &#13; \t \n\N{SNOWMAN}", "string"),
    "array": instance(
        '<PROPERTY.ARRAY NAME="P" TYPE="uint16"><VALUE.ARRAY><VALUE>2</VALUE><VALUE.NULL/>'
        "</VALUE.ARRAY></PROPERTY.ARRAY>"
    ),
    "reference": instance(
        '<PROPERTY.REFERENCE NAME="P" REFERENCECLASS="X" CLASSORIGIN="Y"><VALUE.REFERENCE>'
        f"{PATH}</VALUE.REFERENCE></PROPERTY.REFERENCE>"
    ),
    "with path": reply(
        value(
            f'<VALUE.OBJECTWITHPATH>{PATH}<INSTANCE CLASSNAME="X"></INSTANCE>'
            "</VALUE.OBJECTWITHPATH>"
        )
    ),
    "method": reply(
        '<RETURNVALUE PARAMTYPE="uint32"><VALUE>0</VALUE></RETURNVALUE>', "METHODRESPONSE"
    ),
    "negative": number("-128", "sint8"),
    "date": number("20260101000000.000000+060", "datetime"),
    "interval": number("00000001000000.000000:000", "datetime"),
    "embedded": instance(
        '<PROPERTY NAME="P" TYPE="string" EmbeddedObject="instance"><VALUE>'
        '&lt;INSTANCE CLASSNAME="X"&gt;&lt;/INSTANCE&gt;</VALUE></PROPERTY>'
    ),
    "class": reply(
        value(
            '<CLASS NAME="A" SUPERCLASS="B"><QUALIFIER NAME="Key" TYPE="boolean" '
            'OVERRIDABLE="false"><VALUE>TRUE</VALUE></QUALIFIER><METHOD NAME="M" TYPE="uint32">'
            '<PARAMETER.REFERENCE NAME="J" REFERENCECLASS="C"></PARAMETER.REFERENCE></METHOD>'
            "</CLASS>"
        )
    ),
}

BAD = {
    "declaration": (reply("").removeprefix(b"<?xml"), "no XML declaration"),
    "truncated": (reply("")[:-4], "not well-formed"),
    "control character": (number("\x01", "string"), "not well-formed"),
    "character reference": (number("a&#10;", "string"), "reference that simple clients"),
    "cdata": (number("<![CDATA[x]]>", "string"), "CDATA"),
    "comment": (reply("<!-- x -->"), "<!--"),
    "self-closed property": (
        instance('<PROPERTY NAME="P" TYPE="string"/>'),
        "self-closed PROPERTY",
    ),
    "self-closed value": (
        instance('<PROPERTY NAME="P" TYPE="string"><VALUE/></PROPERTY>'),
        "self-closed VALUE",
    ),
    "self-closed behind a quoted bracket": (
        instance('<PROPERTY NAME=">" TYPE="string"/>'),
        "self-closed PROPERTY",
    ),
    "unknown element": (reply(value("<THING></THING>")), "must not consist of"),
    "order": (
        instance(
            '<PROPERTY NAME="P" TYPE="string"><VALUE>x</VALUE>'
            '<QUALIFIER NAME="Q" TYPE="string"></QUALIFIER></PROPERTY>'
        ),
        "PROPERTY must not consist of",
    ),
    "error and value": (
        reply('<ERROR CODE="1"/>' + value("")),
        "IMETHODRESPONSE must not consist of",
    ),
    "two kinds": (
        reply(value('<CLASSNAME NAME="A"/><INSTANCENAME CLASSNAME="A"/>')),
        "IRETURNVALUE must not",
    ),
    "path without host": (
        reply(value(PATH.replace("<HOST>h</HOST>", ""))),
        "NAMESPACEPATH must not",
    ),
    "missing attribute": (
        instance('<PROPERTY NAME="P"></PROPERTY>'),
        r"PROPERTY without \['TYPE'\]",
    ),
    "key without type": (
        reply(
            value(f'<INSTANCENAME CLASSNAME="A">{KEY}</INSTANCENAME>'.replace(' TYPE="string"', ""))
        ),
        "KEYVALUE without",
    ),
    "unknown attribute": (
        instance('<PROPERTY NAME="P" TYPE="string" xml:lang="en"></PROPERTY>'),
        "with attribute",
    ),
    "unknown type": (instance('<PROPERTY NAME="P" TYPE="int"></PROPERTY>'), "TYPE='int'"),
    "slash in a namespace": (
        reply(value(PATH.replace("virt", "a/b"))),
        "NAMESPACE NAME",
    ),
    "stray text": (instance("x"), "text in INSTANCE"),
    "not a number": (number("x", "uint16"), "uint16 written as 'x'"),
    "not canonical": (number("007", "uint16"), "written as '007'"),
    "out of range": (number("65536", "uint16"), "uint16 65536"),
    "lower-case boolean": (number("true", "boolean"), "boolean 'true'"),
    "date": (number("2026", "datetime"), "datetime '2026'"),
    "code": (reply('<ERROR CODE="0"/>'), "ERROR CODE"),
    "null return value": (
        reply('<RETURNVALUE PARAMTYPE="uint32"></RETURNVALUE>', "METHODRESPONSE"),
        "RETURNVALUE must not consist of: nothing",
    ),
    "null out parameter": (
        reply('<PARAMVALUE NAME="Job" PARAMTYPE="reference"></PARAMVALUE>', "METHODRESPONSE"),
        "NULL out parameter Job",
    ),
    "embedded in a path": (
        instance(
            '<PROPERTY NAME="P" TYPE="string" EmbeddedObject="instance"><VALUE>'
            "&lt;VALUE.NAMEDINSTANCE&gt;&lt;/VALUE.NAMEDINSTANCE&gt;</VALUE></PROPERTY>"
        ),
        "where INSTANCE belongs",
    ),
    "request": (
        reply("").replace(b"SIMPLERSP", b"SIMPLEREQ"),
        "MESSAGE must not consist of",
    ),
}


@pytest.mark.parametrize("body", GOOD.values(), ids=GOOD)
def test_accepts(body: bytes) -> None:
    """A message that follows the rules passes."""
    check(body)


@pytest.mark.parametrize(("body", "violation"), BAD.values(), ids=BAD)
def test_refuses(body: bytes, violation: str) -> None:
    """A message with one fault is refused, and the fault is named."""
    with pytest.raises(AssertionError, match=violation):
        check(body)
