"""Object paths: which instance or class of which namespace on which host.

Names of classes, keys, namespaces and hosts compare without case; the order of keys is irrelevant;
string key values compare with case (DSP0004 section 8.2.5).
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Union

KeyValue = Union[str, bool, int, float, "ObjectPath"]
"""Value of one key; a reference key is a path."""


@lru_cache(maxsize=1024)
def canonical_namespace(text: str) -> str:
    """Return the namespace in lower case without outer slashes; clients send every spelling."""
    return "/".join(part for part in text.strip().lower().split("/") if part)


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """Path of an instance, or of a class when `keys` is None.

    `keys` are (name, value) pairs in the order of the source; a lone nameless key has the name ""
    and means the only key of the class. `namespace` and `host` are None when the source left
    them out.
    """

    class_name: str
    keys: tuple[tuple[str, KeyValue], ...] | None = ()
    namespace: str | None = None
    host: str | None = None

    def at(self, namespace: str, host: str | None = None) -> "ObjectPath":
        """Return the path with the namespace, and the host if given, filled in where missing."""
        return replace(self, namespace=self.namespace or namespace, host=self.host or host)

    def key(self, name: str) -> KeyValue | None:
        """Return the value of the first key of this name; None where there is none."""
        wanted = name.lower()
        return next((value for key, value in self.keys or () if key.lower() == wanted), None)

    def identity(self) -> tuple[object, ...]:
        """Return a hashable form that is equal exactly for paths that name the same object.

        The host is left out: paths that differ in it alone name one object of this server.
        """
        keys = None
        if self.keys is not None:
            keys = frozenset((name.lower(), _key_identity(value)) for name, value in self.keys)
        return (canonical_namespace(self.namespace or ""), self.class_name.lower(), keys)


def _key_identity(value: KeyValue) -> object:
    return value.identity() if isinstance(value, ObjectPath) else (type(value) is bool, value)
