"""CIM-XML to objects: the forms that clients send, and every message that breaks the rules."""

import pytest
from lxml import etree

from virtcim.wbem.objects import (
    ClassDeclaration,
    Flavor,
    Instance,
    InstanceProperty,
    Method,
    Parameter,
    Property,
    Qualifier,
    QualifierDeclaration,
    Value,
    qualifier_value,
)
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.reading import (
    PATH_READERS,
    read_class,
    read_instance,
    read_instance_name,
    read_named_instance,
    read_namespace,
    read_qualifier_declaration,
    read_untyped_value,
    typed,
)
from virtcim.wbem.refusal import CIMErrorToken, Refusal
from virtcim.wbem.types import CIMType

LOCAL = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="virt"/></LOCALNAMESPACEPATH>'
FULL = f"<NAMESPACEPATH><HOST>h</HOST>{LOCAL}</NAMESPACEPATH>"


def key(inside: str, name: str = "k") -> str:
    """Return a key binding."""
    return f'<KEYBINDING NAME="{name}">{inside}</KEYBINDING>'


def path(inside: str) -> str:
    """Return an INSTANCENAME."""
    return f'<INSTANCENAME CLASSNAME="X">{inside}</INSTANCENAME>'


def value(text: str, attributes: str = "") -> str:
    """Return a KEYVALUE."""
    return f"<KEYVALUE {attributes}>{text}</KEYVALUE>"


INSTANCE_NAMES = (
    (path(""), ()),
    (path(key(value("v"))), (("k", "v"),)),
    (path(key(value("v", 'VALUETYPE="string"'))), (("k", "v"),)),
    (path(key(value("v", 'VALUETYPE="" TYPE=""'))), (("k", "v"),)),
    (path(key(value("  v "))), (("k", "  v "),)),
    (path(key(value(""))), (("k", ""),)),
    (path(key(value(" 5", 'VALUETYPE="numeric"'))), (("k", 5),)),
    (path(key(value("0x1F", 'VALUETYPE="numeric" TYPE="uint8"'))), (("k", 31),)),
    (path(key(value("1.5", 'VALUETYPE="numeric"'))), (("k", 1.5),)),
    (path(key(value("tRue", 'VALUETYPE="boolean"'))), (("k", True),)),
    (path(value("v")), (("", "v"),)),
    (path(f"<VALUE.REFERENCE>{path('')}</VALUE.REFERENCE>"), (("", ObjectPath("X")),)),
    (
        path(key(f"<VALUE.REFERENCE>{path(key(value('v')))}</VALUE.REFERENCE>")
             + key(value("w"), "l")),
        (("k", ObjectPath("X", (("k", "v"),))), ("l", "w")),
    ),
    (path(key(value("<![CDATA[a<b]]>"))), (("k", "a<b"),)),
)  # fmt: skip


@pytest.mark.parametrize(("text", "keys"), INSTANCE_NAMES)
def test_instance_names(text: str, keys: tuple[tuple[str, object], ...]) -> None:
    """Key bindings, one bare key, and none; types by VALUETYPE, string when it says nothing."""
    read = read_instance_name(etree.fromstring(text))
    assert read == ObjectPath("X", keys)  # type: ignore[arg-type]
    assert [type(v) for _, v in read.keys or ()] == [type(v) for _, v in keys]


PATHS = (
    ('<CLASSNAME NAME="X"/>', ObjectPath("X", None)),
    (f'<LOCALCLASSPATH>{LOCAL}<CLASSNAME NAME="X"/></LOCALCLASSPATH>',
     ObjectPath("X", None, "root/virt")),
    (f'<CLASSPATH>{FULL}<CLASSNAME NAME="X"/></CLASSPATH>',
     ObjectPath("X", None, "root/virt", "h")),
    (path(""), ObjectPath("X")),
    (f"<LOCALINSTANCEPATH>{LOCAL}{path('')}</LOCALINSTANCEPATH>", ObjectPath("X", (), "root/virt")),
    (f"<INSTANCEPATH>{FULL}{path('')}</INSTANCEPATH>", ObjectPath("X", (), "root/virt", "h")),
)  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), PATHS)
def test_paths(text: str, wanted: ObjectPath) -> None:
    """All six forms of a path, as themselves and in a reference."""
    element = etree.fromstring(text)
    assert PATH_READERS[str(element.tag)](element) == wanted
    reference = etree.fromstring(f"<VALUE.REFERENCE>{text}</VALUE.REFERENCE>")
    assert read_untyped_value(reference) == wanted


