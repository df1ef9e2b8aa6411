"""Classes with one instance for each host: what the connection tells, and when to build anew.

The state of a host and of its services is the state of the hypervisor's connection, in the one
table here. An instance is kept until the host's facts or its connection change.
"""

from collections.abc import Mapping

from virtcim.broker.provider import Keys, MethodBody
from virtcim.inventory.host import Communication
from virtcim.providers.domain_provider import has_keys, unfitting_key
from virtcim.providers.model import NO_METHODS, HostModel
from virtcim.schema.layouts import Getter, Layout, Record, RecordSet
from virtcim.schema.valuemaps import (
    DetailedStatus,
    EnabledState,
    HealthState,
    OperatingStatus,
    OperationalStatus,
    PrimaryStatus,
    RequestedState,
)
from virtcim.wbem.objects import Value

_UP, _LOST, _NEVER = Communication.OK, Communication.LOST, Communication.NEVER

STATES: Mapping[str, Mapping[Communication, Value]] = {
    # What is known of a host is what its hypervisor's connection tells.
    "EnabledState":       {_UP: EnabledState.ENABLED, _LOST: EnabledState.UNKNOWN,
                           _NEVER: EnabledState.UNKNOWN},
    "HealthState":        {_UP: HealthState.OK, _LOST: HealthState.UNKNOWN,
                           _NEVER: HealthState.UNKNOWN},
    "OperatingStatus":    {_UP: OperatingStatus.IN_SERVICE, _LOST: OperatingStatus.UNKNOWN,
                           _NEVER: OperatingStatus.UNKNOWN},
    "OperationalStatus":  {_UP: (OperationalStatus.OK,),
                           _LOST: (OperationalStatus.LOST_COMMUNICATION,),
                           _NEVER: (OperationalStatus.NO_CONTACT,)},
    "StatusDescriptions": {_UP: ("hypervisor answers",),
                           _LOST: ("connection to the hypervisor lost",),
                           _NEVER: ("hypervisor not reached yet",)},
    "PrimaryStatus":      {_UP: PrimaryStatus.OK, _LOST: PrimaryStatus.UNKNOWN,
                           _NEVER: PrimaryStatus.UNKNOWN},
    "DetailedStatus":     {_UP: DetailedStatus.NO_ADDITIONAL_INFORMATION,
                           _LOST: DetailedStatus.NOT_AVAILABLE,
                           _NEVER: DetailedStatus.NOT_AVAILABLE},
}  # fmt: skip


def _state(name: str) -> Getter:
    values = STATES[name]
    return lambda m: values[m.host.communication]


STATE_PROPERTIES: Mapping[str, Getter] = {
    # m is a model
    "RequestedState":          lambda _: RequestedState.NOT_APPLICABLE,
    "TransitioningToState":    lambda _: RequestedState.NOT_APPLICABLE,
    "CommunicationStatus":     lambda m: m.communication(),
    **{name: _state(name) for name in STATES},
}  # fmt: skip
"""Getters of the properties that a host and its services have in common."""


class HostProvider:
    """One instance of a family's class for a host; `getters` take its model."""

    def __init__(self, model: HostModel, family: str, getters: Mapping[str, Getter]) -> None:
        self._model = model
        self.layout: Layout = model.layout(family)
        self.namespaces = (model.namespace,)
        self.methods: Mapping[str, MethodBody] = NO_METHODS
        self._values = self.layout.bind(getters)
        self._kept: tuple[object, RecordSet] | None = None

    def records(self) -> RecordSet:
        """The one instance."""
        key = (self._model.host.facts, self._model.host.communication)
        if self._kept is None or self._kept[0] != key:
            record = Record(self.layout, self._model.namespace, self._values(self._model))
            self._kept = (key, RecordSet(self.layout, (record,)))
        return self._kept[1]

    def find(self, keys: Keys) -> Record | None:
        """Return the instance if the keys are its keys."""
        record = self.records().records[0]
        return record if has_keys(record, keys) else None

    def absent(self, keys: Keys) -> str:
        """Say which key does not fit the one instance."""
        return f"No such instance ({unfitting_key(self.records().records[0], keys)})"
