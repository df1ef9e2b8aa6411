"""What a client takes by Accept-Encoding, replies compressed as they are written, bombs."""

import gzip
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.listeners.test_http import World, post, serve
from virtcim.listeners.codings import (
    ALWAYS_INFLATED,
    CODERS,
    INFLATERS,
    MOST_INFLATION,
    SMALLEST,
    Choice,
    Undecodable,
    choice_of,
    coded,
    inflated,
)
from virtcim.listeners.messages import Broken, Response

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENDLESS = 1 << 40

DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": zstd.decompress,
}
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}

# (Accept-Encoding, the coding of a big reply, whether one without is taken)
CHOICES: tuple[tuple[str | None, str | None, bool], ...] = (
    (None,                              None,   True),
    ("",                                None,   True),
    ("identity",                        None,   True),
    ("gzip",                            "gzip", True),
    ("GZip",                            "gzip", True),
    ("x-gzip",                          "gzip", True),
    ("zstd",                            "zstd", True),
    ("gzip, deflate, br, zstd",         "zstd", True),
    ("gzip, deflate",                   "gzip", True),
    ("gzip;q=1.0, zstd;q=0.5",          "gzip", True),
    ("gzip ; q=0.5 , zstd;q=0.500",     "zstd", True),
    ("gzip;q=0",                        None,   True),
    ("gzip;q=0.000, *",                 "zstd", True),
    ("*",                               "zstd", True),
    ("*;q=0",                           None,   False),
    ("*;q=0, gzip",                     "gzip", False),
    ("*;q=0, identity",                 None,   True),
    ("identity;q=0",                    None,   False),
    ("identity;q=0, gzip",              "gzip", False),
    ("identity;q=0, br",                None,   False),
    ("identity;q=0, *",                 "zstd", False),
    ("identity, gzip;q=0.5",            None,   True),
    ("identity;q=0.5, gzip;q=0.5",      "gzip", True),
    ("deflate, br",                     None,   True),
    ("gzip;q=2, zstd;q=x",              None,   True),
    (",, ;q=1, gzip,",                  "gzip", True),
    ("\xff, gzip",                      "gzip", True),
)  # fmt: skip


@pytest.mark.parametrize(("accept", "coding", "plain"), CHOICES)
def test_choices(accept: str | None, coding: str | None, *, plain: bool) -> None:
    """The best that both sides have, by weight, then by what it costs us (RFC 9110 12.5.3)."""
    headers = {} if accept is None else {b"accept-encoding": accept.encode("latin-1")}
    assert choice_of(headers) == Choice(coding, plain)
    assert choice_of(headers).possible is (plain or coding is not None)


@given(st.binary())
def test_any_header_is_understood_somehow(value: bytes) -> None:
    """Whatever the header says, there is a choice."""
    assert choice_of({b"accept-encoding": value}).coding in {None, *CODERS}


def content(response: Response, coding: str) -> bytes:
    """Return the body of a response that must be coded."""
    assert f"Content-Encoding: {coding}\r\n".encode() in response.headers
    return DECOMPRESS[coding](b"".join(response.pieces))


@pytest.mark.parametrize("coding", CODERS)
def test_big_replies_are_coded(coding: str) -> None:
    """What comes in pieces, or at once, is the same after decompressing."""
    pieces = [b"%d;" % number * 100 for number in range(1000)]
    for source in (tuple(pieces), pieces, iter(pieces)):
        response = coded(Response(200, b"A: b\r\n", source), Choice(coding, plain=True))
        assert content(response, coding) == b"".join(pieces)
        assert response.headers.startswith(b"A: b\r\n")


@pytest.mark.parametrize("coding", CODERS)
def test_small_replies_are_coded_only_where_they_must(coding: str) -> None:
    """They would hardly be smaller; who cannot take them plain gets them coded."""
    small = (b"x" * (SMALLEST - 1),)
    plain = coded(Response(200, pieces=iter(small)), Choice(coding, plain=True))
    assert (plain.headers, tuple(plain.pieces)) == (b"", small)
    must = coded(Response(200, pieces=small), Choice(coding, plain=False))
    assert content(must, coding) == small[0]


def test_a_refusal_without_a_body_stays_so() -> None:
    """There is nothing to compress."""
    response = coded(Response(401), Choice("gzip", plain=False))
    assert (response.headers, tuple(response.pieces)) == (b"", ())


