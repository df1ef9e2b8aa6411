"""What the server's process has to do with its machine: a name, memory, who started it."""

import asyncio
import ctypes
import gc
import os
import socket

NAME_SECONDS = 2.0
_M_ARENA_MAX = -8  # malloc.h


async def fully_qualified_name() -> str:
    """Return the host's name with its domain where the resolver knows one, without waiting long."""
    name = socket.gethostname() or "localhost"
    if "." in name:
        return name
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(NAME_SECONDS):
            found = await loop.getaddrinfo(name, None, flags=socket.AI_CANONNAME)
    except (OSError, TimeoutError):
        return name
    canonical = found[0][3]
    usable = "." in canonical and not canonical.startswith("localhost")
    return canonical if usable else name


def share_heap() -> None:
    """Let all threads allocate from one heap: each new one would keep megabytes for itself."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's; others have no such heaps
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def settle_memory() -> None:
    """Keep the collector from walking the schema again and again: it never becomes garbage.

    What the start took and needs no more goes back to the system.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    gc.enable()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
    if trim is not None:
        trim(0)


def notify(state: str) -> None:
    """Tell systemd (sd_notify(3)); nothing to do when it did not start the server."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
            channel.connect("\0" + address[1:] if address.startswith("@") else address)
            channel.sendall(state.encode())
