"""Elements for texts that are made anew: the one place where data becomes libvirt's XML.

The rule: data is never put into text; the builder escapes it, or refuses what XML cannot carry.
"""

from lxml import etree

from virtcim.hypervisors.definition.xml import Element
from virtcim.hypervisors.errors import InvalidArgument


def made(tag: str, *children: Element | None, text: str | None = None, **marks: object) -> Element:
    """Return an element; children and attributes that are None are left out.

    Raises InvalidArgument for a value that XML cannot carry.
    """
    element = etree.Element(tag)
    try:
        element.text = text
        for name, value in marks.items():
            if value is not None:
                element.set(name, str(value))
    except ValueError as error:
        raise InvalidArgument(f"{tag} has a character that XML cannot carry") from error
    element.extend(child for child in children if child is not None)
    return element


def named(tag: str, text: object | None) -> Element | None:
    """Return an element with this text; None without one."""
    return None if text is None else made(tag, text=str(text))


def written(element: Element) -> str:
    """Return the text of an element."""
    return etree.tostring(element, encoding="unicode")
