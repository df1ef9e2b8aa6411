"""What is measured of domains and their devices, and the values (DSP1053).

The rule: a metric is one line of the table below. A value exists where the latest sample has the
number; its id is `<prefix>:<element>/<metric>`, where the element is a domain's name or a device's
DeviceID, so that a value leads back to what was measured.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

from virtcim.hypervisors.definition.interfaces import Interface
from virtcim.hypervisors.resources import DomainStatistics, Sample
from virtcim.inventory.snapshots import Domain
from virtcim.providers.configurations import current_definition
from virtcim.providers.families import DomainFamily, HostFamily, owner_after_prefix
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Getter
from virtcim.schema.valuemaps import (
    Calculable,
    ChangeType,
    GatheringType,
    MetricDataType,
    TimeScope,
)
from virtcim.wbem.types import DateTime, interval, timestamp

DEFINITION, VALUE = "Virt_BaseMetricDefinition", "Virt_BaseMetricValue"


class Element(Enum):
    """What a metric is measured of."""

    DOMAIN = "domain"
    PROCESSOR = "processor"
    DISK = "disk"
    PORT = "network port"


TIME, BYTES, COUNT = "second*10^-9", "byte", "count"
"""Programmatic units (DSP0004 annex C)."""

_COUNTER, _GAUGE = ChangeType.COUNTER, ChangeType.GAUGE
_DOMAIN, _PROCESSOR = Element.DOMAIN, Element.PROCESSOR
_DISK, _PORT = Element.DISK, Element.PORT


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric.

    source: field of the statistics of its element (hypervisors/resources.py).
    change: counters count from the start of the domain.
    """

    name: str
    element: Element
    source: str
    units: str
    change: ChangeType
    title: str


METRICS: tuple[Metric, ...] = (
    #      name                     of          field               units  change    title
    Metric("CPUTime",               _DOMAIN,    "cpu_time",         TIME,  _COUNTER, "CPU time"),
    Metric("CPUUserTime",           _DOMAIN,    "cpu_user",         TIME,  _COUNTER,
           "CPU time outside the host's kernel"),
    Metric("CPUSystemTime",         _DOMAIN,    "cpu_system",       TIME,  _COUNTER,
           "CPU time in the host's kernel"),
    Metric("MemoryActual",          _DOMAIN,    "memory_actual",    BYTES, _GAUGE,
           "Memory that the domain has"),
    Metric("MemoryResident",        _DOMAIN,    "memory_rss",       BYTES, _GAUGE,
           "Memory that the domain takes of the host's"),
    Metric("MemoryAvailable",       _DOMAIN,    "memory_available", BYTES, _GAUGE,
           "Memory that the guest sees"),
    Metric("MemoryUnused",          _DOMAIN,    "memory_unused",    BYTES, _GAUGE,
           "Memory that the guest leaves unused"),
    Metric("ProcessorTime",         _PROCESSOR, "time",             TIME,  _COUNTER,
           "Time that the virtual processor ran"),
    Metric("ProcessorWaitTime",     _PROCESSOR, "wait",             TIME,  _COUNTER,
           "Time that the virtual processor waited for the host's"),
    Metric("BlockReadRequests",     _DISK,      "read_requests",    COUNT, _COUNTER,
           "Read requests"),
    Metric("BlockReadBytes",        _DISK,      "read_bytes",       BYTES, _COUNTER, "Bytes read"),
    Metric("BlockReadTime",         _DISK,      "read_time",        TIME,  _COUNTER,
           "Time spent on reads"),
    Metric("BlockWriteRequests",    _DISK,      "write_requests",   COUNT, _COUNTER,
           "Write requests"),
    Metric("BlockWriteBytes",       _DISK,      "write_bytes",      BYTES, _COUNTER,
           "Bytes written"),
    Metric("BlockWriteTime",        _DISK,      "write_time",       TIME,  _COUNTER,
           "Time spent on writes"),
    Metric("BlockFlushRequests",    _DISK,      "flush_requests",   COUNT, _COUNTER,
           "Flush requests"),
    Metric("BlockFlushTime",        _DISK,      "flush_time",       TIME,  _COUNTER,
           "Time spent on flushes"),
    Metric("BlockErrors",           _DISK,      "errors",           COUNT, _COUNTER,
           "Failed requests"),
    Metric("BlockAllocation",       _DISK,      "allocation",       BYTES, _GAUGE,
           "Highest byte written"),
    Metric("BlockCapacity",         _DISK,      "capacity",         BYTES, _GAUGE,
           "Size that the guest sees"),
    Metric("BlockPhysical",         _DISK,      "physical",         BYTES, _GAUGE,
           "Size of what holds the disk"),
    Metric("NetworkReceiveBytes",   _PORT,      "receive_bytes",    BYTES, _COUNTER,
           "Bytes received"),
    Metric("NetworkReceivePackets", _PORT,      "receive_packets",  COUNT, _COUNTER,
           "Packets received"),
    Metric("NetworkReceiveErrors",  _PORT,      "receive_errors",   COUNT, _COUNTER,
           "Errors in receiving"),
    Metric("NetworkReceiveDrops",   _PORT,      "receive_drops",    COUNT, _COUNTER,
           "Received packets dropped"),
    Metric("NetworkTransmitBytes",  _PORT,      "transmit_bytes",   BYTES, _COUNTER, "Bytes sent"),
    Metric("NetworkTransmitPackets", _PORT,     "transmit_packets", COUNT, _COUNTER,
           "Packets sent"),
    Metric("NetworkTransmitErrors", _PORT,      "transmit_errors",  COUNT, _COUNTER,
           "Errors in sending"),
    Metric("NetworkTransmitDrops",  _PORT,      "transmit_drops",   COUNT, _COUNTER,
           "Packets to send dropped"),
)  # fmt: skip

