"""Requests that mean harm, and what each gets: for tests, and for what they cost others."""

import gzip
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks import messages

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@dataclass(frozen=True)
class Attack:
    """A request, and its refusal: a status, and the CIMError where it was taken for CIM."""

    request: bytes
    status: int
    token: str | None = None


METHOD = "EnumerateInstances"
CLASS = '<CLASSNAME NAME="Test_ComputerSystem"/>'
GOOD = messages.intrinsic(METHOD, ClassName=CLASS)[1]
HEAD, TAIL = GOOD.split(CLASS.encode())
ROOT = b"<CIM "
MEGABYTE = 1 << 20


def cim(body: bytes, *headers: str) -> bytes:
    """Return the request of a message, with more headers."""
    request = messages.http_request(METHOD, body)
    more = "".join(f"{header}\r\n" for header in headers)
    return request.replace(b"\r\n", f"\r\n{more}".encode(), 1)


def _typed(declarations: bytes, text: bytes) -> bytes:
    """Return the message with a document type, and a text in the place of the class."""
    body = HEAD + b"<VALUE>" + text + b"</VALUE>" + TAIL
    return cim(body.replace(ROOT, b"<!DOCTYPE CIM [" + declarations + b"]>" + ROOT, 1))


def _laughs() -> bytes:
    entities = b'<!ENTITY e0 "ha">' + b"".join(
        b'<!ENTITY e%d "%b">' % (number, b"&e%d;" % (number - 1) * 10) for number in range(1, 12)
    )
    return _typed(entities, b"&e11;")


def _list(element: bytes, count: int) -> bytes:
    """Return the message with a list of properties so long."""
    names = b"<VALUE.ARRAY>" + element * count + b"</VALUE.ARRAY>"
    more = b'</IPARAMVALUE><IPARAMVALUE NAME="PropertyList">' + names
    return cim(HEAD + CLASS.encode() + more + TAIL)


def _names() -> bytes:
    """Return a message of megabytes that shrinks as an honest one does."""
    more = b'</IPARAMVALUE><IPARAMVALUE NAME="PropertyList"><VALUE.ARRAY>'
    names = b"".join(b"<VALUE>%x</VALUE>" % (number * 2654435761) for number in range(190_000))
    return HEAD + CLASS.encode() + more + names + b"</VALUE.ARRAY>" + TAIL


def _chunked(chunks: bytes) -> bytes:
    """Return a request with a body in these chunks, which are sent as they are."""
    return b"POST /cimom HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks


def _nested(depth: int) -> bytes:
    return cim(HEAD + b"<VALUE>" * depth + b"</VALUE>" * depth + TAIL)


NOT_VALID, NOT_WELL_FORMED = "request-not-valid", "request-not-well-formed"

