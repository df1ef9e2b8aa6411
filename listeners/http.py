"""One connection of the CIM-XML port: its bytes to requests, responses to its bytes.

Everything that a client can do wrong below CIM is answered here or in http_rules.py, always with a
Content-Length, and with a closed connection where the framing can no longer be trusted. Requests
of one connection are answered one after the other, at once where the answer is at hand.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Iterable, Sequence
from functools import partial
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING, cast

import httptools
import structlog

from virtcim.listeners.clients import client_of
from virtcim.listeners.codings import Undecodable, choice_of, coded, inflated
from virtcim.listeners.framing import UNTIL_THE_END, framing_of, reads_trailers
from virtcim.listeners.http_rules import BUSY, SINGLE, Head, judge_garbage, judge_head
from virtcim.listeners.messages import Broken, Request, Response, refuse, response_head
from virtcim.listeners.slices import blocks, collect, collect_all

if TYPE_CHECKING:
    from virtcim.listeners.shell import Shell

log = structlog.get_logger("virtcim.listeners")

SMALL_BYTES = 65536  # up to here, joining a reply is cheaper than handing over two buffers
NEVER = float("inf")

MUCH_BYTES = 1 << 20
"""A body of this size is not kept waiting together with others of its connection."""

_CLOSES = b"Connection: close\r\n"


class Connection(asyncio.Protocol):
    """One connection: between requests, in a head, in a body, answering, or lingering."""

    def __init__(self, shell: "Shell", loop: asyncio.AbstractEventLoop) -> None:
        self._shell = shell
        self._limits = shell.limits
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request | Response, bool]] = deque()
        self._answering: asyncio.Task[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._lingering = False
        self._deaf = False  # nothing more is taken from the client
        self._last = False  # what was asked so far is all that is answered
        self._client_done = False
        self._first_bytes = b""
        self._unsent = 0  # at the last look
        self._unread = 0  # bytes that wait for a slow reader, as they are counted
        self.deadline = loop.time() + self._limits.head_seconds
        self._begin()

    def _begin(self) -> None:
        self._head = Head()
        self._headers: dict[bytes, bytes] = {}
        self._body = bytearray()  # pieces of their own would cost a multiple of what they hold
        self._body_size = 0
        self._in_head = False
        self._in_body = False

    # Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; one client more than allowed is told so and sent away."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._client = client_of(transport)
        self._peer = self._client.address
        if not self._shell.admit(self, self._peer):
            self._refuse(refuse(503, headers=BUSY))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's name)
        """Forget everything; a call that runs goes on, its answer goes nowhere."""
        self._shell.forget(self, self._peer)
        self._deaf = True
        self._drop_body()
        self._forget_waiting()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Feed the parser; a parser error is turned into the most precise status there is."""
        if self._deaf:
            return
        head, known = self._head, self._head.size + self._body_size
        is_first = not self._in_head and not self._in_body
        if is_first:
            self._first_bytes = data[:512]
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            return  # refused with its head
        except httptools.HttpParserCallbackError:
            raise  # not the client's fault
        except httptools.HttpParserError:
            self._refuse(judge_garbage(self._first_bytes, self._head, self._headers))
            return
        if head is self._head and not is_first:
            # The parser tells of a header only when it is complete, and nothing of extensions.
            is_told = head.size + self._body_size > known
            head.unreported = 0 if is_told else head.unreported + len(data)
            if head.size + head.unreported > self._limits.head_bytes:
                self._refuse(refuse(431))

    def eof_received(self) -> bool:
        """Answer what was asked before the client closed its side; TLS cannot close one side."""
        self._last = self._client_done = True
        busy = self._answering is not None or bool(self._waiting)
        return busy and self._transport.can_write_eof()

    def pause_writing(self) -> None:
        """Remember that the client is slow to read; it has a deadline."""
        self._writable = self._loop.create_future()
        self._unread = self._transport.get_write_buffer_size()
        self._shell.reply_bytes += self._unread
        self.deadline = self._loop.time() + self._limits.write_seconds

    def resume_writing(self) -> None:
        """Let the writer go on."""
        if self._writable is None:
            return
        self._writable.set_result(None)
        self._writable = None
        self._shell.reply_bytes -= self._unread
        if self._lingering:
            self.deadline = self._loop.time() + self._limits.linger_seconds
        elif self._answering is not None:
            self.deadline = NEVER
        else:
            self.deadline = self._loop.time() + self._limits.idle_seconds
            self._answer_waiting()

    # Parser

    def on_message_begin(self) -> None:
        """Start the clock for the head."""
        self._in_head = True
        self._set_deadline(self._limits.head_seconds)

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        self._head.target += url
        self._head.size += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header; names are case-insensitive. Trailers only count against the limits."""
        head, name = self._head, name.lower()
        head.count += 1
        head.size += len(name) + len(value)
        if self._in_body:
            if head.is_beyond(self._limits):
                self._refuse(refuse(431))
            return
        known = self._headers.get(name)
        if known is not None:
            head.repeated = head.repeated or name in SINGLE
            value = known + b", " + value
        self._headers[name] = value

    def on_headers_complete(self) -> None:
        """Judge the head before a byte of the body is taken."""
        self._in_head, self._in_body = False, True
        if self._deaf:
            return
        self._set_deadline(self._limits.body_seconds)
        parser = self._parser
        refusal = judge_head(
            self._head, parser.get_method(), parser.get_http_version(), self._headers, self._limits
        )
        if refusal is None and b"upgrade" in self._headers and parser.should_upgrade():
            refusal = refuse(501)  # there is nothing to upgrade to, and the parser skips the body
        if refusal is not None:
            self._refuse(refusal)
        elif self._answering is None:
            self._ask_for_body()

    def _ask_for_body(self) -> None:
        if b"expect" in self._headers and not self._body:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body within the limits."""
        if self._deaf:
            return
        self._body += body
        self._body_size += len(body)
        self._shell.body_bytes += len(body)
        if self._body_size > self._limits.body_bytes:
            self._refuse(refuse(413))
        elif self._shell.body_bytes > self._limits.bodies_bytes:
            self._refuse(refuse(503, headers=BUSY))

    def on_message_complete(self) -> None:
        """Answer the request, or queue it behind what is being answered or read by the client."""
        if self._deaf:
            return
        request = Request(
            method=self._parser.get_method(),
            target=self._head.target,
            version=self._parser.get_http_version(),
            headers=self._headers,
            body=bytes(self._body),
            peer=self._peer,
            received=perf_counter(),
            held=self._body_size,
            client=self._client,
        )
        keep_alive = self._parser.should_keep_alive()
        self._begin()
        if self._answering is None and self._writable is None:
            self._answer(request, keep_alive=keep_alive)
            return
        self._waiting.append((request, keep_alive))
        if request.held > MUCH_BYTES or len(self._waiting) >= self._limits.pipelined:
            self._transport.pause_reading()

    def _drop_body(self) -> None:
        self._shell.body_bytes -= self._body_size
        self._body_size = 0
        self._body = bytearray()

    def _set_deadline(self, seconds: float) -> None:
        if self._answering is None and self._writable is None:
            self.deadline = self._loop.time() + seconds

    # Answers

    def _answer(self, request: Request, *, keep_alive: bool) -> None:
        answer = self._at_hand(request) or self._asked(request)
        if isinstance(answer, Response):
            answer = coded(answer, choice_of(request.headers))
            if not (reads_trailers(request.headers) or self._shell.has_many_replies):
                answer, pieces, rest = collect(answer)
                if rest is None:
                    self._let_go(request)
                    self._write(
                        answer, pieces, keep_alive=self._stays(answer, keep_alive=keep_alive)
                    )
                    return
                answer.pieces = chain(pieces, rest)
        self.deadline = NEVER  # a call has deadlines of its own
        self._shell.calls[self._peer] += 1
        self._answering = self._loop.create_task(
            self._answer_later(answer, request, keep_alive=keep_alive)
        )

    def _at_hand(self, request: Request) -> Response | None:
        """Return the answer to a request that needs no application."""
        if self._shell.stopping:
            return refuse(503, headers=BUSY)
        if self._shell.calls[self._peer] >= self._limits.client_calls:
            self._shell.refused(self._peer, 503)
            return refuse(503, headers=BUSY)
        if not choice_of(request.headers).possible:
            self._shell.refused(self._peer, 406)
            return refuse(406)
        return None

    def _asked(self, request: Request) -> Response | Awaitable[Response]:
        """Ask the application, when the body is no longer coded."""
        is_coded = b"content-encoding" in request.headers
        return self._ask_inflated(request) if is_coded else self._shell.application(request)

    async def _ask_inflated(self, request: Request) -> Response:
        answer = await self._inflate(request) or self._shell.application(request)
        return answer if isinstance(answer, Response) else await answer

    async def _inflate(self, request: Request) -> Response | None:
        """Undo the coding of a body; return the refusal of one that cannot be."""
        coding, most = request.headers[b"content-encoding"], self._limits.body_bytes
        try:
            request.body = await self._shell.aside(partial(inflated, coding, request.body, most))
        except Undecodable as error:
            self._shell.refused(self._peer, error.status)
            return refuse(error.status)
        more = len(request.body) - request.held
        request.held += more
        self._shell.body_bytes += more
        if self._shell.body_bytes <= self._limits.bodies_bytes:
            return None
        self._shell.refused(self._peer, 503)
        return refuse(503, headers=BUSY)

    def _let_go(self, request: Request) -> None:
        self._shell.body_bytes -= request.held
        request.held = 0

    def _stays(self, response: Response, *, keep_alive: bool) -> bool:
        last = self._last and not self._waiting
        return keep_alive and not (response.close or last or self._shell.stopping)

    async def _answer_later(
        self, answer: Response | Awaitable[Response], request: Request, *, keep_alive: bool
    ) -> None:
        try:
            await self._answer_whole(answer, request, keep_alive=keep_alive)
        except Exception:  # the last door: nobody else would end this connection
            log.exception("unexpected", peer=self._peer)
            self._forget_waiting()
            self._transport.abort()
        finally:
            self._let_go(request)
            self._answering = None
            self._shell.called(self._peer)
        self._answer_waiting()

    async def _answer_whole(
        self, answer: Response | Awaitable[Response], request: Request, *, keep_alive: bool
    ) -> None:
        if isinstance(answer, Response):
            response = answer
        else:
            response = coded(await answer, choice_of(request.headers))
        self._let_go(request)
        if reads_trailers(request.headers) and request.version == "1.1":
            await self._stream(response, response.pieces, request, keep_alive=keep_alive)
        else:
            await self._write_collected(response, request, keep_alive=keep_alive)

    async def _write_collected(
        self, response: Response, request: Request, *, keep_alive: bool
    ) -> None:
        """Write a reply with its length, so that a failure can still take its place.

        One that is longer than may wait for its end flows.
        """
        held = 0

        def hold(size: int) -> bool:
            nonlocal held
            held += size
            self._shell.reply_bytes += size
            return held <= self._limits.reply_bytes and not self._shell.has_many_replies

        try:
            response, pieces, rest = await collect_all(response, hold)
        finally:
            self._shell.reply_bytes -= held
        if rest is not None:
            await self._stream(response, rest, request, keep_alive=keep_alive)
        elif self._transport.is_closing():  # the client did not wait
            response.sent(0)
        else:
            self._write(response, pieces, keep_alive=self._stays(response, keep_alive=keep_alive))

    def _answer_waiting(self) -> None:
        while self._waiting and not self._lingering:
            if self._answering is not None or self._writable is not None:
                return
            asked, keep_alive = self._waiting.popleft()
            if isinstance(asked, Request):
                self._answer(asked, keep_alive=keep_alive)
            else:
                self._write(asked, (), keep_alive=False)
        if self._answering is None and not self._deaf:
            self._transport.resume_reading()
            if self._in_body:
                self._ask_for_body()

    def _write(self, response: Response, pieces: Sequence[bytes], *, keep_alive: bool) -> None:
        size = sum(map(len, pieces))
        head = self._response_head(
            response, b"Content-Length: %d\r\n" % size, keep_alive=keep_alive
        )
        if size < SMALL_BYTES:
            self._transport.write(b"".join((head, *pieces)))
        else:
            self._transport.writelines((head, *pieces))
        self._end(response, size, keep_alive=keep_alive)

    def _response_head(self, response: Response, framing: bytes, *, keep_alive: bool) -> bytes:
        connection = self._shell.stays if keep_alive else _CLOSES
        return response_head(response, self._shell.date, framing, connection)

    async def _stream(
        self, response: Response, pieces: Iterable[bytes], request: Request, *, keep_alive: bool
    ) -> None:
        """Write a reply as it comes, no faster than the client reads."""
        framing, size = framing_of(request.version, request.headers), 0
        keep_alive = self._stays(response, keep_alive=keep_alive) and framing is not UNTIL_THE_END
        out = self._response_head(response, framing.headers, keep_alive=keep_alive)
        try:
            for block in blocks(pieces):
                if self._transport.is_closing():
                    break
                if block:
                    size += len(block)
                    self._transport.writelines((out, *framing.frame(block)))
                    out = b""
                await (self._writable or asyncio.sleep(0))
        except Broken as broken:
            response = broken.instead  # the XML ends where it broke, the trailer says why
            if not framing.trailers:
                self._transport.abort()
        if self._transport.is_closing():
            response.sent(size)
        else:
            self._transport.write(out + framing.end(response))
            self._end(response, size, keep_alive=keep_alive)

    def _end(self, response: Response, size: int, *, keep_alive: bool) -> None:
        response.sent(size)
        if not keep_alive:
            self._linger()
        elif self._writable is None:
            self.deadline = self._loop.time() + self._limits.idle_seconds

    # The end of a connection

    def _refuse(self, response: Response) -> None:
        """Answer what is no usable request, in its turn; take nothing more from the client."""
        if self._deaf:
            return
        self._shell.refused(self._peer, response.status)
        self._deaf = True
        self._drop_body()
        if self._answering is None and not self._waiting:
            self._write(response, (), keep_alive=False)
        else:
            self._waiting.append((response, False))

    def _linger(self) -> None:
        self._lingering = self._deaf = True
        self._drop_body()
        unsent = self._transport.get_write_buffer_size()
        patience = self._limits.write_seconds if unsent else self._limits.linger_seconds
        self.deadline = self._loop.time() + patience
        if self._transport.can_write_eof() and not self._client_done:
            self._transport.write_eof()
        else:
            self._transport.close()

    def close_if_idle(self) -> None:
        """Close when nothing whole is being asked or answered."""
        if self._answering is None and not self._in_body:
            self._transport.close()

    def expire(self) -> None:
        """Act on a passed deadline: say 408 to a half-sent request, close in any case."""
        unsent, self._unsent = self._unsent, self._transport.get_write_buffer_size()
        self.deadline = NEVER
        if 0 < self._unsent != unsent:  # slow, but reading
            self.deadline = self._loop.time() + self._limits.write_seconds
        elif self._lingering or self._writable is not None:
            self.abort()
        elif self._in_head or self._in_body:
            self._refuse(refuse(408))
        else:
            self._transport.close()

    def abort(self) -> None:
        """Close at once, whatever is unsent."""
        self._forget_waiting()
        self._transport.abort()

    def _forget_waiting(self) -> None:
        for asked, _ in self._waiting:
            self._shell.body_bytes -= asked.held if isinstance(asked, Request) else 0
        self._waiting.clear()
