"""Providers made of families: one class for what domains have, one for what hosts have.

Instances of a domain are kept on its snapshot and die with it; sets of them and instances of a host
are kept by the model as long as what they were made from is the same. Nothing is ever stale.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from virtcim.broker.provider import Keys, MethodBody
from virtcim.inventory.snapshots import Domain
from virtcim.providers.domain_index import DomainIndex
from virtcim.providers.families import DomainFamily, Family, HostFamily, Values
from virtcim.providers.legacy_paths import read_path, telling_key
from virtcim.providers.model import HostModel, domain_named
from virtcim.schema.layouts import Layout, Record
from virtcim.schema.records import RecordSet
from virtcim.wbem.objects import Value
from virtcim.wbem.status import WBEMError


class FamilyProvider:
    """What the two kinds have in common: the layout, and values from parts."""

    def __init__(self, model: HostModel, family: Family) -> None:
        self._model = model
        self.layout: Layout = model.layout(family.name)
        self.namespaces = (model.namespace,)
        self.methods: Mapping[str, MethodBody] = {
            name: partial(body, model) for name, body in family.methods.items()
        }
        self.rehearsed = family.rehearsed
        self.edits = family.edits.of(model)
        self._absent = family.absent
        self._telling_key = telling_key(self.layout)
        self._values = self.layout.bind(family.getters)

    def _record(self, part: object) -> Record:
        return Record(self.layout, self._model.namespace, self._values(part))

    def absent(self, keys: Keys) -> str:
        """Say why there is no such instance; clients look for the key's name in it."""
        if self._absent is not None:
            return self._absent(self._model, keys)
        telling = self._telling_key
        text = f"No such instance ({self.layout.keys[telling].name})"
        # libvirt-cim says no more than that, and its clients may compare the whole text.
        return text if self._model.behaviour.rules.loose_keys else f"{text}: {keys.get(telling)}"

    def records(self) -> RecordSet:
        """All instances."""
        raise NotImplementedError

    def look_up(self, keys: Keys) -> Record | None:
        """Return the instance whose telling key is this, whatever the others are."""
        raise NotImplementedError

    def read_path(self, keys: Keys) -> Record | WBEMError:
        """Return the instance that keys name of which some may be missing, or what is wrong."""
        return read_path(self._model, self, keys)


class DomainPartsProvider(FamilyProvider):
    """Instances that each domain has."""

    def __init__(self, model: HostModel, family: DomainFamily) -> None:
        super().__init__(model, family)
        self._parts = family.parts
        self._owners = family.owners
        self._given = family.given
        self._shared = family.shared
        self._lookups = family.lookups
        self._telling_owners = _telling_owners(self.layout, family.owners)
        found = (*family.lookups.names, *self._telling_owners, *family.lookups.values)
        self.indexes = tuple(dict.fromkeys(found))
        self._index = DomainIndex(partial(family.lookups.of, model))

    def records_where(self, name: str, value: Value) -> Iterable[Record]:
        """Return the instances in which one of the indexed properties is this."""
        listing = self._model.host.listing
        if name in self._lookups.values:
            domains = self._index.domains(listing, self._given(self._model), name, value)
            return (record for domain in domains for record in self.records_of(domain))
        names = self._owners({name: str(value)}) if name in self._telling_owners else (str(value),)
        domains = [listing.names[one] for one in dict.fromkeys(names) if one in listing.names]
        found = (record for domain in domains for record in self.records_of(domain))
        return (record for record in found if record[name] == value)

    def records(self) -> RecordSet:
        """All instances of domains, in the order of the listing."""
        given = (self._model.host.listing, self._given(self._model))
        return self._model.derive(self, given, self._record_set)

    def _record_set(self) -> RecordSet:
        domains = self._model.host.listing.domains.values()
        return RecordSet(
            self.layout, (record for domain in domains for record in self.records_of(domain))
        )

    def records_of(self, domain: Domain) -> tuple[Record, ...]:
        """Return the instances of one domain."""
        return domain.derive(self.layout, self._build, self._given(self._model))

    def _build(self, domain: Domain) -> tuple[Record, ...]:
        return tuple([self._record(part) for part in self._parts(self._model, domain)])

    def find(self, keys: Keys) -> Record | None:
        """Return the instance whose keys are these."""
        found = self.find_listed(keys)
        return self._kept_shared()[1].get(keys[self._telling_key]) if found is None else found

    def find_listed(self, keys: Keys) -> Record | None:
        """Return the instance with these keys, if it is one of a domain's."""
        found = (record for _, record in self._candidates(keys))
        return next((record for record in found if has_keys(record, keys)), None)

    def look_up(self, keys: Keys) -> Record | None:
        """Return the instance with this telling key, written in any case."""
        wanted = keys[self._telling_key]
        pairs = self._candidates(keys)
        found = (record for _, record in pairs if _same(record[self._telling_key], wanted))
        return next(found, None) or self._kept_shared()[1].get(wanted)

    def shared_records(self) -> RecordSet:
        """Return the instances that no domain owns."""
        return self._kept_shared()[0]

    def _kept_shared(self) -> tuple[RecordSet, Mapping[object, Record]]:
        given = self._shared(self._model)
        return self._model.derive((self, "shared"), given, lambda: self._build_shared(given))

    def _build_shared(self, given: Sequence[Values]) -> tuple[RecordSet, Mapping[object, Record]]:
        properties = self.layout.properties
        records = RecordSet(
            self.layout,
            (
                Record(
                    self.layout,
                    self._model.namespace,
                    tuple([values.get(one.name, one.value) for one in properties]),
                )
                for values in given
            ),
        )
        counts = Counter(record[self._telling_key] for record in records)
        # A key that several have, as libvirt-cim's templates do, names none of them.
        return records, {
            key: record for record in records if counts[key := record[self._telling_key]] == 1
        }

    def owner_of(self, record: Record) -> Domain | None:
        """Return the domain that an instance belongs to."""
        keys = {name.lower(): value for name, value in self.layout.key_values(record.values)}
        number = self.layout.index[self._telling_key]
        wanted = record.values[number]
        pairs = self._candidates(keys)
        return next((domain for domain, one in pairs if one.values[number] == wanted), None)

    def _candidates(self, keys: Keys) -> Iterator[tuple[Domain, Record]]:
        for name in self._owners(keys):
            domain = domain_named(self._model, name)
            if domain is not None:
                for record in self.records_of(domain):
                    yield domain, record


