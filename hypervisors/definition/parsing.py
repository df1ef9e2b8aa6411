"""From libvirt's texts to definitions; each raises HypervisorFailure where the text is none."""

from virtcim.hypervisors.definition.domain import DomainDefinition
from virtcim.hypervisors.definition.filters import FilterDefinition
from virtcim.hypervisors.definition.kinds import read_devices
from virtcim.hypervisors.definition.networks import NetworkDefinition
from virtcim.hypervisors.definition.pools import PoolDefinition
from virtcim.hypervisors.definition.readers import reader
from virtcim.hypervisors.definition.xml import Element, domain_of, keep_devices, parse


def parse_domain(text: str) -> DomainDefinition:
    """A `<domain>`."""
    return _domain(parse(text), text)


def parse_snapshot(text: str) -> DomainDefinition | None:
    """The domain at the moment of a `<domainsnapshot>`; None means that it does not say."""
    found = domain_of(parse(text))
    return None if found is None else _domain(found, text)


def parse_network(text: str) -> NetworkDefinition:
    """A `<network>`."""
    return reader(NetworkDefinition).read(parse(text))


def parse_pool(text: str) -> PoolDefinition:
    """A storage `<pool>`."""
    return reader(PoolDefinition).read(parse(text))


def parse_filter(text: str) -> FilterDefinition:
    """A network `<filter>`."""
    return reader(FilterDefinition).read(parse(text))


def _domain(found: Element, text: str) -> DomainDefinition:
    read = reader(DomainDefinition)
    values = read.values(found)
    elements = keep_devices(text, list(values.get("devices", ())))
    values["devices"] = read_devices(elements, text)
    return read.made(values)
