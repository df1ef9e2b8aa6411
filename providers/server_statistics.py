"""The operations that the server has answered, counted by kind (CIM_CIMOMStatisticalData).

They are counted from the start on, whoever asks or not: GatherStatisticalData is always true.
Providers answer from memory, in the same breath as the rest of the server; their time is not told
apart, and is within that of the server.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from virtcim.broker.provider import Keys, MethodBody
from virtcim.broker.statistics import Tally
from virtcim.providers.legacy_paths import read_fixed
from virtcim.providers.model import INTEROP, NO_METHODS, Server
from virtcim.providers.server_state import manager_name
from virtcim.providers.serving import has_keys
from virtcim.schema.layouts import Getter, Layout, Record
from virtcim.schema.records import RecordSet
from virtcim.schema.valuemaps import OperationType
from virtcim.wbem.parameters import OPERATIONS
from virtcim.wbem.status import WBEMError
from virtcim.wbem.types import DateTime, interval, timestamp

STATISTICS_CLASS = "CIM_CIMOMStatisticalData"

OTHERS = "InvokeMethod"
"""Name under which methods are counted, whatever theirs are."""

COUNTED: Mapping[str, OperationType] = {
    name: OperationType.__members__.get(name.upper(), OperationType.OTHER)
    for name in (*(spec.name for spec in OPERATIONS.values()), OTHERS)
}
"""Each operation with its number; the newer ones have none."""

_NONE = interval(timedelta())


@dataclass(frozen=True, slots=True)
class Counted:
    """What was counted of one kind of operation."""

    server: Server
    operation: str
    tally: Tally


def _moment(seconds: float) -> DateTime:
    return timestamp(datetime.fromtimestamp(seconds, UTC))


def _other(counted: Counted) -> str | None:
    is_other = COUNTED[counted.operation] is OperationType.OTHER
    return counted.operation if is_other else None


STATISTICS: Mapping[str, Getter] = {
    # c is what was counted
    "InstanceID":          lambda c: f"{manager_name(c.server)}:statistics:{c.operation}",
    "ElementName":         lambda c: f"Statistics of {c.operation}",
    "Caption":             lambda c: f"Statistics of {c.operation}",
    "StartStatisticTime":  lambda c: _moment(c.server.statistics.since),
    "StatisticTime":       lambda c: _moment(c.tally.last),
    "OperationType":       lambda c: COUNTED[c.operation],
    "OtherOperationType":  _other,
    "NumberOfOperations":  lambda c: c.tally.count,
    "CimomElapsedTime":    lambda c: interval(timedelta(seconds=c.tally.seconds)),
    "ProviderElapsedTime": lambda _: _NONE,
    "RequestSize":         lambda c: c.tally.request_bytes,
    "ResponseSize":        lambda c: c.tally.response_bytes,
}  # fmt: skip


class StatisticsProvider:
    """One instance for each kind of operation, as it is when somebody looks."""

    def __init__(self, layout: Layout, server: Server) -> None:
        self.layout = layout
        self.namespaces = (INTEROP,)
        self.methods: Mapping[str, MethodBody] = NO_METHODS
        self.rehearsed: frozenset[str] = frozenset()
        self._server = server
        self._values = layout.bind(STATISTICS)

    def records(self) -> RecordSet:
        """All kinds of operations."""
        return RecordSet(self.layout, tuple(self._records()))

    def _records(self) -> Iterator[Record]:
        for operation in COUNTED:
            counted = Counted(self._server, operation, self._server.statistics.of(operation))
            yield Record(self.layout, INTEROP, self._values(counted))

    def find(self, keys: Keys) -> Record | None:
        """Return the instance whose keys are these."""
        return next((record for record in self._records() if has_keys(record, keys)), None)

    def read_path(self, keys: Keys) -> Record | WBEMError:
        """Return the instance that keys name of which some may be missing, or what is wrong."""
        return read_fixed(self._records(), self.layout, keys)
