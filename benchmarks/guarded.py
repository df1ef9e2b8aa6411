"""What it costs to ask who it is, whether they may, to write it down, and to encrypt it."""

import base64
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks import messages
from benchmarks.measuring import ROUNDS, Row, file_request, load, milliseconds, rates
from benchmarks.processes import Client, Running, nginx, virtcim
from benchmarks.rows import DOMAINS, versus
from virtcim.listeners.principals import Role
from virtcim.listeners.users import UsersFile

USER, PASSWORD = "bench", "a password that is not short"

_CONFIGURATION = """
[audit]
what = "{audited}"

[tls]
certificate = "{certificate}"

[[rules]]
users = ["guest*"]
deny = ["*"]

[[rules]]
groups = ["watchers"]
namespaces = ["root/virt*"]
classes = ["Virt_ComputerSystem", "Virt_SystemDevice"]
allow = ["read"]
"""


def _signed_in(request: bytes) -> bytes:
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode())
    return request.replace(b"\r\n", b"\r\nAuthorization: Basic " + token + b"\r\n", 1)


class _Guards:
    """A users file, rules that the user falls under, an audit log, and a certificate."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.state = directory / "guarded"
        self.state.mkdir()
        users = UsersFile(self.state / "users")
        users.add(USER, PASSWORD, role=Role.NONE, groups=("watchers",))
        self._certificate = directory / "server.pem"
        subprocess.run(
            [
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-keyout", self._certificate,
                "-out", directory / "certificate.pem",
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        with self._certificate.open("ab") as file:
            file.write((directory / "certificate.pem").read_bytes())

    def configuration(self, audited: str) -> Path:
        """Return the file for a server that writes down `audited`."""
        path = self._directory / f"{audited}.toml"
        text = _CONFIGURATION.format(audited=audited, certificate=self._certificate)
        path.write_text(text)
        path.chmod(0o600)
        return path


def guarded(directory: Path) -> Iterator[Row]:
    """The reads of `rows.throughput` with password, rules and audit; and what each adds."""
    node = directory / "node.xml"
    node.write_text(messages.domains_xml(DOMAINS))
    uri, guards = f"test://{node}", _Guards(directory)
    plain = [
        messages.http_request(*messages.get_instance(messages.domain_name(number)))
        for number in range(DOMAINS)
    ]
    signed = [_signed_in(one) for one in plain]
    with (
        virtcim(uri, directory) as bare,
        virtcim(
            uri, directory, state=guards.state, configuration=guards.configuration("changes")
        ) as ours,
    ):
        yield from _bars(ours, signed, directory)
        yield _cost("Basic, rules and audit of changes", (ours, signed), (bare, plain), directory)
    for what, audited, scheme in (
        ("Basic, rules and audit of everything", "all", "http"),
        ("Basic, rules and TLS", "changes", "https"),
    ):
        with (
            virtcim(uri, directory) as bare,
            virtcim(
                uri, directory, listen=f"{scheme}://127.0.0.1:0",
                state=guards.state, configuration=guards.configuration(audited),
            ) as ours,
        ):  # fmt: skip
            yield _cost(what, (ours, signed), (bare, plain), directory)


def _bars(ours: Running, signed: list[bytes], directory: Path) -> Iterator[Row]:
    """The bars that hold for an open server hold for this one."""
    client = Client(ours.port)
    everything = _signed_in(messages.http_request(*messages.enumerate_instances()))
    client.ask(everything)
    files = {f"{n}.xml": client.ask(request)[2] for n, request in enumerate(signed)}
    files["all.xml"] = client.ask(everything)[2]
    with nginx(files, directory) as theirs:
        pair = (ours, theirs)
        gets = [file_request(f"{number}.xml") for number in range(DOMAINS)]
        yield versus("GetInstance, guarded", 0.25, pair, (signed, gets), directory)
        yield versus(
            "EnumerateInstances of 1 000, guarded", 1.0, pair,
            ([everything], [file_request("all.xml")]), directory,
        )  # fmt: skip
    one = milliseconds(client, signed)
    yield Row(
        "GetInstance, one connection, guarded", f"{one:.3f} ms", "-", "-", "<= 0.3 ms", one <= 0.3
    )


Loaded = tuple[Running, list[bytes]]


def _cost(what: str, guarded: Loaded, bare: Loaded, directory: Path) -> Row:
    ratios, ours, theirs = [], [], []
    for _ in range(ROUNDS):
        mine = load(*guarded, directory, 8)
        other = load(*bare, directory, 8)
        ratios.append(mine[0] / other[0])
        ours.append(mine)
        theirs.append(other)
    ratio = f"{statistics.median(ratios):.0%}"
    return Row(f"GetInstance with {what}", rates(ours), f"open {rates(theirs)}", ratio, "-", None)
