"""What one client may cost: replies that are read slowly, bodies that wait, heads in pieces."""

import tracemalloc

from tests.listeners.test_http import World, post, serve
from virtcim.listeners.framing import trailer
from virtcim.listeners.messages import Response


def closing(target: str) -> bytes:
    """Return a request whose answer ends the connection."""
    return post(target, Connection="close")


def test_a_slow_reader_gets_a_reply_that_ends_the_connection() -> None:
    """A connection that closes after its reply is not cut off while the reply is being read."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(closing("/huge"))
            world.wait_until(lambda: len(world.asked) == 1)
            for _ in range(30):  # longer than a refused client may linger
                world.pause()
            assert len(connection.answer().body) == 64 << 20

    serve(client, linger_seconds=0.05, sweep_seconds=0.02)


def test_bodies_that_wait_count_against_the_limit() -> None:
    """A body is counted until its request is answered, not just while it arrives."""

    def client(world: World) -> None:
        with world.open() as slow, world.open() as other:
            slow.send(post("/slow", bytes(900)))
            world.wait_until(lambda: len(world.asked) == 1)
            assert other.ask(post("/", bytes(900))).status == 503
            world.release()
            assert slow.answer().status == 200
        with world.open() as again:
            assert again.ask(post("/", bytes(900))).status == 200

    serve(client, bodies_bytes=1500)


def test_a_legal_head_may_come_in_pieces() -> None:
    """A head within the limit is within it however it is sent."""
    head = post("/", **{f"X-{number}": "y" * 80 for number in range(18)})

    def client(world: World) -> None:
        with world.open() as connection:
            for start in range(0, len(head), 100):
                connection.send(head[start : start + 100])
                world.pause()
            assert connection.answer().status == 200

    serve(client, head_bytes=len(head), head_count=40)


def test_a_legal_head_may_come_in_two_pieces() -> None:
    """What the parser has told of a head is not counted again."""
    head = post("/", **{f"X-{number}": "y" * 80 for number in range(18)})

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(head[:100])
            world.pause()
            connection.send(head[100:-50])
            world.pause()
            connection.send(head[-50:])
            assert connection.answer().status == 200

    serve(client, head_bytes=len(head), head_count=40)


def test_a_body_in_small_chunks_costs_no_more_than_its_bytes() -> None:
    """Bytes are counted against the limits, so they are what is held, and no object for each."""
    chunks = 200_000
    request = (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"2\r\nab\r\n" * chunks
        + b"0\r\n\r\n"
    )

    def client(world: World) -> None:
        with world.open() as connection:
            assert connection.ask(request).body == b"/|" + b"ab" * chunks

    tracemalloc.start()
    serve(client)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * 2 * chunks  # the body, the request, the reply, and both ends of the socket


def test_what_is_refused_early_is_told() -> None:
    """An operator hears of requests that never reach the application."""
    heard: list[tuple[str, int]] = []

    def client(world: World) -> None:
        assert world.shell is not None
        world.shell.refused = lambda peer, status: heard.append((peer, status))
        with world.open() as connection:
            assert connection.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").status == 405
        with world.open() as connection:
            assert connection.ask(b"nonsense\r\n\r\n").status == 400

    serve(client)
    assert heard == [("127.0.0.1", 405), ("127.0.0.1", 400)]


def test_trailers_carry_the_status_of_the_operation() -> None:
    """Clients read the trailer before the XML, so a failed operation must not say 0 there."""
    failed = Response(200, cim_status=6, cim_description="CIM_ERR_NOT_FOUND: a b")
    assert trailer(Response(200)) == b"0\r\nCIMStatusCode: 0\r\n\r\n"
    assert trailer(failed) == (
        b"0\r\nCIMStatusCode: 6\r\nCIMStatusCodeDescription: CIM_ERR_NOT_FOUND%3A%20a%20b\r\n\r\n"
    )
