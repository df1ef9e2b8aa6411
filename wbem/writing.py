"""CIM objects to CIM-XML text (DSP0201), in the form that every known client reads.

Elements are always written as a pair of tags: wbemcli takes a self-closed element for an error.
Only NAMESPACE, CLASSNAME and SCOPE may be empty tags. No CDATA, no comments.
"""

from functools import lru_cache

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
from virtcim.wbem.types import CIMType
from virtcim.wbem.values import FORMATTERS, escape, escape_attribute

# DSP0201: the SCOPE attributes in the order of the DTD.
_SCOPES = ("CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION")


# Values


def scalar_text(cim_type: CIMType, value: Scalar) -> str:
    """Return the escaped text of a simple value; an embedded object is XML inside the text."""
    if isinstance(value, Instance):
        return escape(instance_xml(value))
    if isinstance(value, ClassDeclaration):
        return escape(class_xml(value))
    return escape(FORMATTERS[cim_type](value))


def value_xml(cim_type: CIMType, value: Value) -> str:
    """Return VALUE, VALUE.ARRAY, VALUE.REFERENCE or VALUE.REFARRAY; nothing for NULL."""
    if value is None:
        return ""
    if isinstance(value, ObjectPath):
        return f"<VALUE.REFERENCE>{any_path_xml(value)}</VALUE.REFERENCE>"
    if isinstance(value, tuple):
        name = "VALUE.REFARRAY" if cim_type is CIMType.REFERENCE else "VALUE.ARRAY"
        return f"<{name}>{''.join(_element_xml(cim_type, v) for v in value)}</{name}>"
    return f"<VALUE>{scalar_text(cim_type, value)}</VALUE>"


def _element_xml(cim_type: CIMType, value: Scalar | None) -> str:
    return "<VALUE.NULL/>" if value is None else value_xml(cim_type, value)


# Paths


def namespace_xml(namespace: str) -> str:
    """Return LOCALNAMESPACEPATH."""
    parts = "".join(f'<NAMESPACE NAME="{escape_attribute(p)}"/>' for p in namespace.split("/"))
    return f"<LOCALNAMESPACEPATH>{parts}</LOCALNAMESPACEPATH>"


@lru_cache(maxsize=64)  # it stands before each instance of a reply
def full_namespace_xml(host: str, namespace: str) -> str:
    """Return NAMESPACEPATH."""
    return f"<NAMESPACEPATH><HOST>{escape(host)}</HOST>{namespace_xml(namespace)}</NAMESPACEPATH>"


def instance_name_xml(path: ObjectPath) -> str:
    """Return INSTANCENAME: the class and the keys alone."""
    if path.keys and not path.keys[0][0]:
        keys = _key_xml(path.keys[0][1])  # the only key of a class that nobody here knows
    else:
        keys = "".join(_keybinding_xml(name, value) for name, value in path.keys or ())
    return f'<INSTANCENAME CLASSNAME="{escape_attribute(path.class_name)}">{keys}</INSTANCENAME>'


def keybinding_head(name: str, cim_type: CIMType) -> str:
    """Return the opening tags of a KEYBINDING with a simple value; both type attributes are set.

    DSP0201 2.4 requires TYPE, older clients read VALUETYPE only.
    """
    value_type = _VALUE_TYPES.get(cim_type, "numeric")
    return f'<KEYBINDING NAME="{name}"><KEYVALUE VALUETYPE="{value_type}" TYPE="{cim_type}">'


_VALUE_TYPES = {
    CIMType.STRING: "string",
    CIMType.CHAR16: "string",
    CIMType.DATETIME: "string",
    CIMType.BOOLEAN: "boolean",
}


def _keybinding_xml(name: str, value: KeyValue) -> str:
    if isinstance(value, ObjectPath):
        return f'<KEYBINDING NAME="{escape_attribute(name)}">{_key_xml(value)}</KEYBINDING>'
    cim_type = _key_type(value)
    text = escape(FORMATTERS[cim_type](value))
    return f"{keybinding_head(escape_attribute(name), cim_type)}{text}</KEYVALUE></KEYBINDING>"


