"""Paths that are read loosely (Rules.loose_keys): what does not fit is left out, not refused.

Failures are values here: who looks for an instance decides whether its absence is an error.
"""

from contextlib import suppress

from virtcim.broker.namespaces import absence, find_record, find_typed, typed_keys
from virtcim.broker.provider import Provider, ReadsPaths
from virtcim.schema.layouts import Layout, Record, typed_key
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.status import InvalidParameter, WBEMError


def fitting(layout: Layout, path: ObjectPath) -> ObjectPath:
    """Return the path with only those keys that its class has, each once and of its type."""
    kept: dict[str, tuple[str, KeyValue]] = {}
    for name, value in path.keys or ():
        key = name.lower()
        if not name and len(layout.keys) == 1:
            key = next(iter(layout.keys))
        declared = layout.keys.get(key)
        if declared is not None and key not in kept:
            with suppress(ValueError):
                kept[key] = (declared.name, typed_key(declared, value))
    return ObjectPath(path.class_name, tuple(kept.values()), path.namespace, path.host)


def find_loosely(provider: Provider, path: ObjectPath) -> Record | WBEMError:
    """Return the instance that a path names, or what is wrong with the path."""
    named = fitting(provider.layout, path)
    if isinstance(provider, ReadsPaths):
        keys = {name.lower(): value for name, value in named.keys or ()}
        complete = len(keys) == len(provider.layout.keys)
        found = find_typed(provider, keys) if complete else None
        return provider.read_path(keys) if found is None else found
    try:
        typed_keys(provider.layout, named)
    except InvalidParameter as error:
        return error
    return find_record(provider, named) or absence(provider, named)
