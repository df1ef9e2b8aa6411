"""Migrations to hosts that are none of ours, over TLS and TCP, as clients ask for them."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import pywbem

from tests.clients.migrations import (
    COMPLETED,
    FAILED,
    LIVE,
    TCP,
    TLS,
    TLS_STRICT,
    Scene,
    ended_labs,
    setting,
)
from tests.lab import Lab, eventually
from tests.pair import Pair
from tests.serving import let_in, serving

ADDRESS = "127.0.0.1"


def openssl(*words: str | Path) -> None:
    """Run openssl."""
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def certify(directory: Path, name: str, *extensions: str) -> None:
    """Make a certificate by the authority in the directory, and its key."""
    made = ("-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}")
    signer = ("-CA", directory / "cacert.pem", "-CAkey", directory / "cakey.pem")
    if name == "ca":
        openssl("req", "-x509", *made, "-keyout", directory / "cakey.pem",
                "-out", directory / "cacert.pem")  # fmt: skip
        return
    request = directory / f"{name}.csr"
    openssl("req", *made, "-keyout", directory / f"{name}key.pem", "-out", request)
    (directory / "extensions").write_text("\n".join(extensions))
    openssl(
        "x509", "-req", "-in", request, *signer, "-days", "2", "-set_serial", str(len(name)),
        "-extfile", directory / "extensions", "-out", directory / f"{name}cert.pem",
    )  # fmt: skip


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority, a server and a client."""
    directory = tmp_path_factory.mktemp("pki")
    certify(directory, "ca")
    certify(directory, "server", f"subjectAltName=IP:{ADDRESS}", "extendedKeyUsage=serverAuth")
    certify(directory, "client", "extendedKeyUsage=clientAuth")
    return directory


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has now."""
    sockets = [socket.create_server((ADDRESS, 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(scope="module")
def ports() -> dict[int, int]:
    """The ports of the destination by transport."""
    tls, tcp = free_ports(2)
    return {TLS: tls, TLS_STRICT: tls, TCP: tcp}


@pytest.fixture(scope="module")
def scene(
    certificates: Path, ports: dict[int, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """A server of the source alone; the destination listens for other hosts."""
    listening = (
        "listen_tls = 1", f'tls_port = "{ports[TLS]}"', 'auth_tls = "none"',
        "listen_tcp = 1", f'tcp_port = "{ports[TCP]}"', 'auth_tcp = "none"',
        f'listen_addr = "{ADDRESS}"', f'ca_file = "{certificates}/cacert.pem"',
        f'cert_file = "{certificates}/servercert.pem"',
        f'key_file = "{certificates}/serverkey.pem"',
    )  # fmt: skip
    pair = Pair(Lab("virtcim-near"), Lab("virtcim-far", listening=listening))
    for lab in (pair.source, pair.target):
        lab.connect().close()
    directory = tmp_path_factory.mktemp("transports")
    let_in(directory)
    tls = {"migration_tls_directory": str(certificates)}
    with serving(pair.source.uri(), directory, **tls) as server:
        one = Scene(pair, server)
        yield one
        one.client.close()
    ended_labs(pair)


@pytest.mark.parametrize("own", [True, False], ids=["peer to peer", "managed"])
@pytest.mark.parametrize("transport", [TLS, TLS_STRICT, TCP])
def test_transports(scene: Scene, ports: dict[int, int], transport: int, *, own: bool) -> None:
    """A running domain moves over each, whoever speaks to the destination."""
    name, host = f"over{transport}{own}", f"{ADDRESS}:{ports[transport]}"
    uuid = scene.guest(name)
    wanted = setting(LIVE, TransportType=pywbem.Uint16(transport), PeerToPeer=own)
    assert scene.check(name, wanted, host) is None
    job = scene.migrate(name, wanted, host)
    eventually(lambda: scene.job(job)["JobState"] >= COMPLETED)
    assert scene.job(job)["JobState"] == COMPLETED, scene.job(job)["Status"]
    assert scene.enabled(name) is None
    assert scene.pair.moved(uuid)
    scene.pair.clear()


def test_a_host_whose_certificate_is_not_good(scene: Scene, ports: dict[int, int]) -> None:
    """It has none for this name: strict refuses, and who does not want to know migrates."""
    uuid = scene.guest("careful")
    host = f"localhost:{ports[TLS]}"
    strict, loose = (
        setting(LIVE, TransportType=pywbem.Uint16(transport)) for transport in (TLS_STRICT, TLS)
    )
    code, text = scene.refused("careful", strict, host)
    assert code == FAILED
    assert f"Failed to connect to remote host (qemu+tls://{host}/system): " in text
    assert "pki" not in text.partition("system)")[0]
    assert scene.pair.stayed(uuid)
    assert scene.check("careful", loose, host) is None
    scene.pair.clear()
