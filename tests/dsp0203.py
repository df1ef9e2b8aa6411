"""What a CIM-XML message from us must look like: DSP0203 2.4, and what wbemcli can read.

The rules are a table of content models in the notation of a DTD, and attributes per element. Where
the strictest client reads less than the document type allows, the client's rule counts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from lxml import etree

# Element: content model, and after semicolons its attributes as NAME=pattern, where NAME?= makes
# one optional. TEXT is text without elements.
_RULES: Final = r"""
CIM: MESSAGE
    ; CIMVERSION=2\.\d+ DTDVERSION=2\.\d+
MESSAGE: SIMPLERSP|MULTIRSP|SIMPLEEXPREQ|SIMPLEEXPRSP
    ; ID=.* PROTOCOLVERSION=1\.\d+
MULTIRSP: SIMPLERSP,SIMPLERSP+
SIMPLERSP: METHODRESPONSE|IMETHODRESPONSE
METHODRESPONSE: ERROR|(RETURNVALUE?,PARAMVALUE*)
    ; NAME=@name
IMETHODRESPONSE: ERROR|(IRETURNVALUE?,PARAMVALUE*)
    ; NAME=@name
SIMPLEEXPREQ: EXPMETHODCALL
EXPMETHODCALL: EXPPARAMVALUE*
    ; NAME=@name
EXPPARAMVALUE: INSTANCE?
    ; NAME=@name
SIMPLEEXPRSP: EXPMETHODRESPONSE
EXPMETHODRESPONSE: ERROR|IRETURNVALUE?
    ; NAME=@name
ERROR: INSTANCE*
    ; CODE=[1-9]\d* DESCRIPTION?=.*
RETURNVALUE: VALUE|VALUE.REFERENCE
    ; PARAMTYPE?=@type|reference @embedded
PARAMVALUE: (VALUE|VALUE.REFERENCE|VALUE.ARRAY|VALUE.REFARRAY|CLASSNAME|INSTANCENAME|CLASS|
    INSTANCE|VALUE.NAMEDINSTANCE)?
    ; NAME=@name PARAMTYPE?=@type|reference @embedded
IRETURNVALUE: CLASSNAME*|INSTANCENAME*|INSTANCEPATH*|VALUE*|VALUE.ARRAY?|VALUE.REFERENCE?|
    VALUE.OBJECT*|VALUE.NAMEDINSTANCE*|VALUE.INSTANCEWITHPATH*|VALUE.OBJECTWITHPATH*|
    VALUE.OBJECTWITHLOCALPATH*|OBJECTPATH*|QUALIFIER.DECLARATION*|CLASS*|INSTANCE*
CLASS: QUALIFIER*,(PROPERTY|PROPERTY.ARRAY|PROPERTY.REFERENCE)*,METHOD*
    ; NAME=@name SUPERCLASS?=@name
INSTANCE: QUALIFIER*,(PROPERTY|PROPERTY.ARRAY|PROPERTY.REFERENCE)*
    ; CLASSNAME=@name
PROPERTY: QUALIFIER*,VALUE?
    ; NAME=@name TYPE=@type @origin @embedded
PROPERTY.ARRAY: QUALIFIER*,VALUE.ARRAY?
    ; NAME=@name TYPE=@type ARRAYSIZE?=\d+ @origin @embedded
PROPERTY.REFERENCE: QUALIFIER*,VALUE.REFERENCE?
    ; NAME=@name REFERENCECLASS?=@name @origin
METHOD: QUALIFIER*,(PARAMETER|PARAMETER.REFERENCE|PARAMETER.ARRAY|PARAMETER.REFARRAY)*
    ; NAME=@name TYPE?=@type|reference @origin
PARAMETER: QUALIFIER*
    ; NAME=@name TYPE=@type @embedded
PARAMETER.REFERENCE: QUALIFIER*
    ; NAME=@name REFERENCECLASS?=@name
PARAMETER.ARRAY: QUALIFIER*
    ; NAME=@name TYPE=@type ARRAYSIZE?=\d+ @embedded
PARAMETER.REFARRAY: QUALIFIER*
    ; NAME=@name REFERENCECLASS?=@name ARRAYSIZE?=\d+
QUALIFIER: (VALUE|VALUE.ARRAY)?
    ; NAME=@name TYPE=@type PROPAGATED?=@boolean @flavors
QUALIFIER.DECLARATION: SCOPE?,(VALUE|VALUE.ARRAY)?
    ; NAME=@name TYPE=@type ISARRAY?=@boolean ARRAYSIZE?=\d+ @flavors
SCOPE: EMPTY
    ; CLASS?=@boolean ASSOCIATION?=@boolean REFERENCE?=@boolean PROPERTY?=@boolean
    ; METHOD?=@boolean PARAMETER?=@boolean INDICATION?=@boolean
