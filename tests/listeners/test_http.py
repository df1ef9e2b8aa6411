"""The HTTP shell on real sockets: framing, limits, deadlines, order of answers, the end."""

import asyncio
import gzip
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvloop

from tests.rawhttp import Answer, Client, head
from virtcim.listeners.http_rules import Limits
from virtcim.listeners.messages import Broken, Request, Response
from virtcim.listeners.shell import Shell
from virtcim.listeners.slices import SLICE_SECONDS

BIG = b"x" * 100_000


QUICK = {"sweep_seconds": 0.01, "linger_seconds": 0.1}


@dataclass
class World:
    """A shell that answers by target, and what it was asked; used from the test's thread."""

    loop: asyncio.AbstractEventLoop
    gate: asyncio.Event
    port: int = 0
    asked: list[Request] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    shell: Shell | None = None

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Answer a request."""
        self.asked.append(request)
        name = request.target.split(b"?")[0]
        if name == b"/slow":
            return self._later(request)
        if name == b"/defect":
            return self._defect()
        pieces: dict[bytes, Callable[[], Any]] = {
            b"/big": lambda: (BIG,) * 20,
            b"/lazy": lambda: (b"%d;" % n for n in range(1000)),
            b"/busy": self._busy,
            b"/huge": lambda: iter([b"z" * (1 << 20)] * 64),
            b"/broken": self._broken,
            b"/broken-late": lambda: self._broken(slowly=True),
            b"/waiting": self._waiting,
        }
        body = pieces.get(name, lambda: (request.target + b"|" + request.body,))()
        return Response(
            200,
            b"X-Peer: %b\r\n" % request.peer.encode(),
            body,
            name == b"/close",
            self.sent.append,
        )

    async def _defect(self) -> Response:
        await asyncio.sleep(0)
        raise RuntimeError("a defect")

    async def _later(self, request: Request) -> Response:
        await self.gate.wait()
        return Response(200, b"", (b"slow|" + request.body,), sent=self.sent.append)

    def _busy(self) -> Iterator[bytes]:
        """Yield pieces that take several slices."""
        for number in range(4):
            until = self.loop.time() + 1.5 * SLICE_SECONDS
            while self.loop.time() < until:
                pass
            yield b"%d;" % number

    def _broken(self, *, slowly: bool = False) -> Iterator[bytes]:
        yield from self._busy() if slowly else (b"some;",)
        instead = Response(200, b"X-Broken: yes\r\n", (b"sorry",), sent=self.sent.append)
        instead.cim_status, instead.cim_description = 1, "CIM_ERR_FAILED: sorry, 100 %"
        raise Broken(instead)

    def _waiting(self) -> Iterator[bytes]:
        """Yield without end; a client that goes ends it."""
        while True:
            yield b"y" * 1000

    # From the client's thread

    def open(self) -> Client:
        """Connect."""
        return Client("127.0.0.1", self.port)

    def release(self) -> None:
        """Let the slow answers go."""
        self.loop.call_soon_threadsafe(self.gate.set)

    def connections(self) -> int:
        """Return how many connections there are."""
        assert self.shell is not None
        return len(self.shell.connections)

    def pause(self) -> None:
        """Give the server a moment."""
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), self.loop).result()

    def wait_until(self, fact: Callable[[], bool]) -> None:
        """Wait until something is true; only a fault waits long."""
        for _ in range(3000):
            if fact():
                return
            self.pause()
        raise AssertionError("it never came true")


def serve(client: Callable[[World], None], **limits: Any) -> World:
    """Serve while a client in another thread does what it does."""

    async def run() -> World:
        complaints: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: complaints.append(context))
        world = World(loop, asyncio.Event())
        world.shell = Shell(world, Limits(**{**QUICK, **limits}))
        server = await loop.create_server(world.shell, "127.0.0.1", 0)
        world.port = server.sockets[0].getsockname()[1]
        try:
            await asyncio.to_thread(client, world)
        finally:
            server.close()
            world.gate.set()
            await world.shell.stop(5)
            await asyncio.sleep(0.01)
        assert (world.shell.body_bytes, world.shell.reply_bytes) == (0, 0)
        assert not complaints, complaints
        assert len(world.sent) == len(world.asked)  # each is counted once, whatever became of it
        return world

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the server does
        return runner.run(run())


def post(target: str = "/echo", body: bytes = b"hello", /, **headers: str) -> bytes:
    """Return a request; underscores in names are hyphens."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return head(body, fields, f"POST {target} HTTP/1.1")


