"""Domain and host XML → facts.

The rule: no parsed tree leaves this file. What a definition says in full is read in `definition/`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from sys import intern

from virtcim.hypervisors.definition.converters import MASKED
from virtcim.hypervisors.definition.xml import Element, parse
from virtcim.hypervisors.model import Console

_PASSWORD = re.compile(r"""(\bpasswd=)(?:'[^']*'|"[^"]*")""")
_COOKIE = re.compile(r"(<cookie\b[^>]*>)[^<]*")  # of a disk that comes over HTTP


@dataclass(frozen=True, slots=True)
class Definition:
    """What we read of a domain's XML; None means that the element is absent or empty."""

    title: str | None
    description: str | None
    os_type: str | None
    consoles: tuple[Console, ...]


def definition(text: str) -> Definition:
    """The facts of a domain's definition."""
    root = parse(text)
    return Definition(
        title=root.findtext("title") or None,
        description=root.findtext("description") or None,
        os_type=_interned(root.findtext("os/type")),
        consoles=tuple(_consoles(root)),
    )


def masked(text: str) -> str:
    """A definition without its secrets; that there is one can still be seen."""
    if "<cookie" in text:
        text = _COOKIE.sub(rf"\1{MASKED}", text)
    return _PASSWORD.sub(rf"\1'{MASKED}'", text) if "passwd=" in text else text


def host_uuid(capabilities: str) -> str | None:
    """The UUID of the host; None means that the hypervisor tells none."""
    return parse(capabilities).findtext("host/uuid") or None


def _consoles(root: Element) -> Iterator[Console]:
    for graphics in root.iterfind("devices/graphics"):
        yield Console(
            kind=intern(graphics.get("type", "")),
            address=_interned(_listen_address(graphics)),
            port=_port(graphics.get("port")),
        )
    seen: set[tuple[str | None, str | None, str | None]] = set()
    for element in ("console", "serial"):
        for console in root.iterfind(f"devices/{element}"):
            source = console.find("source")
            kind = console.get("type", "")
            host = None if source is None else source.get("host")
            service = None if source is None else source.get("service")
            # libvirt shows the first serial port a second time, as a console.
            identity = (kind, service, _path(source))
            if identity not in seen:
                seen.add(identity)
                yield Console(kind=intern(kind), address=_interned(host), port=_port(service))


def _path(source: Element | None) -> str | None:
    return None if source is None else source.get("path")


def _listen_address(graphics: Element) -> str | None:
    listen = graphics.find("listen")
    return graphics.get("listen") or (None if listen is None else listen.get("address"))


def _port(text: str | None) -> int | None:
    # -1 is libvirt's "allocate one at start".
    return int(text) if text and text.isdecimal() and int(text) > 0 else None


def _interned(text: str | None) -> str | None:
    return intern(text) if text else None