VALUE: TEXT
VALUE.NULL: EMPTY
VALUE.ARRAY: (VALUE|VALUE.NULL)*
VALUE.REFERENCE: CLASSPATH|LOCALCLASSPATH|CLASSNAME|INSTANCEPATH|LOCALINSTANCEPATH|INSTANCENAME
VALUE.REFARRAY: (VALUE.REFERENCE|VALUE.NULL)*
VALUE.OBJECT: CLASS|INSTANCE
VALUE.NAMEDINSTANCE: INSTANCENAME,INSTANCE
VALUE.INSTANCEWITHPATH: INSTANCEPATH,INSTANCE
VALUE.OBJECTWITHPATH: (CLASSPATH,CLASS)|(INSTANCEPATH,INSTANCE)
VALUE.OBJECTWITHLOCALPATH: (LOCALCLASSPATH,CLASS)|(LOCALINSTANCEPATH,INSTANCE)
OBJECTPATH: INSTANCEPATH|CLASSPATH
CLASSPATH: NAMESPACEPATH,CLASSNAME
LOCALCLASSPATH: LOCALNAMESPACEPATH,CLASSNAME
INSTANCEPATH: NAMESPACEPATH,INSTANCENAME
LOCALINSTANCEPATH: LOCALNAMESPACEPATH,INSTANCENAME
NAMESPACEPATH: HOST,LOCALNAMESPACEPATH
LOCALNAMESPACEPATH: NAMESPACE+
NAMESPACE: EMPTY
    ; NAME=[^/]+
HOST: TEXT
CLASSNAME: EMPTY
    ; NAME=@name
INSTANCENAME: KEYBINDING*|KEYVALUE?|VALUE.REFERENCE?
    ; CLASSNAME=@name
KEYBINDING: KEYVALUE|VALUE.REFERENCE
    ; NAME=@name
KEYVALUE: TEXT
    ; VALUETYPE?=string|boolean|numeric TYPE=@type
