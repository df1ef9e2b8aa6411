"""Who may talk to the running server, and over what: users, TLS, IPv6."""

import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pywbem

from tests.clients.callers import connect, credentials, get_message
from tests.clients.expected import DOMAINS, SYSTEM
from tests.commands.running import virtcim
from tests.lab import eventually
from tests.rawhttp import SECONDS, Client
from tests.serving import EIGHT_STATES, PASSWORD, USER, RunningServer, let_in, serving

FAILED = 16
"""wbemcli's exit status when the server does not answer."""


# What does not start


def test_a_hypervisor_is_not_served_without_users(tmp_path: Path) -> None:
    """Somebody's guests are never open to everybody: a message that says what to do, and 2."""
    ended = virtcim("serve", "qemu:///system", "--state-dir", tmp_path / "state")
    assert ended.code == 2
    assert ended.out == ""
    assert "qemu:///system: is served to known users only, and there is none" in ended.err
    assert f"`virtcim user add NAME` (users file {tmp_path}/state/users)" in ended.err


@pytest.mark.parametrize("address", ["0.0.0.0", "[::]"])
def test_passwords_do_not_cross_a_network_in_clear(tmp_path: Path, address: str) -> None:
    """Plain HTTP beyond loopback is refused, whoever may log in; so are pages there."""
    let_in(tmp_path)
    at = f"{address}:0"
    state = ("--state-dir", tmp_path / "state")
    for option in ("--listen", "--web"):
        ended = virtcim("serve", f"test://{EIGHT_STATES}", option, at, *state)
        assert ended.code == 2
        assert f"http://{at}: plain HTTP is served on loopback only" in ended.err
        assert f"write https://{at} and give tls.certificate" in ended.err


def test_tls_needs_a_certificate(tmp_path: Path) -> None:
    """An endpoint with TLS and without a certificate is refused."""
    let_in(tmp_path)
    ended = virtcim(
        "serve", "test:///default", "--listen", "https://127.0.0.1:0",
        "--state-dir", tmp_path / "state",
    )  # fmt: skip
    assert ended.code == 2
    assert "needs a certificate: set tls.certificate and tls.key" in ended.err


# Users


def ask(server: RunningServer, headers: dict[str, str] | None = None) -> int:
    """Get a domain on a new connection; return the status."""
    with Client(server.host, server.port) as client:
        return client.ask(get_message("running", SYSTEM, headers)).status


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that lets in one user."""
    directory = tmp_path_factory.mktemp("guarded")
    let_in(directory)
    with serving(EIGHT_STATES, directory) as server:
        yield server
    assert PASSWORD not in server.log.read_text()


STRANGERS = {
    "nobody": {},
    "wrong password": credentials(password="wrong horse"),
    "no password": credentials(password=""),
    "other case": credentials(name=USER.upper()),
    "other scheme": {"Authorization": "Bearer abcdef"},
    "not base64": {"Authorization": "Basic ???"},
    "no colon": {"Authorization": "Basic YW5uYQ=="},
    "nothing": {"Authorization": ""},
    "nul": credentials(password=f"{PASSWORD}\0"),
}


def test_strangers_are_asked_who_they_are(guarded: RunningServer) -> None:
    """Each gets a challenge and a length, and may try again on the same connection."""

    def try_to_enter(headers: dict[str, str]) -> None:
        with Client(guarded.host, guarded.port) as client:
            answer = client.ask(get_message("running", SYSTEM, headers))
            assert answer.status == 401
            assert answer.headers["www-authenticate"].startswith('Basic realm="')
            assert answer.headers["content-length"] == "0"
            assert client.ask(get_message("running", SYSTEM)).status == 200

    with ThreadPoolExecutor(len(STRANGERS)) as pool:  # each failure costs a second
        for tried in [pool.submit(try_to_enter, dict(headers)) for headers in STRANGERS.values()]:
            tried.result()
    log = guarded.log.read_text()
    assert "login_failed" in log
    assert "horse" not in log


def test_pywbem_is_told_that_it_may_not(guarded: RunningServer) -> None:
    """Wrong credentials are pywbem's AuthError, right ones get an answer."""
    for wrong in (connect(guarded, password="wrong horse"), connect(guarded, name="nobody")):
        with pytest.raises(pywbem.AuthError):
            wrong.EnumerateInstanceNames(SYSTEM)
        wrong.close()
    right = connect(guarded)
    assert {p["Name"] for p in right.EnumerateInstanceNames(SYSTEM)} == set(DOMAINS)
    right.close()


