"""How the end of a response is told that is sent before its length is known.

A client that reads trailers hears there whether the operation failed after all. One that does not
must not take a part for the whole: its connection is cut when a reply breaks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from virtcim.listeners.messages import Response

_TRAILER = b"Trailer: CIMStatusCode, CIMStatusCodeDescription\r\n"


@dataclass(frozen=True, slots=True)
class Framing:
    """The headers that announce the end, and whether there are chunks, and trailers after them."""

    headers: bytes
    chunks: bool
    trailers: bool

    def frame(self, block: bytes) -> tuple[bytes, ...]:
        """Return a part of the body as it is sent."""
        return (b"%x\r\n" % len(block), block, b"\r\n") if self.chunks else (block,)

    def end(self, response: Response) -> bytes:
        """Return what follows the last part."""
        if self.trailers:
            return trailer(response)
        return b"0\r\n\r\n" if self.chunks else b""


_CHUNKED = b"Transfer-Encoding: chunked\r\n"

TRAILED = Framing(_CHUNKED + _TRAILER, chunks=True, trailers=True)
CHUNKED = Framing(_CHUNKED, chunks=True, trailers=False)
UNTIL_THE_END = Framing(b"", chunks=False, trailers=False)
"""HTTP/1.0 knows no chunks: the end of the connection is that of the reply."""


def framing_of(version: str, headers: Mapping[bytes, bytes]) -> Framing:
    """Return how the end of a long reply is told to a client."""
    if version != "1.1":
        return UNTIL_THE_END
    return TRAILED if reads_trailers(headers) else CHUNKED


def reads_trailers(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a client says that it reads trailers."""
    codings = headers.get(b"te")
    return codings is not None and b"trailers" in codings.lower()


def trailer(response: Response) -> bytes:
    """Return the end of a chunked response (DSP0200 section 6.3.7)."""
    lines = b"0\r\nCIMStatusCode: %d\r\n" % response.cim_status
    if response.cim_status:
        description = quote(response.cim_description, safe="").encode()
        lines += b"CIMStatusCodeDescription: %b\r\n" % description
    return lines + b"\r\n"
