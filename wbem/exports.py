"""Exports: an indication that another server sends, from bytes to an operation (DSP0200 5.4).

In the same two steps as decode.py, and with its errors.
"""

from dataclasses import dataclass

from virtcim.wbem.decode import read_message
from virtcim.wbem.objects import Instance
from virtcim.wbem.operations import ExportIndication
from virtcim.wbem.reading import Element, attribute, check_depth, expect, only_child, read_instance
from virtcim.wbem.refusal import header_mismatch, not_valid
from virtcim.wbem.status import InvalidParameter, NotSupported

METHOD = "ExportIndication"
"""The only method of an export."""

_PARAMETER = "NewIndication"


@dataclass(frozen=True, slots=True)
class ExportCall:
    """An EXPMETHODCALL; `parameters` are its EXPPARAMVALUE elements."""

    message_id: str
    protocol_version: str
    name: str
    parameters: tuple[Element, ...]

    @property
    def namespace(self) -> str:
        """Exports have no namespace."""
        return ""


def read_export(body: bytes) -> ExportCall:
    """Read the envelope of a simple export; raises Refusal."""
    message = read_message(body)
    if message.content.tag == "MULTIEXPREQ":
        raise header_mismatch("MULTIEXPREQ needs a CIMExportBatch header")
    request = expect(message.content, "SIMPLEEXPREQ")
    calls = [child for child in request if child.tag != "CORRELATOR"]
    if len(calls) != 1:
        raise not_valid("SIMPLEEXPREQ must have exactly one call")
    call = expect(calls[0], "EXPMETHODCALL")
    check_depth(call, body)
    for child in call:
        expect(child, "EXPPARAMVALUE")
    return ExportCall(message.id, message.version, attribute(call, "NAME"), tuple(call))


def export(call: ExportCall) -> ExportIndication:
    """Return what is exported.

    Raises NotSupported for another method or parameter, InvalidParameter for a missing or duplicate
    one, Refusal for a value that is no instance.
    """
    if call.name.lower() != METHOD.lower():
        raise NotSupported(f"there is no export method {call.name}")
    found: Instance | None = None
    for number, element in enumerate(call.parameters):
        name = attribute(element, "NAME")
        if name.lower() != _PARAMETER.lower():
            raise NotSupported(f"{METHOD} has no parameter {name}")
        if number:
            raise InvalidParameter(f"parameter {_PARAMETER} is given twice")
        if len(element):
            found = read_instance(expect(only_child(element), "INSTANCE"))
    if found is None:
        raise InvalidParameter(f"{METHOD} needs parameter {_PARAMETER}")
    return ExportIndication(namespace=call.namespace, new_indication=found)