def test_table_of_paths_is_tested_whole() -> None:
    """Every element that is a path stands in the table above."""
    assert {str(etree.fromstring(text).tag) for text, _ in PATHS} == set(PATH_READERS)


def test_several_names_in_one_namespace_element() -> None:
    """Some clients write the whole namespace into one element."""
    text = '<LOCALNAMESPACEPATH><NAMESPACE NAME="root/virt"/></LOCALNAMESPACEPATH>'
    assert read_namespace(etree.fromstring(text)) == "root/virt"


VALUES = (
    ("<VALUE>a</VALUE>", "a"),
    ("<VALUE></VALUE>", ""),
    ("<VALUE.ARRAY><VALUE>a</VALUE><VALUE.NULL/></VALUE.ARRAY>", ("a", None)),
    ("<VALUE.ARRAY></VALUE.ARRAY>", ()),
    (f"<VALUE.REFARRAY><VALUE.REFERENCE>{path('')}</VALUE.REFERENCE><VALUE.NULL/></VALUE.REFARRAY>",
     (ObjectPath("X"), None)),
)  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), VALUES)
def test_values(text: str, wanted: Value) -> None:
    """Values without a type stay text."""
    assert read_untyped_value(etree.fromstring(text)) == wanted


def test_typing_of_values() -> None:
    """A type is given to texts, NULL stays NULL, and what is no text stays as it is."""
    assert typed(CIMType.UINT8, ("1", None), "x") == (1, None)
    assert typed(CIMType.UINT8, None, "x") is None
    assert typed(CIMType.REFERENCE, ObjectPath("X"), "x") == ObjectPath("X")
    with pytest.raises(Refusal):
        typed(CIMType.UINT8, "256", "x")


def test_instance_as_wbemcli_sends_it() -> None:
    """Qualifiers, origins and unknown attributes in an instance mean nothing."""
    text = """<INSTANCE CLASSNAME="X" xml:lang="en"><QUALIFIER NAME="Q" TYPE="string"/>
    <PROPERTY NAME="A" TYPE="uint8" CLASSORIGIN="Y" PROPAGATED="true"><QUALIFIER NAME="Key"
    TYPE="boolean"><VALUE>TRUE</VALUE></QUALIFIER><VALUE> 7 </VALUE></PROPERTY>
    <PROPERTY.ARRAY NAME="B" TYPE="string"/>
    <PROPERTY.REFERENCE NAME="C" REFERENCECLASS="Z"></PROPERTY.REFERENCE>
    <PROPERTY NAME="D" TYPE="string" EmbeddedObject="instance"/>
    <PROPERTY NAME="E" TYPE="string" EMBEDDEDOBJECT="object"/></INSTANCE>"""
    item = InstanceProperty
    assert read_instance(etree.fromstring(text)) == Instance(
        "X",
        (
            item(name="A", type=CIMType.UINT8, value=7),
            item(name="B", type=CIMType.STRING, value=None, is_array=True),
            item(name="C", type=CIMType.REFERENCE, value=None, reference_class="Z"),
            item(name="D", type=CIMType.STRING, value=None, embedding="instance"),
            item(name="E", type=CIMType.STRING, value=None, embedding="object"),
        ),
    )


def test_properties_are_found_in_any_case() -> None:
    """An instance is asked for properties by lower-case name."""
    text = '<INSTANCE CLASSNAME="X"><PROPERTY NAME="aB" TYPE="string"/></INSTANCE>'
    assert read_instance(etree.fromstring(text)).by_name["ab"].name == "aB"


