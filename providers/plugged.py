"""Providers of plug-ins, as the broker sees them.

A plug-in gives rows; here they become records, one set for each fetch, and a read sees the latest.
The rule: what a plug-in does wrong costs the operation that asked, with a text that names the
plug-in and a number under which the log has the rest. Nothing of it reaches another class.
"""

import asyncio
import secrets
from collections.abc import (
    Awaitable,
    Callable,
    Generator,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import structlog

from virtcim.broker import kit
from virtcim.broker.calling import CALLER
from virtcim.broker.fetching import FOUND
from virtcim.broker.kept import Home
from virtcim.broker.provider import (
    Arguments,
    Edits,
    InstanceValues,
    Keys,
    MethodBody,
    MethodResult,
    OutValue,
    StaticBody,
)
from virtcim.providers.plugged_offers import Offer
from virtcim.providers.plugged_values import Garbage, Giver, Reader
from virtcim.providers.workshop import Late, Unawaited, Workshop
from virtcim.schema.layouts import Layout, Record, Values
from virtcim.schema.records import RecordSet
from virtcim.schema.repository import Repository, is_association
from virtcim.wbem.objects import Method, Parameter, qualifier_value
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.status import Failed, WBEMError
from virtcim.wbem.types import CIMType

log = structlog.get_logger("virtcim.providers")

T = TypeVar("T")
Identity = tuple[object, ...]


class PluggedClass:
    """A class of a plug-in in a namespace: calls into it, and what they give."""

    def __init__(
        self, plugin: str, repository: Repository, namespace: str, layout: Layout, shop: Workshop
    ) -> None:
        self.layout = layout
        self.namespace = namespace
        self.reader = Reader(repository, namespace)
        self.giver = Giver(repository, namespace)
        self._plugin = plugin
        self._shop = shop

    async def call(
        self, what: str, function: Callable[..., Any], *arguments: Any, finish: Callable[[Any], T]
    ) -> T:
        """Run a function of the plug-in; raises WBEMError."""
        try:
            return await self._shop.run(function, *arguments, finish=finish)
        except WBEMError:
            raise
        except Exception as error:
            raise self._failure(what, error) from error

    def _failure(self, what: str, error: Exception) -> Failed:
        """Say it in the log with all that is known, and to the client with what helps."""
        number = secrets.token_hex(4)
        known = isinstance(error, Garbage | Late | Unawaited)  # and needs no traceback
        log.error(
            "plugin_failed",
            plugin=self._plugin,
            cim_class=self.layout.class_name,
            call=what,
            trace=number,
            error=f"{error}" if known else f"{type(error).__name__}: {error}",
            exc_info=None if known else error,
        )
        who = f"plug-in {self._plugin} failed at {what} of {self.layout.class_name}"
        why = f": {error}" if known else ""
        return Failed(f"{who}{why} (trace {number} in the server's log)")

    def record(self, values: Values) -> Record:
        """Return an instance."""
        return Record(self.layout, self.namespace, values)

    def keys_of(self, record: Record) -> kit.Row:
        """Return the keys of an instance as the plug-in is given them."""
        return dict(self.layout.key_values(record.values))


@dataclass(frozen=True, slots=True)
class Found:
    """What one enumeration gave: instances by their keys, and who refers to a path in which role.

    Both are made in the plug-in's thread: of many instances they take longer than others may wait.
    """

    instances: Mapping[Identity, Record]
    ends: Mapping[Identity, Sequence[tuple[str, Record]]]


class PluggedProvider:
    """A provider of a plug-in (broker.provider.Provider, Fetched, Refers, Editable)."""

    def __init__(self, one: PluggedClass, offer: Offer, home: Home) -> None:
        self.layout = one.layout
        self.namespaces = (one.namespace,)
        self.rehearsed: frozenset[str] = frozenset()
        self.references = tuple(
            p for p in one.layout.properties if p.type is CIMType.REFERENCE and not p.is_array
        )
        self.is_association = is_association(one.layout.declaration)
        self.edits = edits_of(one, offer.provider)
        self.methods, self.static_methods = methods_of(one, offer.methods)
        self._one = one
        self._provider = offer.provider
        self._home = home
        self._finds = serves(offer.provider, "find")
        self._found = Found({}, {})
        self._set = RecordSet(one.layout, ())
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    # What was fetched

    def records(self) -> RecordSet:
        """All instances as they were fetched last."""
        return self._set

    def find(self, keys: Keys) -> Record | None:
        """Return the instance with these keys, as fetched for this operation or else last."""
        identity = self._identity(keys)
        found = FOUND.get()
        if (id(self), identity) in found:
            return found[id(self), identity]
        return self._found.instances.get(identity)

    def referring(self, source: ObjectPath) -> Iterator[tuple[str, Record]]:
        """Yield the instances that refer to another, with the role of that in each."""
        yield from self._found.ends.get(self._located(source), ())

    def _located(self, path: ObjectPath) -> Identity:
        home = self._one.namespace if path.namespace is None else self._home(path.namespace)
        return replace(path, namespace=home).identity()

    def _identity(self, keys: Keys) -> Identity:
        return tuple(self._key_identity(keys[name]) for name in self.layout.keys)

    def _key_identity(self, value: KeyValue) -> object:
        return (
            self._located(value) if isinstance(value, ObjectPath) else (type(value) is bool, value)
        )

    def _identity_of(self, record: Record) -> Identity:
        pairs = self.layout.key_values(record.values)
        return self._identity({name.lower(): value for name, value in pairs})

    # Fetching

    def fetch(self, keys: Keys | None) -> Awaitable[None]:
        """Begin to get the instance with these keys, or all; return what to wait for."""
        if keys is None or not self._finds:
            return _Pending(self._fetch_all())
        return _Pending(asyncio.ensure_future(self._fetch_one(keys)), id(self))

    def _fetch_all(self) -> "asyncio.Task[None]":
        """Return the fetch that begins next.

        One that is under way may have begun before a change that the asking client knows of.
        """
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(self._get_all())
            return self._running
        if self._next is None or self._next.done():
            self._next = asyncio.ensure_future(self._get_after(self._running))
        return self._next

    async def _get_after(self, before: "asyncio.Task[None]") -> None:
        await asyncio.wait({before})
        self._running, self._next = self._next, None
        await self._get_all()

    async def _get_all(self) -> None:
        found = await self._one.call("instances", self._provider.instances, finish=self._all_of)
        self._found = found
        self._set = RecordSet(self.layout, found.instances.values())

    def _all_of(self, rows: object) -> Found:
        if not isinstance(rows, Iterable):
            raise Garbage(f"instances of {self.layout.class_name} are no iterable")
        found: dict[Identity, Record] = {}
        for row in rows:
            record = self._one.record(self._one.reader.values(self.layout, row))
            identity = self._identity_of(record)
            if identity in found:
                raise Garbage(f"two instances of {self.layout.class_name} have the same keys")
            found[identity] = record
        return Found(found, self._ends_of(found.values()) if self.is_association else {})

    def _ends_of(self, records: Iterable[Record]) -> dict[Identity, list[tuple[str, Record]]]:
        ends: dict[Identity, list[tuple[str, Record]]] = {}
        for record in records:
            for end in self.references:
                path = record[end.name]
                if isinstance(path, ObjectPath):
                    ends.setdefault(self._located(path), []).append((end.name, record))
        return ends

    async def _fetch_one(self, keys: Keys) -> Mapping[Identity, Record | None]:
        """Get one instance by its keys, or by these without outer blanks: clients pad them."""
        found = {self._identity(keys): await self._get_one(keys)}
        trimmed = {n: v.strip() if isinstance(v, str) else v for n, v in keys.items()}
        if trimmed != keys and found[self._identity(keys)] is None:
            found[self._identity(trimmed)] = await self._get_one(trimmed)
        return found

    async def _get_one(self, keys: Keys) -> Record | None:
        row = self._one.giver.row(self.layout.keys.values(), keys)
        return await self._one.call(
            "find", self._provider.find, row, finish=partial(self._one_of, keys)
        )

    def _one_of(self, keys: Keys, row: object) -> Record | None:
        if row is None:
            return None
        record = self._one.record(self._one.reader.values(self.layout, row))
        if self._identity_of(record) != self._identity(keys):
            raise Garbage(
                f"the {self.layout.class_name} has other keys than those it was asked for"
            )
        return record


class _Pending:
    """A fetch that has begun; who waits for it finds in its context what was fetched by keys."""

    def __init__(self, task: "asyncio.Task[Any]", provider: int | None = None) -> None:
        self._task = task
        self._provider = provider
        task.add_done_callback(_forget)

    def __await__(self) -> Generator[Any, None, None]:
        # Others may wait for the same, so who goes away does not end it.
        found = yield from asyncio.shield(self._task).__await__()
        if self._provider is not None:
            new: dict[Hashable, Record | None] = {
                (self._provider, identity): record for identity, record in found.items()
            }
            FOUND.set({**FOUND.get(), **new})


def _forget(task: "asyncio.Task[Any]") -> None:
    """Take a failure that nobody may be waiting for; it is in the log."""
    if not task.cancelled():
        task.exception()


def serves(provider: kit.Provider, name: str) -> bool:
    """Tell whether a provider overrides a function of the kit."""
    return getattr(type(provider), name) is not getattr(kit.Provider, name)


# Changes


def edits_of(one: PluggedClass, provider: kit.Provider) -> Edits:
    """Return which changes of instances a provider does."""
    layout, properties = one.layout, one.layout.properties

    async def create(values: InstanceValues) -> ObjectPath:
        row = one.giver.row(properties, values)
        finish = partial(one.reader.keys, layout)
        return one.record(await one.call("create", provider.create, row, finish=finish)).path

    async def modify(record: Record, changes: InstanceValues) -> None:
        row = one.giver.row(properties, changes)
        await one.call("modify", provider.modify, one.keys_of(record), row, finish=_nothing)

    async def delete(record: Record) -> None:
        await one.call("delete", provider.delete, one.keys_of(record), finish=_nothing)

    return Edits(
        create=create if serves(provider, "create") else None,
        modify=modify if serves(provider, "modify") else None,
        delete=delete if serves(provider, "delete") else None,
    )


def _nothing(_given: object) -> None:
    """Take no notice of what a function gives that has nothing to give."""


# Methods


def methods_of(
    one: PluggedClass, bodies: Mapping[str, kit.MethodBody]
) -> tuple[Mapping[str, MethodBody], Mapping[str, StaticBody]]:
    """Return the bodies of methods as the broker calls them, and of the static ones.

    A body of a method that the class does not have is among the first; the broker refuses it.
    """
    declared = {method.name: method for method in one.layout.declaration.methods}
    plain: dict[str, MethodBody] = {}
    static: dict[str, StaticBody] = {}
    for name, body in bodies.items():
        method = declared.get(name)
        if method is None:
            plain[name] = _undeclared
        elif qualifier_value(method.qualifiers, "Static"):
            static[name] = partial(_call, one, method, body, None)
        else:
            plain[name] = partial(_call, one, method, body)
    return plain, static


async def _undeclared(_record: Record, _arguments: Arguments) -> MethodResult:
    raise NotImplementedError


async def _call(
    one: PluggedClass,
    method: Method,
    body: kit.MethodBody,
    record: Record | None,
    arguments: Arguments,
) -> MethodResult:
    keys = None if record is None else one.keys_of(record)
    call = kit.Call(keys, one.giver.row(method.parameters, arguments), CALLER.get().user)
    finish = partial(_result, one, method)
    return await one.call(f"method {method.name}", body, call, finish=finish)


def _result(one: PluggedClass, method: Method, given: object) -> MethodResult:
    if not isinstance(given, kit.Result):
        raise Garbage(f"method {method.name} returns {type(given).__name__}, and no Result")
    value = one.reader.value(_returned(method), given.return_value, f"what {method.name} returns")
    return MethodResult(value, dict(_outputs(one, method, given.out)))


def _returned(method: Method) -> Parameter:
    """Return what a method returns as if it were a parameter."""
    embedded = qualifier_value(method.qualifiers, "EmbeddedInstance") is not None
    any_object = bool(qualifier_value(method.qualifiers, "EmbeddedObject"))
    return Parameter(
        name=method.name,
        type=method.return_type,
        embedding="instance" if embedded else "object" if any_object else None,
        qualifiers=method.qualifiers,
    )


def _outputs(one: PluggedClass, method: Method, out: kit.Row) -> Iterator[tuple[str, OutValue]]:
    declared = {p.name.lower(): p for p in method.parameters if p.flag("Out", default=False)}
    for name, value in out.items():
        parameter = declared.get(str(name).lower())
        if parameter is None:
            raise Garbage(f"method {method.name} has no output {name}")
        where = f"{parameter.name} of {method.name}"
        yield parameter.name, one.reader.value(parameter, value, where)
