"""Models of hosts that a test makes by hand: facts in, instances out, no driver."""

import asyncio
from collections.abc import Mapping
from functools import cache

from tests.hypervisors.standing import StandingHypervisor
from tests.inventory.scripted import survey
from tests.providers.stage import NAMESPACE, SERVER, Store
from virtcim.hypervisors.model import DomainFacts, DomainUUID
from virtcim.hypervisors.resources import (
    NO_RESOURCES,
    DomainStatistics,
    MachineFacts,
    NetworkFacts,
    ResourceFacts,
)
from virtcim.inventory import Host
from virtcim.jobs import Engine
from virtcim.providers.model import HostModel, Server
from virtcim.providers.registry import FAMILIES
from virtcim.providers.serving import DomainPartsProvider, HostPartsProvider, provider_of
from virtcim.schema.families import build_repository
from virtcim.schema.layouts import Record
from virtcim.schema.repository import Repository
from virtcim.wbem.objects import Value

PREFIX = "KVM"
UUID = "11111111-2222-3333-4444-5555555555"

NO_MACHINE = MachineFacts(
    architecture="x86_64",
    processor_model=None,
    processor_vendor=None,
    clock=None,
    memory=0,
    sockets=1,
    cores=1,
    threads=1,
    most_vcpus=None,
    processors=(),
    nodes=(),
    ports=(),
    guest_types=(),
)


@cache
def _repository() -> Repository:
    return build_repository((PREFIX,))


def model_of(
    *domains: DomainFacts,
    resources: ResourceFacts = NO_RESOURCES,
    statistics: Mapping[DomainUUID, DomainStatistics] | None = None,
    compat: bool = False,
) -> HostModel:
    """Return the model of a host that was read once."""
    return asyncio.run(_read(StandingHypervisor(domains, resources, statistics), compat=compat))


async def _read(hypervisor: StandingHypervisor, *, compat: bool) -> HostModel:
    host = Host("h", hypervisor, Store(), prefix=PREFIX, namespace=NAMESPACE, sample_interval=3600)
    await host.start()
    await survey(host)
    while host.sample.at is None:  # noqa: ASYNC110 (the sampler tells nobody)
        await asyncio.sleep(0)
    await host.close()
    return HostModel(host, Server(SERVER, "1.2.3", compat=compat), _repository(), Engine(Store()))


def provider(model: HostModel, family: str) -> DomainPartsProvider | HostPartsProvider:
    """Return the provider of a family."""
    found = next(one for one in FAMILIES if one.name == family)
    return model.derive(("provider", family), None, lambda: provider_of(model, found))


def records(model: HostModel, family: str) -> list[Record]:
    """Return all instances of a family."""
    return [*provider(model, family).records()]


def found_again(model: HostModel, family: str) -> list[Record]:
    """Return all instances of a family, each fetched by its keys."""
    answers = []
    for record in records(model, family):
        keys = {name.lower(): value for name, value in record.path.keys or ()}
        answer = provider(model, family).find(keys)
        assert answer is not None
        answers.append(answer)
    return answers


def told(record: Record, *names: str) -> tuple[Value, ...]:
    """Return some properties of an instance."""
    return tuple(record[name] for name in names)


def domain_text(name: str, devices: str, number: int = 1) -> str:
    """Return a definition with these devices."""
    return (
        f"<domain type='kvm'><name>{name}</name><uuid>{UUID}{number:02d}</uuid>"
        "<memory unit='KiB'>1048576</memory><vcpu>2</vcpu><os><type arch='x86_64'>hvm</type></os>"
        f"<devices>{devices}</devices></domain>"
    )


def network_facts(
    name: str, inner: str = "", *, bridge: str | None = None, active: bool = True
) -> NetworkFacts:
    """Return a network with this in its definition."""
    return NetworkFacts(
        name=name,
        uuid=f"{UUID}99",
        active=active,
        persistent=True,
        autostart=active,
        bridge=bridge,
        xml=f"<network><name>{name}</name>{inner}</network>",
    )
