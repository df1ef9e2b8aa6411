"""What a connection says of its client before a request is read: address, certificate, user number.

All of it comes from the kernel or from TLS, and none from what the client writes.
"""

import asyncio
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from virtcim.listeners.principals import Principal

_CREDENTIALS = struct.Struct("3i")  # struct ucred: process, user, group; socket(7)


@dataclass(slots=True)
class Client:
    """Who is at the other end of a connection.

    `address` is what counts as one client, for limits and the log: an IP address, or `uid:` and a
    user number on a UNIX socket. `certificate` is verified, as ssl.getpeercert gives it. What was
    made of these is kept in `principal` until the time `until`.
    """

    address: str
    certificate: Mapping[str, Any] | None = None
    uid: int | None = None
    principal: Principal | None = field(default=None)
    until: float = float("-inf")


def client_of(transport: asyncio.BaseTransport) -> Client:
    """Return who is at the other end of a transport."""
    address = transport.get_extra_info("peername")
    if isinstance(address, tuple):
        return Client(str(address[0]), transport.get_extra_info("peercert") or None)
    uid = _user_number(transport.get_extra_info("socket"))
    return Client("local" if uid is None else f"uid:{uid}", uid=uid)


def _user_number(channel: Any) -> int | None:
    """Return the user at the other end of a UNIX socket when it connected; None for no socket."""
    if channel is None or channel.family != socket.AF_UNIX:
        return None
    # uvloop's objects have a number and no options.
    with socket.fromfd(channel.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as same:
        said = same.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(said)
    return int(uid)
