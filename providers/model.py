"""The model of one host: its providers by class, and what they share.

Providers are built here from one table each; a class that is not in a table is not served.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, cast

from virtcim.broker.embedded import make
from virtcim.broker.loose import find_loosely
from virtcim.broker.namespaces import find_record
from virtcim.broker.provider import MethodBody, Provider
from virtcim.broker.pulling import PullLimits
from virtcim.broker.statistics import OperationStatistics
from virtcim.hypervisors.model import HostFacts
from virtcim.inventory.host import Communication, Host
from virtcim.inventory.snapshots import Domain
from virtcim.jobs import Engine, Job
from virtcim.providers.compatibility import LIBVIRT_CIM, STRICT, Behaviour
from virtcim.providers.migration_options import NO_OPTIONS, MigrationOptions
from virtcim.schema.families import member
from virtcim.schema.layouts import Layout, Record
from virtcim.schema.repository import Repository
from virtcim.schema.valuemaps import AuthenticationMechanism, CommunicationStatus
from virtcim.wbem.objects import Instance, Value
from virtcim.wbem.paths import ObjectPath

T = TypeVar("T")

INTEROP = "root/interop"
CIMV2 = "root/cimv2"

COMMUNICATION: Mapping[Communication, CommunicationStatus] = {
    Communication.OK: CommunicationStatus.COMMUNICATION_OK,
    Communication.LOST: CommunicationStatus.LOST_COMMUNICATION,
    Communication.NEVER: CommunicationStatus.NO_CONTACT,
}

NO_METHODS: Mapping[str, MethodBody] = {}
NO_HOSTS: Mapping[str, Host] = {}


@dataclass(frozen=True, slots=True)
class Authentication:
    """A way in which clients can prove who they are, in CIM's numbers and in words."""

    number: AuthenticationMechanism
    text: str


OPEN = (Authentication(AuthenticationMechanism.NONE, "nobody is asked who they are"),)


@dataclass(frozen=True, slots=True)
class Server:
    """What providers know of the server: its fully qualified host name, and its behaviour.

    `compat` restores what clients of libvirt-cim may lean on; compatibility.py says what that is.
    `hosts` are all of its hosts, by name. `pull_limits` are those of the broker,
    `statistics` what those who answer requests have counted.
    """

    host_name: str
    version: str
    compat: bool = False
    hosts: Mapping[str, Host] = field(default_factory=lambda: NO_HOSTS, repr=False)
    migration: MigrationOptions = NO_OPTIONS
    authentication: tuple[Authentication, ...] = OPEN
    pull_limits: PullLimits = field(default_factory=PullLimits)
    statistics: OperationStatistics = field(default_factory=OperationStatistics, compare=False)

    @property
    def behaviour(self) -> Behaviour:
        """What the switch changes."""
        return LIBVIRT_CIM if self.compat else STRICT


class DomainParts(Provider, Protocol):
    """A provider whose instances belong to domains."""

    def records_of(self, domain: Domain) -> tuple[Record, ...]:
        """Return the instances of one domain."""

    def owner_of(self, record: Record) -> Domain | None:
        """Return the domain that an instance belongs to."""


class HostModel:
    """The providers of one host; `namespace` is where its instances live."""

    def __init__(self, host: Host, server: Server, repository: Repository, engine: Engine) -> None:
        self.host = host
        self.engine = engine
        self.server = server
        self.namespace = host.namespace
        self._repository = repository
        self._providers: dict[str, Provider] = {}
        self._kept: dict[Hashable, tuple[object, object]] = {}
        self._named_by: HostFacts | None = None
        self._system_name = ""

    @property
    def behaviour(self) -> Behaviour:
        """What the compatibility switch changes."""
        return self.server.behaviour

    @property
    def jobs(self) -> tuple[Job, ...]:
        """The host's jobs, the oldest first; the same object until one changes."""
        return self.engine.jobs(self.host.name)

    @property
    def view_key(self) -> tuple[object, ...]:
        """What a record depends on beside a domain's snapshot."""
        return (self.host.communication, self.system_name)

    def derive(self, key: Hashable, given: object, build: Callable[[], T]) -> T:
        """What build makes, kept under its key as long as what it was made from is the same."""
        kept = self._kept.get(key)
        if kept is None or (kept[0] is not given and kept[0] != given):
            kept = self._kept[key] = (given, build())
        return cast("T", kept[1])

    def class_name(self, family: str) -> str:
        """Return the name of the family's class for this host's prefix."""
        return member(self.host.prefix, family)

    def is_a(self, class_name: str, ancestor: str) -> bool:
        """Tell whether a class of the schema is the other one or derives from it."""
        return self._repository.is_a(class_name, ancestor)

    def layout(self, family: str) -> Layout:
        """Return the layout of the family's class; raises KeyError when the schema lacks it."""
        declaration = self._repository.find(self.class_name(family))
        if declaration is None:
            raise KeyError(self.class_name(family))
        return Layout(declaration)

    def embedded(self, class_name: str, values: Mapping[str, Value]) -> Instance:
        """Return an instance of a class of the schema, to go into a reply as embedded one."""
        declaration = self._repository.find(class_name)
        if declaration is None:
            raise KeyError(class_name)
        return make(declaration, values)

    def add(self, provider: Provider) -> None:
        """Make a provider known to the others."""
        self._providers[provider.layout.class_name.lower()] = provider

    def provider(self, family: str) -> Provider:
        """Return the provider of the family's class; raises KeyError."""
        return self._providers[self.class_name(family).lower()]

    def parts(self, family: str) -> "DomainParts":
        """Return the provider of a family with instances for each domain; raises KeyError."""
        return cast("DomainParts", self.provider(family))

    def owner(self, record: Record) -> Domain | None:
        """Return the domain that an instance belongs to; None where it is none's."""
        provider = self._providers[record.layout.class_name.lower()]
        return cast("DomainParts", provider).owner_of(record)

    def resolve(self, path: ObjectPath) -> Record | None:
        """Return the record of this model that a path names."""
        provider = self._providers.get(path.class_name.lower())
        if provider is None:
            return None
        if self.behaviour.rules.loose_keys:
            found = find_loosely(provider, path)
            return found if isinstance(found, Record) else None
        return find_record(provider, path)

    @property
    def system_name(self) -> str:
        """Fully qualified name of the host; its own short name where no domain is known.

        The server knows its own domain better than a hypervisor on the same machine does.
        """
        if self._named_by is not self.host.facts or not self._system_name:
            self._named_by = self.host.facts
            self._system_name = system_name(self.host, self.server)
        return self._system_name

    @property
    def hypervisor_uri(self) -> str:
        """URI of the host, without secrets."""
        return self.host.hypervisor.uri

    def communication(self) -> CommunicationStatus:
        """Whether the hypervisor answers, in CIM's numbers."""
        return COMMUNICATION[self.host.communication]


def system_name(host: Host, server: Server) -> str:
    """Return the name of a host: the server's own name for the machine that both are on."""
    facts, own = host.facts, server.host_name
    if facts is None or facts.hostname in {own, own.partition(".")[0]}:
        return own
    return facts.hostname


def domain_named(model: HostModel, name: object) -> Domain | None:
    """Return the current snapshot of the domain with this name."""
    return model.host.listing.names.get(name) if isinstance(name, str) else None
