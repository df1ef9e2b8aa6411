r"""WBEM URIs (DSP0207): object paths as text, in headers, logs and string-typed references.

`[//host[:port]]/namespace:Class.key="text",other=5`; without a namespace, `Class.key=...`.
Inside quotes, `"` and `\` are escaped by a backslash. Datetimes and references are quoted, so that
only the class of a path tells them from strings; the form with types is not read.
"""

import re
from collections.abc import Iterator

from virtcim.wbem.mof_literals import parse_query_number
from virtcim.wbem.paths import KeyValue, ObjectPath
from virtcim.wbem.types import CIMType, parse_datetime
from virtcim.wbem.values import FORMATTERS, format_boolean, parse_boolean, parse_real

_HEAD = re.compile(
    r"""(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?        # cimxml-wbem: and its like, before an authority
        //(?P<host>[^/]*)(?=/))?                # authority, of which a slash is the end
        (?:/?(?P<namespace>(?!/)[^:="]*):)?          # namespace; names of hosts in it may have dots
        (?P<class>[^:.="/,]+)                   # class
    """,
    re.VERBOSE,
)
_KEY = re.compile(
    r"""(?P<name>[^=".,]+)=
        (?: "(?P<text>(?:[^"\\]|\\.)*)" | '(?P<char>(?:[^'\\]|\\.)+)' | (?P<bare>[^",]+) )
        (?:,(?=.)|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def parse_uri(text: str) -> ObjectPath:
    """Read a WBEM URI; a quoted key stays a string. Raises ValueError."""
    head = _HEAD.match(text)
    if head is None:
        raise ValueError(f"'{text[:80]}' is not an object path")
    namespace, host = head["namespace"], head["host"]
    keys = _keys(text, head.end())
    return ObjectPath(head["class"].strip(), keys, namespace or None, host or None)


def _keys(text: str, position: int) -> tuple[tuple[str, KeyValue], ...] | None:
    rest = text[position:]
    if not rest:
        return None
    if rest == "=@":
        return ()
    if rest[0] != ".":
        raise ValueError(f"'{text[:80]}' has '{rest[:10]}' where its keys should be")
    return tuple(_key_bindings(text, position + 1))


def _key_bindings(text: str, position: int) -> Iterator[tuple[str, KeyValue]]:
    while True:
        match = _KEY.match(text, position)
        if match is None:
            raise ValueError(f"'{text[position : position + 40]}' is not a key")
        bare = match["bare"]
        quoted = match["text"] if match["text"] is not None else match["char"]
        value = _ESCAPED.sub(r"\1", quoted) if bare is None else _bare_value(bare)
        yield match["name"].strip(), value
        position = match.end()
        if position == len(text):
            return


def _bare_value(text: str) -> KeyValue:
    for convert in (parse_query_number, parse_boolean, parse_real, parse_datetime):
        try:
            return convert(text)
        except ValueError:
            continue
    raise ValueError(f"'{text[:40]}' is not a key value")


def format_uri(path: ObjectPath) -> str:
    """Write the path as a WBEM URI."""
    authority = f"//{path.host}" if path.host else ""
    namespace = f"{'/' if authority else ''}{path.namespace}:" if path.namespace else ""
    if path.keys is None:
        return f"{authority}{namespace}{path.class_name}"
    keys = ",".join(f"{name}={_format_key(value)}" for name, value in path.keys)
    return f"{authority}{namespace}{path.class_name}{'.' + keys if keys else '=@'}"


def _format_key(value: KeyValue) -> str:
    if isinstance(value, bool):
        return format_boolean(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return FORMATTERS[CIMType.REAL64](value)
    text = format_uri(value) if isinstance(value, ObjectPath) else value
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
