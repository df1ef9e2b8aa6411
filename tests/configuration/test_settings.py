"""What a single setting may be: endpoints, hosts, prefixes, directories."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from virtcim.configuration import endpoints, hypervisors
from virtcim.configuration.endpoints import Endpoint, UnixEndpoint
from virtcim.configuration.settings import HOST_NAME, Host, default_state_dir, named


@pytest.mark.parametrize(
    ("spelling", "endpoint"),
    [
        ("127.0.0.1:5988", Endpoint("127.0.0.1", 5988)),
        ("http://127.0.0.1:5988/", Endpoint("127.0.0.1", 5988)),
        (" localhost:0 ", Endpoint("127.0.0.1", 0)),
        ("[::]:5988", Endpoint("::", 5988)),
        ("https://[2001:DB8::1]:65535", Endpoint("2001:db8::1", 65535, tls=True)),
        ("[fe80::1%eth0]:1", Endpoint("fe80::1%eth0", 1)),
    ],
)
def test_an_endpoint_is_read(spelling: str, endpoint: Endpoint) -> None:
    """Every spelling of an operator gives one form, which reads back to itself."""
    assert endpoints.parse(spelling) == endpoint
    assert endpoints.parse(str(endpoint)) == endpoint


@pytest.mark.parametrize(
    "spelling",
    [
        "", "5988", ":5988", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:123456",
        "::1:5988", "[127.0.0.1]:5988", "[::1]", "host.example:5988", "ftp://127.0.0.1:1",
        "127.0.0.1:-1", "127.0.0.1:1/x", "*:5988", "256.0.0.1:1", "127.0.0.1:٣",
    ],
)  # fmt: skip
def test_what_is_no_endpoint_is_refused(spelling: str) -> None:
    """Nothing is guessed, and the text says what is right."""
    with pytest.raises(ValueError, match="must be"):
        endpoints.parse(spelling)


def test_a_unix_socket_is_an_endpoint() -> None:
    """A path, which reads back to itself; nobody reaches it over a network."""
    endpoint = endpoints.parse_any(" unix:/run/virtcim/cim.sock ")
    assert endpoint == UnixEndpoint(Path("/run/virtcim/cim.sock"))
    assert endpoints.parse_any(str(endpoint)) == endpoint
    assert (endpoint.is_loopback, endpoint.tls) == (True, False)
    assert endpoints.parse_any("127.0.0.1:1") == Endpoint("127.0.0.1", 1)


@pytest.mark.parametrize("spelling", ["unix:", "unix:cim.sock", "unix:/" + "x" * 107])
def test_what_is_no_unix_socket_is_refused(spelling: str) -> None:
    """Relative paths are those of nobody knows whom, and the kernel takes 107 bytes."""
    with pytest.raises(ValueError, match="absolute path of at most 107 bytes"):
        endpoints.parse_any(spelling)


@given(st.text())
def test_no_text_breaks_the_endpoint_reader(text: str) -> None:
    """Any text is an endpoint or a ValueError."""
    try:
        endpoint = endpoints.parse(text)
    except ValueError:
        return
    assert endpoints.parse(str(endpoint)) == endpoint


def test_loopback_is_told_from_networks() -> None:
    """The whole of 127/8 and ::1 are loopback, wildcards are not."""
    inside = ("127.0.0.1:1", "127.9.9.9:1", "[::1]:1")
    outside = ("0.0.0.0:1", "[::]:1", "192.0.2.1:1", "[2001:db8::1]:1")
    for spelling, expected in [*((s, True) for s in inside), *((s, False) for s in outside)]:
        endpoint = endpoints.parse(spelling)
        assert isinstance(endpoint, Endpoint)
        assert endpoint.is_loopback is expected


@pytest.mark.parametrize(
    "uri",
    [
        *(driver.example for driver in hypervisors.DRIVERS.values()),
        "qemu+ssh://root@host.example/system?no_verify=1", "qemu:///session", "lxc:///",
        "test:///etc/host.xml", "xen+tls://host.example/", "qemu+tcp://[::1]:16509/system",
    ],
)  # fmt: skip
def test_a_uri_is_taken_as_it_is(uri: str) -> None:
    """A legal URI is not rewritten."""
    assert hypervisors.parse_uri(uri) == uri


@pytest.mark.parametrize(
    ("uri", "text"),
    [
        ("qemu", "must be a hypervisor's URI, for example qemu:///system"),
        ("", "must be a hypervisor's URI"),
        ("qemu:/system", "must be a hypervisor's URI"),
        ("qemu:///sys tem", "must be a hypervisor's URI"),
        ("qemu://host:port/system", "must be a hypervisor's URI"),
        ("qemu://[::1/system", "must be a hypervisor's URI"),
        ("qemu://system", "did you mean qemu:///system?"),
        ("qemu+ssh://host/", "did you mean qemu+ssh://host/system?"),
        ("qemu+carrier://host/system", "must be one of the transports unix, tcp"),
        ("esx:///", "must name a machine, for example esx://user@host.example/"),
        ("vpx://u:p@host/", "must not hold a password"),
    ],
)
def test_a_bad_uri_is_told_what_would_be_right(uri: str, text: str) -> None:
    """Each mistake has its own sentence."""
    with pytest.raises(ValueError) as caught:
        hypervisors.parse_uri(uri)
    assert text in str(caught.value)


def test_the_prefix_follows_the_driver() -> None:
    """Every driver of the table gives its prefix, whatever the transport."""
    for driver, prefix in {
        "qemu": "KVM",
        "xen": "Xen",
        "lxc": "LXC",
        "test": "Test",
        "esx": "ESX",
        "vpx": "ESX",
    }.items():
        uri = hypervisors.DRIVERS[driver].example
        assert named((Host(uri=uri),))[0].prefix == prefix
        assert hypervisors.parse_prefix(prefix) == prefix
    assert named((Host(uri="qemu+ssh://h/system"),))[0].prefix == "KVM"
    assert set(hypervisors.DRIVERS) == {"qemu", "xen", "lxc", "test", "esx", "vpx"}


def test_known_prefixes_are_spelt_in_one_way() -> None:
    """CIM compares names without case, so kvm means the classes of KVM."""
    assert hypervisors.parse_prefix("kvm") == "KVM"
    assert hypervisors.parse_prefix("XEN") == "Xen"
    assert named((Host(uri="qemu:///system", prefix="Kvm"),))[0].prefix == "KVM"
    two = (Host(uri="qemu:///system", prefix="Acme"), Host(uri="lxc:///system", prefix="ACME"))
    assert [host.prefix for host in named(two)] == ["Acme", "Acme"]


def test_a_host_may_have_its_own_prefix() -> None:
    """The prefix of the configuration wins, and an unknown driver needs one."""
    assert named((Host(uri="qemu:///system", prefix="ACME"),))[0].prefix == "ACME"
    assert Host(uri="bhyve:///system", prefix="Bhyve").prefix == "Bhyve"
    with pytest.raises(ValidationError, match="give the host a `prefix`"):
        Host(uri="bhyve:///system")


@pytest.mark.parametrize("prefix", ["1A", "A_B", "A-B", "É", "A B", "CIM", "virt"])
def test_an_illegal_prefix_is_refused(prefix: str) -> None:
    """A prefix must be a schema name of its own."""
    with pytest.raises(ValidationError):
        Host(uri="test:///default", prefix=prefix)


@pytest.mark.parametrize("name", ["a b", "a/b", ".", "-a", "é", "a" * 65, "a\n"])
def test_an_illegal_host_name_is_refused(name: str) -> None:
    """A name must fit into a namespace."""
    with pytest.raises(ValidationError, match="must be at most 64 of"):
        Host(uri="test:///default", name=name)


def test_hosts_without_names_get_them() -> None:
    """The first is the default one, the others are called by driver and machine."""
    uris = (
        "qemu:///system", "qemu:///session", "qemu+ssh://node7.example/system", "lxc:///",
        "qemu+ssh://node7.example/session", "qemu+tcp://[fe80::1]/system",
    )  # fmt: skip
    assert [host.name for host in named(tuple(Host(uri=uri) for uri in uris))] == [
        "default", "qemu", "qemu-node7.example", "lxc", "qemu-node7.example-2", "qemu-fe80-1",
    ]  # fmt: skip


def test_two_hosts_of_one_name_are_refused() -> None:
    """Namespaces that differ in case alone are one."""
    hosts = tuple(Host(uri="test:///default", name=name) for name in ("a", "A"))
    with pytest.raises(ValueError, match="two hosts are named `A`"):
        named(hosts)


@given(st.lists(st.sampled_from(["", "a", "b", "default", "qemu", "test"]), max_size=8))
def test_names_are_always_unique_and_legal(given_names: list[str]) -> None:
    """Whatever some hosts are called, the others find a free name."""
    unique = [name if given_names.index(name) == n else "" for n, name in enumerate(given_names)]
    hosts = tuple(
        Host(uri=f"qemu://{'x' * (70 * (n % 2))}/system", name=name)
        for n, name in enumerate(unique)
    )
    names = [host.name for host in named(hosts)]
    assert len({name.casefold() for name in names}) == len(names)
    assert all(HOST_NAME.fullmatch(name) for name in names)


def test_the_state_directory_follows_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root's is the system's, others have theirs by the XDG rules."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_state_dir() == Path("/var/lib/virtcim")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert default_state_dir() == Path("/state/virtcim")
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_state_dir() == Path("/home/me/.local/state/virtcim")