def test_class() -> None:
    """A class with what can be in it."""
    text = """<CLASS NAME="A" SUPERCLASS="B"><QUALIFIER NAME="V" TYPE="string" PROPAGATED="true"
    OVERRIDABLE="false" TOSUBCLASS="FALSE" TRANSLATABLE="true"><VALUE>1</VALUE></QUALIFIER>
    <PROPERTY.ARRAY NAME="P" TYPE="uint8" ARRAYSIZE="2" CLASSORIGIN="B" PROPAGATED="true">
    <VALUE.ARRAY><VALUE>1</VALUE></VALUE.ARRAY></PROPERTY.ARRAY><METHOD NAME="M" TYPE="uint32"
    CLASSORIGIN="A"><QUALIFIER NAME="Static" TYPE="boolean"><VALUE>true</VALUE></QUALIFIER>
    <PARAMETER.REFARRAY NAME="R" REFERENCECLASS="C" ARRAYSIZE="4"/><PARAMETER NAME="I"
    TYPE="string"><QUALIFIER NAME="IN" TYPE="boolean"><VALUE>FALSE</VALUE></QUALIFIER></PARAMETER>
    </METHOD></CLASS>"""
    flag = Qualifier("IN", CIMType.BOOLEAN, value=False)
    into = Parameter(name="I", type=CIMType.STRING, qualifiers=(flag,))
    flavor = Flavor(overridable=False, to_subclass=False, translatable=True)
    assert read_class(etree.fromstring(text)) == ClassDeclaration(
        name="A",
        superclass="B",
        properties=(
            Property(
                name="P",
                type=CIMType.UINT8,
                is_array=True,
                array_size=2,
                value=(1,),
                class_origin="B",
                propagated=True,
            ),
        ),
        methods=(
            Method(
                name="M",
                return_type=CIMType.UINT32,
                parameters=(
                    Parameter(
                        name="R",
                        type=CIMType.REFERENCE,
                        is_array=True,
                        array_size=4,
                        reference_class="C",
                    ),
                    into,
                ),
                class_origin="A",
                qualifiers=(Qualifier("Static", CIMType.BOOLEAN, value=True),),
            ),
        ),
        qualifiers=(Qualifier("V", CIMType.STRING, "1", flavor, propagated=True),),
    )
    assert (into.flag("In", default=True), into.flag("Out", default=False)) == (False, False)
    assert qualifier_value((flag,), "in") is False
    assert qualifier_value((flag,), "Out") is None


def test_qualifier_declaration() -> None:
    """Scopes are the attributes that are true."""
    text = """<QUALIFIER.DECLARATION NAME="Q" TYPE="string" ISARRAY="true" TRANSLATABLE="true">
    <SCOPE CLASS="true" METHOD="false" PROPERTY="TRUE"/><VALUE.ARRAY/></QUALIFIER.DECLARATION>"""
    assert read_qualifier_declaration(etree.fromstring(text)) == QualifierDeclaration(
        "Q",
        CIMType.STRING,
        is_array=True,
        value=(),
        scopes=frozenset(("CLASS", "PROPERTY")),
        flavor=Flavor(translatable=True),
    )


def prop(inside: str, tag: str = "PROPERTY", type_: str = 'TYPE="uint8"') -> str:
    """Return an instance with one property."""
    return f'<INSTANCE CLASSNAME="X"><{tag} NAME="P" {type_}>{inside}</{tag}></INSTANCE>'


REFERENCE = f"<VALUE.REFERENCE>{path('')}</VALUE.REFERENCE>"