ATTACKS: Mapping[str, Attack] = {
    "entities in entities": Attack(_laughs(), 400, NOT_VALID),
    "one long entity": Attack(
        _typed(b'<!ENTITY a "' + b"x" * 100_000 + b'">', b"&a;" * 10_000), 400, NOT_VALID),
    "a file": Attack(
        _typed(b'<!ENTITY a SYSTEM "file:///etc/passwd">', b"&a;"), 400, NOT_VALID),
    "an address": Attack(
        _typed(b'<!ENTITY % a SYSTEM "http://127.0.0.1:1/x.dtd"> %a;', b"x"), 400, NOT_VALID),
    "10 MB attribute": Attack(
        cim(HEAD + b'<CLASSNAME NAME="' + b"x" * 10 * MEGABYTE + b'"/>' + TAIL),
        400, NOT_WELL_FORMED),
    "9 MB attribute": Attack(
        cim(HEAD + b'<CLASSNAME NAME="' + b"x" * 9 * MEGABYTE + b'"/>' + TAIL), 400, NOT_VALID),
    "a million elements": Attack(_list(b"<VALUE/>", 1_000_000), 400, NOT_VALID),
    "150 000 elements": Attack(_list(b"<VALUE>x</VALUE>", 150_000), 400, NOT_VALID),
    "depth 10 000": Attack(_nested(10_000), 400, NOT_WELL_FORMED),
    "depth 200": Attack(_nested(200), 400, NOT_VALID),
    "500 000 attributes": Attack(
        cim(HEAD + b"<CLASSNAME" + b"".join(b' a%d=""' % n for n in range(500_000)) + b"/>" + TAIL),
        400, NOT_VALID),
    "gzip bomb": Attack(cim(gzip.compress(bytes(1 << 30)), "Content-Encoding: gzip"), 413),
    "zstd bomb": Attack(cim(zstd.compress(bytes(1 << 30)), "Content-Encoding: zstd"), 413),
    "gzip of much": Attack(
        cim(gzip.compress(_names()), "Content-Encoding: gzip"), 400, NOT_VALID),
    "gzip in gzip": Attack(
        cim(gzip.compress(gzip.compress(bytes(100 << 20))), "Content-Encoding: gzip, gzip"), 415),
    "17 MB": Attack(cim(b" " * 17 * MEGABYTE), 413),
    "a long trailer": Attack(_chunked(b"0\r\nX-Long: " + b"y" * 70_000 + b"\r\n\r\n"), 431),
    "a long extension": Attack(_chunked(b"1;" + b"y" * 1_000_000 + b"\r\na\r\n"), 431),
    "a long head": Attack(cim(GOOD, "X-Long: " + "y" * 70_000), 431),
    "many headers": Attack(cim(GOOD, *(f"X-{n}: y" for n in range(200))), 431),
}  # fmt: skip
"""Requests that are complete."""


def _framed(*headers: str) -> bytes:
    """Return a request with its framing, around another one that nobody must answer."""
    lines = "".join(f"{header}\r\n" for header in headers)
    head = f"POST /cimom HTTP/1.1\r\nHost: localhost\r\nCIMOperation: MethodCall\r\n{lines}\r\n"
    return head.encode("latin-1") + b"0\r\n\r\n" + cim(GOOD)


LENGTH, CHUNKED = "Content-Length: 5", "Transfer-Encoding: chunked"

SMUGGLED: Mapping[str, Attack] = {
    "length and chunks": Attack(_framed(LENGTH, CHUNKED), 400),
    "chunks and length": Attack(_framed(CHUNKED, LENGTH), 400),
    "two lengths": Attack(_framed(LENGTH, "Content-Length: 0"), 400),
    "the same length twice": Attack(_framed(LENGTH, LENGTH), 400),
    "a list of lengths": Attack(_framed("Content-Length: 5, 5"), 400),
    "a signed length": Attack(_framed("Content-Length: +5"), 400),
    "a length in hexadecimal": Attack(_framed("Content-Length: 0x5"), 400),
    "chunks twice": Attack(_framed(CHUNKED, CHUNKED), 400),
    "chunks and something": Attack(_framed("Transfer-Encoding: chunked, identity", LENGTH), 400),
    "something like chunks": Attack(_framed("Transfer-Encoding: xchunked", LENGTH), 501),
    "another coding": Attack(_framed("Transfer-Encoding: gzip, chunked"), 501),
    "a blank before the colon": Attack(_framed("Transfer-Encoding : chunked", LENGTH), 400),
    "a folded coding": Attack(_framed("Transfer-Encoding:\r\n chunked", LENGTH), 400),
    "a tab in the coding": Attack(_framed("Transfer-Encoding: \x0bchunked", LENGTH), 400),
    "a bare line feed": Attack(_framed("X: y\nTransfer-Encoding: chunked", LENGTH), 400),
    "a bare carriage return": Attack(_framed("X: y\rTransfer-Encoding: chunked", LENGTH), 400),
    "a byte of nothing": Attack(_framed("X: y\x00", LENGTH), 400),
    "two hosts": Attack(_framed("Host: other", LENGTH), 400),
    "an upgrade": Attack(_framed("Connection: Upgrade", "Upgrade: h2c", LENGTH), 501),
    "chunks in HTTP/1.0": Attack(_framed(CHUNKED).replace(b"/1.1\r", b"/1.0\r", 1), 400),
    "no length": Attack(_framed(), 411),
}
"""Requests whose end two parsers might see at two places; the one inside is never answered."""