def test_a_user_is_known_for_more_than_one_request(guarded: RunningServer) -> None:
    """Hundreds of requests are answered, on one connection, on many, and on many at once."""
    message = get_message("running", SYSTEM)
    with Client(guarded.host, guarded.port) as client:
        assert {client.ask(message).status for _ in range(500)} == {200}
    assert {ask(guarded) for _ in range(50)} == {200}
    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(lambda _: ask(guarded), range(200))) == {200}


def test_many_log_in_at_once(tmp_path: Path) -> None:
    """Different users whose first requests come together are all let in."""
    names = [f"user{number}" for number in range(8)]
    for name in names:
        let_in(tmp_path, name)
    with serving(EIGHT_STATES, tmp_path) as server, ThreadPoolExecutor(8) as pool:
        headers = [dict(credentials(name)) for name in names for _ in range(4)]
        assert set(pool.map(lambda each: ask(server, each), headers)) == {200}


def test_who_is_removed_is_out(tmp_path: Path) -> None:
    """A removed user is refused without a restart, on open connections too; others stay."""
    let_in(tmp_path)
    let_in(tmp_path, "bert", "battery staple")
    bert = dict(credentials("bert", "battery staple"))
    message = get_message("running", SYSTEM)
    with (
        serving(EIGHT_STATES, tmp_path) as server,
        Client(server.host, server.port) as client,
    ):
        assert client.ask(message).status == 200
        state = ("--state-dir", tmp_path / "state")
        assert virtcim("user", "remove", USER, *state).code == 0
        eventually(lambda: client.ask(message).status == 401)
        assert ask(server) == 401
        assert ask(server, bert) == 200
        added = virtcim("user", "add", USER, "--password-stdin", *state, said="another horse\n")
        assert added.code == 0
        eventually(lambda: ask(server, dict(credentials(password="another horse"))) == 200)
        assert ask(server) == 401


# TLS


@dataclass(frozen=True)
class Certificates:
    """What a certificate authority of our own has signed; `other` is another authority."""

    authority: Path
    certificate: Path
    key: Path
    other: Path


def openssl(*words: str | Path) -> None:
    """Run openssl."""
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def authority(directory: Path, name: str) -> tuple[Path, Path]:
    """Make an authority; return its certificate and its key."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
        "-keyout", key, "-out", certificate,
    )  # fmt: skip
    return certificate, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A server's certificate for this machine's loopback."""
    directory = tmp_path_factory.mktemp("certificates")
    ca, ca_key = authority(directory, "authority")
    other, _ = authority(directory, "other")
    request, key, certificate = (directory / name for name in ("csr", "key.pem", "server.pem"))
    openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", key, "-out", request,
    )  # fmt: skip
    openssl(
        "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-days", "2",
        "-copy_extensions", "copy", "-out", certificate,
    )  # fmt: skip
    return Certificates(ca, certificate, key, other)


