"""The provider kit: all that a third party imports to serve classes of its own.

docs/providers.md explains it. The rule: nothing of a plug-in runs on the server's event loop. A
plain function runs on a worker thread, a coroutine function on an event loop that the plug-in has
for itself, and each call has a deadline, so that who blocks holds up nobody but who asked.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, Union

from virtcim.wbem.objects import ClassDeclaration
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import (
    AccessDenied,
    AlreadyExists,
    Failed,
    InvalidParameter,
    NotFound,
    NotSupported,
    WBEMError,
)
from virtcim.wbem.types import DateTime, interval, parse_datetime, timestamp

__all__ = [
    "AccessDenied",
    "AlreadyExists",
    "Answer",
    "Call",
    "ClassDeclaration",
    "Context",
    "DateTime",
    "Failed",
    "HostView",
    "InvalidParameter",
    "MethodBody",
    "NotFound",
    "NotSupported",
    "Object",
    "ObjectPath",
    "Plugin",
    "PluginRefused",
    "Provider",
    "Result",
    "Row",
    "WBEMError",
    "interval",
    "parse_datetime",
    "timestamp",
]

GROUP = "virtcim.providers"
"""The entry-point group in which plug-ins are found; each names a function of a Context."""

T = TypeVar("T")
Answer = Union[T, Awaitable[T]]  # noqa: UP007 (an alias with a variable)
"""What a plain function returns, or a coroutine function."""

Row = Mapping[str, object]
"""Values by property name, in any case from a provider and as declared to it.

A property that is left out has the default of its class, None is NULL. Beside the types of
wbem/types.py a provider may give a datetime or timedelta for a DateTime, any sequence for an array,
and an Object for what is embedded.
"""


class PluginRefused(Exception):
    """A plug-in cannot serve as it is configured; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Object:
    """An embedded instance, given or received; only what was given is in `values`."""

    class_name: str
    values: Row

    def get(self, name: str) -> object:
        """Return the value of a property by its name in any case; None if it is not given."""
        wanted = name.lower()
        return next((value for key, value in self.values.items() if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a method, checked against its signature.

    keys: of the instance that it is called on; None when a static method is called on the class.
    arguments: by name as declared; those that were left out or NULL are absent.
    user: who calls, "-" when the server runs without users.
    """

    keys: Row | None
    arguments: Row
    user: str

    def get(self, name: str) -> object:
        """Return an argument by its name as declared; None if it is absent."""
        return self.arguments.get(name)


@dataclass(frozen=True, slots=True)
class Result:
    """What a method returns, and its output parameters by name."""

    return_value: object = None
    out: Row = field(default_factory=dict)


MethodBody = Callable[[Call], Answer[Result]]


class Provider(ABC):
    """The instances of one concrete class in one namespace.

    Each function is a plain one or a coroutine function; those that are not overridden are not
    served. A WBEMError goes to the client as it is; every other exception becomes CIM_ERR_FAILED,
    and the log has the rest.
    """

    class_name: str
    """As the schema spells it."""

    @abstractmethod
    def instances(self) -> Answer[Iterable[Row]] | AsyncIterable[Row]:
        """Return all instances, each with all its keys; a generator will do, also an async one."""

    def find(self, keys: Row) -> Answer[Row | None]:
        """Return the instance with these keys; without it the server looks through `instances`."""
        raise NotImplementedError

    def create(self, values: Row) -> Answer[Row]:
        """Make an instance of values that are not NULL; return it, or its keys alone.

        It is there when this returns. Raises AlreadyExists.
        """
        raise NotImplementedError

    def modify(self, keys: Row, changes: Row) -> Answer[None]:
        """Set the properties that differ; None sets NULL."""
        raise NotImplementedError

    def delete(self, keys: Row) -> Answer[None]:
        """Remove an instance."""
        raise NotImplementedError

    def methods(self) -> Mapping[str, MethodBody]:
        """Return the bodies of methods by name; called once, at the start.

        What the class declares and this leaves out is not available.
        """
        return {}


@dataclass(frozen=True, slots=True)
class HostView:
    """A hypervisor that the server serves."""

    name: str
    namespace: str
    prefix: str

    def system(self, domain: str) -> ObjectPath:
        """Return the path of a domain by its name; it need not exist."""
        class_name = f"{self.prefix}_ComputerSystem"
        keys = (("CreationClassName", class_name), ("Name", domain))
        return ObjectPath(class_name, keys, self.namespace)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a plug-in is told when it is loaded.

    hosts: in the order of the configuration; the first one's namespace is root/virt.
    options: the table `providers.options.NAME` of the configuration.
    directory: where it may keep files; nobody has made it yet.
    """

    hosts: Sequence[HostView]
    options: Mapping[str, object]
    directory: Path


def _nothing() -> None:
    """Do nothing: a plug-in that has nothing to start or stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """What a plug-in serves.

    providers: by namespace; one that does not exist yet is made, with all classes of the server.
    mof: a file of classes and qualifiers, compiled into each of these namespaces.
    start, stop: run before the first request and after the last one.
    """

    providers: Mapping[str, Sequence[Provider]]
    mof: Path | None = None
    start: Callable[[], Answer[None]] = _nothing
    stop: Callable[[], Answer[None]] = _nothing


PluginFactory = Callable[[Context], Plugin]
