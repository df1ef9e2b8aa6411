"""The sockets that clients connect to: taken with their addresses before anything is served.

They listen later, one by one, when all that can fail has not.

A UNIX socket is a file: who may open it is set before anybody can connect, a file that a dead
server left is removed, one that somebody listens at is not, and at the end only our own is.
"""

import asyncio
import grp
import os
import pwd
import socket
import ssl
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from virtcim.listeners.shell import Shell

BACKLOG = 512


class SocketError(Exception):
    """An address cannot be listened at; the text says why, and what to do."""


@dataclass(frozen=True)
class Bound:
    """A socket that has its address, but does not listen yet."""

    socket: socket.socket
    url: str
    tls: ssl.SSLContext | None = None


def claim(bound: Bound) -> None:
    """Listen at the address, which others may have bound too; uvloop would not tell of that."""
    try:
        bound.socket.listen(BACKLOG)
    except OSError as error:
        raise SocketError(f"cannot listen on {bound.url}: {error.strerror}") from None


async def accept(shell: Shell, bound: Bound) -> asyncio.Server:
    """Let clients connect to a shell; raises SocketError."""
    claim(bound)
    loop = asyncio.get_running_loop()
    if bound.socket.family == socket.AF_UNIX:
        return await loop.create_unix_server(shell, sock=bound.socket, backlog=BACKLOG)
    return await loop.create_server(
        shell,
        sock=bound.socket,
        ssl=bound.tls,
        backlog=BACKLOG,
        # The shell knows of a connection, and gives it deadlines, only after the handshake.
        ssl_handshake_timeout=shell.limits.head_seconds if bound.tls else None,
        # A client that is asked to close and does not read cannot hold up the end.
        ssl_shutdown_timeout=shell.limits.linger_seconds if bound.tls else None,
    )


def bind_tcp(address: str, port: int, shown: str) -> socket.socket:
    """Take an IP address and a port; raises SocketError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    one = socket.socket(family, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((address, port))
    except OSError as error:
        one.close()
        raise SocketError(f"cannot listen on {shown}: {error.strerror}") from None
    return one


def bind_unix(
    path: Path, *, mode: int, owner: str | None = None, group: str | None = None
) -> tuple[socket.socket, Callable[[], None]]:
    """Make a UNIX socket; return it, and what removes its file. Raises SocketError."""
    numbers = _number(owner, _user, "user"), _number(group, _group, "group")
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        one.bind(str(path))
        made = path.stat(follow_symlinks=False)
        # Nobody can connect yet: it does not listen.
        os.chown(path, *numbers)
        path.chmod(mode)
    except OSError as error:
        one.close()
        raise SocketError(f"cannot listen on unix:{path}: {error.strerror}") from None
    except SocketError:
        one.close()
        raise

    def remove() -> None:
        with suppress(OSError):
            found = path.stat(follow_symlinks=False)
            if (found.st_dev, found.st_ino) == (made.st_dev, made.st_ino):
                path.unlink()

    return one, remove


def _remove_stale(path: Path) -> None:
    try:
        found = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise SocketError(f"cannot listen on unix:{path}: another file has this name; remove it")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # noqa: FBT003 (the library's signature)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
        except BlockingIOError:
            pass  # its queue is full: somebody has it
    raise SocketError(f"cannot listen on unix:{path}: another server listens there")


def _user(name: str) -> int:
    return pwd.getpwnam(name).pw_uid


def _group(name: str) -> int:
    return grp.getgrnam(name).gr_gid


def _number(name: str | None, find: Callable[[str], int], kind: str) -> int:
    """Return the number of a name, -1 where nothing is to be changed."""
    if name is None:
        return -1
    try:
        return find(name)
    except KeyError:
        raise SocketError(f"there is no {kind} {name}; correct socket.{_KEYS[kind]}") from None


_KEYS = {"user": "owner", "group": "group"}