BAD = {
    "no class name": "<INSTANCENAME/>",
    "key without name": path("<KEYBINDING><KEYVALUE>v</KEYVALUE></KEYBINDING>"),
    "empty key": path(key("")),
    "two values in a key": path(key(value("a") + value("b"))),
    "two bare keys": path(value("a") + value("b")),
    "element in a key": path(key(value("<b/>"))),
    "value for a key": path(key("<VALUE>v</VALUE>")),
    "unknown value type": path(key(value("v", 'VALUETYPE="text"'))),
    "no number": path(key(value("v", 'VALUETYPE="numeric"'))),
    "no boolean": path(key(value("1", 'VALUETYPE="boolean"'))),
    "empty reference": path(key("<VALUE.REFERENCE/>")),
    "two references": path(key(f"<VALUE.REFERENCE>{path('')}{path('')}</VALUE.REFERENCE>")),
    "no path in a reference": path(key("<VALUE.REFERENCE><VALUE>v</VALUE></VALUE.REFERENCE>")),
    "path without namespace": f"<LOCALINSTANCEPATH>{path('')}</LOCALINSTANCEPATH>",
    "empty namespace path":
        f"<LOCALINSTANCEPATH><LOCALNAMESPACEPATH/>{path('')}</LOCALINSTANCEPATH>",
    "namespace without name":
        f"<LOCALINSTANCEPATH><LOCALNAMESPACEPATH><NAMESPACE/></LOCALNAMESPACEPATH>{path('')}"
        "</LOCALINSTANCEPATH>",
    "no namespace": f"<LOCALINSTANCEPATH><LOCALNAMESPACEPATH><X/></LOCALNAMESPACEPATH>{path('')}"
        "</LOCALINSTANCEPATH>",
    "class in an instance path":
        f'<LOCALINSTANCEPATH>{LOCAL}<CLASSNAME NAME="X"/></LOCALINSTANCEPATH>',
    "instance in a class path": f"<LOCALCLASSPATH>{LOCAL}{path('')}</LOCALCLASSPATH>",
    "local namespace in a full path": f"<INSTANCEPATH>{LOCAL}{path('')}</INSTANCEPATH>",
    "full path alone": f"<INSTANCEPATH>{FULL}</INSTANCEPATH>",
    "no host": f"<INSTANCEPATH><NAMESPACEPATH>{LOCAL}</NAMESPACEPATH>{path('')}</INSTANCEPATH>",
    "host misplaced":
        f"<INSTANCEPATH><NAMESPACEPATH>{LOCAL}<HOST>h</HOST></NAMESPACEPATH>{path('')}</INSTANCEPATH>",
    "class without name": "<CLASSNAME/>",
    "array of arrays": "<VALUE.ARRAY><VALUE.ARRAY/></VALUE.ARRAY>",
    "elements in a value": "<VALUE><b/></VALUE>",
    "value among references": "<VALUE.REFARRAY><VALUE>x</VALUE></VALUE.REFARRAY>",
    "unknown value": "<VALUES/>",
    "instance without class": "<INSTANCE/>",
    "unknown element": '<INSTANCE CLASSNAME="X"><THING/></INSTANCE>',
    "method in an instance": '<INSTANCE CLASSNAME="X"><METHOD NAME="M" TYPE="uint8"/></INSTANCE>',
    "property without type": prop("", type_=""),
    "unknown type": prop("", type_='TYPE="int"'),
    "two values": prop("<VALUE>1</VALUE><VALUE>2</VALUE>"),
    "out of range": prop("<VALUE>256</VALUE>"),
    "array for a scalar": prop("<VALUE.ARRAY/>"),
    "scalar for an array": prop("<VALUE>1</VALUE>", "PROPERTY.ARRAY"),
    "reference for a number": prop(REFERENCE),
    "text for a reference": prop("<VALUE>x</VALUE>", "PROPERTY.REFERENCE", ""),
    "unknown child": prop("<THING/>"),
    "qualifier without type": prop('<QUALIFIER NAME="Q"/>'),
    "qualifier without name": prop('<QUALIFIER TYPE="string"/>'),
    "wrong flag": prop('<QUALIFIER NAME="Q" TYPE="string" PROPAGATED="1"/>'),
    "path alone": f"<VALUE.NAMEDINSTANCE>{path('')}</VALUE.NAMEDINSTANCE>",
    "instance first":
        f'<VALUE.NAMEDINSTANCE><INSTANCE CLASSNAME="X"/>{path("")}</VALUE.NAMEDINSTANCE>',
    "class without a name": "<CLASS/>",
    "method without type": '<CLASS NAME="X"><METHOD NAME="M"/></CLASS>',
    "unknown parameter": '<CLASS NAME="X"><METHOD NAME="M" TYPE="uint8"><VALUE/></METHOD></CLASS>',
    "array size": '<CLASS NAME="X"><PROPERTY.ARRAY NAME="P" TYPE="uint8" ARRAYSIZE="x"/></CLASS>',
    "declaration without type": '<QUALIFIER.DECLARATION NAME="Q"/>',
    "scope":
        '<QUALIFIER.DECLARATION NAME="Q" TYPE="string"><SCOPE CLASS="1"/></QUALIFIER.DECLARATION>',
}  # fmt: skip

READERS = {
    **PATH_READERS,
    "INSTANCE": read_instance,
    "VALUE.NAMEDINSTANCE": read_named_instance,
    "CLASS": read_class,
    "QUALIFIER.DECLARATION": read_qualifier_declaration,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_refusals(text: str) -> None:
    """Whatever breaks the document type is refused as not valid."""
    element = etree.fromstring(text)
    with pytest.raises(Refusal) as caught:
        READERS.get(str(element.tag), read_untyped_value)(element)
    assert (caught.value.http_status, caught.value.token) == (400, CIMErrorToken.REQUEST_NOT_VALID)
    assert caught.value.detail
