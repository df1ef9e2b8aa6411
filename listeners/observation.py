"""What an operator sees of the traffic: one log line and a few counters for each operation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

from virtcim.listeners.messages import Request
from virtcim.wbem import operations as ops
from virtcim.wbem.decode import Call
from virtcim.wbem.parameters import OPERATIONS

log = structlog.get_logger("virtcim.listeners")

_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0)
_NAMES: Mapping[str, str] = {key: spec.name for key, spec in OPERATIONS.items()}

_CLASS_FIELDS = ("class_name", "instance_name", "object_name", "target", "new_instance")


def _class_getter(operation: type[ops.Operation]) -> Callable[[ops.Operation], str]:
    for field in _CLASS_FIELDS:
        if field in operation.__dataclass_fields__:
            return lambda asked: str(_class_of(getattr(asked, field)))
    return lambda _asked: "-"


def _class_of(value: object) -> str:
    return str(getattr(value, "class_name", value))


@dataclass(slots=True)
class Exchange:
    """A call on its way; `asked` is None until it is understood as an operation."""

    request: Request
    user: str
    call: Call
    asked: ops.Operation | None = None


class Observation:
    """Counts operations and writes their log lines."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._count = Counter(
            "virtcim_operations", "CIM operations.", ("operation", "status"), registry=registry
        )
        self._seconds = Histogram(
            "virtcim_operation_seconds",
            "Time from the complete request to the reply.",
            ("operation",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._bytes = Counter(
            "virtcim_reply_bytes", "Bytes of replies.", ("operation",), registry=registry
        )
        self._refusals = Counter(
            "virtcim_refusals", "Requests refused below CIM.", ("http_status",), registry=registry
        )
        # Children are looked up once: labels() costs more than the counting.
        self._children: dict[tuple[str, str], tuple[Counter, Histogram, Counter]] = {}
        self._getters: dict[type[ops.Operation], Callable[[ops.Operation], str]] = {}

    def answered(self, exchange: Exchange, status: str, size: int) -> None:
        """Record one operation; `status` is the name of its CIM status, or OK."""
        request, call = exchange.request, exchange.call.name
        seconds = perf_counter() - request.received
        # Clients choose the names of extrinsic methods; they must not become labels.
        operation = _NAMES.get(call.lower(), "InvokeMethod")
        found = self._children.get((operation, status))
        if found is None:
            found = self._children[operation, status] = (
                self._count.labels(operation, status),
                self._seconds.labels(operation),
                self._bytes.labels(operation),
            )
        count, histogram, sent = found
        count.inc()
        histogram.observe(seconds)
        sent.inc(size)
        log.info(
            "operation",
            user=exchange.user,
            peer=request.peer,
            operation=call,
            cim_class=self._class_name(exchange.asked),
            status=status,
            ms=round(seconds * 1000, 2),
            bytes=size,
        )

    def _class_name(self, asked: ops.Operation | None) -> str:
        if asked is None:
            return "-"
        kind = type(asked)
        getter = self._getters.get(kind)
        if getter is None:
            getter = self._getters[kind] = _class_getter(kind)
        return getter(asked)

    def refused(self, request: Request, http_status: int, detail: str | None) -> None:
        """Record a request that was refused below CIM."""
        self._refusals.labels(str(http_status)).inc()
        log.info("refused", peer=request.peer, http_status=http_status, detail=detail or "-")
