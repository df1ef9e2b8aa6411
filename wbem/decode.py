"""Requests: bytes to a call, and a call to an operation.

In two steps, because the headers are compared with the call before its parameters are looked at:
`read_call` gives the envelope or raises Refusal; `operation` gives the operation, or raises a
WBEMError that is answered in a well-formed reply.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from virtcim.wbem.objects import Value
from virtcim.wbem.operations import Argument, InvokeMethod, Operation
from virtcim.wbem.parameters import OPERATIONS
from virtcim.wbem.parsing import parse
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.reading import (
    PATH_READERS,
    Element,
    attribute,
    check_depth,
    cim_type,
    expect,
    only_child,
    read_class,
    read_instance,
    read_named_instance,
    read_namespace,
    read_untyped_value,
    typed,
)
from virtcim.wbem.refusal import (
    CIMErrorToken,
    Refusal,
    header_mismatch,
    not_valid,
    not_well_formed,
)
from virtcim.wbem.status import InvalidParameter, NotSupported

MOST_NODES = 200_000
"""Elements that a request may have at most; a tree of them costs some 30 MB."""

_VERSION = re.compile(r"([0-9]+)\.[0-9]+")


@dataclass(frozen=True, slots=True)
class IntrinsicCall:
    """An IMETHODCALL; `parameters` are its IPARAMVALUE elements."""

    message_id: str
    protocol_version: str
    name: str
    namespace: str
    parameters: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class ExtrinsicCall:
    """A METHODCALL; `parameters` are its PARAMVALUE elements."""

    message_id: str
    protocol_version: str
    name: str
    target: ObjectPath
    parameters: tuple[Element, ...]

    @property
    def namespace(self) -> str:
        """The namespace of the target, which a local path always has."""
        return self.target.namespace or ""


Call = IntrinsicCall | ExtrinsicCall


# The document


def _parse(body: bytes) -> Element:
    if body.count(b"<") > 2 * MOST_NODES:
        raise not_valid(f"the message has more than {MOST_NODES} elements")
    try:
        root = parse(body)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _syntax_refusal(body, error) from None
    if b"<!DOCTYPE" in body and root.getroottree().docinfo.internalDTD is not None:
        raise not_valid("a document type declaration is not accepted")
    return root


def _syntax_refusal(body: bytes, error: Exception) -> Refusal:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as invalid:
        return not_valid(f"the message is not UTF-8 at byte {invalid.start}")
    if b"<!DOCTYPE" in body:
        return not_valid("a document type declaration is not accepted")
    return not_well_formed(str(error).split("(<string>", maxsplit=1)[0].strip())


# The envelope


@lru_cache(maxsize=64)
def _check_version(text: str, major: str, token: CIMErrorToken) -> None:
    match = _VERSION.fullmatch(text)
    if match is None or match[1] != major:
        raise Refusal(501, token, f"version '{text[:40]}' is not served, only {major}.x")


@dataclass(frozen=True, slots=True)
class Message:
    """A MESSAGE; `content` is its only child."""

    id: str
    version: str
    content: Element


def read_message(body: bytes) -> Message:
    """Read the outermost elements; raises Refusal."""
    cim = expect(_parse(body), "CIM")
    _check_version(attribute(cim, "CIMVERSION"), "2", CIMErrorToken.UNSUPPORTED_CIM_VERSION)
    _check_version(attribute(cim, "DTDVERSION"), "2", CIMErrorToken.UNSUPPORTED_DTD_VERSION)
    message = expect(only_child(cim), "MESSAGE")
    version = attribute(message, "PROTOCOLVERSION")
    _check_version(version, "1", CIMErrorToken.UNSUPPORTED_PROTOCOL_VERSION)
    return Message(attribute(message, "ID"), version, only_child(message))


def read_call(body: bytes) -> Call:
    """Read the envelope of a simple request; raises Refusal."""
    message = read_message(body)
    if message.content.tag == "MULTIREQ":
        raise header_mismatch("MULTIREQ needs a CIMBatch header")
    request = expect(message.content, "SIMPLEREQ")
    calls = [child for child in request if child.tag != "CORRELATOR"]
    if len(calls) != 1:
        raise not_valid("SIMPLEREQ must have exactly one call")
    call = expect(calls[0], "IMETHODCALL", "METHODCALL")
    check_depth(call, body)
    read = _intrinsic if call.tag == "IMETHODCALL" else _extrinsic
    return read(call, message.id, message.version)


def read_padded_call(body: bytes) -> Call:
    """Read a request that may have white space before it and text after it; raises Refusal.

    Not for DSP0201, but some clients send such messages, and some servers never minded.
    """
    body = body.lstrip(b" \t\r\n")
    message, end, rest = body.rpartition(b"</CIM>")
    # With markup the rest is more than text, and nothing is left out.
    return read_call(message + end if end and b"<" not in rest else body)


def _intrinsic(call: Element, message_id: str, version: str) -> IntrinsicCall:
    name = attribute(call, "NAME")
    if not len(call):
        raise not_valid("IMETHODCALL has no LOCALNAMESPACEPATH")
    children = list(call)
    namespace = read_namespace(expect(children[0], "LOCALNAMESPACEPATH"))
    for child in children[1:]:
        expect(child, "IPARAMVALUE")
    return IntrinsicCall(message_id, version, name, namespace, tuple(children[1:]))


def _extrinsic(call: Element, message_id: str, version: str) -> ExtrinsicCall:
    name = attribute(call, "NAME")
    if not len(call):
        raise not_valid("METHODCALL has no target")
    children = list(call)
    target = expect(children[0], "LOCALINSTANCEPATH", "LOCALCLASSPATH")
    for child in children[1:]:
        expect(child, "PARAMVALUE")
    path = PATH_READERS[str(target.tag)](target)
    return ExtrinsicCall(message_id, version, name, path, tuple(children[1:]))


# The operation


def operation(call: Call) -> Operation:
    """Return the operation that the call asks for.

    Raises InvalidParameter for a missing, duplicate or unknown parameter, NotSupported for an
    unknown operation, Refusal for a value that is not one.
    """
    if isinstance(call, ExtrinsicCall):
        arguments = tuple(_argument(element) for element in call.parameters)
        return InvokeMethod(
            namespace=call.namespace, target=call.target, method=call.name, arguments=arguments
        )
    spec = OPERATIONS.get(call.name.lower())
    if spec is None:
        raise NotSupported(f"there is no operation {call.name}")
    fields: dict[str, object] = {"namespace": call.namespace}
    for element in call.parameters:
        name = attribute(element, "NAME")
        parameter = spec.parameters.get(name.lower())
        if parameter is None:
            raise InvalidParameter(f"{call.name} has no parameter {name}")
        if parameter.field in fields:
            raise InvalidParameter(f"parameter {name} is given twice")
        fields[parameter.field] = parameter.read(element) if len(element) else None
    given = {field: value for field, value in fields.items() if value is not None}
    for name in spec.required:
        if spec.parameters[name].field not in given:
            raise InvalidParameter(f"{call.name} needs parameter {spec.parameters[name].name}")
    return spec.operation(**given)


def _argument(element: Element) -> Argument:
    name = attribute(element, "NAME")
    # Old servers and clients say TYPE where DSP0201 has PARAMTYPE; many say nothing.
    type_name = next((a for a in ("PARAMTYPE", "TYPE") if element.get(a)), None)
    kind = None if type_name is None else cim_type(element, type_name)
    if not len(element):
        return Argument(name, kind, None)
    value = _argument_value(only_child(element))
    return Argument(name, kind, value if kind is None else typed(kind, value, name))


def _argument_value(element: Element) -> Value:
    tag = str(element.tag)
    if tag in PATH_READERS:
        return PATH_READERS[tag](element)
    if tag == "INSTANCE":
        return read_instance(element)
    if tag == "VALUE.NAMEDINSTANCE":
        return read_named_instance(element)
    if tag == "CLASS":
        return read_class(element)
    return read_untyped_value(element)
