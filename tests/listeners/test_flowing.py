"""Replies longer than may be held: they flow, and no part of one is taken for the whole."""

import gzip

import pytest

from tests.listeners.test_http import BIG, World, ask, post, serve

SMALL_HOLD = {"reply_bytes": 1}


def test_a_long_reply_flows() -> None:
    """Chunks, without trailers that nobody asked for, and the connection stays."""
    answer, ended = ask(post("/busy"), **SMALL_HOLD)
    assert (answer.body, ended) == (b"0;1;2;3;", False)
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "trailer" not in answer.headers
    assert answer.trailers == {}


def test_a_shorter_one_has_its_length() -> None:
    """Up to the limit a reply is held, so that an error can still take its place."""
    answer, _ = ask(post("/busy"), reply_bytes=8)
    assert (answer.body, answer.headers["content-length"]) == (b"0;1;2;3;", "8")
    answer, _ = ask(post("/broken-late"), reply_bytes=8)
    assert (answer.body, answer.headers["x-broken"]) == (b"sorry", "yes")


def test_a_long_reply_that_breaks_is_cut() -> None:
    """Without trailers nothing can be said any more, but that it is not whole."""

    def client(world: World) -> None:
        with world.open() as connection, pytest.raises(AssertionError, match="cut short"):
            connection.ask(post("/broken-late"))

    serve(client, **SMALL_HOLD)


def test_an_old_client_gets_all_until_the_end() -> None:
    """HTTP/1.0 has no chunks: the reply ends with its connection."""

    def client(world: World) -> None:
        with world.open() as connection:
            request = post("/busy", Connection="keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
            connection.send(request)
            head, _, body = connection.everything().partition(b"\r\n\r\n")
            assert b"\r\nConnection: close" in head
            assert b"Content-Length" not in head
            assert b"Transfer-Encoding" not in head
            assert body == b"0;1;2;3;"

    serve(client, **SMALL_HOLD)


def test_what_slow_readers_leave_is_counted() -> None:
    """While they leave much, replies are not held for their length, and each still comes whole."""

    def client(world: World) -> None:
        with world.open() as slow, world.open() as other:
            slow.send(post("/huge"))
            world.wait_until(lambda: world.shell is not None and world.shell.has_many_replies)
            answer = other.ask(post("/busy"))
            assert (answer.body, answer.headers["transfer-encoding"]) == (b"0;1;2;3;", "chunked")
            slow.skip(64 << 20)
            world.wait_until(lambda: world.shell is not None and not world.shell.reply_bytes)
            assert "content-length" in other.ask(post("/busy")).headers

    serve(client, replies_bytes=1 << 20)


@pytest.mark.parametrize("te", [{}, {"TE": "trailers"}])
@pytest.mark.parametrize("limits", [{}, SMALL_HOLD])
@pytest.mark.parametrize("target", ["/big", "/busy"])
def test_coded_replies(target: str, te: dict[str, str], limits: dict[str, int]) -> None:
    """In any framing a coded reply decodes to what a plain one is; a small one is plain."""
    answer, ended = ask(post(target, Accept_Encoding="gzip", **te), **limits)
    assert not ended
    if target == "/busy":
        assert "content-encoding" not in answer.headers
        assert answer.body == b"0;1;2;3;"
    else:
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(answer.body) == BIG * 20
        assert len(answer.body) < len(BIG)
    assert answer.trailers == ({"cimstatuscode": "0"} if te else {})


def test_a_coded_reply_that_breaks() -> None:
    """Before anything was sent another reply takes its place, in chunks as well."""
    request = post("/broken", Accept_Encoding="gzip, identity;q=0", TE="trailers")
    answer, _ = ask(request)
    assert gzip.decompress(answer.body) == b"sorry"
    assert answer.trailers["cimstatuscode"] == "1"


@pytest.mark.parametrize("accept", ["identity;q=0", "*;q=0", "br, identity;q=0"])
def test_nothing_that_the_client_takes(accept: str) -> None:
    """A client that takes neither what we have nor a plain reply is told so, and may ask again."""
    answer, ended = ask(post(Accept_Encoding=accept))
    assert (answer.status, answer.body, ended) == (406, b"", False)


def test_inflated_bodies_count() -> None:
    """What a small body has become counts against the limit of all bodies."""
    packed = gzip.compress(bytes(900))

    def client(world: World) -> None:
        with world.open() as slow, world.open() as other:
            slow.send(post("/slow", packed, Content_Encoding="gzip"))
            world.wait_until(lambda: len(world.asked) == 1)
            answer = other.ask(post("/", packed, Content_Encoding="gzip"))
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
            world.release()
            assert slow.answer().body == b"slow|" + bytes(900)
            assert other.ask(post("/", packed, Content_Encoding="gzip")).status == 200

    serve(client, bodies_bytes=1500)


def test_a_client_that_never_closes_after_a_slow_reply() -> None:
    """When all of a last reply has been read, the connection does not linger for ever."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(post("/huge", Connection="close"))
            world.wait_until(lambda: world.shell is not None and world.shell.reply_bytes > 0)
            connection.skip(64 << 20)
            world.wait_until(lambda: world.connections() == 0)

    serve(client)
