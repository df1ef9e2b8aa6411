"""Where the server listens: an IP address and a port, with TLS or without, or a UNIX socket."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

# Schemes as in the URLs that clients use; without one the endpoint is plain HTTP.
SCHEMES = {"": False, "http://": False, "https://": True}
EXAMPLES = "127.0.0.1:5988, [::1]:5988 or https://0.0.0.0:5989"

# Names would have to be looked up; this one means the same everywhere.
LOCALHOST = "127.0.0.1"

UNIX = "unix:"
LONGEST_PATH = 107  # unix(7): sun_path has 108 bytes, the last one NUL

SPELLING = re.compile(
    r"(?P<scheme>https?://)?"
    r"(?:\[(?P<ipv6>[^\]/]*)\]|(?P<ipv4>[^:/\[\]]*))"
    r":(?P<port>[0-9]{1,5})/?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One listening socket; port 0 takes any free port."""

    address: str
    port: int
    tls: bool = False

    @property
    def is_loopback(self) -> bool:
        """Tell whether only programs on this machine reach it."""
        return ip_address(self.address).is_loopback

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixEndpoint:
    """One listening UNIX socket: whoever may open the file may connect, and is known by the kernel.

    Passwords that are sent there leave this machine as little as on loopback.
    """

    path: Path

    tls: ClassVar[bool] = False
    is_loopback: ClassVar[bool] = True

    def __str__(self) -> str:
        return f"{UNIX}{self.path}"


def parse_any(spelling: object) -> object:
    """Read what `parse` does, or ``unix:/path``; raises ValueError."""
    if not isinstance(spelling, str) or not spelling.strip().startswith(UNIX):
        return parse(spelling)
    path = Path(spelling.strip().removeprefix(UNIX))
    if not path.is_absolute() or len(str(path).encode()) > LONGEST_PATH:
        raise ValueError(
            f"`{spelling}` must be unix: and an absolute path of at most {LONGEST_PATH} bytes, "
            "for example unix:/run/virtcim/cim.sock"
        )
    return UnixEndpoint(path)


def parse(spelling: object) -> object:
    """Read ``address:port``, with ``https://`` before it for TLS; raises ValueError.

    What is no string is given back for others to judge.
    """
    if not isinstance(spelling, str):
        return spelling
    match = SPELLING.fullmatch(spelling.strip())
    if match is None:
        raise ValueError(f"`{spelling}` must be ADDRESS:PORT, for example {EXAMPLES}")
    address = _address(match["ipv6"], match["ipv4"])
    port = int(match["port"])
    if port > 65_535:
        raise ValueError(f"port {port} must be at most 65535")
    return Endpoint(address=address, port=port, tls=SCHEMES[match["scheme"] or ""])


def _address(ipv6: str | None, ipv4: str | None) -> str:
    text = ipv6 if ipv6 is not None else LOCALHOST if ipv4 == "localhost" else ipv4 or ""
    try:
        address = ip_address(text)
    except ValueError:
        raise ValueError(
            f"`{text}` must be an IP address of this machine, for example {EXAMPLES}"
        ) from None
    if (address.version == 6) != (ipv6 is not None):
        raise ValueError(f"`{text}` must be an IPv6 address in brackets or an IPv4 one without")
    return str(address)
