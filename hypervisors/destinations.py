"""Names of hosts, and the URIs under which libvirt finds hypervisors there.

The rule: what a client says becomes part of a URI only when it is the name or the address of a host
and nothing else.
"""

import re
from collections.abc import Mapping
from enum import Enum
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlencode

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?", re.ASCII)
_DESTINATION = re.compile(
    r"(?:(?P<user>[A-Za-z_][A-Za-z0-9._-]{0,31})@)?"
    r"(?:\[(?P<inside>[^\]]*)\]|(?P<plain>[^:\[\]@]*)|(?P<bare>[0-9A-Fa-f:.]*))"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)
_LONGEST_NAME = 253  # RFC 1035 2.3.4
_LAST_PORT = 65535
_PATH = re.compile(r"/[A-Za-z0-9._/-]{1,100}", re.ASCII)


class Transport(Enum):
    """How a hypervisor at another host is spoken to."""

    SSH = "ssh"
    TLS = "tls"  # whoever answers
    TLS_STRICT = "tls strict"  # only whose certificate is good
    TCP = "tcp"
    UNIX = "unix"  # on this machine alone


_SCHEMES: Mapping[Transport, str] = MappingProxyType({
    Transport.SSH:        "ssh",
    Transport.TLS:        "tls",
    Transport.TLS_STRICT: "tls",
    Transport.TCP:        "tcp",
})  # fmt: skip
"""Total over Transport but for UNIX, which reaches no other host."""

_PATHS: Mapping[str, str] = MappingProxyType({"qemu": "/system", "xen": "/system"})
"""By driver; who is absent cannot be migrated to."""

_TLS = frozenset({Transport.TLS, Transport.TLS_STRICT})


def check_host(text: str) -> str:
    """Return the host as it stands in a URI: a name, an IPv4 or an IPv6 address.

    A user before it and a port behind it are left. Raises ValueError for anything else.
    """
    found = _DESTINATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"`{text}' is no name or address of a host")
    user, inside, plain, bare, port = found.group("user", "inside", "plain", "bare", "port")
    host = _address(inside if inside is not None else bare) if plain is None else _name(plain)
    if port is not None and not 0 < int(port) <= _LAST_PORT:
        raise ValueError(f"{port} is no port")
    return f"{f'{user}@' if user else ''}{host}{f':{port}' if port else ''}"


def _address(text: str) -> str:
    try:
        return f"[{IPv6Address(text)}]"
    except AddressValueError:
        raise ValueError(f"`{text}' is no IPv6 address") from None


def _name(text: str) -> str:
    if text.replace(".", "").isdecimal():
        try:
            return str(IPv4Address(text))
        except AddressValueError:
            raise ValueError(f"`{text}' is no IPv4 address") from None
    if len(text) > _LONGEST_NAME or _NAME.fullmatch(text) is None:
        raise ValueError(f"`{text}' is no name of a host")
    return text


def destination_uri(
    driver: str,
    transport: Transport,
    host: str,
    *,
    ssh_key: Path | None = None,
    tls_directory: Path | None = None,
) -> str:
    """Return the URI of the hypervisor of a host that check_host has let pass.

    Raises ValueError for a driver or a transport that leads to no other host.
    """
    scheme, path = _SCHEMES.get(transport), _PATHS.get(driver)
    if scheme is None:
        raise ValueError(f"{transport.value} reaches no other host")
    if path is None:
        raise ValueError(f"domains of {driver} cannot be migrated")
    options: dict[str, str] = {}
    if transport is Transport.SSH:
        options["no_tty"] = "1"  # nobody is there to be asked for a password
        if ssh_key is not None:
            options["keyfile"] = str(ssh_key)
    if transport is Transport.TLS:
        options["no_verify"] = "1"
    if transport in _TLS and tls_directory is not None:
        options["pkipath"] = str(tls_directory)
    query = f"?{urlencode(options)}" if options else ""
    return f"{driver}+{scheme}://{host}{path}{query}"


def without_options(uri: str) -> str:
    """Return a URI as it is shown: what stands behind it are paths of our own."""
    return uri.partition("?")[0]


def check_stream_uri(text: str) -> str:
    """Return the URI for a migration's stream: tcp, rdma, or unix with an absolute path.

    Raises ValueError for any other.
    """
    scheme, separator, rest = text.strip().partition("://")
    if separator and scheme in {"tcp", "rdma"}:
        return f"{scheme}://{check_host(rest)}"
    if separator and scheme == "unix" and _PATH.fullmatch(rest) is not None:
        return f"{scheme}://{rest}"
    raise ValueError(f"`{text}' is no URI of a migration's stream")
