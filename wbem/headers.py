"""The rules of DSP0200 section 6.3 about HTTP headers, in the order in which they are applied.

Headers are a mapping of lower-case names to values as bytes. The first function runs before the
body is read as XML, the second compares the headers with what the body said.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from virtcim.wbem.decode import Call, ExtrinsicCall
from virtcim.wbem.exports import ExportCall
from virtcim.wbem.paths import KeyValue, ObjectPath, canonical_namespace
from virtcim.wbem.refusal import CIMErrorToken, Refusal, header_mismatch
from virtcim.wbem.uri import parse_uri

Headers = Mapping[bytes, bytes]
Keys = tuple[tuple[str, KeyValue], ...] | None

_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_XML_TYPES = frozenset({"application/xml", "text/xml"})
_READABLE_TYPES = _XML_TYPES | {"*/*", "application/*", "text/*"}
_READABLE_CHARSETS = frozenset({"utf-8", "utf8", "*"})
_UTF8_NAMES = frozenset({"utf-8", "utf8"})


def check_message_headers(headers: Headers) -> None:
    """Refuse what can be refused without the body; raises Refusal."""
    operation = headers.get(b"cimoperation")
    if operation is None:
        raise Refusal(400, None, "the request has no CIMOperation header")
    if operation.strip().lower() != b"methodcall":
        raise Refusal(400, CIMErrorToken.UNSUPPORTED_OPERATION, "CIMOperation must be MethodCall")
    if b"cimexport" in headers:
        raise header_mismatch("a message is an operation or an export, not both")
    if b"cimbatch" in headers:
        raise _too_many("requests")
    _check_contents(headers)


def is_export(headers: Headers) -> bool:
    """Tell whether a message says that it delivers an indication."""
    return b"cimexport" in headers and b"cimoperation" not in headers


def check_export_headers(headers: Headers) -> None:
    """Refuse an export that can be refused without the body; raises Refusal."""
    if headers[b"cimexport"].strip().lower() != b"methodrequest":
        raise Refusal(400, CIMErrorToken.UNSUPPORTED_OPERATION, "CIMExport must be MethodRequest")
    if b"cimexportbatch" in headers:
        raise _too_many("exports")
    _check_contents(headers)


def _too_many(what: str) -> Refusal:
    token = CIMErrorToken.MULTIPLE_REQUESTS_UNSUPPORTED
    return Refusal(501, token, f"multiple {what} are not served")


def _check_contents(headers: Headers) -> None:
    _check_content_type(headers.get(b"content-type", b""))
    _check_accept(headers.get(b"accept", b"*/*"), headers.get(b"accept-charset", b"*"))


@lru_cache(maxsize=64)
def _check_accept(types: bytes, charsets: bytes) -> None:
    """Refuse a client that could not read the answer (RFC 9110 section 12.5)."""
    if _accepted(types).isdisjoint(_READABLE_TYPES):
        raise Refusal(406, None, "replies are application/xml")
    if _accepted(charsets).isdisjoint(_READABLE_CHARSETS):
        raise Refusal(406, None, "replies are UTF-8")


def _accepted(value: bytes) -> set[str]:
    """Return the names in an Accept header that are not ruled out by a quality of zero."""
    names = set()
    for item in value.decode("latin-1").lower().split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        if not any(re.fullmatch(r"q=0(\.0*)?", parameter) for parameter in parameters):
            names.add(name)
    return names


@lru_cache(maxsize=64)
def _check_content_type(value: bytes) -> None:
    media_type, _, parameters = value.decode("latin-1").partition(";")
    if media_type.strip().lower() not in _XML_TYPES:
        raise Refusal(
            400, CIMErrorToken.REQUEST_NOT_VALID, "Content-Type must be application/xml or text/xml"
        )
    for parameter in parameters.split(";"):
        name, _, text = parameter.partition("=")
        if name.strip().lower() == "charset" and text.strip(' "').lower() not in _UTF8_NAMES:
            raise Refusal(400, CIMErrorToken.REQUEST_NOT_VALID, "the charset must be utf-8")


def check_call_headers(headers: Headers, call: Call) -> None:
    """Refuse a message whose headers contradict its body; raises Refusal."""
    _check_version(headers, call.protocol_version)
    _check_method(headers.get(b"cimmethod", b""), call)
    cim_object = headers.get(b"cimobject", b"")
    if isinstance(call, ExtrinsicCall):
        _check_target(cim_object, call)
    elif _namespace(cim_object) != canonical_namespace(call.namespace):
        raise header_mismatch("CIMObject differs from the namespace of the call")


def check_export_call_headers(headers: Headers, call: ExportCall) -> None:
    """Refuse an export whose headers contradict its body; raises Refusal."""
    _check_version(headers, call.protocol_version)
    name = _decoded(headers.get(b"cimexportmethod", b""), "CIMExportMethod").strip()
    if name.lower() != call.name.lower():
        raise header_mismatch("CIMExportMethod differs from the name of the call")


def _check_version(headers: Headers, told: str) -> None:
    version = headers.get(b"cimprotocolversion", b"1.0").strip()
    if version != told.encode():
        if not version.startswith(b"1."):
            raise Refusal(
                501, CIMErrorToken.UNSUPPORTED_PROTOCOL_VERSION, "only protocol 1.x is served"
            )
        raise header_mismatch("CIMProtocolVersion differs from PROTOCOLVERSION")


def _check_method(value: bytes, call: Call) -> None:
    name = _decoded(value, "CIMMethod").strip()
    same = name == call.name or (
        not isinstance(call, ExtrinsicCall) and name.lower() == call.name.lower()
    )
    if not same:
        raise header_mismatch("CIMMethod differs from the name of the call")


@lru_cache(maxsize=256)
def _namespace(value: bytes) -> str:
    return canonical_namespace(_decoded(value, "CIMObject"))


def _check_target(value: bytes, call: ExtrinsicCall) -> None:
    try:
        path = parse_uri(_decoded(value, "CIMObject").strip())
    except ValueError:
        raise header_mismatch("CIMObject is not an object path") from None
    same_class = path.identity()[:2] == call.target.identity()[:2]
    if not same_class or not _same_keys(path.keys, call.target.keys):
        raise header_mismatch("CIMObject differs from the target of the call")


def _same_keys(header: Keys, body: Keys) -> bool:
    """Compare keys as texts: headers do not tell 5 from "5" reliably, nor true from "TRUE".

    A lone key may be nameless in the body. Reference keys have too many spellings to compare
    them in a header.
    """
    if header is None or body is None:
        return header is body
    given, wanted = ({name.lower(): value for name, value in keys} for keys in (header, body))
    if wanted.keys() == {""} and len(given) == 1:
        given = {"": next(iter(given.values()))}
    return given.keys() == wanted.keys() and all(
        isinstance(value, ObjectPath) or _key_text(given[name]) == _key_text(value)
        for name, value in wanted.items()
    )


def _key_text(value: KeyValue) -> str:
    text = str(value)
    lowered = text.lower()
    return lowered if lowered in {"true", "false"} else text


@lru_cache(maxsize=256)
def _decoded(value: bytes, name: str) -> str:
    """Undo percent-encoding; some clients encode, some do not (DSP0200 section 6.3.5)."""
    try:
        text = _PERCENT.sub(_percent_byte, value).decode("utf-8")
    except UnicodeDecodeError:
        raise header_mismatch(f"{name} is not UTF-8") from None
    if not text:
        raise header_mismatch(f"{name} is missing or empty")
    return text


def _percent_byte(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode())