def _key_xml(value: KeyValue) -> str:
    """Return a key without its name."""
    if isinstance(value, ObjectPath):
        return f"<VALUE.REFERENCE>{any_path_xml(value)}</VALUE.REFERENCE>"
    _, _, inside = _keybinding_xml("", value).partition(">")
    return inside.removesuffix("</KEYBINDING>")


def _key_type(value: KeyValue) -> CIMType:
    if isinstance(value, bool):
        return CIMType.BOOLEAN
    if isinstance(value, int):
        return CIMType.SINT64 if value < 0 else CIMType.UINT64
    return CIMType.REAL64 if isinstance(value, float) else CIMType.STRING


def any_path_xml(path: ObjectPath) -> str:
    """Return the form of the path that holds just what it knows of host and namespace."""
    is_class = path.keys is None
    if is_class:
        local = f'<CLASSNAME NAME="{escape_attribute(path.class_name)}"/>'
    else:
        local = instance_name_xml(path)
    if path.namespace is None:
        return local
    kind = "CLASSPATH" if is_class else "INSTANCEPATH"
    if path.host is None:
        return f"<LOCAL{kind}>{namespace_xml(path.namespace)}{local}</LOCAL{kind}>"
    return f"<{kind}>{full_namespace_xml(path.host, path.namespace)}{local}</{kind}>"


# Instances


def property_head(item: InstanceProperty | Property, extra: str = "") -> str:
    """Return the opening tag of the right PROPERTY element; `extra` are further attributes.

    An array without a value is not marked as one of embedded objects: DSP0201 allows the attribute
    there, wbemcli does not know it, and there is nothing that it would help to read.
    """
    name = escape_attribute(item.name)
    origin = f' CLASSORIGIN="{escape_attribute(item.class_origin)}"' if item.class_origin else ""
    if item.type is CIMType.REFERENCE and not item.is_array:
        reference = item.reference_class
        target = f' REFERENCECLASS="{escape_attribute(reference)}"' if reference else ""
        return f'<PROPERTY.REFERENCE NAME="{name}"{target}{origin}{extra}>'
    tag = "PROPERTY.ARRAY" if item.is_array else "PROPERTY"
    marked = item.embedding and not (item.is_array and item.value is None)
    embedded = f' EmbeddedObject="{item.embedding}"' if marked else ""
    return f'<{tag} NAME="{name}" TYPE="{item.type}"{origin}{extra}{embedded}>'


def property_tail(item: InstanceProperty | Property) -> str:
    """Return the closing tag that belongs to `property_head`."""
    if item.is_array:
        return "</PROPERTY.ARRAY>"
    return "</PROPERTY.REFERENCE>" if item.type is CIMType.REFERENCE else "</PROPERTY>"


def instance_xml(instance: Instance) -> str:
    """Return INSTANCE."""
    properties = "".join(
        property_head(p) + value_xml(p.type, p.value) + property_tail(p)
        for p in instance.properties
    )
    name = escape_attribute(instance.class_name)
    return f'<INSTANCE CLASSNAME="{name}">{properties}</INSTANCE>'


# Declarations


def _flag(name: str, *, value: bool, default: bool) -> str:
    return "" if value is default else f' {name}="{"true" if value else "false"}"'


def _flavor(flavor: Flavor) -> str:
    return (
        _flag("OVERRIDABLE", value=flavor.overridable, default=True)
        + _flag("TOSUBCLASS", value=flavor.to_subclass, default=True)
        + _flag("TRANSLATABLE", value=flavor.translatable, default=False)
    )


def _propagated(*, value: bool) -> str:
    return _flag("PROPAGATED", value=value, default=False)


