"""Classes with one instance for each domain: built from the snapshot, and kept on it.

A record depends on the domain's snapshot, on whether the hypervisor can be reached and on the
host's name; the latter are in the key under which the snapshot keeps it, so nothing is ever stale
and nothing needs to be dropped.
"""

from collections.abc import Callable, Mapping

from virtcim.broker.provider import Keys, MethodBody
from virtcim.inventory.snapshots import Domain, Listing
from virtcim.providers.model import NO_METHODS, HostModel, domain_named
from virtcim.schema.layouts import Getter, Layout, Record, RecordSet


class DomainProvider:
    """One instance of a family's class for each domain of a host.

    `getters` take what `view` makes of a domain; `name_of` takes the domain name out of the keys.
    """

    def __init__(
        self,
        model: HostModel,
        family: str,
        getters: Mapping[str, Getter],
        view: Callable[[HostModel, Domain], object],
        name_of: Callable[[Keys], object],
    ) -> None:
        self._model = model
        self._view = view
        self._name_of = name_of
        self.layout: Layout = model.layout(family)
        self.namespaces = (model.namespace,)
        self.methods: Mapping[str, MethodBody] = NO_METHODS
        self._values = self.layout.bind(getters)

    def records(self) -> RecordSet:
        """All instances, in the order of the listing."""
        key = (self.layout, self._model.view_key)
        return self._model.host.listing.derive(key, self._record_set)

    def _record_set(self, listing: Listing) -> RecordSet:
        return RecordSet(self.layout, map(self.record, listing.domains.values()))

    def record(self, domain: Domain) -> Record:
        """Return the instance of a domain."""
        return domain.derive((self.layout, self._model.view_key), self._build)

    def _build(self, domain: Domain) -> Record:
        values = self._values(self._view(self._model, domain))
        return Record(self.layout, self._model.namespace, values)

    def find(self, keys: Keys) -> Record | None:
        """Return the instance whose keys are these."""
        domain = domain_named(self._model, self._name_of(keys))
        if domain is None:
            return None
        record = self.record(domain)
        return record if has_keys(record, keys) else None

    def absent(self, keys: Keys) -> str:
        """Say whether the domain is missing, or which other key does not fit it.

        Clients of libvirt-cim match parts of both texts.
        """
        name = self._name_of(keys)
        domain = domain_named(self._model, name)
        if domain is None:
            return f"Referenced domain `{name}' does not exist: Domain not found"
        return f"No such instance ({unfitting_key(self.record(domain), keys)})"


def unfitting_key(record: Record, keys: Keys) -> str:
    """Return the first key that differs from the record's, as the class spells it."""
    for declared in record.layout.keys.values():
        name = declared.name.lower()
        if not has_keys(record, {name: keys[name]}):
            return declared.name
    return ""


def has_keys(record: Record, keys: Keys) -> bool:
    """Compare all keys; class names are keys too, and compare without case."""
    for name, value in keys.items():
        own = record[name]
        if value != own and not (name.endswith("classname") and _same(value, own)):
            return False
    return True


def _same(one: object, other: object) -> bool:
    return str(one).lower() == str(other).lower()
