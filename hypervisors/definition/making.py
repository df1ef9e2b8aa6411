"""Elements for texts that are made anew: the one place where data becomes libvirt's XML.

The rule: data is never put into text; the builder escapes it, or refuses what XML cannot carry.
"""

from collections.abc import Mapping

from lxml import etree

from virtcim.hypervisors.definition.xml import Element
from virtcim.hypervisors.errors import InvalidArgument


def made(
    tag: str, /, *children: Element | None, text: str | None = None, **marks: object
) -> Element:
    """Return an element; children and attributes that are None are left out.

    Raises InvalidArgument for what XML cannot carry.
    """
    try:
        element = etree.Element(tag)
        element.text = text
    except ValueError as error:
        raise InvalidArgument(f"{tag} has a character that XML cannot carry") from error
    mark(element, {name: value for name, value in marks.items() if value is not None})
    element.extend(child for child in children if child is not None)
    return element


def mark(element: Element, marks: Mapping[str, object]) -> None:
    """Set these attributes; None takes one away. Raises InvalidArgument as `made`."""
    for name, value in marks.items():
        if value is None:
            element.attrib.pop(name, "")
            continue
        try:
            element.set(name, str(value))
        except ValueError as error:
            text = f"{element.tag} has a character that XML cannot carry, in {name!r}"
            raise InvalidArgument(text) from error


def named(tag: str, text: object | None) -> Element | None:
    """Return an element with this text; None without one."""
    return None if text is None else made(tag, text=str(text))


def written(element: Element) -> str:
    """Return the text of an element."""
    return etree.tostring(element, encoding="unicode")