_SCOPES: Mapping[ChangeType, tuple[TimeScope, Calculable]] = MappingProxyType({
    # Adding up the counts of several elements makes sense; adding up sizes over time does not.
    ChangeType.COUNTER: (TimeScope.STARTUPINTERVAL, Calculable.SUMMABLE),
    ChangeType.GAUGE:   (TimeScope.POINT, Calculable.NON_SUMMABLE),
})  # fmt: skip


# Definitions


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric as a host shows it."""

    model: HostModel
    metric: Metric


def definition_id(prefix: str, metric: Metric) -> str:
    """Return the Id of a metric's definition."""
    return f"{prefix}:{metric.name}"


def _definitions(model: HostModel) -> Iterator[Definition]:
    for metric in METRICS:
        yield Definition(model, metric)


DEFINITION_PROPERTIES: Mapping[str, Getter] = {
    # v is a Definition
    "Id":                lambda v: definition_id(v.model.host.prefix, v.metric),
    "InstanceID":        lambda v: definition_id(v.model.host.prefix, v.metric),
    "Name":              lambda v: v.metric.name,
    "ElementName":       lambda v: v.metric.title,
    "Caption":           lambda v: f"Metric of a {v.metric.element.value}",
    "Description":       lambda v: f"{v.metric.title}, of each {v.metric.element.value}",
    "DataType":          lambda _: MetricDataType.UINT64,
    "Calculable":        lambda v: _SCOPES[v.metric.change][1],
    "Units":             lambda v: v.metric.units,
    "ProgrammaticUnits": lambda v: v.metric.units,
    "IsContinuous":      lambda _: True,
    "ChangeType":        lambda v: v.metric.change,
    "TimeScope":         lambda v: _SCOPES[v.metric.change][0],
    "GatheringType":     lambda _: GatheringType.PERIODIC,
}  # fmt: skip


# Values


class Reading(NamedTuple):
    """One value; a tuple, since a host has many thousands of them.

    element: domain name or DeviceID.
    """

    metric: Metric
    prefix: str
    element: str
    at: DateTime
    value: int


_Source = tuple[Metric, Callable[[object], int | None]]

_SOURCES: Mapping[Element, tuple[_Source, ...]] = MappingProxyType(
    {
        element: tuple(
            (metric, attrgetter(metric.source)) for metric in METRICS if metric.element is element
        )
        for element in Element
    }
)


def readings(model: HostModel, domain: Domain) -> Iterable[Reading]:
    """Return the values of a domain and its devices in the latest sample."""
    sample = model.host.sample
    statistics = sample.domains.get(domain.uuid)
    if statistics is None or sample.at is None or not domain.facts.active:
        return ()  # of a domain that has stopped since, too
    prefix, moment = model.host.prefix, timestamp(sample.at)
    return [
        Reading(metric, prefix, element, moment, value)
        for kind, element, source in _measured(domain, statistics)
        for metric, read in _SOURCES[kind]
        if (value := read(source)) is not None
    ]


def _measured(
    domain: Domain, statistics: DomainStatistics
) -> Iterator[tuple[Element, str, object]]:
    """Yield what was measured: its kind, the domain name or DeviceID, its numbers."""
    name = domain.name
    yield Element.DOMAIN, name, statistics
    for vcpu in statistics.vcpus:
        yield Element.PROCESSOR, f"{name}/{vcpu.number}", vcpu
    for block in statistics.blocks:
        yield Element.DISK, f"{name}/{block.target}", block
    if statistics.interfaces:
        ids = domain.derive(_port_ids, _port_ids)
        for interface in statistics.interfaces:
            # An interface that the definition has not got yet shows up with the next sample.
            if interface.target in ids:
                yield Element.PORT, f"{name}/{ids[interface.target]}", interface


def _port_ids(domain: Domain) -> Mapping[str, str]:
    """Return the ids of network interfaces by their devices on the host."""
    return {
        device.target: device.id
        for device in current_definition(domain).devices
        if isinstance(device, Interface) and device.target
    }


def _sample(model: HostModel) -> Sample:
    return model.host.sample


# When a domain started is not known for certain, and a gauge has no duration: zero says either.
_NO_DURATION = interval(timedelta())

VALUE_PROPERTIES: Mapping[str, Getter] = {
    # v is a Reading
    "InstanceID":          lambda v: f"{v.prefix}:{v.element}/{v.metric.name}",
    "MetricDefinitionId":  lambda v: f"{v.prefix}:{v.metric.name}",
    "MeasuredElementName": lambda v: v.element,
    "ElementName":         lambda v: v.metric.title,
    "Caption":             lambda v: v.metric.title,
    "Description":         lambda v: f"{v.metric.title}: {v.element}",
    "TimeStamp":           lambda v: v.at,
    "Duration":            lambda _: _NO_DURATION,
    "MetricValue":         lambda v: str(v.value),
    "Volatile":            lambda _: True,
}  # fmt: skip

FAMILIES = (
    HostFamily(
        name=DEFINITION,
        getters=DEFINITION_PROPERTIES,
        parts=_definitions,
        given=lambda model: model.host.prefix,
    ),
    DomainFamily(
        name=VALUE,
        getters=VALUE_PROPERTIES,
        parts=readings,
        owners=owner_after_prefix,
        given=_sample,
    ),
)
