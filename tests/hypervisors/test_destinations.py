"""URIs of destinations: what clients say becomes part of them only as a host."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtcim.hypervisors.destinations import (
    Transport,
    check_host,
    check_stream_uri,
    destination_uri,
    without_options,
)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("b", "b"),
        (" b.example.org ", "b.example.org"),
        ("node_1.example.org.", "node_1.example.org."),
        ("10.0.0.7", "10.0.0.7"),
        ("fe80::1", "[fe80::1]"),
        ("[FE80::1]:16514", "[fe80::1]:16514"),
        ("b:5000", "b:5000"),
        ("root@b", "root@b"),
    ],
)
def test_names_and_addresses(text: str, host: str) -> None:
    """With a user before them and a port behind."""
    assert check_host(text) == host


@pytest.mark.parametrize(
    "text",
    ["", "-b", "b-", "a b", "a/b", "a?b", "a#b", "a%2fb", "a@b@c", "@b", "b:", "b:0", "b:65536",
     "10.0.0.256", "1.2.3", "::g", "[b]", "[::1", "::1]", "a..b", "a;b", "a\nb", "é", "x" * 64,
     ".".join(["abcdefgh"] * 40), "-oProxyCommand=x@b"],
)  # fmt: skip
def test_what_is_neither(text: str) -> None:
    """Nothing else is let pass."""
    with pytest.raises(ValueError, match="is no"):
        check_host(text)


@given(st.text(max_size=60))
def test_whatever_passes_is_a_host_and_nothing_else(text: str) -> None:
    """In the URI it is the authority, whole."""
    try:
        host = check_host(text)
    except ValueError:
        return
    parts = urlsplit(destination_uri("qemu", Transport.TCP, host))
    assert (parts.netloc, parts.path, parts.query, parts.fragment) == (host, "/system", "", "")


@pytest.mark.parametrize(
    ("transport", "uri"),
    [
        (Transport.SSH, "qemu+ssh://b/system?no_tty=1"),
        (Transport.TLS, "qemu+tls://b/system?no_verify=1"),
        (Transport.TLS_STRICT, "qemu+tls://b/system"),
        (Transport.TCP, "qemu+tcp://b/system"),
    ],
)
def test_transports(transport: Transport, uri: str) -> None:
    """Each has its URI."""
    assert destination_uri("qemu", transport, "b") == uri
    assert destination_uri("xen", transport, "b") == uri.replace("qemu", "xen")
    assert without_options(uri) == uri.partition("?")[0]


def test_files_are_options() -> None:
    """Whatever their paths are; each only where it is used."""
    path = Path("/a b/c&d?e")
    for transport, name in ((Transport.SSH, "keyfile"), (Transport.TLS, "pkipath")):
        uri = destination_uri("qemu", transport, "b", ssh_key=path, tls_directory=path)
        assert parse_qs(urlsplit(uri).query)[name] == [str(path)]
    plain = destination_uri("qemu", Transport.TCP, "b", ssh_key=path, tls_directory=path)
    assert plain == "qemu+tcp://b/system"


@pytest.mark.parametrize(("driver", "transport"), [("qemu", Transport.UNIX), ("lxc", Transport.SSH),
                                                   ("test", Transport.TCP)])  # fmt: skip
def test_what_leads_nowhere(driver: str, transport: Transport) -> None:
    """Sockets of this machine, and hypervisors whose domains cannot move."""
    with pytest.raises(ValueError, match=r"reaches no other|cannot be"):
        destination_uri(driver, transport, "b")


@pytest.mark.parametrize("uri", ["tcp://b", "tcp://[::1]:49152", "rdma://10.0.0.1", "unix:///a/b"])
def test_streams(uri: str) -> None:
    """What libvirt takes."""
    assert check_stream_uri(uri) == uri


@pytest.mark.parametrize("uri", ["b", "exec:///bin/sh", "fd://3", "tcp://", "tcp://a b", "unix://a",
                                 "unix:///a?b", "tcp://a/b"])  # fmt: skip
def test_what_is_no_stream(uri: str) -> None:
    """And nothing else."""
    with pytest.raises(ValueError, match="is no"):
        check_stream_uri(uri)
