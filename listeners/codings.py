"""Content codings: what a client takes, replies compressed as they are written, requests inflated.

A reply is compressed where that saves more than it costs, piece by piece, so that no part of it is
waited for; a request is inflated no further than its limit. Nothing here has state.
"""

import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Protocol

from virtcim.listeners.messages import Broken, Response

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SMALLEST = 8192
"""Bytes from which compressing is worth it: one instance of most classes is smaller."""

MOST_INFLATION = 100
"""XML shrinks to a twentieth; what claims much more is made to cost us time and memory."""
ALWAYS_INFLATED = 1 << 20
"""So many bytes a body may have, however small it came."""

_WINDOW_LOG = 23
"""RFC 9659: who decodes zstd on the web need not hold more than 8 MiB of what went before."""


class Coder(Protocol):
    """What compresses one reply."""

    def compress(self, data: bytes, /) -> bytes:
        """Take a piece; return what is ready of it."""

    def flush(self) -> bytes:
        """Return the rest."""


def _zstd() -> Coder:
    return zstd.ZstdCompressor(level=1)


def _gzip() -> Coder:
    return zlib.compressobj(level=1, wbits=31)


CODERS: Mapping[str, Callable[[], Coder]] = {"zstd": _zstd, "gzip": _gzip}
"""What replies can be coded in, the cheaper one first; of level 1, since most are sent once."""

_ALIASES = {"x-gzip": "gzip"}  # RFC 9110 section 8.4.1.3


# Replies


@dataclass(frozen=True, slots=True)
class Choice:
    """What a client takes: a coding, and whether it takes a reply without one."""

    coding: str | None
    plain: bool

    @property
    def possible(self) -> bool:
        """Whether the client takes anything that we can send."""
        return self.plain or self.coding is not None


PLAIN = Choice(None, plain=True)


def choice_of(headers: Mapping[bytes, bytes]) -> Choice:
    """Return what a request asks for by Accept-Encoding (RFC 9110 section 12.5.3)."""
    value = headers.get(b"accept-encoding")
    return PLAIN if value is None else _chosen(value)


@lru_cache(maxsize=64)
def _chosen(value: bytes) -> Choice:
    weights = dict(_weights(value.decode("latin-1").lower()))
    others = weights.get("*", 0.0)
    plain = weights.get("identity", weights.get("*", 1.0)) > 0
    # Who does not name identity only puts up with it.
    least = weights.get("identity", 0.0)
    known = [(weights.get(name, others), -number, name) for number, name in enumerate(CODERS)]
    weight, _, best = max(known)
    return Choice(best if weight > 0 and weight >= least else None, plain)


def _weights(value: str) -> Iterator[tuple[str, float]]:
    for item in value.split(","):
        name, *parameters = (part.strip() for part in item.split(";"))
        weight = next((p[2:] for p in parameters if p.startswith("q=")), "1")
        if name and re.fullmatch(r"(0(\.\d{0,3})?|1(\.0{0,3})?)", weight):
            yield _ALIASES.get(name, name), float(weight)


def coded(response: Response, choice: Choice) -> Response:
    """Return the response in the client's coding; a small one only where it must be.

    Another one stands for a response that breaks before so much of it is known.
    """
    if choice.coding is None:
        return response
    try:
        pieces, is_big = _looked_at(response.pieces)
    except Broken as broken:
        response = broken.instead
        pieces, is_big = tuple(response.pieces), False
    if pieces and (is_big or not choice.plain):
        response.headers += b"Content-Encoding: %b\r\n" % choice.coding.encode()
        pieces = _encoded(pieces, CODERS[choice.coding]())
    response.pieces = pieces
    return response


def _looked_at(source: Iterable[bytes]) -> tuple[Iterable[bytes], bool]:
    """Return the same pieces, and whether they are many bytes."""
    pieces, taken, size = iter(source), list[bytes](), 0
    for piece in pieces:
        taken.append(piece)
        size += len(piece)
        if size >= SMALLEST:
            return chain(taken, pieces), True
    return tuple(taken), False


def _encoded(pieces: Iterable[bytes], coder: Coder) -> Iterator[bytes]:
    """Yield what comes out for each piece, which may be nothing; the end is always a whole one."""
    try:
        for piece in pieces:
            yield coder.compress(piece)
    except Broken:
        yield coder.flush()
        raise
    yield coder.flush()


# Requests


class Undecodable(Exception):
    """Raised for a body that cannot be inflated; `status` is that of HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


def inflated(coding: bytes, body: bytes, most: int) -> bytes:
    """Undo the coding of a request, within a limit of bytes; raises Undecodable."""
    inflate = INFLATERS[coding.strip().lower()]
    return inflate(body, min(most, max(ALWAYS_INFLATED, MOST_INFLATION * len(body))))


def _from_gzip(body: bytes, most: int) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        data = inflater.decompress(body, most)
    except zlib.error:
        raise Undecodable(400) from None
    if inflater.unconsumed_tail:
        raise Undecodable(413)
    if not inflater.eof or inflater.unused_data:
        raise Undecodable(400)
    return data


def _from_zstd(body: bytes, most: int) -> bytes:
    options = {int(zstd.DecompressionParameter.window_log_max): _WINDOW_LOG}
    inflater = zstd.ZstdDecompressor(options=options)
    try:
        data = inflater.decompress(body, most)
    except zstd.ZstdError:
        raise Undecodable(400) from None
    if not inflater.eof and not inflater.needs_input:
        raise Undecodable(413)
    if not inflater.eof or inflater.unused_data:
        raise Undecodable(400)
    return data


def _as_it_is(body: bytes, _most: int) -> bytes:
    return body


INFLATERS: Mapping[bytes, Callable[[bytes, int], bytes]] = {
    b"identity": _as_it_is,
    b"gzip":     _from_gzip,
    b"x-gzip":   _from_gzip,
    b"zstd":     _from_zstd,
}  # fmt: skip
"""Codings that a request may have."""
