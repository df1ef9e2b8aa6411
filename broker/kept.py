"""Instances of classes that have no provider: kept as clients made them.

The rule: what is kept obeys its class (schema/constraints.py) and is durable before it is seen.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType

from virtcim.broker.embedded import Embedded, made_of, read_embedded
from virtcim.broker.provider import Edits, InstanceValues, Keys, MethodBody
from virtcim.broker.recording import record
from virtcim.infostore.objects import CIMObject, Keeper, ObjectKey, ObjectKind
from virtcim.schema.constraints import check_value, is_readable, is_writable
from virtcim.schema.layouts import Layout, Record, Values, typed_key
from virtcim.schema.records import RecordSet
from virtcim.schema.repository import Repository, is_association, key_properties
from virtcim.wbem.objects import ClassDeclaration, Instance, Property, Scalar, Value
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.query.moments import span_of
from virtcim.wbem.status import AlreadyExists, Failed, InvalidClass, InvalidParameter, NotFound
from virtcim.wbem.types import CIMType
from virtcim.wbem.uri import format_uri
from virtcim.wbem.writing import instance_xml

Identity = tuple[object, ...]

NO_METHODS: Mapping[str, MethodBody] = MappingProxyType({})


Home = Callable[[str], str]
"""Returns the name of a namespace by any spelling, also by an alias."""


class KeptInstances:
    """The kept instances of one class in one namespace (broker.provider.Provider)."""

    def __init__(
        self, layout: Layout, namespace: str, keeper: Keeper, repository: Repository, home: Home
    ) -> None:
        self.layout = layout
        self.namespaces = (namespace,)
        self.methods = NO_METHODS
        self.rehearsed: frozenset[str] = frozenset()
        self.edits = Edits(
            create=self._create, told_null=True, modify=self._modify, delete=self._delete
        )
        self.references = tuple(p for p in layout.properties if p.type is CIMType.REFERENCE)
        self.is_association = is_association(layout.declaration)
        self._namespace = namespace
        self._keeper = keeper
        self._repository = repository
        self._home = home
        self._records: dict[Identity, Record] = {}
        self._values: dict[Identity, Values] = {}
        self._set: RecordSet | None = None
        self._ends: dict[Identity, list[tuple[str, Record]]] | None = None
        self._shown = tuple(name in layout.keys or is_readable(p) for name, p in self._declared())

    def __len__(self) -> int:
        return len(self._records)

    # Reading

    def records(self) -> RecordSet:
        """All instances."""
        if self._set is None:
            self._set = RecordSet(self.layout, tuple(self._records.values()))
        return self._set

    def find(self, keys: Keys) -> Record | None:
        """Return the instance with these keys."""
        complete = {name: self._completed(value) for name, value in keys.items()}
        return self._records.get(self._identity(complete))

    def referring(self, source: ObjectPath) -> Iterator[tuple[str, Record]]:
        """Yield the association instances that refer to an instance, with its role in each."""
        if self._ends is None:
            self._ends = {}
            for link in self._records.values():
                for end in self.references:
                    path = link[end.name]
                    if isinstance(path, ObjectPath):
                        self._ends.setdefault(self._located(path), []).append((end.name, link))
        yield from self._ends.get(self._located(source), ())

    def _completed(self, value: KeyValue) -> KeyValue:
        """Return a path with the names and types that its class gives its keys, if it is known."""
        if not isinstance(value, ObjectPath) or value.keys is None:
            return value
        found = self._repository.find(value.class_name)
        declared = {} if found is None else {p.name.lower(): p for p in key_properties(found)}
        only = next(iter(declared)) if len(declared) == 1 else ""
        keys = []
        for name, given in value.keys:
            known = declared.get(name.lower() or only)
            if known is None:
                return value
            try:
                keys.append((name or known.name, self._completed(typed_key(known, given))))
            except ValueError:
                return value
        return replace(value, keys=tuple(keys))

    def _located(self, path: ObjectPath) -> Identity:
        """Return the identity of a path whose namespace may be left out, or an alias."""
        home = self._namespace if path.namespace is None else self._home(path.namespace)
        return replace(path, namespace=home).identity()

    def _identity(self, keys: Keys) -> Identity:
        return tuple(self._key_identity(p, keys[name]) for name, p in self.layout.keys.items())

    def _key_identity(self, declared: Property, value: KeyValue) -> object:
        if isinstance(value, ObjectPath):
            return self._located(value)
        if declared.type is CIMType.DATETIME:
            return span_of(str(value))  # the same moment, whatever its offset from UTC
        return type(value) is bool, value

    # Changing

    async def _create(self, given: InstanceValues) -> ObjectPath:
        values = tuple(self._entered(p, given.get(name, p.value)) for name, p in self._declared())
        self._check(values)
        path = self._record(values).path
        async with self._keeper.turn():
            self._check_class()
            if self._identity_of(values) in self._records:
                raise AlreadyExists(f"{format_uri(path)} exists")
            await record(self._keeper, [self._kept(values)])
            self._put(values)
        return path

    async def _modify(self, old: Record, changes: InstanceValues) -> None:
        for name in changes:
            if not is_writable(self.layout.properties[self.layout.index[name]]):
                raise InvalidParameter(f"{name} of {self.layout.class_name} cannot be written")
        async with self._keeper.turn():
            known = self._values.get(self._identity_of(old.values))
            if known is None:
                raise _gone(old)
            values = tuple(
                self._entered(p, changes[name]) if name in changes else value
                for (name, p), value in zip(self._declared(), known, strict=True)
            )
            self._check(values)
            await record(self._keeper, [self._kept(values)])
            self._put(values)

    async def _delete(self, old: Record) -> None:
        identity = self._identity_of(old.values)
        async with self._keeper.turn():
            if identity not in self._records:
                raise _gone(old)
            await record(self._keeper, removed=[self._key(old.path)])
            del self._records[identity], self._values[identity]
            self._set = self._ends = None

    def restore(self, instance: Instance) -> None:
        """Put back what was kept by a former run.

        Raises ValueError, WBEMError for what the class does not allow any more.
        """
        known = instance.by_name
        values = tuple(
            self._entered(p, known[name].value) if name in known else p.value
            for name, p in self._declared()
        )
        if any(values[self.layout.index[name]] is None for name in self.layout.keys):
            raise ValueError("it has no value of a key")
        self._put(values)

    def _entered(self, declared: Property, value: Value) -> Value:
        """Return objects for the texts of a property that has them embedded, and whole paths.

        Raises InvalidParameter.
        """
        if isinstance(value, ObjectPath):
            return self._completed(value)
        if declared.embedding is None or value is None:
            return value
        if isinstance(value, tuple):
            return tuple(None if one is None else self._object(declared, one) for one in value)
        return self._object(declared, value)

    def _object(self, declared: Property, value: Scalar) -> Scalar | None:
        one = replace(declared, is_array=False)
        found = read_embedded(self._repository, self._namespace, one, value)
        if not isinstance(found, Embedded):
            return found if isinstance(found, ClassDeclaration) else None
        declaration = self._repository.find(found.class_name)
        if declaration is None:
            return None
        inner = {p.name.lower(): p for p in declaration.properties}
        values = {name: self._entered(inner[name], one) for name, one in found.values.items()}
        return made_of(declaration, values)

    def _declared(self) -> Iterator[tuple[str, Property]]:
        return ((p.name.lower(), p) for p in self.layout.properties)

    def _check(self, values: Values) -> None:
        """Raise InvalidParameter for values that the class does not allow."""
        for (name, declared), value in zip(self._declared(), values, strict=True):
            where = f"{declared.name} of {self.layout.class_name}"
            if name in self.layout.keys and (value is None or value != value):  # noqa: PLR0124
                raise InvalidParameter(f"{where} is a key, and has no value that equals itself")
            try:
                check_value(declared, value)
                self._check_reference(declared, value)
            except ValueError as error:
                raise InvalidParameter(f"{where} {error}") from None

    def _check_class(self) -> None:
        """Raise InvalidClass, Failed for a class that was changed before our turn came."""
        name = self.layout.class_name
        now = self._repository.find(name)
        if now is None:
            raise InvalidClass(name, self._namespace)
        if now is not self.layout.declaration:
            raise Failed(f"class {name} was changed at the same time; nothing was made")

    def _check_reference(self, declared: Property, value: object) -> None:
        """Raise ValueError for a reference to something of another class in this namespace."""
        if not isinstance(value, ObjectPath) or not declared.reference_class:
            return
        if value.keys is None:
            raise ValueError("is the path of a class")
        known = self._repository.is_a(value.class_name, value.class_name)
        if known and not self._repository.is_a(value.class_name, declared.reference_class):
            raise ValueError(f"refers to no {declared.reference_class}")

    def _put(self, values: Values) -> None:
        identity = self._identity_of(values)
        self._values[identity] = values
        shown = zip(values, self._shown, strict=True)
        self._records[identity] = self._record(
            tuple(v if is_shown else None for v, is_shown in shown)
        )
        self._set = self._ends = None

    def _identity_of(self, values: Values) -> Identity:
        return self._identity(dict(zip(self.layout.keys, self._key_values(values), strict=True)))

    def _key_values(self, values: Values) -> tuple[KeyValue, ...]:
        return tuple(value for _, value in self.layout.key_values(values))

    def _record(self, values: Values) -> Record:
        return Record(self.layout, self._namespace, values)

    def _key(self, path: ObjectPath) -> ObjectKey:
        digest = sha256(repr(_ordered(path.identity())).encode()).hexdigest()
        return ObjectKey(self._namespace, ObjectKind.INSTANCE, digest)

    def _kept(self, values: Values) -> CIMObject:
        one = self._record(values)
        return CIMObject(self._key(one.path), instance_xml(replace(one.instance(), path=None)))


def _gone(old: Record) -> NotFound:
    return NotFound(f"{format_uri(old.path)} does not exist any more")


def _ordered(identity: object) -> object:
    """Return an identity in a form that is written the same way by every run."""
    if isinstance(identity, frozenset):
        return tuple(sorted(map(repr, map(_ordered, identity))))
    return tuple(map(_ordered, identity)) if isinstance(identity, tuple) else identity
