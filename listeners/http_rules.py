"""What the HTTP shell accepts: limits, and the judgement of a head before its body is taken.

The rules stand in the order in which they apply (RFC 9112, DSP0200 section 6); each refusal is an
answer without a body. Nothing here has state.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from virtcim.listeners.codings import INFLATERS
from virtcim.listeners.messages import Response, refuse

BUSY = b"Retry-After: 5\r\n"
_ACCEPTED = b"Accept-Encoding: gzip, zstd\r\n"  # RFC 9110 section 15.5.16

_REQUEST_LINE = re.compile(rb"[\r\n]*([!#$%&'*+.^_`|~0-9A-Za-z-]+) \S+ HTTP/([0-9]\.[0-9])\r?\n")
_METHODS = frozenset(
    (b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PATCH", b"POST")
)
SINGLE = frozenset((b"content-length", b"transfer-encoding", b"host", b"content-type", b"te"))
"""Headers that must not be repeated: two readings of them are how requests are smuggled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one client may cost; times in seconds, sizes in bytes."""

    body_bytes: int = 16 * 1024 * 1024
    bodies_bytes: int = 256 * 1024 * 1024  # of all requests that are being received
    reply_bytes: int = 16 * 1024 * 1024  # of a reply that waits for its end; a longer one flows
    replies_bytes: int = 256 * 1024 * 1024  # of all replies that wait for their end or their reader
    head_bytes: int = 32 * 1024
    head_count: int = 100
    connections: int = 1024
    client_connections: int = 1024
    client_calls: int = 1024  # of one client that are being answered and not at hand
    pipelined: int = 32
    head_seconds: float = 15.0
    body_seconds: float = 60.0
    idle_seconds: float = 60.0
    write_seconds: float = 60.0
    linger_seconds: float = 2.0  # for what comes after a refusal, so that no reset eats the answer
    sweep_seconds: float = 0.5  # between looks at the deadlines: no timer to arm for each request


@dataclass(slots=True)
class Head:
    """A head while it arrives; `size` counts what a sender spent on it, trailers included."""

    target: bytes = b""
    size: int = 0
    count: int = 0
    repeated: bool = False
    unreported: int = 0  # bytes since the parser told of something

    def is_beyond(self, limits: Limits) -> bool:
        """Tell whether it is longer than a head may be."""
        return self.count > limits.head_count or self.size > limits.head_bytes


def judge_head(
    head: Head, method: bytes, version: str, headers: Mapping[bytes, bytes], limits: Limits
) -> Response | None:
    """Return the refusal of a complete head, or None when its body may come."""
    if head.is_beyond(limits):
        return refuse(431)
    if head.repeated:
        return refuse(400)
    if version not in {"1.0", "1.1"}:
        return refuse(505)
    if version == "1.1" and b"host" not in headers:
        return refuse(400)
    if method != b"POST":
        return refuse(405, headers=b"Allow: POST\r\n")
    return _judge_framing(version, headers) or _judge_body(headers, limits)


def _judge_framing(version: str, headers: Mapping[bytes, bytes]) -> Response | None:
    if headers.get(b"expect", b"100-continue").lower() != b"100-continue":
        return refuse(417)
    length = headers.get(b"content-length")
    coding = headers.get(b"transfer-encoding")
    if coding is not None and _is_strange(coding):
        return refuse(501)
    if coding is not None and version == "1.0":
        return refuse(400)  # who passed it on may have seen another end (RFC 9112 section 6.1)
    return refuse(411) if length is None and coding is None else None


def _judge_body(headers: Mapping[bytes, bytes], limits: Limits) -> Response | None:
    if int(headers.get(b"content-length", b"0")) > limits.body_bytes:
        return refuse(413)
    if headers.get(b"content-encoding", b"identity").strip().lower() not in INFLATERS:
        return refuse(415, headers=_ACCEPTED)
    return None


def judge_garbage(first_bytes: bytes, head: Head, headers: Mapping[bytes, bytes]) -> Response:
    """Say what is wrong with bytes that the parser does not take for a request."""
    coding = headers.get(b"transfer-encoding")
    framed_twice = b"content-length" in headers or head.repeated
    if coding is not None and not framed_twice and _is_strange(coding):
        return refuse(501)
    line = _REQUEST_LINE.match(first_bytes)
    if line is None or headers:
        return refuse(400)
    if line[2] not in {b"1.0", b"1.1"}:
        return refuse(505)
    return refuse(400 if line[1] in _METHODS else 501)


def _is_strange(coding: bytes) -> bool:
    """Tell whether a transfer coding is neither chunked nor identity."""
    names = {name.strip().lower() for name in coding.split(b",")}
    return bool(names - {b"chunked", b"identity"})
