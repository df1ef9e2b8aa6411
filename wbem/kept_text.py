"""Classes, qualifiers and instances as text of our own making, to be kept and read again.

It is CIM-XML as it goes over the wire; ValueError stands for whatever is wrong with it.
"""

from collections.abc import Callable
from typing import TypeVar

from lxml import etree

from virtcim.wbem.objects import ClassDeclaration, Instance, QualifierDeclaration
from virtcim.wbem.parsing import PARSER
from virtcim.wbem.reading import Element, read_class, read_instance, read_qualifier_declaration
from virtcim.wbem.refusal import Refusal

T = TypeVar("T")


def kept_class(text: str) -> ClassDeclaration:
    """Read a CLASS; raises ValueError."""
    return _read(text, read_class)


def kept_qualifier(text: str) -> QualifierDeclaration:
    """Read a QUALIFIER.DECLARATION; raises ValueError."""
    return _read(text, read_qualifier_declaration)


def kept_instance(text: str) -> Instance:
    """Read an INSTANCE; raises ValueError."""
    return _read(text, read_instance)


def _read(text: str, read: Callable[[Element], T]) -> T:
    try:
        return read(etree.fromstring(text.encode(), PARSER))
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from None
    except Refusal as refusal:
        raise ValueError(refusal.detail) from None
