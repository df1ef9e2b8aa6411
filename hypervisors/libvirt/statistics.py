"""Reading the counters of the active domains, in a worker's thread.

A guest whose process hangs keeps the call that asks its monitor for ever, and with it all other
guests of a bulk call. Such a call still holds the guest's turn after it was given up, and the next
bulk call passes over who is not free (NOWAIT): so one hung guest costs one call, not each of them.
Until then, what needs no monitor can be read; processor time in bulk does need one (QEMU's
query-stats), that of virDomainGetInfo does not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from virtcim.hypervisors.libvirt.native import (
    STATS_ACTIVE_NOW,
    STATS_COUNTERS,
    STATS_INTERFACE,
    STATS_STATE,
    NativeConnection,
    NativeDomain,
    Statistics,
    translated,
    unless_gone,
    unless_unsupported,
)
from virtcim.hypervisors.model import DomainUUID, ListFlag
from virtcim.hypervisors.resources import (
    BlockStatistics,
    DomainStatistics,
    InterfaceStatistics,
    VCPUStatistics,
)

Record = Mapping[str, Any]
Counters = dict[DomainUUID, DomainStatistics]

_KIBIBYTE = 1024


def read_statistics(connection: NativeConnection) -> Counters:
    """All counters in one bulk call; it lasts as long as a guest hangs that did not before."""
    with translated(connection):
        records = unless_unsupported(
            lambda: connection.getAllDomainStats(STATS_COUNTERS, STATS_ACTIVE_NOW), None
        )
        if records is not None:
            return {_uuid(domain): _statistics(record) for domain, record in records}
    return read_unmonitored(connection)


def read_unmonitored(connection: NativeConnection) -> Counters:
    """What no guest can hold up: little of each domain, in a call for each."""
    nothing: Statistics = []
    with translated(connection):
        records = unless_unsupported(
            lambda: connection.getAllDomainStats(STATS_STATE | STATS_INTERFACE, STATS_ACTIVE_NOW),
            nothing,
        )
        told = {_uuid(domain): record for domain, record in records}
        listed = {_uuid(one): one for one in connection.listAllDomains(int(ListFlag.ACTIVE))}
        reads = {
            uuid: unless_gone(partial(_unmonitored, domain, told.get(uuid, {})))
            for uuid, domain in listed.items()
        }
    return {uuid: one for uuid, one in reads.items() if one is not None}


def _uuid(domain: NativeDomain) -> DomainUUID:
    return DomainUUID(domain.UUIDString())


def _unmonitored(domain: NativeDomain, record: Record) -> DomainStatistics:
    _, _, memory, _, cpu_time = domain.info()
    return replace(_statistics(record), cpu_time=cpu_time, memory_actual=memory * _KIBIBYTE)


def _statistics(record: Record) -> DomainStatistics:
    return DomainStatistics(
        cpu_time=record.get("cpu.time"),
        cpu_user=record.get("cpu.user"),
        cpu_system=record.get("cpu.system"),
        memory_actual=_kibibytes(record, "balloon.current"),
        memory_rss=_kibibytes(record, "balloon.rss"),
        memory_available=_kibibytes(record, "balloon.available"),
        memory_unused=_kibibytes(record, "balloon.unused"),
        vcpus=tuple(_vcpus(record)),
        blocks=tuple(_blocks(record)),
        interfaces=tuple(_interfaces(record)),
    )


def _kibibytes(record: Record, key: str) -> int | None:
    size = record.get(key)
    return None if size is None else size * _KIBIBYTE


def _vcpus(record: Record) -> Iterator[VCPUStatistics]:
    for number in range(record.get("vcpu.maximum", 0)):
        if f"vcpu.{number}.state" in record:  # else it is not plugged in
            yield VCPUStatistics(
                number=number,
                time=record.get(f"vcpu.{number}.time"),
                wait=record.get(f"vcpu.{number}.wait"),
            )


def _blocks(record: Record) -> Iterator[BlockStatistics]:
    for number in range(record.get("block.count", 0)):
        block = partial(_field, record, f"block.{number}")
        if (target := block("name")) is not None:
            yield BlockStatistics(
                target=target,
                read_requests=block("rd.reqs"),
                read_bytes=block("rd.bytes"),
                read_time=block("rd.times"),
                write_requests=block("wr.reqs"),
                write_bytes=block("wr.bytes"),
                write_time=block("wr.times"),
                flush_requests=block("fl.reqs"),
                flush_time=block("fl.times"),
                errors=block("errors"),
                allocation=block("allocation"),
                capacity=block("capacity"),
                physical=block("physical"),
            )


def _interfaces(record: Record) -> Iterator[InterfaceStatistics]:
    for number in range(record.get("net.count", 0)):
        net = partial(_field, record, f"net.{number}")
        if (target := net("name")) is not None:  # else it has no device on the host
            yield InterfaceStatistics(
                target=target,
                receive_bytes=net("rx.bytes"),
                receive_packets=net("rx.pkts"),
                receive_errors=net("rx.errs"),
                receive_drops=net("rx.drop"),
                transmit_bytes=net("tx.bytes"),
                transmit_packets=net("tx.pkts"),
                transmit_errors=net("tx.errs"),
                transmit_drops=net("tx.drop"),
            )


def _field(record: Record, prefix: str, name: str) -> Any:
    return record.get(f"{prefix}.{name}")
