"""``virtcim infostore``: taking over what libvirt-cim knew."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from virtcim.commands.failures import failing
from virtcim.commands.tables import show
from virtcim.configuration import Settings
from virtcim.configuration.hypervisors import host_name
from virtcim.infostore import DomainRecord, Infostore, InfostoreError, prepare_directory
from virtcim.infostore.legacy import LegacyDomain, LegacyStore, read


@dataclass(slots=True)
class _Plan:
    """What is to be written, by host, and what became of each file."""

    records: dict[str, dict[str, DomainRecord]] = field(default_factory=dict)
    rows: list[tuple[str, str]] = field(default_factory=list)


def take_over(settings: Settings, directory: Path) -> None:
    """Copy the records of libvirt-cim's files; records that we have already stay."""
    with failing(InfostoreError):
        legacy = read(directory)
        prepare_directory(settings.state_dir)
        plan = asyncio.run(_copy(settings, legacy))
    plan.rows += [(skipped.file, f"skipped: {skipped.reason}") for skipped in legacy.skipped]
    show(("file", ""), sorted(plan.rows))


async def _copy(settings: Settings, legacy: LegacyStore) -> _Plan:
    hosts = _hosts_by_type(settings)
    store = Infostore(settings.infostore_url)
    await store.open()
    try:
        known = {name: await store.records(name) for name in hosts.values()}
        plan = _plan(legacy, hosts, known)
        for host, records in plan.records.items():
            await store.put_all(host, records)
    finally:
        await store.close()
    return plan


def _hosts_by_type(settings: Settings) -> Mapping[str, str]:
    """Give the host of each hypervisor type: the first of this machine, where libvirt-cim ran."""
    hosts: dict[str, str] = {}
    for host in settings.hosts:
        if not host_name(host.uri):
            hosts.setdefault(host.driver, host.name)
    return hosts


def _plan(
    legacy: LegacyStore,
    hosts: Mapping[str, str],
    known: Mapping[str, Mapping[str, DomainRecord]],
) -> _Plan:
    plan = _Plan()
    for domain in legacy.domains:
        file = f"{domain.hypervisor_type}_{domain.name}"
        host = hosts.get(domain.hypervisor_type.lower())
        if host is None:
            plan.rows.append((file, f"skipped: no local {domain.hypervisor_type} host"))
        elif domain.uuid in known[host]:
            plan.rows.append((file, f"kept: host {host} has a record already"))
        else:
            plan.records.setdefault(host, {})[domain.uuid] = _settled(domain)
            plan.rows.append((file, f"taken over for host {host}"))
    return plan


def _settled(domain: LegacyDomain) -> DomainRecord:
    """Give the record without a migration: none of libvirt-cim's outlives its process."""
    return replace(domain.record, migrating=False)
