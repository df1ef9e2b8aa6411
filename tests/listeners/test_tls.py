"""The server's TLS context: what it accepts of files, and what it speaks."""

import ssl
import subprocess
from pathlib import Path

import pytest

from virtcim.listeners import tls


def openssl(*arguments: str) -> None:
    """Run the openssl program."""
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make certificates with keys: a (one of its own), b (elliptic), and a's key encrypted."""
    directory = tmp_path_factory.mktemp("tls")
    for name, kind in (("a", "rsa:2048"), ("other", "rsa:2048")):
        openssl(
            "req", "-x509", "-newkey", kind, "-nodes", "-subj", "/CN=localhost", "-days", "2",
            "-addext", "subjectAltName=DNS:localhost",
            "-keyout", f"{directory}/{name}.key", "-out", f"{directory}/{name}.pem",
        )  # fmt: skip
    openssl("genpkey", "-algorithm", "ed25519", "-out", f"{directory}/b.key")
    openssl(
        "rsa", "-aes128", "-passout", "pass:secret",
        "-in", f"{directory}/a.key", "-out", f"{directory}/encrypted.key",
    )  # fmt: skip
    both = (directory / "a.pem").read_text() + (directory / "a.key").read_text()
    (directory / "both.pem").write_text(both)
    (directory / "empty.pem").touch()
    torn = (directory / "a.key").read_text().replace("\n", "\nx", 3)
    (directory / "torn.key").write_text(torn)
    return directory


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> str | None:
    """Let both sides talk in memory; give the protocol's version."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = (
        client.wrap_bio(to_client, to_server, server_hostname="localhost"),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for _ in range(4):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return sides[1].version()


def trusting(files: Path) -> ssl.SSLContext:
    """Make a client that trusts certificate a alone."""
    return ssl.create_default_context(cafile=str(files / "a.pem"))


@pytest.mark.parametrize(("certificate", "key"), [("a.pem", "a.key"), ("both.pem", None)])
def test_a_client_that_trusts_the_certificate_connects(
    files: Path, certificate: str, key: str | None
) -> None:
    """Certificate and key in two files or in one give a server."""
    context = tls.server_context(files / certificate, files / key if key else None)
    assert handshake(context, trusting(files)) == "TLSv1.3"


def test_tls_1_2_is_spoken_and_nothing_older(files: Path) -> None:
    """Clients of ten years ago connect, those of twenty do not."""
    context = tls.server_context(files / "a.pem", files / "a.key")
    client = trusting(files)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert handshake(context, client) == "TLSv1.2"
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION


@pytest.mark.parametrize(
    ("certificate", "key", "leaf", "names"),
    [
        ("none.pem", "a.key", tls.FileMissing, "none.pem"),
        ("a.pem", "none.key", tls.FileMissing, "none.key"),
        (".", "a.key", tls.FileUnreadable, "Is a directory"),
        ("empty.pem", "a.key", tls.NotPEM, "no certificate"),
        ("a.key", "a.key", tls.NotPEM, "no certificate"),
        ("a.pem", None, tls.NotPEM, "no private key"),
        ("a.pem", "torn.key", tls.NotPEM, "torn.key"),
        ("a.pem", "other.key", tls.KeyMismatch, "other.key"),
        ("a.pem", "b.key", tls.KeyMismatch, "b.key"),
        ("a.pem", "encrypted.key", tls.KeyEncrypted, "encrypted.key"),
    ],
)
def test_a_wrong_file_is_named(
    files: Path, certificate: str, key: str | None, leaf: type[tls.TLSError], names: str
) -> None:
    """Each mistake has its own error, with the file in its text."""
    with pytest.raises(leaf) as caught:
        tls.server_context(files / certificate, files / key if key else None)
    assert names in str(caught.value)
    assert str(caught.value.path) in str(caught.value)
