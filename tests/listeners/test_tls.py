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


def test_clients_are_asked_for_certificates_where_somebody_signs_them(files: Path) -> None:
    """Only by the context of CIM, and what is resumed is not let in unverified."""
    clients = tls.ClientCertificates(files / "other.pem", required=True)
    contexts = tls.Contexts(files / "a.pem", files / "a.key", clients)
    assert contexts.cim.verify_mode is ssl.CERT_REQUIRED
    assert contexts.cim.num_tickets == 0
    assert contexts.web.verify_mode is ssl.CERT_NONE
    with pytest.raises(ssl.SSLError):
        handshake(contexts.cim, trusting(files))
    known = trusting(files)
    known.load_cert_chain(files / "other.pem", files / "other.key")
    assert handshake(contexts.cim, known) == "TLSv1.3"
    assert handshake(contexts.web, trusting(files)) == "TLSv1.3"


@pytest.mark.parametrize(
    ("authority", "revoked", "leaf"),
    [
        ("none.pem", None, tls.FileMissing),
        ("empty.pem", None, tls.NotPEM),
        ("torn.pem", None, tls.NotPEM),
        ("a.pem", "none.pem", tls.FileMissing),
        ("a.pem", "a.pem", tls.NotPEM),
        ("a.pem", "torn-list.pem", tls.NotPEM),
    ],
)
def test_a_wrong_file_about_clients_is_named(
    files: Path, authority: str, revoked: str | None, leaf: type[tls.TLSError]
) -> None:
    """Authorities and what they have revoked are looked at like the server's own."""
    (files / "torn.pem").write_text((files / "a.pem").read_text().replace("\n", "\nx", 3))
    (files / "torn-list.pem").write_text("-----BEGIN X509 CRL-----\nx\n-----END X509 CRL-----\n")
    clients = tls.ClientCertificates(files / authority, files / revoked if revoked else None)
    with pytest.raises(leaf) as caught:
        tls.server_context(files / "a.pem", files / "a.key", clients)
    assert (revoked or authority) in str(caught.value)


def test_a_renewed_certificate_is_shown(files: Path, tmp_path: Path) -> None:
    """New connections meet the new one; a wrong one leaves the former."""
    certificate, key = tmp_path / "c.pem", tmp_path / "c.key"

    def put(name: str) -> None:
        certificate.write_bytes((files / f"{name}.pem").read_bytes())
        key.write_bytes((files / f"{name}.key").read_bytes())

    put("other")
    contexts = tls.Contexts(certificate, key, None)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(contexts.cim, trusting(files))
    put("a")
    contexts.renew()
    assert handshake(contexts.cim, trusting(files)) == "TLSv1.3"
    key.write_text("broken")
    with pytest.raises(tls.NotPEM):
        contexts.renew()
    assert handshake(contexts.web, trusting(files)) == "TLSv1.3"