"""

_TYPES = (
    "boolean|string|char16|datetime|real32|real64"
    "|uint8|sint8|uint16|sint16|uint32|sint32|uint64|sint64"
)
_SHORTHANDS: Final[Mapping[str, str]] = {
    "@origin": "CLASSORIGIN?=@name PROPAGATED?=@boolean",
    "@flavors": "OVERRIDABLE?=@boolean TOSUBCLASS?=@boolean TOINSTANCE?=@boolean "
    "TRANSLATABLE?=@boolean",
    "@embedded": "EmbeddedObject?=object|instance",
    "@name": r"[^\W\d]\w*",
    "@type": _TYPES,
    "@boolean": "true|false",
}

# fmt: off
# What the text of a VALUE or KEYVALUE of a type looks like (DSP0201 2.4, as we write it).
_TEXTS: Final[Mapping[str, str]] = {
    "boolean":  "TRUE|FALSE",
    "datetime": r"[\d*]{14}\.[\d*]{6}([+-]\d{3}|:000)",
    "real32":   r"[+-]?\d*\.\d+([eE][+-]?\d+)?|-?INF|NaN",
    "real64":   r"[+-]?\d*\.\d+([eE][+-]?\d+)?|-?INF|NaN",
    "char16":   r"(?s:.)",
    "string":   r"(?s:.*)",
}
# fmt: on

SELF_CLOSED = frozenset({"NAMESPACE", "CLASSNAME", "SCOPE", "VALUE.NULL", "ERROR", "INSTANCENAME"})
"""Elements that wbemcli reads as an empty-element tag; it fails on all others."""

_TAG = re.compile(r"""<(/?)([\w.:-]+)((?:\s+[\w.:-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(/?)>""")
_DECLARATION = re.compile(
    r"""<\?xml version=["']1\.0["'] encoding=["']utf-8["']\s*\?>""", re.IGNORECASE
)


@dataclass(frozen=True)
class _Rule:
    content: re.Pattern[str] | None  # over the children's names, each followed by a blank
    attributes: Mapping[str, re.Pattern[str]]
    required: frozenset[str]


@cache
def _rules() -> Mapping[str, _Rule]:
    """Return the table, compiled."""
    text = _RULES
    for shorthand, meaning in _SHORTHANDS.items():
        text = text.replace(shorthand, meaning)
    rules = {}
    for entry in re.split(r"\n(?=[A-Z])", text.strip()):
        name, rest = entry.split(":", 1)
        model, *attributes = re.sub(r"\s+", " ", rest).split(";")
        rules[name] = _compiled(model.replace(" ", ""), " ".join(attributes).split())
    return rules


def _compiled(model: str, attributes: list[str]) -> _Rule:
    content = None
    if model != "TEXT":
        names = re.sub(r"[A-Z][A-Z.]*", r"(?:\g<0> )", model.replace("EMPTY", ""))
        content = re.compile(names.replace(",", ""))
    parts = [attribute.split("=", 1) for attribute in attributes]
    return _Rule(
        content,
        {key.rstrip("?"): re.compile(pattern, re.DOTALL) for key, pattern in parts},
        frozenset(key for key, _ in parts if not key.endswith("?")),
    )


def check(body: bytes) -> None:
    """Check one message; raises AssertionError that names the first violation."""
    text = body.decode("utf-8")
    assert _DECLARATION.match(text), f"no XML declaration: {text[:60]!r}"
    _check_for_simple_parsers(text[text.index("?>") + 2 :])
    root = _parse(body)
    assert root.tag == "CIM", f"root element {root.tag}"
    _check_tree(root)


def check_fragment(text: str, *roots: str) -> None:
    """Check one element, as an embedded object has it; raises AssertionError."""
    root = _parse(text.encode())
    assert root.tag in roots, f"{root.tag} where {' or '.join(roots)} belongs"
    _check_tree(root)


def _parse(text: bytes) -> etree._Element:
    try:
        return etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise AssertionError(f"not well-formed: {error}") from None


def _check_for_simple_parsers(text: str) -> None:
    """Check what an XML parser no longer tells: how the text is written."""
    for bad in ("<![CDATA[", "<!--", "<!DOCTYPE", "<?"):
        assert bad not in text, f"{bad} in the text"
    for tag in _TAG.finditer(text):
        name = tag[2]
        assert not tag[4] or name in SELF_CLOSED, f"self-closed {name}"
    outside_tags = _TAG.sub("", text)
    odd = re.search(r"&#(?!13;)|&(?!#|(?:amp|lt|gt|quot|apos);)", outside_tags)
    assert not odd, (
        f"reference that simple clients show as it is: {outside_tags[odd.start() :][:12]}"
    )


def _check_tree(root: etree._Element) -> None:
    for element in root.iter():
        _check_element(element)


def _check_element(element: etree._Element) -> None:
    name = str(element.tag)
    assert name in _rules(), f"{name} is not an element of the document type"
    rule = _rules()[name]
    children = "".join(f"{child.tag} " for child in element)
    if rule.content is None:
        assert not children, f"elements in {name}: {children}"
    else:
        assert rule.content.fullmatch(children), (
            f"{name} must not consist of: {children or 'nothing'}"
        )
        stray = (element.text or "") + "".join(child.tail or "" for child in element)
        assert not stray.strip(), f"text in {name}: {stray!r}"
    _check_attributes(element, rule)
    _check_values(element)


def _check_attributes(element: etree._Element, rule: _Rule) -> None:
    present = {str(key): str(value) for key, value in element.attrib.items()}
    missing = rule.required - set(present)
    assert not missing, f"{element.tag} without {sorted(missing)}"
    for key, value in present.items():
        assert key in rule.attributes, f"{element.tag} with attribute {key}"
        assert rule.attributes[key].fullmatch(value), f"{element.tag} {key}={value!r}"


def _check_values(element: etree._Element) -> None:
    """Check that texts are values of their type, and that nothing a client calls is NULL."""
    if element.tag == "PARAMVALUE" and _is_in(element, "METHODRESPONSE"):
        assert len(element), f"NULL out parameter {element.get('NAME')}"
    type_ = element.get("TYPE") or element.get("PARAMTYPE")
    if type_ is None or type_ == "reference":
        return
    for text in _texts(element):
        embedded = element.get("EmbeddedObject")
        if embedded:
            check_fragment(
                text, *(("INSTANCE",) if embedded == "instance" else ("INSTANCE", "CLASS"))
            )
        elif type_ in _TEXTS:
            assert re.fullmatch(_TEXTS[type_], text), f"{type_} {text!r} in {element.get('NAME')}"
        else:
            _check_integer(type_, text)


def _is_in(element: etree._Element, name: str) -> bool:
    parent = element.getparent()
    return parent is not None and parent.tag == name


def _texts(element: etree._Element) -> Iterator[str]:
    """Yield the texts that an element with a type holds."""
    if element.tag == "KEYVALUE":
        yield element.text or ""
    for value in element.iterfind("VALUE"):
        yield value.text or ""
    for value in element.iterfind("VALUE.ARRAY/VALUE"):
        yield value.text or ""


def _check_integer(type_: str, text: str) -> None:
    assert re.fullmatch(r"0|-?[1-9]\d*", text), f"{type_} written as {text!r}"
    bits = int(type_[4:])
    low, high = (0, 2**bits - 1) if type_[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    assert low <= int(text) <= high, f"{type_} {text}"