def _telling_owners(layout: Layout, owners: Callable[[Keys], Iterable[str]]) -> tuple[str, ...]:
    """Return the keys of which one alone says which domains an instance may belong to."""
    return tuple(name for name in layout.keys if _tells(owners, name))


def _tells(owners: Callable[[Keys], Iterable[str]], name: str) -> bool:
    try:
        tuple(owners({name: ""}))
    except KeyError:  # it needs another
        return False
    return True


class HostPartsProvider(FamilyProvider):
    """Instances that the host has."""

    def __init__(self, model: HostModel, family: HostFamily) -> None:
        super().__init__(model, family)
        self._parts = family.parts
        self._given = family.given

    def records(self) -> RecordSet:
        """All instances."""
        return self._kept()[0]

    def find(self, keys: Keys) -> Record | None:
        """Return the instance whose keys are these."""
        record = self._kept()[1].get(keys[self._telling_key])
        return record if record is not None and has_keys(record, keys) else None

    def look_up(self, keys: Keys) -> Record | None:
        """Return the instance with this telling key."""
        return self._kept()[1].get(keys[self._telling_key])

    def absent(self, keys: Keys) -> str:
        """Say which key does not fit, where there is one instance only."""
        records = self.records().records
        if self._absent is None and len(records) == 1:
            return f"No such instance ({unfitting_key(records[0], keys)})"
        return super().absent(keys)

    def _kept(self) -> tuple[RecordSet, Mapping[object, Record]]:
        return self._model.derive(self, self._given(self._model), self._build)

    def _build(self) -> tuple[RecordSet, Mapping[object, Record]]:
        records = RecordSet(self.layout, map(self._record, self._parts(self._model)))
        return records, {record[self._telling_key]: record for record in records}


def has_keys(record: Record, keys: Keys) -> bool:
    """Compare all keys; class names are keys too, and compare without case."""
    for name, value in keys.items():
        own = record[name]
        if value != own and not (name.endswith("classname") and _same(value, own)):
            return False
    return True


def _same(one: object, other: object) -> bool:
    return str(one).lower() == str(other).lower()


def unfitting_key(record: Record, keys: Keys) -> str:
    """Return the first key that differs from the record's, as the class spells it."""
    for declared in record.layout.keys.values():
        name = declared.name.lower()
        if not has_keys(record, {name: keys[name]}):
            return declared.name
    return ""


def provider_of(model: HostModel, family: Family) -> DomainPartsProvider | HostPartsProvider:
    """Return the provider of a family for a host."""
    if isinstance(family, DomainFamily):
        return DomainPartsProvider(model, family)
    if isinstance(family, HostFamily):
        return HostPartsProvider(model, family)
    raise TypeError(f"{family.name} is neither of domains nor of a host")
