"""What an operator sees of the traffic: one log line and a few numbers for each operation.

The numbers are plain integers of the event loop's thread, turned into metrics when somebody asks:
counting must cost nothing beside an operation of fifty microseconds.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from virtcim.broker.statistics import OperationStatistics
from virtcim.listeners.logging import OperationLog
from virtcim.listeners.messages import Request
from virtcim.listeners.principals import ANYBODY, Principal
from virtcim.listeners.targets import class_of
from virtcim.wbem import operations as ops
from virtcim.wbem.decode import Call
from virtcim.wbem.exports import METHOD, ExportCall
from virtcim.wbem.parameters import OPERATIONS

log = structlog.get_logger("virtcim.listeners")

BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0)
"""Upper bounds of the time of an operation, in seconds."""

_NAMES: Mapping[str, str] = {
    METHOD.lower(): METHOD,
    **{key: spec.name for key, spec in OPERATIONS.items()},
}


@dataclass(slots=True)
class Exchange:
    """A call on its way; `asked` is None until it is understood as an operation.

    `decoded` is what came of a big one that was read aside, which may be why it is none.
    """

    request: Request
    user: str
    call: Call | ExportCall
    asked: ops.Operation | None = None
    principal: Principal = ANYBODY
    decoded: ops.Operation | Exception | None = None


@dataclass(slots=True)
class _Numbers:
    """What was counted of one kind of operation."""

    statuses: dict[str, int] = field(default_factory=dict)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0
    bytes: int = 0


class Observation(Collector):
    """Counts operations and writes their log lines; `write` is None to write none.

    `statistics` are told as well: clients read them.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        write: OperationLog | None,
        statistics: OperationStatistics | None = None,
    ) -> None:
        self._write = write
        self._statistics = statistics or OperationStatistics()
        self._numbers: dict[str, _Numbers] = {}
        self._refusals: dict[int, int] = {}
        registry.register(self)

    def answered(self, exchange: Exchange, status: str, size: int) -> None:
        """Record one operation; `status` is the name of its CIM status, or OK."""
        request, call = exchange.request, exchange.call.name
        seconds = perf_counter() - request.received
        # Clients choose the names of extrinsic methods; they must not become labels.
        operation = _NAMES.get(call.lower(), "InvokeMethod")
        numbers = self._numbers.get(operation)
        if numbers is None:
            numbers = self._numbers[operation] = _Numbers()
        numbers.statuses[status] = numbers.statuses.get(status, 0) + 1
        numbers.buckets[bisect_left(BUCKETS, seconds)] += 1
        numbers.seconds += seconds
        numbers.bytes += size
        self._statistics.note(
            operation, seconds=seconds, request_bytes=len(request.body), response_bytes=size
        )
        if self._write is not None:
            cim_class = "-" if exchange.asked is None else class_of(exchange.asked) or "-"
            milliseconds = round(seconds * 1000, 2)
            self._write(exchange.user, request.peer, call, cim_class, status, milliseconds, size)

    def refused(self, request: Request, http_status: int, detail: str | None) -> None:
        """Record a request that was refused below CIM."""
        self.refused_early(request.peer, http_status, detail)

    def refused_early(self, peer: str, http_status: int, detail: str | None = None) -> None:
        """Record what was refused before it was a request."""
        self._refusals[http_status] = self._refusals.get(http_status, 0) + 1
        log.info("refused", peer=peer, http_status=http_status, detail=detail or "-")

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        count = CounterMetricFamily(
            "virtcim_operations", "CIM operations.", labels=("operation", "status")
        )
        seconds = HistogramMetricFamily(
            "virtcim_operation_seconds",
            "Time from the complete request to the reply.",
            labels=("operation",),
        )
        sent = CounterMetricFamily(
            "virtcim_reply_bytes", "Bytes of replies.", labels=("operation",)
        )
        refusals = CounterMetricFamily(
            "virtcim_refusals", "Requests refused below CIM.", labels=("http_status",)
        )
        for operation, numbers in self._numbers.items():
            for status, number in numbers.statuses.items():
                count.add_metric((operation, status), number)
            seconds.add_metric((operation,), _cumulated(numbers.buckets), numbers.seconds)
            sent.add_metric((operation,), numbers.bytes)
        for http_status, number in self._refusals.items():
            refusals.add_metric((str(http_status),), number)
        yield from (count, seconds, sent, refusals)


def _cumulated(buckets: list[int]) -> list[tuple[str, float]]:
    total, result = 0, []
    for bound, number in zip((*map(str, BUCKETS), "+Inf"), buckets, strict=True):
        total += number
        result.append((bound, float(total)))
    return result
