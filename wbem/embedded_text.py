"""Embedded instances and classes that came as text: CIM-XML, or MOF for instances.

The rule: text is as hostile as a message, so the XML is read by a parser without entities, document
types or network, and within the limits of a message.
"""

from lxml import etree

from virtcim.wbem.mof_instances import parse_instances
from virtcim.wbem.objects import ClassDeclaration, Instance
from virtcim.wbem.parsing import PARSER
from virtcim.wbem.reading import DEEPEST, Element, read_class, read_instance
from virtcim.wbem.refusal import Refusal

EmbeddedObject = Instance | ClassDeclaration

MOST_NODES = 20_000
"""Elements that one text may have."""

_WRAPPERS = frozenset({
    "VALUE", "VALUE.NAMEDINSTANCE", "VALUE.OBJECT", "VALUE.NAMEDOBJECT", "VALUE.OBJECTWITHPATH",
    "VALUE.OBJECTWITHLOCALPATH", "VALUE.INSTANCEWITHPATH", "CIM", "DECLARATION", "DECLGROUP",
})  # fmt: skip
"""What known clients put around the instance; a path in it says nothing here."""


def is_blank(text: str) -> bool:
    """Tell whether the text stands for no instance at all."""
    return not text.strip()


def read_objects(text: str) -> tuple[EmbeddedObject, ...]:
    """Return the instances, or the class, that a text holds.

    Raises ValueError with a sentence for the client.
    """
    if text.lstrip().startswith("<"):
        return (_from_xml(text),)
    return parse_instances(text)


def read_instances(text: str) -> tuple[Instance, ...]:
    """Return the instances that a text holds; raises ValueError, also for a class."""
    found = read_objects(text)
    instances = tuple(one for one in found if isinstance(one, Instance))
    if len(instances) != len(found):
        raise ValueError("CLASS stands where INSTANCE is expected")
    return instances


def _from_xml(text: str) -> EmbeddedObject:
    try:
        element = _unwrapped(_parsed(text))
        if element.tag == "VALUE":
            return _inner(element.text or "")
        return _object(element)
    except Refusal as error:
        raise ValueError(error.detail) from None


def _object(element: Element) -> EmbeddedObject:
    return read_class(element) if element.tag == "CLASS" else read_instance(element)


def _inner(text: str) -> EmbeddedObject:
    bare = text.lstrip().startswith("<")
    found: tuple[EmbeddedObject, ...] = (_bare(text),) if bare else parse_instances(text)
    if len(found) != 1:
        raise ValueError("VALUE must hold one instance")
    return found[0]


def _bare(text: str) -> EmbeddedObject:
    """Read XML that was the text of a VALUE; in it no other text may hold an instance."""
    element = _unwrapped(_parsed(text))
    if element.tag == "VALUE":
        raise ValueError("VALUE stands where INSTANCE is expected")
    return _object(element)


def _parsed(text: str) -> Element:
    if "<!DOCTYPE" in text:
        raise ValueError("a document type declaration is not accepted")
    if text.count("<") > 2 * MOST_NODES:
        raise ValueError(f"the XML has more than {MOST_NODES} elements")
    try:
        root = etree.fromstring(text.strip().encode(), PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        reason = str(error).split("(<string>", maxsplit=1)[0].strip()
        raise ValueError(f"the XML is not well-formed: {reason}") from None
    _in_capitals(root)
    return root


def _in_capitals(root: Element) -> None:
    """Spell the elements as DSP0201 does, which not all clients do, and see how deep they are."""
    level, depth = [root], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"the XML nests deeper than {DEEPEST} elements")
        for element in level:
            element.tag = str(element.tag).upper()
        level = [child for parent in level for child in parent]


def _unwrapped(element: Element) -> Element:
    while element.tag in _WRAPPERS and len(element):
        element = element[-1]
    if element.tag not in {"INSTANCE", "CLASS", "VALUE"}:
        raise ValueError(f"{element.tag} stands where INSTANCE is expected")
    return element