def breaking(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces, then break."""
    yield from pieces
    raise Broken(Response(200, b"X: y\r\n", (b"sorry",)))


@pytest.mark.parametrize("plain", [True, False])
def test_a_reply_that_breaks_early_is_replaced(*, plain: bool) -> None:
    """Nothing of it was sent, so the other one stands for it, in the client's coding."""
    response = coded(Response(200, pieces=breaking([b"some"])), Choice("gzip", plain))
    assert response.headers.startswith(b"X: y\r\n")
    body = b"".join(response.pieces)
    assert (body if plain else gzip.decompress(body)) == b"sorry"


@pytest.mark.parametrize("coding", CODERS)
def test_a_reply_that_breaks_late_ends_well(coding: str) -> None:
    """What was sent of it can be decompressed: the trailer says what is wrong, not the coding."""
    source = breaking([b"x" * SMALLEST])
    pieces = iter(coded(Response(200, pieces=source), Choice(coding, plain=True)).pieces)
    taken = [next(pieces), next(pieces)]
    with pytest.raises(Broken):
        next(pieces)
    assert DECOMPRESS[coding](b"".join(taken)) == b"x" * SMALLEST


# Requests


@pytest.mark.parametrize("coding", COMPRESS)
@given(body=st.binary(max_size=2000))
def test_requests_are_inflated(coding: str, body: bytes) -> None:
    """What was compressed comes back, whatever the case of the name."""
    packed = COMPRESS[coding](body)
    assert inflated(coding.upper().encode(), packed, ENDLESS) == body
    assert inflated(b" identity ", body, ENDLESS) == body


def refused(coding: str, body: bytes, most: int = ENDLESS) -> int:
    """Return the status of a body that is not taken."""
    with pytest.raises(Undecodable) as caught:
        inflated(coding.encode(), body, most)
    return caught.value.status


@pytest.mark.parametrize("coding", COMPRESS)
def test_what_is_no_coding(coding: str) -> None:
    """Garbage, half of it, and what comes after it."""
    good = COMPRESS[coding](b"hello" * 100)
    for bad in (b"", b"hello", good[:-1], good[: len(good) // 2], good + b"x", good + good):
        assert refused(coding, bad) == 400


@pytest.mark.parametrize("coding", COMPRESS)
def test_bombs(coding: str) -> None:
    """What is longer than a body may be, or than any honest one of its size, is not unpacked."""
    assert refused(coding, COMPRESS[coding](bytes(1001)), 1000) == 413
    assert inflated(coding.encode(), COMPRESS[coding](bytes(1000)), 1000) == bytes(1000)
    bomb = COMPRESS[coding](bytes(64 << 20))
    assert MOST_INFLATION * len(bomb) < 64 << 20
    assert refused(coding, bomb) == 413
    small = COMPRESS[coding](bytes(ALWAYS_INFLATED))
    assert len(inflated(coding.encode(), small, ENDLESS)) == ALWAYS_INFLATED


def test_a_window_of_gigabytes() -> None:
    """A frame of zstd may ask for more memory than its contents have; it gets 8 MiB."""
    parameter = zstd.CompressionParameter
    wide = {int(parameter.window_log): 27, int(parameter.enable_long_distance_matching): 1}
    compressor = zstd.ZstdCompressor(options=wide)
    frame = compressor.compress(bytes(100)) + compressor.flush()
    assert refused("zstd", frame) == 400


def test_every_name_has_its_way_back() -> None:
    """What replies are coded in, requests may be too."""
    assert {name.encode() for name in CODERS} < INFLATERS.keys()
    assert zlib.decompress(gzip.compress(b"x"), wbits=31) == b"x"


def test_inflating_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the body of one client is inflated another one is answered."""
    inflate, going_on = INFLATERS[b"gzip"], threading.Event()

    def slowly(body: bytes, most: int) -> bytes:
        assert going_on.wait(60)
        return inflate(body, most)

    monkeypatch.setitem(cast("dict[bytes, Any]", INFLATERS), b"gzip", slowly)

    def client(world: World) -> None:
        with world.open() as one, world.open() as other:
            one.send(post("/one", gzip.compress(b"hello"), Content_Encoding="gzip"))
            world.wait_until(lambda: world.shell is not None and bool(world.shell.calls))
            assert other.ask(post("/other")).body == b"/other|hello"
            going_on.set()
            assert one.answer().body == b"/one|hello"

    assert [request.target for request in serve(client).asked] == [b"/other", b"/one"]