def qualifier_xml(qualifier: Qualifier) -> str:
    """Return QUALIFIER."""
    head = f'<QUALIFIER NAME="{escape_attribute(qualifier.name)}" TYPE="{qualifier.type}"'
    attributes = _propagated(value=qualifier.propagated) + _flavor(qualifier.flavor)
    return f"{head}{attributes}>{value_xml(qualifier.type, qualifier.value)}</QUALIFIER>"


class QualifierTexts:
    """Texts of qualifiers of declarations, by identity: subclasses share what they inherit.

    They are nine tenths of a schema as it is written. Those that were remembered are forgotten
    together when they become too much.
    """

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._texts: dict[int, tuple[object, str]] = {}

    def text(self, qualifiers: tuple[Qualifier, ...]) -> str:
        """Return the elements one after the other."""
        if not qualifiers:
            return ""
        known = self._texts.get(id(qualifiers))
        if known is not None:
            return known[1]
        text = "".join(map(qualifier_xml, qualifiers))
        self._size += len(text)
        if self._size > self._most:
            self._texts.clear()
            self._size = len(text)
        self._texts[id(qualifiers)] = (qualifiers, text)  # held, so that the identity stays its own
        return text


REMEMBERED_CHARACTERS = 16 << 20

_qualifiers = QualifierTexts(REMEMBERED_CHARACTERS).text


def _array_size(item: Property | Parameter) -> str:
    return f' ARRAYSIZE="{item.array_size}"' if item.array_size is not None else ""


def _property_declaration_xml(item: Property) -> str:
    extra = _array_size(item) + _propagated(value=item.propagated)
    content = _qualifiers(item.qualifiers) + value_xml(item.type, item.value)
    return property_head(item, extra) + content + property_tail(item)


def _parameter_xml(item: Parameter) -> str:
    name, tag, attributes = escape_attribute(item.name), "PARAMETER", ""
    if item.type is CIMType.REFERENCE:
        tag += ".REFARRAY" if item.is_array else ".REFERENCE"
        if item.reference_class:
            attributes = f' REFERENCECLASS="{escape_attribute(item.reference_class)}"'
    else:
        tag += ".ARRAY" if item.is_array else ""
        attributes = f' TYPE="{item.type}"'
    head = f'<{tag} NAME="{name}"{attributes}{_array_size(item)}>'
    return f"{head}{_qualifiers(item.qualifiers)}</{tag}>"


def _method_xml(item: Method) -> str:
    origin = f' CLASSORIGIN="{escape_attribute(item.class_origin)}"' if item.class_origin else ""
    head = f'<METHOD NAME="{escape_attribute(item.name)}" TYPE="{item.return_type}"{origin}'
    content = _qualifiers(item.qualifiers) + "".join(map(_parameter_xml, item.parameters))
    return f"{head}{_propagated(value=item.propagated)}>{content}</METHOD>"


def class_xml(declaration: ClassDeclaration) -> str:
    """Return CLASS."""
    superclass = declaration.superclass
    attribute = f' SUPERCLASS="{escape_attribute(superclass)}"' if superclass else ""
    return (
        f'<CLASS NAME="{escape_attribute(declaration.name)}"{attribute}>'
        + _qualifiers(declaration.qualifiers)
        + "".join(map(_property_declaration_xml, declaration.properties))
        + "".join(map(_method_xml, declaration.methods))
        + "</CLASS>"
    )


def qualifier_declaration_xml(declaration: QualifierDeclaration) -> str:
    """Return QUALIFIER.DECLARATION; the scope ANY is written as all of them."""
    scopes = "".join(f' {name}="true"' for name in _SCOPES if {name, "ANY"} & declaration.scopes)
    array = _flag("ISARRAY", value=declaration.is_array, default=False)
    value = value_xml(declaration.type, declaration.value)
    return (
        f'<QUALIFIER.DECLARATION NAME="{escape_attribute(declaration.name)}"'
        f' TYPE="{declaration.type}"{array}{_flavor(declaration.flavor)}>'
        f"<SCOPE{scopes}></SCOPE>{value}</QUALIFIER.DECLARATION>"
    )
