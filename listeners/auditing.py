"""What the audit log says of an operation: who, from where, what, on which object, what came.

The rule: no secret is written. A value whose name tells of one is masked, wherever it stands, and
so is every string of a query; a text that may hold an instance is taken apart first, and one that
cannot be is left out.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from time import perf_counter
from typing import Any, Literal

from virtcim.listeners.audit import AuditLog
from virtcim.listeners.logging import clock
from virtcim.listeners.observation import Exchange
from virtcim.listeners.targets import class_of
from virtcim.wbem.decode import ExtrinsicCall
from virtcim.wbem.embedded_text import read_instances
from virtcim.wbem.objects import ClassDeclaration, Instance, QualifierDeclaration
from virtcim.wbem.operations import (
    Argument,
    Change,
    InvokeMethod,
    Operation,
    SetProperty,
)
from virtcim.wbem.parameters import OPERATIONS
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import MethodReply, Reply
from virtcim.wbem.status import Status
from virtcim.wbem.uri import format_uri

What = Literal["changes", "all", "off"]

MASK = "***"
SECRET = re.compile(
    r"pass[_-]?(?:w|phrase|code)|pwd|secret|credential|token"
    r"|(?:api|access|private|shared|encryption|signing)[_-]?key",
    re.IGNORECASE,
)
"""Parts of names of properties, parameters and keys whose values are not written."""

QUERY = re.compile(r"(?:filter_?)?query", re.IGNORECASE)
"""Names of what holds a query: which value is a secret, its strings do not tell."""

_STRING = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_DOUBTFUL = re.compile(r"""\\['"]""")

LONGEST_TEXT = 1000
MOST_VALUES = 100

# What an operation works on is told on its own.
_TARGETS = frozenset({"namespace", "instance_name", "object_name", "target", "method", "arguments"})


class Auditor:
    """Writes what is to be written; without a log nothing is."""

    def __init__(self, audit_log: AuditLog | None, what: What = "changes") -> None:
        self._log = audit_log
        self._what = what
        self.reads = audit_log is not None and what == "all"

    def operation(self, exchange: Exchange, status: Status | None, reply: Reply | None) -> None:
        """Write the line of an operation; a status of None is success."""
        if self._log is not None and self._wants(exchange, status):
            self._log.write(entry(exchange, status, reply))

    def login_failed(self, user: str, peer: str, reason: str) -> None:
        """Write the line of a failed log-in."""
        if self._log is not None:
            head = {"time": clock(), "event": "login_failed", "user": user, "peer": peer}
            self._log.write({**head, "reason": reason})

    def _wants(self, exchange: Exchange, status: Status | None) -> bool:
        if self.reads or status is Status.ACCESS_DENIED:
            return True
        return self._what == "changes" and is_change(exchange)


def is_change(exchange: Exchange) -> bool:
    """Tell whether something may have been changed, also by a call that was not understood."""
    if exchange.asked is not None:
        return isinstance(exchange.asked, Change)
    spec = OPERATIONS.get(exchange.call.name.lower())
    if isinstance(exchange.call, ExtrinsicCall) or spec is None:
        return True
    return isinstance(spec.operation, type) and issubclass(spec.operation, Change)


def entry(exchange: Exchange, status: Status | None, reply: Reply | None) -> Mapping[str, object]:
    """Return the line of an operation."""
    request, call, asked = exchange.request, exchange.call, exchange.asked
    extrinsic = isinstance(call, ExtrinsicCall)
    told: dict[str, object] = {
        "time": clock(),
        "event": "operation",
        "user": exchange.user,
        "how": exchange.principal.mechanism.value,
        "peer": request.peer,
        "operation": "InvokeMethod" if extrinsic else call.name[:LONGEST_TEXT],
        "method": call.name[:LONGEST_TEXT] if extrinsic else None,
        "namespace": call.namespace[:LONGEST_TEXT] or None,
    }
    if asked is not None:
        told |= _asked(asked)
    elif isinstance(call, ExtrinsicCall):
        told["path"] = _path(call.target)
    if b"virtcim-dry-run" in request.headers:
        told["dry_run"] = request.headers[b"virtcim-dry-run"].decode("ascii", "replace")
    told["status"] = "OK" if status is None else status.name
    if isinstance(reply, MethodReply):
        told["return_value"] = plain("", reply.return_value)
    told["ms"] = round((perf_counter() - request.received) * 1000, 2)
    return {name: value for name, value in told.items() if value is not None}


def _asked(asked: Operation) -> Mapping[str, object]:
    path = next(
        (
            found
            for name in ("instance_name", "object_name", "target")
            if isinstance(found := getattr(asked, name, None), ObjectPath)
        ),
        None,
    )
    return {
        "class": class_of(asked),
        "path": None if path is None else _path(path),
        "arguments": arguments(asked) or None,
    }


def arguments(asked: Operation) -> Mapping[str, object]:
    """Return what was given beside the object, without secrets; what is NULL is left out."""
    if isinstance(asked, InvokeMethod):
        return {one.name: _argument(one) for one in asked.arguments[:MOST_VALUES]}
    given = {
        field.name: getattr(asked, field.name)
        for field in fields(asked)
        if field.name not in _TARGETS
    }
    names = {"new_value": asked.property_name} if isinstance(asked, SetProperty) else {}
    return {
        name: plain(names.get(name, name), value)
        for name, value in given.items()
        if value is not None
    }


def _argument(one: Argument) -> object:
    return plain(one.name, one.value)


def plain(name: str, value: object) -> object:
    """Return a value as JSON has it; `name` tells whether it is a secret."""
    if value is None:
        return None
    if SECRET.search(name):
        return MASK
    if isinstance(value, tuple):
        return _values(name, value)
    if isinstance(value, str) and QUERY.fullmatch(name):
        value = _shape(value)
    return next((show(value) for kind, show in _SHOWN if isinstance(value, kind)), "?")


def _shape(query: str) -> str:
    """Return a query without its strings.

    Nothing from the first quote on is returned where it is in doubt which quotes belong together:
    who writes a backslash before one may have meant another end than the language has.
    """
    strings = _STRING.sub("", query)
    if _DOUBTFUL.search(query) or "'" in strings or '"' in strings:
        return re.split("['\"]", query, maxsplit=1)[0] + f"'{MASK}"
    return _STRING.sub(f"'{MASK}'", query)


def _values(name: str, values: tuple[object, ...]) -> object:
    shown = [plain(name, value) for value in values[:MOST_VALUES]]
    more = len(values) - len(shown)
    return [*shown, f"and {more} more"] if more else shown


def _instance(instance: Instance) -> object:
    values = {one.name: plain(one.name, one.value) for one in instance.properties[:MOST_VALUES]}
    path = None if instance.path is None else {"path": _path(instance.path)}
    return {"class": instance.class_name, **(path or {}), "properties": values}


def _text(text: str) -> object:
    """Return a text; one that holds instances as those, so that their secrets are masked."""
    head = text.lstrip()[:20].lower()
    if not (head.startswith("<") or re.match(r"instance\s+of\b", head)):
        return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."
    try:
        found = read_instances(text)
    except ValueError:
        return f"a text of {len(text)} characters"
    return [_instance(one) for one in found[:MOST_VALUES]]


def _path(path: ObjectPath) -> str:
    """Return a path as a WBEM URI, without the values of keys that are secrets."""
    keys = path.keys
    if keys is not None:
        keys = tuple((name, MASK if SECRET.search(name) else value) for name, value in keys)
    shown = ObjectPath(path.class_name, keys, path.namespace, path.host)
    return format_uri(shown)[: 4 * LONGEST_TEXT]


def _number(value: float) -> object:
    return value if math.isfinite(value) else str(value)


def _named(value: ClassDeclaration | QualifierDeclaration) -> str:
    return value.name


_SHOWN: tuple[tuple[type, Callable[[Any], object]], ...] = (
    (bool,                 bool),
    (int,                  int),
    (float,                _number),
    (str,                  _text),
    (Instance,             _instance),
    (ObjectPath,           _path),
    (ClassDeclaration,     _named),
    (QualifierDeclaration, _named),
)  # fmt: skip
"""Every kind of value; the first that fits."""
