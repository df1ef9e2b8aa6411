"""CIM operations over HTTP (DSP0200): a request to an operation, its reply to a response.

This is the one door from our errors to the wire: below CIM a refusal is an HTTP status, inside CIM
every failure, also an unforeseen one, is an ERROR element in a well-formed reply.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
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
from virtcim.wbem.decode import Call, ExtrinsicCall, operation, read_call
from virtcim.wbem.encode import encode, encode_error
from virtcim.wbem.headers import check_call_headers, check_message_headers
from virtcim.wbem.memory import RequestMemory
from virtcim.wbem.operations import Change, InvokeMethod, Operation
from virtcim.wbem.refusal import Refusal
from virtcim.wbem.replies import Reply
from virtcim.wbem.status import Failed, InvalidParameter, ServerLimitsExceeded, WBEMError

log = structlog.get_logger("virtcim.listeners")

_PATHS = frozenset((b"/", b"/cimom"))
_HEADERS = (
    b'Content-Type: application/xml; charset="utf-8"\r\nCIMOperation: MethodResponse\r\n'
    b"WBEMServerResponseTime: %d\r\n"
)
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
        if b"cimoperation" not in request.headers and request.target not in _PATHS:
            self._observation.refused(request, 404, None)
            return refuse(404)
        try:
            check_message_headers(request.headers)
            call, asked = self._memory.read_call(request.body)
            check_call_headers(request.headers, call)
            return self._execute(Exchange(request, principal.name, call, asked, principal))
        except Refusal as refusal:
            self._observation.refused(request, refusal.http_status, refusal.detail)
            return refusal_response(refusal)
        except Exception:  # the door: nobody else would answer
            log.exception("unexpected", peer=request.peer, user=principal.name)
            return refuse(500)

    def _execute(self, exchange: Exchange) -> Response | Awaitable[Response]:
        CALLER.set(Caller(exchange.user))
        try:
            asked = exchange.asked
            if asked is not None:
                return self._answer_read(exchange, asked)
            if self._authoriser is not None:  # CIM_ERR_ACCESS_DENIED goes before all others
                self._authoriser.check_call(exchange.principal, exchange.call)
            self._broker.namespaces.get(exchange.call.namespace)  # then CIM_ERR_INVALID_NAMESPACE
            asked = exchange.asked = operation(exchange.call)
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

    def _check(self, exchange: Exchange, asked: Operation) -> None:
        if self._authoriser is not None:
            self._authoriser.check(exchange.principal, asked)

    def _answer_first(self, exchange: Exchange, asked: Operation) -> Response | Awaitable[Response]:
        """Answer what nobody asked in the same words before, and know it the next time."""
        answer = self._answer_read(exchange, asked)
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

    async def _change(self, exchange: Exchange, asked: Change) -> Response:
        """Wait for a change as long as one may take; it goes on also when the wait is over."""
        changing = asyncio.create_task(self._perform(exchange, asked))
        done, _ = await asyncio.wait({changing}, timeout=self._call_seconds)
        if done:
            return changing.result()
        _UNFINISHED.add(changing)
        changing.add_done_callback(_UNFINISHED.discard)
        text = f"it takes longer than {self._call_seconds:g} s, and goes on; look what became of it"
        return self._failure(exchange, ServerLimitsExceeded(text))

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
        pieces = encode(exchange.call.message_id, exchange.call.name, reply)
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
        extrinsic = isinstance(call, ExtrinsicCall)
        message = encode_error(call.message_id, call.name, error, extrinsic=extrinsic)
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

        return Response(200, _HEADERS % microseconds, pieces, sent=sent)


def _is_dry_run(request: Request) -> bool:
    """Tell whether nothing may be changed; raises InvalidParameter for a word we do not know."""
    value = request.headers.get(_DRY_RUN, b"false").strip().lower()
    if value not in {b"true", b"false"}:
        raise InvalidParameter("the header Virtcim-Dry-Run is true or false")
    return value == b"true"
