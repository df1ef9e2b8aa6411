"""Where a domain is to migrate to: a host of ours by its name, or any other by its address."""

from dataclasses import dataclass

from virtcim.hypervisors.destinations import check_host, destination_uri, without_options
from virtcim.inventory.host import Host
from virtcim.providers.migration_settings import Wishes, refused
from virtcim.providers.model import HostModel, system_name
from virtcim.wbem.status import Failed

_NO_URI = "Failed to construct a valid libvirt URI"
_NO_KEY = "Migration with special ssh key is not enabled in config file."


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A destination; `place` is as the client named it, `host` the host of ours that it is."""

    uri: str
    place: str
    host: Host | None = None

    @property
    def shown(self) -> str:
        """The URI as clients see it."""
        return without_options(self.uri)


def destination(model: HostModel, place: str, wishes: Wishes, *, special_key: bool) -> Destination:
    """Return what a client means; raises InvalidParameter, or Failed where libvirt-cim did.

    special_key: the client wants the private key that it has installed.
    """
    options = model.server.migration
    if special_key and options.ssh_key is None:
        raise Failed(_NO_KEY)
    own = host_named(model, place)
    if own is not None:
        return Destination(uri=own.hypervisor.uri, place=place, host=own)
    driver = model.host.hypervisor.uri.partition(":")[0].partition("+")[0]
    try:
        uri = destination_uri(
            driver,
            wishes.transport,
            check_host(place),
            ssh_key=options.ssh_key if special_key else None,
            tls_directory=options.tls_directory,
        )
    except ValueError as error:
        raise refused(model.behaviour, f"{_NO_URI}: {error}") from None
    return Destination(uri=uri, place=place)


def host_named(model: HostModel, place: str) -> Host | None:
    """Return the host of ours, for the same hypervisor, that has this name, or is called so.

    Where several are, that is another one than the domain's.
    """
    wanted = place.strip().casefold()
    alike = [host for host in model.server.hosts.values() if host.prefix == model.host.prefix]
    named = [host for host in alike if host.name.casefold() == wanted]
    called = [host for host in alike if wanted in _own_names(model, host)]
    found = [*named, *(host for host in called if host is not model.host), *called]
    return found[0] if found else None


def _own_names(model: HostModel, host: Host) -> frozenset[str]:
    """Return what a host calls itself, and the Name of its HostSystem; none before it is known."""
    if host.facts is None:
        return frozenset()
    names = (host.facts.hostname, system_name(host, model.server))
    return frozenset(name.casefold() for name in names)
