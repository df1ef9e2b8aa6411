"""What clients can change of consoles, serial and parallel ports and channels."""

import re
from collections.abc import Mapping
from dataclasses import replace

from virtcim.hypervisors.definition import CharacterSource
from virtcim.providers.changes import Changes, Setter, Target, fixed, flag, to
from virtcim.providers.character_settings import PROPERTIES, SCHEMES, SOURCES, WITH_PATH

_KINDS: Mapping[int, str] = {number: word for word, number in SOURCES.items()}
_PROTOCOLS = frozenset({"raw", "telnet", "telnets", "tls"})

_URL = re.compile(
    r"(?P<scheme>[a-z]+)://(?:(?P<path>/.*)|(?:\[(?P<six>[^]]+)\]|(?P<host>[^:/\[\]]*))"
    r"(?::(?P<port>[0-9]{1,5}|[A-Za-z][-A-Za-z0-9]*))?)"
)


def _source_type(target: Target, value: int) -> None:
    """Set the kind; the ends of another kind are nothing to it."""
    if value not in _KINDS:
        raise ValueError("ConsoleRASD: Invalid SourceType value")
    target.edit.set_all(kind=_KINDS[value], sources=(), protocol=None)


def _path(target: Target, value: str) -> None:
    device = target.device
    if device.kind not in WITH_PATH:
        raise ValueError(f"a source of type {device.kind} has no path")
    field = "source_master" if device.kind == "nmdm" else None
    if field is not None:
        target.edit.set(field, value or None)
        return
    first, *others = device.sources or (CharacterSource(),)
    target.edit.set("sources", (replace(first, path=value or None), *others) if value else ())


def _url(mode: str) -> Setter:
    def put(target: Target, value: str) -> None:
        kind = target.device.kind
        scheme = SCHEMES.get(kind)
        if scheme is None:
            raise ValueError(f"a source of type {kind} has no URL")
        others = tuple(one for one in target.device.sources if one.mode != mode)
        if kind != "udp":
            others = ()  # it either waits or calls
        if not value:
            target.edit.set("sources", others)
            return
        found = _URL.fullmatch(value)
        if found is None:
            raise ValueError("it must be written as PROTOCOL://HOST:PORT or file:///PATH")
        _check_scheme(kind, scheme, found["scheme"])
        if kind == "tcp":
            target.edit.set("protocol", found["scheme"] if found["scheme"] != "tcp" else None)
        made = CharacterSource(
            mode=mode,
            path=found["path"],
            host=None if found["path"] else (found["six"] or found["host"] or None),
            service=found["port"],
        )
        ends = sorted((*others, made), key=lambda one: one.mode or "")
        target.edit.set("sources", tuple(ends))

    return put


def _check_scheme(kind: str | None, scheme: str, given: str) -> None:
    allowed = {scheme, *_PROTOCOLS} if kind == "tcp" else {scheme}
    if given not in allowed:
        raise ValueError(f"its protocol must be one of {', '.join(sorted(allowed))}")


def _append(target: Target, value: bool) -> None:  # noqa: FBT001 - it is what is written
    device = target.device
    logged = device.source_append is None and device.log_file is not None
    target.edit.set("log_append" if logged else "source_append", value)


SETTERS: Mapping[str, Setter] = {
    "SourceType":      _source_type,
    "SourcePath":      _path,
    "HostResource":    lambda t, value: None if t.has("SourcePath")
                                        else _path(t, next(iter(value), "")),
    "ConnectURL":      _url("connect"),
    "BindURL":         _url("bind"),
    "Protocol":        to("protocol"),
    "TLS":             to("tls", flag),
    "TargetType":      to("target_type"),
    "ResourceSubType": lambda t, value: t.edit.set(
        "target_model" if t.device.target_model else "target_type", value or None),
    "TargetName":      to("target_name"),
    "TargetAddress":   to("target_address"),
    "TargetPort":      to("target_port"),
    "LogFile":         to("log_file"),
    "Append":          _append,
}  # fmt: skip

CHANGES = Changes(
    getters=PROPERTIES,
    setters=SETTERS,
    fixed=fixed(
        PROPERTIES,
        SETTERS,
        TargetState="the guest's agent shows itself so",
        BootOrder="it does not boot",
    ),
)
