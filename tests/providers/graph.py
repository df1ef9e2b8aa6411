"""The whole graph of a model, walked: every instance, every association, both ways."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.inventory.scripted import survey
from tests.inventory.test_resources import until
from tests.providers.stage import NAMESPACE, SERVER, Store
from virtcim.broker.broker import Broker
from virtcim.broker.namespaces import find_record
from virtcim.broker.provider import AssociationProvider, Provider, is_association
from virtcim.hypervisors.port import Hypervisor
from virtcim.inventory import Host
from virtcim.jobs import Engine
from virtcim.providers.model import INTEROP, Server
from virtcim.providers.registry import build_namespaces
from virtcim.schema.layouts import Record
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.types import CIMType


class Graph:
    """The model of one started host."""

    def __init__(self, hypervisor: Hypervisor, prefix: str, *, compat: bool) -> None:
        self.store = Store()
        self.engine = Engine(self.store)
        self.host = Host(
            "h", hypervisor, self.store, prefix=prefix, namespace=NAMESPACE, sample_interval=3600
        )
        self.compat = compat
        server = Server(SERVER, "1.2.3", compat=compat)
        self.namespaces = build_namespaces((self.host,), server, self.engine)
        self.broker = Broker(self.namespaces, server.host_name)

    async def start(self) -> None:
        """Read everything, once."""
        await self.host.start()
        await survey(self.host)
        await until(lambda: self.host.sample.at is not None)

    def providers(self) -> Mapping[str, Provider]:
        """Return every provider of the host's namespace and of the interop namespace by class."""
        found: dict[str, Provider] = {}
        for name in (INTEROP, NAMESPACE):
            namespace = self.namespaces.get(name)
            for declaration in namespace.repository:
                provider = namespace.provider(declaration.name)
                if provider is not None:
                    found[declaration.name] = provider
        return found

    def associations(self) -> Iterator[AssociationProvider]:
        """Return the providers of associations."""
        for provider in self.providers().values():
            if is_association(provider):
                yield provider

    def resolve(self, path: ObjectPath) -> Record | None:
        """Return the instance that a path names, as GetInstance finds it."""
        provider = self.namespaces.get(path.namespace or NAMESPACE).provider(path.class_name)
        return None if provider is None else find_record(provider, path)

    def counts(self) -> Counter[str]:
        """Return how many instances each class has."""
        return Counter({name: len(p.records()) for name, p in self.providers().items()})


def references_of(record: Record) -> Iterator[ObjectPath]:
    """Return every reference in an instance."""
    for declared, value in zip(record.layout.properties, record.values, strict=True):
        if declared.type is CIMType.REFERENCE:
            values = value if isinstance(value, tuple) else (value,)
            yield from (one for one in values if isinstance(one, ObjectPath))
