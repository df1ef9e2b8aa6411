"""What a reply of 100 000 instances costs in memory: the server's peak over what it is when idle.

Kept instances, since no hypervisor with so many domains is at hand.
"""

import asyncio
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import messages
from benchmarks.measuring import Row
from benchmarks.processes import virtcim
from virtcim.infostore import Infostore, prepare_directory
from virtcim.infostore.keeping import ObjectKeeper
from virtcim.infostore.objects import CIMObject, ObjectKey, ObjectKind

INSTANCES = 100_000
MOST_MEGABYTES = 64

CLASS = "ACME_Thing"
NAMES = ("ID", *(f"Property{number}" for number in range(12)))

_KEY = '<QUALIFIER NAME="Key" TYPE="boolean"><VALUE>TRUE</VALUE></QUALIFIER>'

WAYS: Mapping[str, Mapping[str, str]] = {
    "plain": {},
    "with trailers": {"TE": "trailers"},
    "gzip": {"Accept-Encoding": "gzip"},
    "zstd": {"Accept-Encoding": "zstd"},
}
"""What a client says of the form in which it wants its reply."""


def kept(count: int, padding: str = "") -> Iterator[CIMObject]:
    """Yield a class and so many instances of it, as the infostore keeps them."""
    properties = "".join(
        f'<PROPERTY NAME="{name}" TYPE="string">{_KEY if name == "ID" else ""}</PROPERTY>'
        for name in NAMES
    )
    text = f'<CLASS NAME="{CLASS}">{properties}</CLASS>'
    yield CIMObject(ObjectKey(messages.NAMESPACE, ObjectKind.CLASS, CLASS.lower()), text)
    for number in range(count):
        values = "".join(
            f'<PROPERTY NAME="{name}" TYPE="string"><VALUE>{name} of {number}{padding}</VALUE>'
            "</PROPERTY>"
            for name in NAMES
        )
        key = ObjectKey(messages.NAMESPACE, ObjectKind.INSTANCE, f"{number}")
        yield CIMObject(key, f'<INSTANCE CLASSNAME="{CLASS}">{values}</INSTANCE>')


def prepare(state: Path, count: int, padding: str = "") -> None:
    """Write them into the infostore of a server that is to be started."""

    async def write() -> None:
        store = Infostore(f"sqlite:///{state}/infostore.db")
        await store.open()
        try:
            await ObjectKeeper(store).write(kept(count, padding))
        finally:
            await store.close()

    prepare_directory(state)
    asyncio.run(write())


def memory(pid: int, field: str = "VmRSS") -> float:
    """Return what a process occupies in megabytes; VmHWM for its peak."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1000
    raise ValueError(field)


def forget_peak(pid: int) -> None:
    """Let the peak begin anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def read_reply(port: int, method: str, headers: Mapping[str, str]) -> int:
    """Ask for everything of the class, forget it as it comes, and return how many bytes it was."""
    name, body = messages.intrinsic(method, ClassName=f'<CLASSNAME NAME="{CLASS}"/>')
    request = messages.http_request(name, body)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = request.replace(b"\r\n", f"\r\nConnection: close\r\n{lines}".encode(), 1)
    size = 0
    with socket.create_connection(("127.0.0.1", port), 120) as connection:
        connection.sendall(request)
        while data := connection.recv(1 << 20):
            size += len(data)
    return size


def replies(directory: Path) -> Iterator[Row]:
    """Each way to ask for all instances, and for their names."""
    state = directory / "state-memory"
    prepare(state, INSTANCES)
    with virtcim("test:///default", directory, state=state) as server:
        pid = server.process.pid
        idle = memory(pid)
        ways = {f"instances, {way}": ("EnumerateInstances", WAYS[way]) for way in WAYS}
        ways["names"] = ("EnumerateInstanceNames", {})
        for what, (method, headers) in ways.items():
            forget_peak(pid)
            size = read_reply(server.port, method, headers)
            more = memory(pid, "VmHWM") - idle
            yield Row(
                f"memory for a reply of {INSTANCES} {what}", f"{more:.0f} MB",
                f"idle {idle:.0f} MB", f"reply {size / 1e6:.0f} MB", f"<= {MOST_MEGABYTES} MB",
                more <= MOST_MEGABYTES,
            )  # fmt: skip