@pytest.fixture(scope="module")
def encrypted(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server over TLS that does not wait long for heads."""
    directory = tmp_path_factory.mktemp("encrypted")
    let_in(directory)
    settings = {
        "tls_certificate": str(certificates.certificate),
        "tls_key": str(certificates.key),
        "limits_head_seconds": "1",
    }
    with serving(EIGHT_STATES, directory, listen="https://127.0.0.1:0", **settings) as server:
        assert server.url.startswith("https://")
        yield server


def test_pywbem_over_tls(
    encrypted: RunningServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that trusts the authority gets its answers; one that trusts another, none."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)  # it would outweigh ca_certs
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    client = connect(encrypted, ca_certs=str(certificates.authority))
    assert {p["Name"] for p in client.EnumerateInstanceNames(SYSTEM)} == set(DOMAINS)
    client.close()
    client = connect(encrypted, ca_certs=str(certificates.other))
    with pytest.raises(pywbem.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        client.EnumerateInstanceNames(SYSTEM)
    client.close()


def wbemcli(server: RunningServer, *options: str | Path, password: str = PASSWORD) -> Any:
    """Enumerate the names of domains with wbemcli."""
    url = f"https://{USER}:{password}@localhost:{server.port}/root/virt:{SYSTEM}"
    command = ["wbemcli", *options, "-nl", "ein", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_wbemcli_over_tls(encrypted: RunningServer, certificates: Certificates) -> None:
    """Wbemcli talks over TLS, with a check of the certificate and without one."""
    for options in (["-noverify"], ["-cacert", certificates.authority]):
        done = wbemcli(encrypted, *options)
        assert done.returncode == 0, done
        assert len(done.stdout.splitlines()) == len(DOMAINS)
    assert wbemcli(encrypted, "-cacert", certificates.other).returncode == FAILED
    done = wbemcli(encrypted, "-noverify", password="wrong horse")
    assert done.returncode == FAILED
    assert "Invalid username/password" in done.stderr


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_of_tls(
    encrypted: RunningServer, certificates: Certificates, version: ssl.TLSVersion
) -> None:
    """Both versions of TLS that are in order are spoken."""
    context = ssl.create_default_context(cafile=str(certificates.authority))
    context.minimum_version = context.maximum_version = version
    address = (encrypted.host, encrypted.port)
    with (
        socket.create_connection(address, timeout=SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as channel,
    ):
        channel.sendall(get_message("running", SYSTEM))
        assert channel.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "said", [get_message("running", SYSTEM), b"", b"\x16\x03\x01"], ids=["http", "none", "half"]
)
def test_what_is_no_tls_is_sent_away(encrypted: RunningServer, said: bytes) -> None:
    """Plain HTTP, silence, and half a handshake end in a closed connection and no hang."""
    with socket.create_connection((encrypted.host, encrypted.port), timeout=SECONDS) as plain:
        plain.sendall(said)
        try:
            heard = plain.recv(65536)
        except ConnectionResetError:
            heard = b""
    assert not heard.startswith(b"HTTP/1.1 2")
    assert encrypted.process.poll() is None


def test_an_address_within_another(certificates: Certificates, tmp_path: Path) -> None:
    """What can be bound and not listened on is said plainly."""
    let_in(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ended = virtcim(
        "serve", f"test://{EIGHT_STATES}", "--state-dir", tmp_path / "state",
        "--listen", f"https://0.0.0.0:{port}", "--listen", f"https://127.0.0.1:{port}",
        variables={
            "VIRTCIM_TLS_CERTIFICATE": str(certificates.certificate),
            "VIRTCIM_TLS_KEY": str(certificates.key),
        },
    )  # fmt: skip
    assert ended.code == 1
    said = f"virtcim: cannot listen on https://127.0.0.1:{port}: Address already in use\n"
    assert ended.err.endswith(said), ended


# IPv6


def test_ipv6(tmp_path: Path) -> None:
    """Loopback of IPv6 is served as that of IPv4 is."""
    with serving(EIGHT_STATES, tmp_path, listen="[::1]:0") as server:
        assert server.url.startswith("http://[::1]:")
        with Client("::1", server.port) as client:
            assert client.ask(get_message("running", SYSTEM, {})).status == 200
        connection = pywbem.WBEMConnection(server.url, default_namespace="root/virt")
        assert {p["Name"] for p in connection.EnumerateInstanceNames(SYSTEM)} == set(DOMAINS)
        connection.close()


def test_two_free_ports(tmp_path: Path) -> None:
    """Port 0 is another free port each time, for CIM and for pages."""
    with serving(EIGHT_STATES, tmp_path, web_listen="127.0.0.1:0") as server:
        assert ask(server, {}) == 200