def ask(request: bytes, **limits: Any) -> tuple[Answer, bool]:
    """Return the answer to one request, and whether the connection ends after it."""
    found: list[tuple[Answer, bool]] = []

    def client(world: World) -> None:
        with world.open() as connection:
            answer = connection.ask(request)
            if answer.headers["connection"] == "keep-alive":
                again = connection.ask(post("/again"))
                assert again.body == b"/again|hello"
                found.append((answer, False))
            else:
                found.append((answer, connection.ended()))

    serve(client, **limits)
    return found[0]


# Good requests


def test_answer_and_request() -> None:
    """A request arrives whole, an answer has its headers, the connection stays."""

    def client(world: World) -> None:
        with world.open() as connection:
            answer = connection.ask(post("/a?b", b"body", X_One="1", x_ONE="2"))
        assert (answer.status, answer.body) == (200, b"/a?b|body")
        assert answer.headers["server"] == "virtcim"
        assert answer.headers["date"].endswith(" GMT")
        assert answer.headers["x-peer"] == "127.0.0.1"
        assert answer.headers["connection"] == "keep-alive"
        assert answer.headers["keep-alive"] == "timeout=60"

    world = serve(client)
    (request,) = world.asked
    assert (request.method, request.version, request.peer) == (b"POST", "1.1", "127.0.0.1")
    assert request.headers[b"x-one"] == b"1, 2"
    assert world.sent == [len(b"/a?b|body")]


def test_keep_alive() -> None:
    """One connection serves one request after the other."""

    def client(world: World) -> None:
        with world.open() as connection:
            for number in range(20):
                body = b"%d" % number
                assert connection.ask(post("/", body)).body == b"/|" + body

    assert len(serve(client).asked) == 20


ENDING = {
    "the client says so": post(Connection="close"),
    "HTTP/1.0": post().replace(b"HTTP/1.1", b"HTTP/1.0"),
    "the application says so": post("/close"),
}


@pytest.mark.parametrize("request_", ENDING.values(), ids=ENDING)
def test_ends_of_connections(request_: bytes) -> None:
    """Where no other request may follow, the answer is whole and the connection ends."""

    def client(world: World) -> None:
        with world.open() as connection:
            answer = connection.ask(request_)
            assert answer.body.endswith(b"|hello")
            assert connection.ended()

    serve(client)


