"""CIM-XML elements to CIM objects (DSP0201 section 5.2).

Every reader takes one lxml element and returns data, or raises Refusal: a message that breaks the
document type is refused whole. Unknown attributes are ignored; unknown elements are not.
Only paths and embedded objects nest; how deep they may is limited here.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeVar

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
    Scalar,
    Value,
)
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.refusal import not_valid
from virtcim.wbem.types import CIMType
from virtcim.wbem.values import parse, parse_boolean, parse_integer, parse_real

Element = etree._Element  # noqa: SLF001 (the stubs' only name for it)
T = TypeVar("T")

LONGEST_NAME = 1024
"""Characters of a name or another attribute; names are remembered, and must not fill memory."""

DEEPEST = 64
_IS_TOO_DEEP = etree.XPath(f"boolean({'/'.join('*' * DEEPEST)})")
"""Levels of XML below the envelope that any legal message stays far below."""


# Elements


def attribute(element: Element, name: str) -> str:
    """Return a required attribute."""
    value = element.get(name)
    if value is None:
        raise not_valid(f"{element.tag} has no attribute {name}")
    if len(value) > LONGEST_NAME:
        raise not_valid(f"{name} of {element.tag} is longer than {LONGEST_NAME} characters")
    return value


def only_child(element: Element) -> Element:
    """Return the one child that the element must have."""
    if len(element) != 1:
        raise not_valid(f"{element.tag} must have exactly one child element")
    return element[0]


def check_depth(element: Element, body: bytes) -> None:
    """Refuse a message that nests deeper than any legal one; raises Refusal."""
    # Each level takes two angle brackets; nearly all messages are too small to be too deep.
    if body.count(b"<") <= 2 * DEEPEST:
        return
    if _IS_TOO_DEEP(element):
        raise not_valid(f"the message nests deeper than {DEEPEST} elements")


def expect(element: Element, *tags: str) -> Element:
    """Return the element if it has one of the tags."""
    if element.tag not in tags:
        raise not_valid(f"{element.tag} stands where {' or '.join(tags)} is expected")
    return element


def text_of(element: Element) -> str:
    """Return the text of an element that may not have children."""
    if len(element):
        raise not_valid(f"{element.tag} must hold text alone")
    return element.text or ""


def _dispatch(table: Mapping[str, Callable[[Element], T]], element: Element) -> T:
    reader = table.get(str(element.tag))
    if reader is None:
        raise not_valid(f"unexpected element {element.tag}")
    return reader(element)


def _valid(convert: Callable[[str], T], text: str, what: str) -> T:
    try:
        return convert(text)
    except ValueError as error:
        raise not_valid(f"{what}: {error}") from None


def cim_type(element: Element, name: str = "TYPE") -> CIMType:
    """Return the required type attribute."""
    return _valid(CIMType, attribute(element, name), str(element.tag))


def _flag(element: Element, name: str, *, default: bool) -> bool:
    return _boolean(element.get(name), name, default=default)


def _boolean(text: str | None, name: str, *, default: bool) -> bool:
    return default if text is None else _valid(parse_boolean, text, name)


# Paths


def read_namespace(element: Element) -> str:
    """Read LOCALNAMESPACEPATH; several names in one NAMESPACE are accepted."""
    names = [attribute(expect(child, "NAMESPACE"), "NAME") for child in element]
    if not names:
        raise not_valid("LOCALNAMESPACEPATH has no NAMESPACE")
    namespace = "/".join(names)
    if len(namespace) > LONGEST_NAME:
        raise not_valid(f"the namespace is longer than {LONGEST_NAME} characters")
    return namespace


def _namespace_path(element: Element) -> tuple[str, str]:
    if len(element) != 2:
        raise not_valid("NAMESPACEPATH must have HOST and LOCALNAMESPACEPATH")
    host = text_of(expect(element[0], "HOST"))
    return host, read_namespace(expect(element[1], "LOCALNAMESPACEPATH"))


def read_class_name(element: Element) -> ObjectPath:
    """Read CLASSNAME."""
    return ObjectPath(attribute(element, "NAME"), None)


def read_instance_name(element: Element) -> ObjectPath:
    """Read INSTANCENAME in its three forms: key bindings, one bare key, no key."""
    class_name = attribute(element, "CLASSNAME")
    if len(element) == 1 and element[0].tag in _KEY_READERS:
        return ObjectPath(class_name, (("", _dispatch(_KEY_READERS, element[0])),))
    return ObjectPath(class_name, tuple([_key_binding(child) for child in element]))


def _key_binding(element: Element) -> tuple[str, KeyValue]:
    name = attribute(expect(element, "KEYBINDING"), "NAME")
    return name, _dispatch(_KEY_READERS, only_child(element))


def _key_value(element: Element) -> KeyValue:
    text = text_of(element)
    convert = _KEY_CONVERTERS.get(element.get("VALUETYPE") or "string")
    if convert is None:
        raise not_valid(f"'{element.get('VALUETYPE')}' is not a VALUETYPE")
    return _valid(convert, text, "KEYVALUE")


def _number(text: str) -> int | float:
    try:
        return parse_integer(text)
    except ValueError:
        return parse_real(text)


_KEY_CONVERTERS: Mapping[str, Callable[[str], KeyValue]] = {
    "string": str,
    "boolean": parse_boolean,
    "numeric": _number,
}


def _located(reader: Callable[[Element], ObjectPath]) -> Callable[[Element], ObjectPath]:
    def read(element: Element) -> ObjectPath:
        if len(element) != 2:
            raise not_valid(f"{element.tag} must have a namespace and a name")
        host, namespace = _namespace_path(expect(element[0], "NAMESPACEPATH"))
        return reader(element[1]).at(namespace, host)

    return read


def _local(reader: Callable[[Element], ObjectPath]) -> Callable[[Element], ObjectPath]:
    def read(element: Element) -> ObjectPath:
        if len(element) != 2:
            raise not_valid(f"{element.tag} must have a namespace and a name")
        return reader(element[1]).at(read_namespace(expect(element[0], "LOCALNAMESPACEPATH")))

    return read


def _an_instance_name(element: Element) -> ObjectPath:
    return read_instance_name(expect(element, "INSTANCENAME"))


def _a_class_name(element: Element) -> ObjectPath:
    return read_class_name(expect(element, "CLASSNAME"))


PATH_READERS: Mapping[str, Callable[[Element], ObjectPath]] = {
    "CLASSNAME": read_class_name,
    "LOCALCLASSPATH": _local(_a_class_name),
    "CLASSPATH": _located(_a_class_name),
    "INSTANCENAME": read_instance_name,
    "LOCALINSTANCEPATH": _local(_an_instance_name),
    "INSTANCEPATH": _located(_an_instance_name),
}
"""Reader of each element that is a path."""


def _reference(element: Element) -> ObjectPath:
    return _dispatch(PATH_READERS, only_child(element))


_KEY_READERS: Mapping[str, Callable[[Element], KeyValue]] = {
    "KEYVALUE": _key_value,
    "VALUE.REFERENCE": _reference,
}


# Values


def read_untyped_value(element: Element) -> Value:
    """Read a VALUE, VALUE.ARRAY, VALUE.REFERENCE or VALUE.REFARRAY; simple values stay text."""
    return _dispatch(_VALUE_READERS, element)


def _text_array(element: Element) -> Value:
    return tuple(
        None if child.tag == "VALUE.NULL" else text_of(expect(child, "VALUE", "VALUE.NULL"))
        for child in element
    )


def _reference_array(element: Element) -> Value:
    return tuple(
        None
        if child.tag == "VALUE.NULL"
        else _reference(expect(child, "VALUE.REFERENCE", "VALUE.NULL"))
        for child in element
    )


_VALUE_READERS: Mapping[str, Callable[[Element], Value]] = {
    "VALUE": text_of,
    "VALUE.ARRAY": _text_array,
    "VALUE.REFERENCE": _reference,
    "VALUE.REFARRAY": _reference_array,
}


def typed(kind: CIMType, value: Value, what: str) -> Value:
    """Give an untyped value its type."""
    if isinstance(value, tuple):
        return tuple(None if v is None else _typed_scalar(kind, v, what) for v in value)
    return None if value is None else _typed_scalar(kind, value, what)


def _typed_scalar(kind: CIMType, value: Scalar, what: str) -> Scalar:
    if isinstance(value, str):
        return _valid(lambda text: parse(kind, text), value, what)
    return value


def _optional_value(children: list[Element], kind: CIMType, what: str) -> Value:
    if not children:
        return None
    if len(children) > 1:
        raise not_valid(f"{what} has more than one value")
    return typed(kind, read_untyped_value(children[0]), what)


# Qualifiers


@lru_cache(maxsize=64)
def _flavor_of(
    overridable: str | None, to_subclass: str | None, translatable: str | None
) -> Flavor:
    """Return the flavor that attributes tell; a schema has thousands and few that differ."""
    return Flavor(
        overridable=_boolean(overridable, "OVERRIDABLE", default=True),
        to_subclass=_boolean(to_subclass, "TOSUBCLASS", default=True),
        translatable=_boolean(translatable, "TRANSLATABLE", default=False),
    )


def _flavor(element: Element) -> Flavor:
    get = element.get
    return _flavor_of(get("OVERRIDABLE"), get("TOSUBCLASS"), get("TRANSLATABLE"))


def _qualifier(element: Element) -> Qualifier:
    name, kind = attribute(element, "NAME"), cim_type(element)
    return Qualifier(
        name,
        kind,
        _optional_value(list(element), kind, name),
        _flavor(element),
        propagated=_flag(element, "PROPAGATED", default=False),
    )


def _split_qualifiers(element: Element) -> tuple[tuple[Qualifier, ...], list[Element]]:
    qualifiers: list[Qualifier] = []
    others: list[Element] = []
    for child in element:
        if child.tag == "QUALIFIER":
            qualifiers.append(_qualifier(child))
        else:
            others.append(child)
    return tuple(qualifiers), others


def read_qualifier_declaration(element: Element) -> QualifierDeclaration:
    """Read QUALIFIER.DECLARATION."""
    name, kind = attribute(element, "NAME"), cim_type(element)
    scopes = [child for child in element if child.tag == "SCOPE"]
    return QualifierDeclaration(
        name,
        kind,
        _flag(element, "ISARRAY", default=False),
        _optional_value([child for child in element if child.tag != "SCOPE"], kind, name),
        frozenset(
            str(scope)
            for child in scopes
            for scope in child.attrib
            if _flag(child, str(scope), default=False)
        ),
        _flavor(element),
    )


# Instances


def _embedding(element: Element) -> str | None:
    return element.get("EmbeddedObject") or element.get("EMBEDDEDOBJECT")


def _instance_property(element: Element) -> InstanceProperty:
    # wbemcli sends the qualifiers of the class inside the instance; they mean nothing there.
    return _qualified_property(element)[0]


def _qualified_property(element: Element) -> tuple[InstanceProperty, tuple[Qualifier, ...]]:
    kind, is_array = _PROPERTY_KINDS.get(str(element.tag), (None, False))
    if str(element.tag) not in _PROPERTY_KINDS:
        raise not_valid(f"unexpected element {element.tag} in INSTANCE")
    name = attribute(element, "NAME")
    kind = kind or cim_type(element)
    qualifiers, children = _split_qualifiers(element)
    for child in children:
        expect(child, _VALUE_TAGS[kind is CIMType.REFERENCE, is_array])
    embedding = _embedding(element)
    found = InstanceProperty(
        name=name,
        type=kind,
        value=_optional_value(children, kind, name),
        is_array=is_array,
        reference_class=element.get("REFERENCECLASS"),
        embedding=None
        if embedding is None
        else "instance"
        if embedding == "instance"
        else "object",
    )
    return found, qualifiers


_PROPERTY_KINDS: Mapping[str, tuple[CIMType | None, bool]] = {
    "PROPERTY": (None, False),
    "PROPERTY.ARRAY": (None, True),
    "PROPERTY.REFERENCE": (CIMType.REFERENCE, False),
}

_VALUE_TAGS: Mapping[tuple[bool, bool], str] = {
    # is a reference, is an array
    (False, False): "VALUE",
    (False, True):  "VALUE.ARRAY",
    (True,  False): "VALUE.REFERENCE",
    (True,  True):  "VALUE.REFARRAY",
}  # fmt: skip


def read_instance(element: Element) -> Instance:
    """Read INSTANCE."""
    _, children = _split_qualifiers(element)
    return Instance(
        attribute(element, "CLASSNAME"), tuple(_instance_property(child) for child in children)
    )


def read_named_instance(element: Element) -> Instance:
    """Read VALUE.NAMEDINSTANCE."""
    if len(element) != 2:
        raise not_valid("VALUE.NAMEDINSTANCE must have INSTANCENAME and INSTANCE")
    path = read_instance_name(expect(element[0], "INSTANCENAME"))
    instance = read_instance(expect(element[1], "INSTANCE"))
    return Instance(instance.class_name, instance.properties, path)


# Classes


def _array_size(element: Element) -> int | None:
    text = element.get("ARRAYSIZE")
    return None if text is None else _valid(parse_integer, text, "ARRAYSIZE")


def _class_property(element: Element) -> Property:
    item, qualifiers = _qualified_property(element)
    return Property(
        name=item.name,
        type=item.type,
        is_array=item.is_array,
        array_size=_array_size(element),
        value=item.value,
        reference_class=item.reference_class,
        embedding=item.embedding,
        class_origin=element.get("CLASSORIGIN") or "",
        propagated=_flag(element, "PROPAGATED", default=False),
        qualifiers=qualifiers,
    )


def _parameter(element: Element) -> Parameter:
    if str(element.tag) not in _PARAMETER_KINDS:
        raise not_valid(f"unexpected element {element.tag} in METHOD")
    kind, is_array = _PARAMETER_KINDS[str(element.tag)]
    qualifiers, _ = _split_qualifiers(element)
    return Parameter(
        name=attribute(element, "NAME"),
        type=kind or cim_type(element),
        is_array=is_array,
        array_size=_array_size(element),
        reference_class=element.get("REFERENCECLASS"),
        qualifiers=qualifiers,
    )


_PARAMETER_KINDS: Mapping[str, tuple[CIMType | None, bool]] = {
    "PARAMETER": (None, False),
    "PARAMETER.ARRAY": (None, True),
    "PARAMETER.REFERENCE": (CIMType.REFERENCE, False),
    "PARAMETER.REFARRAY": (CIMType.REFERENCE, True),
}


def _method(element: Element) -> Method:
    qualifiers, children = _split_qualifiers(element)
    return Method(
        name=attribute(element, "NAME"),
        return_type=cim_type(element),
        parameters=tuple(map(_parameter, children)),
        class_origin=element.get("CLASSORIGIN") or "",
        propagated=_flag(element, "PROPAGATED", default=False),
        qualifiers=qualifiers,
    )


def read_class(element: Element) -> ClassDeclaration:
    """Read CLASS."""
    qualifiers, children = _split_qualifiers(element)
    return ClassDeclaration(
        name=attribute(element, "NAME"),
        superclass=element.get("SUPERCLASS"),
        properties=tuple(_class_property(c) for c in children if c.tag != "METHOD"),
        methods=tuple(_method(c) for c in children if c.tag == "METHOD"),
        qualifiers=qualifiers,
    )
