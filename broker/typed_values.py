"""Values that clients sent, given the type that the schema declares.

The rule: the declaration decides and the client's word does not, since widths, quotes and arrays of
one element differ in practice; what does not fit is ValueError, in words for the client.
"""

from virtcim.wbem.objects import Parameter, Property, Scalar, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.types import INTEGER_RANGES, CIMType
from virtcim.wbem.uri import parse_uri
from virtcim.wbem.values import number_text, parse

Declared = Property | Parameter


def typed_value(declared: Declared, value: Value, namespace: str) -> Value:
    """Return the value with its declared type; `namespace` is where paths without one point.

    A blank text where a reference is declared is NULL. Raises ValueError.
    """
    if value is None:
        return None
    if declared.is_array:
        # wbemcli sends an array of one element as a plain value.
        elements = value if isinstance(value, tuple) else (value,)
        return tuple(None if e is None else typed_scalar(declared, e, namespace) for e in elements)
    if isinstance(value, tuple):
        raise ValueError("an array where one value is needed")  # noqa: TRY004 (a client's fault)
    return typed_scalar(declared, value, namespace)


def typed_scalar(declared: Declared, value: Scalar, namespace: str) -> Scalar | None:
    """Return one value with its declared type; raises ValueError."""
    kind = declared.type
    if kind is CIMType.REFERENCE:
        return _reference(value, namespace)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = number_text(value) if is_number else value
    if isinstance(text, str):
        return parse(kind, text)
    if (isinstance(value, bool) and kind is CIMType.BOOLEAN) or declared.embedding is not None:
        return value
    wanted = "an integer" if kind in INTEGER_RANGES else f"of type {kind}"
    raise ValueError(f"must be {wanted}")


def _reference(value: Scalar, namespace: str) -> ObjectPath | None:
    """Return a path; clients also write it as text, and leave the text blank where they mean none.

    A path without a namespace is of the namespace that the request is for.
    """
    if isinstance(value, ObjectPath):
        return value.at(namespace)
    if not isinstance(value, str):
        raise ValueError(f"must be of type {CIMType.REFERENCE}")  # noqa: TRY004 (a client's fault)
    if not value.strip():
        return None
    path = parse_uri(value.strip())
    if path.keys is None:
        raise ValueError(f"'{value[:40]}' is text where a reference is needed")
    return path.at(namespace)