def test_http_1_0_keep_alive() -> None:
    """An old client may ask for its connection to stay."""
    request = post(Connection="keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
    assert ask(request.replace(b"Host: localhost\r\n", b""))[0].body == b"/echo|hello"


def test_chunked_request() -> None:
    """A body may come in chunks, with extensions and trailers."""
    request = (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: y\r\n\r\n"
    )
    answer, ended = ask(request)
    assert (answer.body, ended) == (b"/|hello", False)


def test_trailers_are_no_headers() -> None:
    """What comes after the body says nothing about the request (RFC 9110 section 6.5.1)."""

    def client(world: World) -> None:
        trailers = b"0\r\nContent-Encoding: br\r\nHost: y\r\nX-One: 2\r\n\r\n"
        with world.open() as connection:
            answer = connection.ask(CHUNKED.replace(b"Host", b"X-One: 1\r\nHost") + trailers)
            assert (answer.status, answer.body) == (200, b"/|")

    (request,) = serve(client).asked
    assert request.headers == {b"x-one": b"1", b"host": b"x", b"transfer-encoding": b"chunked"}


def test_requests_in_pieces() -> None:
    """Bytes may arrive one at a time."""

    def client(world: World) -> None:
        with world.open() as connection:
            for byte in post("/slowly", b"body"):
                connection.send(bytes([byte]))
            assert connection.answer().body == b"/slowly|body"

    serve(client)


def test_continue() -> None:
    """A client that waits is told to go on before its body is read."""

    def client(world: World) -> None:
        request = post("/", b"body", Expect="100-Continue")
        with world.open() as connection:
            connection.send(request.removesuffix(b"body"))
            interim = connection.next()
            assert interim is not None
            assert interim.status == 100
            connection.send(b"body")
            assert connection.answer().body == b"/|body"

    serve(client)


def test_continue_behind_a_slow_answer() -> None:
    """A client that asks again while it is answered is told to go on in its turn."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(post("/slow") + post("/", b"body", Expect="100-continue")[:-4])
            world.wait_until(lambda: len(world.asked) == 1)
            world.release()
            assert connection.answer().body == b"slow|hello"
            interim = connection.next()
            assert interim is not None
            assert interim.status == 100
            connection.send(b"body")
            assert connection.answer().body == b"/|body"

    serve(client)


def test_gzip() -> None:
    """A compressed body is inflated within the limit; what is none is refused."""
    good = gzip.compress(b"hello")
    assert ask(post("/", good, Content_Encoding="gzip"))[0].body == b"/|hello"
    assert ask(post("/", b"hello", Content_Encoding="identity"))[0].body == b"/|hello"
    bomb = gzip.compress(bytes(100_000))
    assert ask(post("/", bomb, Content_Encoding="GZIP"), body_bytes=1000)[0].status == 413
    for bad in (b"hello", good[:-1], good + b"x", b""):
        assert ask(post("/", bad, Content_Encoding="gzip"))[0].status == 400


# Refusals

CL = b"Content-Length: 5\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
LIMITS = {"head_bytes": 2000, "head_count": 10, "body_bytes": 1000}

REFUSED: dict[str, tuple[bytes, int]] = {
    "no HTTP": (b"hello\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100), 400),
    "header name": (post().replace(b"Host:", b"Ho st:"), 400),
    "folded header": (post(X="y").replace(b"X: ", b"X:\r\n "), 400),
    "bare target": (post().replace(b"/echo ", b""), 400),
    "big head at once": (post(X="y" * 3000), 431),
    "long target": (post("/" + "y" * 3000), 431),
    "many headers": (head(b"", {f"X-{n}": "y" for n in range(20)}), 431),
    "length and chunks": (post(Transfer_Encoding="chunked"), 400),
    "chunks and length": (CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"), 400),
    "length twice": (post().replace(CL, CL * 2), 400),
    "two lengths": (post().replace(CL, CL + b"Content-Length: 6\r\n"), 400),
    "negative length": (post(Content_Length="-5"), 400),
    "signed length": (post(Content_Length="+5"), 400),
    "no number": (post(Content_Length="5x"), 400),
    "host twice": (post().replace(CL, CL + b"Host: y\r\n"), 400),
    "TE twice": (post(TE="trailers").replace(CL, CL + b"te: x\r\n"), 400),
    "type twice": (post(Content_Type="a").replace(CL, CL + b"content-type: b\r\n"), 400),
    "coding twice": (CHUNKED.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"), 400),
    "coding": (CHUNKED.replace(b"chunked", b"gzip, chunked"), 501),
    "unknown coding": (CHUNKED.replace(b"chunked", b"yes"), 501),
    "chunks in HTTP/1.0": (CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n", 400),
    "no host": (post().replace(b"Host: localhost\r\n", b""), 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/1.2": (post().replace(b"HTTP/1.1", b"HTTP/1.2"), 505),
    "HTTP/3": (post().replace(b"HTTP/1.1", b"HTTP/3.0"), 505),
    **{verb: (post().replace(b"POST", verb.encode()), 405)
       for verb in ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH")},
    "M-POST": (post().replace(b"POST", b"M-POST"), 501),
    "unknown verb": (post().replace(b"POST", b"FROB"), 501),
    "expectation": (post(Expect="tea"), 417),
    "no length": (post().replace(CL, b""), 411),
    "long body": (post(Content_Length="1001"), 413),
    "endless length": (post(Content_Length="9" * 30), 400),
    "long chunks": (CHUNKED + b"400\r\n" + bytes(1024) + b"\r\n0\r\n\r\n", 413),
    "wrong chunks": (CHUNKED + b"x\r\n", 400),
    "long trailer": (CHUNKED + b"0\r\nX: " + b"y" * 3000 + b"\r\n\r\n", 431),
    "many trailers": (CHUNKED + b"0\r\n" + b"X: y\r\n" * 20 + b"\r\n", 431),
    "compression": (post(Content_Encoding="br"), 415),
    "upgrade": (post(Connection="Upgrade", Upgrade="h2c"), 501),
}  # fmt: skip


@pytest.mark.parametrize(("request_", "status"), REFUSED.values(), ids=REFUSED)
def test_refusals(request_: bytes, status: int) -> None:
    """Each fault has its status, an empty body with a length, and the end of the connection."""

    def client(world: World) -> None:
        with world.open() as connection:
            answer = connection.ask(request_)
            assert (answer.status, answer.body) == (status, b"")
            assert answer.headers["connection"] == "close"
            assert (answer.headers.get("allow") == "POST") is (status == 405)
            assert connection.ended()

    assert serve(client, **LIMITS).asked == []


def test_a_head_without_end() -> None:
    """A head that goes on in pieces is refused at the limit."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(b"POST / HTTP/1.1\r\n")
            for _ in range(30):
                world.pause()
                connection.send(b"X: " + b"y" * 100)
            assert connection.answer().status == 431
            assert connection.ended()

    serve(client, **LIMITS)


@pytest.mark.parametrize("start", [b"0\r\nX: ", b"1;x="])
def test_chunks_without_a_body(start: bytes) -> None:
    """What stands around chunks is held to the limit of a head when it goes on in pieces."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(CHUNKED + start)
            for _ in range(30):
                world.pause()
                connection.send(b"y" * 100)
            assert connection.answer().status == 431
            assert connection.ended()

    assert serve(client, **LIMITS).asked == []


def test_bodies_of_all_clients_together() -> None:
    """What all clients send at once has a limit; the one beyond it may come back later."""

    def client(world: World) -> None:
        with world.open() as one, world.open() as two:
            one.send(post("/", bytes(900))[:-1])
            world.wait_until(lambda: world.shell is not None and world.shell.body_bytes > 800)
            answer = two.ask(post("/", bytes(900)))
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
            one.send(b"\0")
            assert one.answer().status == 200

    serve(client, bodies_bytes=1500)


def test_more_connections_than_allowed() -> None:
    """One more is told to come back, and the others go on."""

    def client(world: World) -> None:
        with world.open() as one:
            assert one.ask(post()).status == 200
            with world.open() as two:
                answer = two.answer()
                assert (answer.status, answer.headers["retry-after"]) == (503, "5")
                assert two.ended()
            assert one.ask(post()).status == 200

    serve(client, connections=1)


def test_more_connections_of_one_client_than_allowed() -> None:
    """One more is told to come back, and when one has gone there is room."""

    def client(world: World) -> None:
        with world.open() as one:
            assert one.ask(post()).status == 200
            with world.open() as two:
                assert two.answer().status == 503
            assert one.ask(post()).status == 200
        world.wait_until(lambda: world.connections() == 0)
        with world.open() as three:
            assert three.ask(post()).status == 200

    world = serve(client, client_connections=1)
    assert world.shell is not None
    assert not world.shell._of_client


def test_more_calls_of_one_client_than_allowed() -> None:
    """While one is under way others are told to come back; then they are answered."""

    def client(world: World) -> None:
        with world.open() as one, world.open() as two:
            one.send(post("/slow"))
            world.wait_until(lambda: len(world.asked) == 1)
            answer = two.ask(post())
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
            world.release()
            assert one.answer().status == 200
            assert two.ask(post()).status == 200

    world = serve(client, client_calls=1)
    assert world.shell is not None
    assert not world.shell.calls


# Order


def test_pipelining() -> None:
    """Requests that come together are answered in order."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(b"".join(post(f"/{n}") for n in range(50)))
            bodies = [connection.answer().body for _ in range(50)]
            assert bodies == [b"/%d|hello" % n for n in range(50)]

    serve(client)


def test_pipelining_behind_a_slow_answer() -> None:
    """Nothing overtakes, however much comes behind; another client is not held up."""

    def client(world: World) -> None:
        with world.open() as connection, world.open() as other:
            connection.send(post("/slow", b"first"))
            for n in range(100):
                connection.send(post(f"/{n}"))
            assert other.ask(post()).body == b"/echo|hello"
            world.wait_until(lambda: len(world.asked) == 2)
            world.release()
            assert connection.answer().body == b"slow|first"
            bodies = [connection.answer().body for _ in range(100)]
            assert bodies == [b"/%d|hello" % n for n in range(100)]

    serve(client, pipelined=4)


@pytest.mark.parametrize("status", [400, 413])
def test_a_refusal_behind_a_slow_answer(status: int) -> None:
    """What was asked before the fault is answered, then the fault."""
    bad = {400: b"nonsense\r\n\r\n", 413: post(Content_Length="1001")}[status]

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(post("/slow") + post("/next") + bad)
            world.wait_until(lambda: len(world.asked) == 1)
            world.release()
            assert [a.status for a in connection.answers()] == [200, 200, status]

    assert [r.target for r in serve(client, **LIMITS).asked] == [b"/slow", b"/next"]


def test_half_close() -> None:
    """A client that has said all still gets all answers."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(post("/slow") + post("/a") + post("/b"))
            world.wait_until(lambda: len(world.asked) == 1)
            connection.finish()
            world.release()
            bodies = [answer.body for answer in connection.answers()]
            assert bodies == [b"slow|hello", b"/a|hello", b"/b|hello"]

    serve(client)


@pytest.mark.parametrize("sent", [b"", b"POST / HT", post()[:-1]])
def test_half_close_before_a_request_is_complete(sent: bytes) -> None:
    """A client that goes before it has asked gets no answer."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(sent)
            connection.finish()
            assert connection.ended()
            world.wait_until(lambda: world.connections() == 0)

    assert serve(client).asked == []


# Big answers


@pytest.mark.parametrize("target", ["/big", "/lazy", "/busy"])
@pytest.mark.parametrize("te", [None, "trailers", "chunked;q=0.5, Trailers"])
def test_big_answers(target: str, te: str | None) -> None:
    """An answer of many pieces has a length, or is chunked for those who read trailers."""
    wanted = {
        "/big": BIG * 20,
        "/lazy": b"".join(b"%d;" % n for n in range(1000)),
        "/busy": b"0;1;2;3;",
    }

    def client(world: World) -> None:
        with world.open() as connection:
            for _ in range(2):
                answer = connection.ask(post(target, **({"TE": te} if te else {})))
                assert answer.body == wanted[target]
                assert ("transfer-encoding" in answer.headers) is (te is not None)
                if te is not None:
                    assert answer.headers["trailer"] == "CIMStatusCode, CIMStatusCodeDescription"
                    assert answer.trailers == {"cimstatuscode": "0"}

    assert serve(client).sent == [len(wanted[target])] * 2


def test_no_chunks_for_http_1_0() -> None:
    """An old client gets a length whatever it says."""
    answer, _ = ask(post("/lazy", TE="trailers").replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert "transfer-encoding" not in answer.headers


@pytest.mark.parametrize("target", ["/broken", "/broken-late"])
def test_an_answer_that_breaks(target: str) -> None:
    """Another answer stands for one that cannot be written to its end; the connection stays."""
    answer, ended = ask(post(target))
    assert (answer.body, answer.headers["x-broken"], ended) == (b"sorry", "yes", False)


@pytest.mark.parametrize("target", ["/broken", "/broken-late"])
def test_a_chunked_answer_that_breaks(target: str) -> None:
    """When a part is sent already, the trailer says that it failed."""
    answer, ended = ask(post(target, TE="trailers"))
    description = "CIM_ERR_FAILED%3A%20sorry%2C%20100%20%25"
    told = {"cimstatuscode": "1", "cimstatuscodedescription": description}
    assert (answer.trailers, ended) == (told, False)
    assert answer.body.startswith((b"some;", b"0;1;2;3;"))


def test_a_client_that_does_not_read_is_not_served_further() -> None:
    """Answers that nobody takes are not piled up: the next requests wait."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(post("/big") * 40)
            world.wait_until(lambda: len(world.asked) > 0)
            with world.open() as other:
                for _ in range(20):
                    assert other.ask(post()).status == 200
            assert sum(r.target == b"/big" for r in world.asked) < 20
            for _ in range(40):
                assert len(connection.answer().body) == 20 * len(BIG)

    serve(client)


def test_a_slow_reader_has_a_deadline() -> None:
    """A client that takes nothing is dropped in the end."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(post("/big") * 10)
            world.wait_until(lambda: world.connections() == 1)
            world.wait_until(lambda: world.connections() == 0)

    serve(client, write_seconds=0.05)


def test_a_slow_reader_of_chunks_has_a_deadline() -> None:
    """So is one that takes nothing of an answer without end; the operation is counted once."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(post("/waiting", TE="trailers"))
            world.wait_until(lambda: len(world.asked) == 1)
            world.wait_until(lambda: world.connections() == 0)
            world.wait_until(lambda: len(world.sent) == 1)

    serve(client, write_seconds=0.05)


# Clients that vanish


def reset(connection: Client) -> None:
    """Close so that the server sees a reset."""
    linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    connection._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.close()


LEAVING = {
    "nothing": b"",
    "half a head": b"POST /",
    "half a body": post()[:-1],
    "nonsense": b"x\r\n\r\n",
    "a slow call": post("/slow"),
    "big answers": post("/big") * 5,
    "an answer in slices": post("/busy"),
    "an answer without end": post("/waiting", TE="trailers"),
}


@pytest.mark.parametrize("sent", LEAVING.values(), ids=LEAVING)
def test_clients_that_vanish(sent: bytes) -> None:
    """Whenever a client goes, nothing is left and the others are served."""

    def client(world: World) -> None:
        for leave in (reset, Client.close):
            connection = world.open()
            connection.send(sent)
            world.pause()
            leave(connection)
        world.release()
        world.wait_until(lambda: world.connections() == 0)
        with world.open() as other:
            assert other.ask(post()).status == 200

    serve(client)


# Deadlines


def test_silent_clients() -> None:
    """A client that says nothing, or nothing more, is sent away without a word."""

    def client(world: World) -> None:
        with world.open() as connection:
            assert connection.ended()
        with world.open() as connection:
            assert connection.ask(post()).status == 200
            assert connection.ended()

    serve(client, head_seconds=0.05, idle_seconds=0.05)


@pytest.mark.parametrize("sent", [b"P", post()[:30], post()[:-1]])
def test_half_a_request(sent: bytes) -> None:
    """A request that does not come to its end is answered by 408."""

    def client(world: World) -> None:
        with world.open() as connection:
            answer = connection.ask(sent)
            assert (answer.status, answer.headers["connection"]) == (408, "close")
            assert connection.ended()

    serve(client, head_seconds=0.05, body_seconds=0.05)


def test_a_dripping_head() -> None:
    """The clock of a head runs from its first byte, however often another comes."""

    def client(world: World) -> None:
        with world.open() as connection:
            assert connection.ask(post()).status == 200
            connection.send(b"POST / HTTP/1.1\r\n")
            for _ in range(1000):
                connection.send(b"X: y\r\n")
                if world.connections() == 0:
                    break
                world.pause()
            assert world.connections() == 0

    serve(client, head_seconds=0.1)


def test_an_answer_may_take_its_time() -> None:
    """While a call runs, no deadline of the connection counts."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(post("/slow"))
            for _ in range(20):
                world.pause()
            world.release()
            assert connection.answer().body == b"slow|hello"

    serve(client, head_seconds=0.05, body_seconds=0.05, idle_seconds=0.05, write_seconds=0.05)


def test_a_refused_client_may_finish_sending() -> None:
    """What comes after a refusal is read and thrown away, so that the answer arrives."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(post(Content_Length="2000000"))
            connection.send(bytes(1_000_000))
            assert connection.answer().status == 413
            assert connection.ended()

    serve(client, **LIMITS)


# The end


def stop(world: World, seconds: float = 5) -> None:
    """Stop the shell."""
    assert world.shell is not None
    asyncio.run_coroutine_threadsafe(world.shell.stop(seconds), world.loop).result()


def test_stop_lets_calls_finish() -> None:
    """Calls under way are answered, new ones refused, idle connections closed."""

    def client(world: World) -> None:
        assert world.shell is not None
        with world.open() as busy, world.open() as idle, world.open() as half:
            busy.send(post("/slow"))
            assert idle.ask(post()).status == 200
            half.send(post("/half")[:-1])
            world.wait_until(lambda: len(world.asked) == 2 and world.connections() == 3)
            world.wait_until(lambda: world.shell is not None and world.shell.body_bytes > 0)
            stopping = asyncio.run_coroutine_threadsafe(world.shell.stop(30), world.loop)
            assert idle.ended()
            half.send(b"o")
            answer = half.answer()
            assert (answer.status, answer.headers["retry-after"]) == (503, "5")
            assert half.ended()
            world.release()
            answer = busy.answer()
            assert (answer.body, answer.headers["connection"]) == (b"slow|hello", "close")
            busy.close()
            half.close()
            stopping.result()
            assert world.connections() == 0

    assert [r.target for r in serve(client).asked] == [b"/slow", b"/echo"]


def test_stop_does_not_wait_for_ever() -> None:
    """What is not done in time is cut off."""

    def client(world: World) -> None:
        with world.open() as connection:
            connection.send(post("/slow"))
            world.wait_until(lambda: len(world.asked) == 1)
            stop(world, 0.05)
            assert connection.ended()

    serve(client)


def test_calls_that_did_not_end_are_answered_at_the_very_end() -> None:
    """Who waits is told something when the time is over, before the connection is closed."""

    def client(world: World) -> None:
        assert world.shell is not None
        with world.open() as connection:
            connection.send(post("/slow"))
            world.wait_until(lambda: len(world.asked) == 1)
            ending = world.shell.stop(0.05, world.gate.set)
            stopping = asyncio.run_coroutine_threadsafe(ending, world.loop)
            assert connection.answer().body == b"slow|hello"
            assert connection.ended()
            stopping.result()

    serve(client)


def test_a_defect_ends_its_connection_and_costs_nothing_else() -> None:
    """The next requests of the connection are not carried out; its place is free again."""

    def client(world: World) -> None:
        shell = world.shell
        assert shell is not None
        with world.open() as connection:
            connection.send(post("/defect") + post("/never"))
            assert connection.ended()
        world.wait_until(lambda: world.connections() == 0)
        assert (shell.body_bytes, shell.reply_bytes, dict(shell.calls)) == (0, 0, {})
        with world.open() as other:
            assert other.ask(post()).status == 200
        assert world.asked.pop(0).target == b"/defect"  # of which nothing was sent

    assert [request.target for request in serve(client).asked] == [b"/echo"]


def test_stop_of_an_idle_shell() -> None:
    """Without connections there is nothing to wait for."""
    serve(stop)
