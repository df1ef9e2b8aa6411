"""CIM objects as XML: legal, plain enough for any client, and read back equal."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from lxml import etree

from tests.dsp0203 import check, check_fragment
from tests.wbem.strategies import (
    CLASSES,
    SCOPES,
    class_paths,
    instance_paths,
    instances,
    qualifier_declarations,
)
from virtcim.wbem.objects import (
    ClassDeclaration,
    Instance,
    InstanceProperty,
    Qualifier,
    QualifierDeclaration,
)
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.reading import (
    PATH_READERS,
    Element,
    read_class,
    read_instance,
    read_instance_name,
    read_named_instance,
    read_qualifier_declaration,
)
from virtcim.wbem.types import CIMType
from virtcim.wbem.writing import (
    QualifierTexts,
    any_path_xml,
    class_xml,
    instance_name_xml,
    instance_xml,
    qualifier_declaration_xml,
    value_xml,
)


def element(text: str) -> Element:
    """Parse one element."""
    return etree.fromstring(text.encode())


def reply(content: str) -> bytes:
    """Return a reply around return values."""
    return (
        '<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        '<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLERSP><IMETHODRESPONSE NAME="X"><IRETURNVALUE>'
        f"{content}</IRETURNVALUE></IMETHODRESPONSE></SIMPLERSP></MESSAGE></CIM>"
    ).encode()


@given(instances())
def test_instances(instance: Instance) -> None:
    """Every instance, with values of every type, reads back equal."""
    text = instance_xml(instance)
    check(reply(text))
    assert read_instance(element(text)) == instance


@given(instances(), instance_paths())
def test_named_instances(instance: Instance, path: ObjectPath) -> None:
    """An instance with its path reads back equal; the path has neither namespace nor host."""
    text = instance_name_xml(path) + instance_xml(instance)
    read = read_named_instance(element(f"<VALUE.NAMEDINSTANCE>{text}</VALUE.NAMEDINSTANCE>"))
    bare = ObjectPath(path.class_name, path.keys)
    assert read == Instance(instance.class_name, instance.properties, bare)
    assert read_instance_name(element(instance_name_xml(path))) == bare


@given(instance_paths() | class_paths())
def test_paths(path: ObjectPath) -> None:
    """A path is written in the form that holds all it has, and reads back equal."""
    text = any_path_xml(path)
    read = element(text)
    assert PATH_READERS[str(read.tag)](read) == path
    check(reply(f"<VALUE.REFERENCE>{text}</VALUE.REFERENCE>"))


def as_read(declaration: ClassDeclaration) -> ClassDeclaration:
    """Return the class as a reader has it.

    An array without a default is not marked as one of embedded objects; its qualifiers say it.
    """
    unmarked = tuple(
        replace(p, embedding=None) if p.is_array and p.value is None else p
        for p in declaration.properties
    )
    return replace(declaration, properties=unmarked)


@settings(max_examples=30)
@given(CLASSES)
def test_classes(declaration: ClassDeclaration) -> None:
    """Every class, with all that can be declared in it, reads back equal."""
    assert read_class(element(class_xml(declaration))) == as_read(declaration)


@given(qualifier_declarations())
def test_qualifier_declarations(declaration: QualifierDeclaration) -> None:
    """Every qualifier declaration reads back equal."""
    text = qualifier_declaration_xml(declaration)
    check(reply(text))
    assert read_qualifier_declaration(element(text)) == declaration


def test_scope_any_is_all_scopes() -> None:
    """The scope ANY is written out, since DSP0201 has no attribute of that name."""
    declaration = QualifierDeclaration("Q", CIMType.STRING, False, None, frozenset(("ANY",)))  # noqa: FBT003
    read = read_qualifier_declaration(element(qualifier_declaration_xml(declaration)))
    assert read.scopes == frozenset(SCOPES)


LOCATION = (
    '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="virt"/></LOCALNAMESPACEPATH>'
)
KEYS = (
    ("s", "a<b", '<KEYVALUE VALUETYPE="string" TYPE="string">a&lt;b</KEYVALUE>'),
    ("u", 5, '<KEYVALUE VALUETYPE="numeric" TYPE="uint64">5</KEYVALUE>'),
    ("n", -5, '<KEYVALUE VALUETYPE="numeric" TYPE="sint64">-5</KEYVALUE>'),
    ("b", True, '<KEYVALUE VALUETYPE="boolean" TYPE="boolean">TRUE</KEYVALUE>'),
    ("r", 0.5, '<KEYVALUE VALUETYPE="numeric" TYPE="real64">0.5</KEYVALUE>'),
)


@pytest.mark.parametrize(("name", "value", "text"), KEYS)
def test_keys_say_their_type_twice(name: str, value: str | float, text: str) -> None:
    """Older clients read VALUETYPE, DSP0201 2.4 wants TYPE."""
    written = instance_name_xml(ObjectPath("X", ((name, value),)))
    binding = f'<KEYBINDING NAME="{name}">{text}</KEYBINDING>'
    assert written == f'<INSTANCENAME CLASSNAME="X">{binding}</INSTANCENAME>'


def test_forms_of_paths() -> None:
    """The form of a path tells whether namespace and host are known."""
    name = '<INSTANCENAME CLASSNAME="X"></INSTANCENAME>'
    location = f"<NAMESPACEPATH><HOST>h</HOST>{LOCATION}</NAMESPACEPATH>"
    assert any_path_xml(ObjectPath("X")) == name
    assert (
        any_path_xml(ObjectPath("X", (), "root/virt"))
        == f"<LOCALINSTANCEPATH>{LOCATION}{name}</LOCALINSTANCEPATH>"
    )
    assert (
        any_path_xml(ObjectPath("X", (), "root/virt", "h"))
        == f"<INSTANCEPATH>{location}{name}</INSTANCEPATH>"
    )
    assert any_path_xml(ObjectPath("X", None)) == '<CLASSNAME NAME="X"/>'
    assert (
        any_path_xml(ObjectPath("X", None, "root/virt", "h"))
        == f'<CLASSPATH>{location}<CLASSNAME NAME="X"/></CLASSPATH>'
    )


def test_values() -> None:
    """NULL is nothing, an empty array is an empty element, a NULL element is VALUE.NULL."""
    assert value_xml(CIMType.STRING, None) == ""
    assert value_xml(CIMType.STRING, "") == "<VALUE></VALUE>"
    assert value_xml(CIMType.UINT8, ()) == "<VALUE.ARRAY></VALUE.ARRAY>"
    assert value_xml(CIMType.UINT8, (1, None)) == (
        "<VALUE.ARRAY><VALUE>1</VALUE><VALUE.NULL/></VALUE.ARRAY>"
    )
    reference = value_xml(CIMType.REFERENCE, ObjectPath("X"))
    assert value_xml(CIMType.REFERENCE, (ObjectPath("X"),)) == (
        f"<VALUE.REFARRAY>{reference}</VALUE.REFARRAY>"
    )


def embedded(value: Instance | ClassDeclaration) -> InstanceProperty:
    """Return a property that holds an object."""
    return InstanceProperty(name="E", type=CIMType.STRING, value=value, embedding="object")


@given(instances())
def test_embedded_objects_are_escaped_xml(instance: Instance) -> None:
    """An object in a property is text that is XML, also two levels deep; never with a path."""
    within = Instance("Outer", (embedded(Instance("Inner", (embedded(instance),))),))
    text = instance_xml(within)
    check(reply(text))
    for _ in range(2):
        value = element(text).findtext("PROPERTY/VALUE")
        assert value is not None
        text = value
    assert read_instance(element(text)) == instance


@settings(max_examples=30)
@given(CLASSES)
def test_embedded_classes(declaration: ClassDeclaration) -> None:
    """A class in a property is the text of its XML."""
    text = element(instance_xml(Instance("X", (embedded(declaration),)))).findtext("PROPERTY/VALUE")
    assert text is not None
    assert read_class(element(text)) == as_read(declaration)


def test_class_text_is_readable_by_simple_clients() -> None:
    """A class with everything is written without self-closed elements."""
    source = """<CLASS NAME="A" SUPERCLASS="B"><QUALIFIER NAME="Version" TYPE="string"
      PROPAGATED="true" OVERRIDABLE="false" TOSUBCLASS="false" TRANSLATABLE="true"><VALUE>1</VALUE>
      </QUALIFIER><PROPERTY NAME="P" TYPE="uint8" CLASSORIGIN="B"></PROPERTY>
      <PROPERTY.ARRAY NAME="Q" TYPE="string" ARRAYSIZE="3" PROPAGATED="true"></PROPERTY.ARRAY>
      <PROPERTY.REFERENCE NAME="R" REFERENCECLASS="C"></PROPERTY.REFERENCE>
      <METHOD NAME="M" TYPE="uint32" CLASSORIGIN="A"><PARAMETER NAME="a" TYPE="string"></PARAMETER>
      <PARAMETER.ARRAY NAME="b" TYPE="uint8" ARRAYSIZE="2"></PARAMETER.ARRAY>
      <PARAMETER.REFERENCE NAME="c" REFERENCECLASS="C"></PARAMETER.REFERENCE>
      <PARAMETER.REFARRAY NAME="d" REFERENCECLASS="C"></PARAMETER.REFARRAY></METHOD></CLASS>"""
    declaration = read_class(element(source))
    text = class_xml(declaration)
    check(reply(text))
    check_fragment(text, "CLASS")
    assert sorted(text.replace(">", " ").split()) == sorted(
        source.replace(">", " ").replace("\n", " ").split()
    )


def test_texts_of_qualifiers_are_remembered_and_forgotten_by_what_they_are() -> None:
    """The same tuple gives the same text; one of many that came and went gives its own."""
    texts = QualifierTexts(1000)
    kept = (Qualifier("Description", CIMType.STRING, "kept"),)
    assert texts.text(kept) is texts.text(kept)
    for number in range(1000):
        passing = (Qualifier("Description", CIMType.STRING, str(number)),)
        assert f">{number}<" in texts.text(passing)
    assert ">kept<" in texts.text(kept)
    assert texts.text(()) == ""
