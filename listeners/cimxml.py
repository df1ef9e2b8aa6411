"""CIM operations over HTTP (DSP0200): a request to an operation, its reply to a response.

This is the one door from our errors to the wire: below CIM a refusal is an HTTP status, inside CIM
every failure, also an unforeseen one, is an ERROR element in a well-formed reply.
"""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import perf_counter
from urllib.parse import quote

import structlog

from virtcim.broker.broker import Broker
from virtcim.broker.calling import CALLER, Caller
from virtcim.listeners.auditing import Auditor
from virtcim.listeners.authentication import Overloaded
from virtcim.listeners.gate import Gate, Refused
from virtcim.listeners.http_rules import BUSY
from virtcim.listeners.messages import Broken, Request, Response, refusal_response, refuse
from virtcim.listeners.observation import Exchange, Observation
from virtcim.listeners.principals import ANYBODY, Principal
from virtcim.listeners.rights import Authoriser
from virtcim.listeners.visibility import visible
from virtcim.wbem.decode import Call, ExtrinsicCall, IntrinsicCall, operation, read_call
from virtcim.wbem.encode import Kind, encode, encode_error, encode_received
from virtcim.wbem.exports import ExportCall, export, read_export
from virtcim.wbem.headers import (
    check_call_headers,
    check_export_call_headers,
    check_export_headers,
    check_message_headers,
    is_export,
)
from virtcim.wbem.memory import RequestMemory
from virtcim.wbem.operations import Change, InvokeMethod, Operation
from virtcim.wbem.parsing import BIG
from virtcim.wbem.refusal import Refusal
from virtcim.wbem.replies import Reply
from virtcim.wbem.status import (
    Failed,
    InvalidParameter,
    ServerIsShuttingDown,
    ServerLimitsExceeded,
    WBEMError,
)

log = structlog.get_logger("virtcim.listeners")

_PATHS = frozenset((b"/", b"/cimom"))
_MARKS = frozenset((b"cimoperation", b"cimexport"))
"""Headers that make a request CIM, whatever its path."""
_HEADERS = (
    b'Content-Type: application/xml; charset="utf-8"\r\nCIMOperation: MethodResponse\r\n'
    b"WBEMServerResponseTime: %d\r\n"
)
_EXPORTED = _HEADERS.replace(b"CIMOperation", b"CIMExport")
_KINDS: Mapping[type, Kind] = {
    IntrinsicCall: Kind.INTRINSIC,
    ExtrinsicCall: Kind.EXTRINSIC,
    ExportCall:    Kind.EXPORT,
}  # fmt: skip
_DRY_RUN = b"virtcim-dry-run"

_UNFINISHED: set[asyncio.Task[Response]] = set()
"""Changes whose clients wait no more: the event loop itself forgets its tasks."""


class CIMXMLApplication:
    """Answers the requests of the CIM-XML port, which `read` decodes.

    Without a gate and an authoriser everybody may do everything. A change that takes longer than
    `call_seconds` goes on, and its client is told so.
    """

    def __init__(
        self,
        broker: Broker,
        gate: Gate | None,
        observation: Observation,
        read: Callable[[bytes], Call] = read_call,
        *,
        authoriser: Authoriser | None = None,
        auditor: Auditor | None = None,
        call_seconds: float | None = None,
    ) -> None:
        self._broker = broker
        self._gate = gate
        self._authoriser = authoriser
        self._auditor = auditor or Auditor(None)
        self._observation = observation
        self._memory = RequestMemory(read)
        self._call_seconds = call_seconds
        self._ending = asyncio.Event()
        self._reader = ThreadPoolExecutor(1, "reader", initializer=_give_way)  # of big messages

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """Answer at once what needs no wait; otherwise return the coroutine that answers."""
        gate = self._gate
        if gate is None:
            return self._answer(request, ANYBODY)
        principal = gate.known(request)
        if principal is not None:
            return self._answer(request, principal)
        if gate.says_nothing(request):
            return self._challenge(request, gate)
        return self._answer_stranger(request, gate)

    async def _answer_stranger(self, request: Request, gate: Gate) -> Response:
        try:
            principal = await gate.identify(request)
        except Overloaded:
            self._observation.refused(request, 503, "too many log-ins wait")
            return refuse(503, headers=BUSY)
        except Refused as refused:
            self._observation.refused(request, 403, str(refused))
            detail = quote(str(refused), safe="").encode()
            return refuse(403, headers=b"PGErrorDetail: %b\r\n" % detail)
        except Exception:  # the door: nobody else would answer
            log.exception("unexpected", peer=request.peer)
            return refuse(500)
        if principal is None:
            return self._challenge(request, gate)
        answer = self._answer(request, principal)
        return answer if isinstance(answer, Response) else await answer

    def _challenge(self, request: Request, gate: Gate) -> Response:
        self._observation.refused(request, 401, None)
        return refuse(401, headers=b"WWW-Authenticate: %b\r\n" % gate.challenge.encode())

    def _answer(self, request: Request, principal: Principal) -> Response | Awaitable[Response]:
        if request.target not in _PATHS and _MARKS.isdisjoint(request.headers):
            self._observation.refused(request, 404, None)
            return refuse(404)
        if len(request.body) >= BIG:
            return self._answer_big(request, principal)
        try:
            return self._execute(self._understood(request, principal))
        except Exception as error:  # noqa: BLE001 (the door: nobody else would answer)
            return self._refusal(request, principal, error)

    async def _answer_big(self, request: Request, principal: Principal) -> Response:
        """Read a big message in a thread, so that other clients have their turn meanwhile."""
        loop = asyncio.get_running_loop()
        try:
            exchange = await loop.run_in_executor(self._reader, self._decoded, request, principal)
            answer = self._execute(exchange)
            return answer if isinstance(answer, Response) else await answer
        except Exception as error:  # noqa: BLE001 (the door, for these)
            return self._refusal(request, principal, error)

    def _decoded(self, request: Request, principal: Principal) -> Exchange:
        """Return the call with what it asks for, whether it may or not; raises Refusal."""
        exchange = self._understood(request, principal)
        try:
            exchange.decoded = _operation(exchange.call)
        except (Refusal, WBEMError) as error:
            exchange.decoded = error
        return exchange

    def _refusal(self, request: Request, principal: Principal, error: Exception) -> Response:
        if isinstance(error, Refusal):
            self._observation.refused(request, error.http_status, error.detail)
            return refusal_response(error)
        log.error("unexpected", peer=request.peer, user=principal.name, exc_info=error)
        return refuse(500)

    def _understood(self, request: Request, principal: Principal) -> Exchange:
        """Return the call, whose headers agree with it; raises Refusal."""
        headers = request.headers
        if is_export(headers):
            check_export_headers(headers)
            exported = read_export(request.body)
            check_export_call_headers(headers, exported)
            return Exchange(request, principal.name, exported, None, principal)
        check_message_headers(headers)
        call, asked = self._memory.read_call(request.body)
        check_call_headers(headers, call)
        return Exchange(request, principal.name, call, asked, principal)

    def _execute(self, exchange: Exchange) -> Response | Awaitable[Response]:
        CALLER.set(Caller(exchange.user))
        try:
            asked = exchange.asked
            if asked is not None:
                return self._answer_read(exchange, asked)
            if self._authoriser is not None:  # CIM_ERR_ACCESS_DENIED goes before all others
                self._authoriser.check_call(exchange.principal, exchange.call)
            asked = exchange.asked = self._asked(exchange)
            if isinstance(asked, Change):
                self._check(exchange, asked)
                return self._change(exchange, asked)
            return self._answer_first(exchange, asked)
        except Refusal:
            raise
        except WBEMError as error:
            return self._failure(exchange, error)
        except Exception as error:  # noqa: BLE001 (the door: no defect may break a connection)
            return self._defect(exchange, error)

    def _asked(self, exchange: Exchange) -> Operation:
        call, decoded = exchange.call, exchange.decoded
        if not isinstance(call, ExportCall):
            self._broker.namespaces.get(call.namespace)  # CIM_ERR_INVALID_NAMESPACE is the next
        if isinstance(decoded, Exception):
            raise decoded
        return decoded or _operation(call)

    def _check(self, exchange: Exchange, asked: Operation) -> None:
        if self._authoriser is not None:
            self._authoriser.check(exchange.principal, asked)

    def _answer_first(self, exchange: Exchange, asked: Operation) -> Response | Awaitable[Response]:
        """Answer what nobody asked in the same words before, and know it the next time."""
        answer = self._answer_read(exchange, asked)
        if not isinstance(exchange.call, ExportCall):
            self._memory.remember(exchange.request.body, exchange.call, asked)
        return answer

    def _answer_read(self, exchange: Exchange, asked: Operation) -> Response | Awaitable[Response]:
        """Answer at once what can be, and else when what it reads has been fetched."""
        waiting = self._fetched(exchange, asked) if self._broker.fetches else None
        if waiting is None:
            return self._reply(exchange, self._read(exchange, asked))
        return self._answer_fetched(exchange, asked, waiting)

    def _fetched(self, exchange: Exchange, asked: Operation) -> Awaitable[None] | None:
        """Begin to fetch what may be read, if the user may read it; raises AccessDenied."""
        if self._authoriser is not None:
            self._authoriser.judge(exchange.principal, asked)
        return self._broker.fetched(asked)

    async def _answer_fetched(
        self, exchange: Exchange, asked: Operation, waiting: Awaitable[None]
    ) -> Response:
        try:
            CALLER.set(Caller(exchange.user))
            await waiting
            return self._reply(exchange, self._read(exchange, asked))
        except WBEMError as error:
            return self._failure(exchange, error)
        except Exception as error:  # noqa: BLE001 (the door, its fourth leaf)
            return self._defect(exchange, error)

    def _read(self, exchange: Exchange, asked: Operation) -> Reply:
        authoriser = self._authoriser
        if authoriser is None:
            return self._broker.read(asked)
        keep = authoriser.judge(exchange.principal, asked)
        if keep is None:
            return self._broker.read(asked)
        CALLER.set(Caller(exchange.user, keep=keep))
        return visible(self._broker.read(asked), asked.namespace, keep)

    def end(self) -> None:
        """Wait for no change any more: the server cannot stop later."""
        self._ending.set()

    async def _change(self, exchange: Exchange, asked: Change) -> Response:
        """Wait for a change as long as one may take; it goes on also when the wait is over."""
        changing = asyncio.create_task(self._perform(exchange, asked))
        ending = asyncio.create_task(self._ending.wait())
        await asyncio.wait(
            {changing, ending}, timeout=self._call_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        ending.cancel()
        if changing.done():
            return changing.result()
        _UNFINISHED.add(changing)
        changing.add_done_callback(_UNFINISHED.discard)
        return self._failure(exchange, self._unfinished())

    def _unfinished(self) -> WBEMError:
        if self._ending.is_set():
            return ServerIsShuttingDown("it is not known what becomes of it; look when it is back")
        text = f"it takes longer than {self._call_seconds:g} s, and goes on; look what became of it"
        return ServerLimitsExceeded(text)

    async def _perform(self, exchange: Exchange, asked: Change) -> Response:
        try:
            CALLER.set(Caller(exchange.user, _is_dry_run(exchange.request)))
            reply = await self._broker.change(asked)
        except WBEMError as error:
            return self._failure(exchange, error)
        except Exception as error:  # noqa: BLE001 (the door, its second leaf)
            return self._defect(exchange, error)
        if self._authoriser is not None and not isinstance(asked, InvokeMethod):
            self._authoriser.forget()  # there may be other classes now
        return self._reply(exchange, reply)

    def _reply(self, exchange: Exchange, reply: Reply) -> Response:
        if self._auditor.reads or isinstance(exchange.asked, Change):
            self._auditor.operation(exchange, None, reply)
        call = exchange.call
        if isinstance(call, ExportCall):
            return self._response(exchange, "OK", (encode_received(call.message_id, call.name),))
        pieces = encode(call.message_id, call.name, reply)
        if not isinstance(pieces, tuple):
            pieces = self._guarded(exchange, pieces)
        return self._response(exchange, "OK", pieces)

    def _guarded(self, exchange: Exchange, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces of a reply that is written later; a defect there has an answer too."""
        try:
            yield from pieces
        except WBEMError as error:
            raise Broken(self._failure(exchange, error)) from None
        except Exception as error:  # noqa: BLE001 (the door, its third leaf)
            raise Broken(self._defect(exchange, error)) from None

    def _failure(self, exchange: Exchange, error: WBEMError) -> Response:
        self._auditor.operation(exchange, error.status, None)
        call = exchange.call
        message = encode_error(call.message_id, call.name, error, _KINDS[type(call)])
        response = self._response(exchange, error.status.name, (message,))
        response.cim_status, response.cim_description = error.status.value, error.description
        return response

    def _defect(self, exchange: Exchange, error: Exception) -> Response:
        log.error("unexpected", operation=exchange.call.name, user=exchange.user, exc_info=error)
        return self._failure(exchange, Failed("internal error; the server's log has more"))

    def _response(self, exchange: Exchange, status: str, pieces: Iterable[bytes]) -> Response:
        microseconds = int((perf_counter() - exchange.request.received) * 1e6)

        def sent(size: int) -> None:
            self._observation.answered(exchange, status, size)

        headers = _EXPORTED if isinstance(exchange.call, ExportCall) else _HEADERS
        return Response(200, headers % microseconds, pieces, sent=sent)


def _give_way() -> None:
    """Let this thread have what time the event loop leaves (Linux has priorities of threads)."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def _operation(call: Call | ExportCall) -> Operation:
    return export(call) if isinstance(call, ExportCall) else operation(call)


def _is_dry_run(request: Request) -> bool:
    """Tell whether nothing may be changed; raises InvalidParameter for a word we do not know."""
    value = request.headers.get(_DRY_RUN, b"false").strip().lower()
    if value not in {b"true", b"false"}:
        raise InvalidParameter("the header Virtcim-Dry-Run is true or false")
    return value == b"true"
