"""Who may do what on a running server: roles, rules, certificates, UNIX sockets, PAM, audit log.

With the clients that people have: pywbem, wbemcli, curl.
"""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pywbem

from tests.clients.callers import connect, credentials, get_message, path, request_state_message
from tests.clients.expected import DOMAINS, NAMESPACE, SYSTEM
from tests.commands.running import virtcim
from tests.lab import eventually
from tests.rawhttp import SECONDS, Client
from tests.serving import EIGHT_STATES, PASSWORD, RunningServer, let_in, serving
from virtcim.listeners.principals import Role

DENIED = pywbem.CIM_ERR_ACCESS_DENIED
PAM_SERVICE = "virtcim-server-test"


def refusal(ask: Callable[[], object]) -> str:
    """Return what a refused client is told."""
    with pytest.raises(pywbem.CIMError) as caught:
        ask()
    assert caught.value.status_code == DENIED
    return str(caught.value.status_description)


def audited(server: RunningServer) -> list[dict[str, Any]]:
    """Read the audit log."""
    file = server.log.parent / "state" / "audit.log"
    return [json.loads(line) for line in file.read_text().splitlines()]


# Roles and rules

RULES = [
    {"users": ["guest"], "classes": ["Virt_ComputerSystem"], "deny": ["read"]},
    {"groups": ["power"], "classes": ["CIM_ComputerSystem"], "allow": ["RequestStateChange"]},
    {"users": ["guest"], "namespaces": ["root/interop"], "deny": ["*"]},
]


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with an administrator, a reader and a guest."""
    directory = tmp_path_factory.mktemp("ruled")
    let_in(directory)
    let_in(directory, "reader", role=Role.READ)
    let_in(directory, "guest", role=Role.READ)
    let_in(directory, "anton", role=Role.READ)
    with serving(EIGHT_STATES, directory, rules=json.dumps(RULES)) as server:
        yield server
    assert PASSWORD not in (directory / "state" / "audit.log").read_text()


def wbemcli(server: RunningServer, user: str, domain: str) -> Any:
    """Suspend a domain with wbemcli."""
    keys = f'CreationClassName="{SYSTEM}",Name="{domain}"'
    url = f"http://{user}:{PASSWORD}@127.0.0.1:{server.port}/{NAMESPACE}:{SYSTEM}.{keys}"
    command = ["wbemcli", "-nl", "cm", url, "RequestStateChange.RequestedState=9"]
    return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)


def test_a_reader_may_read_and_not_change(ruled: RunningServer) -> None:
    """The refusal shows the code and the command that gives the right; afterwards it is done."""
    state = ("--state-dir", ruled.log.parent / "state")
    reader = connect(ruled, "reader")
    assert {p["Name"] for p in reader.EnumerateInstanceNames(SYSTEM)} == set(DOMAINS)
    reader.close()
    done = wbemcli(ruled, "reader", "running")
    assert done.returncode != 0
    assert "(2) CIM_ERR_ACCESS_DENIED: reader may not do RequestStateChange" in done.stderr
    assert "`virtcim user role reader operate` gives it" in done.stderr
    assert virtcim("user", "role", "reader", "operate", *state).code == 0
    eventually(lambda: wbemcli(ruled, "reader", "running").returncode == 0)


def test_a_group_has_what_a_rule_gives(ruled: RunningServer) -> None:
    """A new group reaches a user who is logged in already, and gives nothing more."""
    state = ("--state-dir", ruled.log.parent / "state")
    anton = connect(ruled, "anton")

    change = request_state_message("paused", 9, SYSTEM, credentials("anton"))

    def changed() -> bool:
        with Client(ruled.host, ruled.port) as client:
            return b'CODE="2"' not in client.ask(change).body

    assert not changed()
    assert virtcim("user", "groups", "anton", "power", *state).code == 0
    eventually(changed)
    assert "it needs the role admin" in refusal(
        lambda: anton.DeleteInstance(path("paused", SYSTEM))
    )
    anton.close()


def test_closed_classes_are_closed_on_every_way(ruled: RunningServer) -> None:
    """Named, by a superclass, and over associations; others see them, other classes are open."""
    guest, anna = connect(ruled, "guest"), connect(ruled)
    for class_name in (SYSTEM, "Virt_ComputerSystem"):
        said = refusal(lambda name=class_name: guest.EnumerateInstances(name))  # type: ignore[misc]
        assert "rules[0] of the server's configuration denies it" in said
    refusal(lambda: guest.GetInstance(path("running", SYSTEM)))
    refusal(lambda: guest.Associators(path("running", SYSTEM)))

    def classes(connection: Any) -> set[str]:
        return {p.classname for p in connection.EnumerateInstanceNames("CIM_ManagedElement")}

    assert classes(anna) - classes(guest) == {SYSTEM}
    host = anna.EnumerateInstanceNames("CIM_System")
    (host_path,) = [p for p in host if p.classname.endswith("HostSystem")]

    def related(connection: Any) -> set[str]:
        names = {p.classname for p in connection.AssociatorNames(host_path)}
        assert names == {i.classname for i in connection.Associators(host_path)}
        return names

    # Profiles live in the namespace that is closed altogether.
    assert related(anna) - related(guest) == {SYSTEM, "Test_RegisteredProfile"}

    def pulled(connection: Any) -> set[str]:
        found = connection.IterEnumerateInstancePaths("CIM_ManagedElement", MaxObjectCount=10)
        return {p.classname for p in found}

    assert pulled(anna) - pulled(guest) == {SYSTEM}

    def queried(connection: Any) -> set[str]:
        found = connection.ExecQuery("WQL", "SELECT * FROM CIM_System")
        return {i.classname for i in found}

    assert queried(anna) - queried(guest) == {SYSTEM}
    source = f'{SYSTEM}.CreationClassName="{SYSTEM}",Name="running"'
    refusal(lambda: guest.ExecQuery("WQL", f"ASSOCIATORS OF {{{source}}}"))
    guest.close()
    anna.close()


def test_what_others_have_asked_before_is_judged_too(ruled: RunningServer) -> None:
    """The same bytes, remembered from somebody who may, are no way in."""
    with Client(ruled.host, ruled.port) as client:
        for _ in range(3):
            assert b"CIM_ERR" not in client.ask(get_message("running", SYSTEM)).body
        message = get_message("running", SYSTEM, credentials("guest"))
        for _ in range(3):
            answer = client.ask(message)
            assert (answer.status, b'CODE="2"' in answer.body) == (200, True)


def test_a_stranger_to_a_namespace_learns_nothing_of_it(ruled: RunningServer) -> None:
    """By its alias neither, and whether or not the class is there."""
    guest = connect(ruled, "guest")
    for namespace in ("root/interop", "interop", "ROOT/Interop"):
        for class_name in ("CIM_Namespace", "CIM_NoSuchClass"):
            refusal(
                lambda c=class_name, n=namespace: guest.EnumerateInstances(c, namespace=n)  # type: ignore[misc]
            )
    with pytest.raises(pywbem.CIMError) as caught:
        guest.EnumerateInstances("CIM_Namespace", namespace="root/none")
    assert caught.value.status_code == pywbem.CIM_ERR_INVALID_NAMESPACE
    guest.close()


def test_what_was_done_and_what_was_not_is_in_the_audit_log(ruled: RunningServer) -> None:
    """Changes with their result, refusals, failed log-ins, and no reading that was allowed."""
    anna = connect(ruled)
    anna.InvokeMethod(
        "RequestStateChange", path("running", SYSTEM), RequestedState=pywbem.Uint16(2)
    )
    refused = connect(ruled, "guest")
    refusal(lambda: refused.GetInstance(path("running", SYSTEM)))
    with Client(ruled.host, ruled.port) as client:
        wrong = get_message("running", SYSTEM, credentials("mallory", "swordfish"))
        assert client.ask(wrong).status == 401

    def told(**wanted: str) -> bool:
        return any(wanted.items() <= line.items() for line in audited(ruled))

    eventually(lambda: told(user="anna", method="RequestStateChange", status="OK"))
    eventually(lambda: told(user="guest", operation="GetInstance", status="ACCESS_DENIED"))
    eventually(lambda: told(event="login_failed", user="mallory", peer="127.0.0.1"))
    assert not told(operation="GetInstance", status="OK")
    file = ruled.log.parent / "state" / "audit.log"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "swordfish" not in file.read_text() + ruled.log.read_text()
    anna.close()
    refused.close()


def test_a_word_that_nothing_is_called_keeps_the_server_from_starting(tmp_path: Path) -> None:
    """A slip in a rule would be a hole; `check` finds it too."""
    variables = {"VIRTCIM_RULES": '[{"deny": ["RequestStateChnage"]}]'}
    let_in(tmp_path)
    state = ("--state-dir", tmp_path / "state")
    for command in (
        ("serve", "test:///default", "--listen", "127.0.0.1:0"),
        ("check", "test:///default"),
    ):
        ended = virtcim(*command, *state, variables=variables)
        assert ended.code != 0
        assert "rules[0]: deny: `requeststatechnage` is no operation" in ended.err + ended.out


# Certificates


@dataclass(frozen=True)
class Authority:
    """An authority with what it has signed, by name, in a directory."""

    directory: Path

    @property
    def certificate(self) -> Path:
        """The authority's own certificate."""
        return self.directory / "ca.pem"

    @property
    def revoked(self) -> Path:
        """The list of what is revoked."""
        return self.directory / "crl.pem"

    def openssl(self, *words: str | Path) -> None:
        """Run openssl where the files are."""
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=self.directory)

    def prepare(self) -> None:
        """Make the authority, and an empty list."""
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                     "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")  # fmt: skip
        (self.directory / "index.txt").touch()
        (self.directory / "ca.cnf").write_text(
            "[ca]\ndefault_ca = here\n[here]\ndatabase = index.txt\ndefault_md = sha256\n"
            "certificate = ca.pem\nprivate_key = ca.key\ndefault_crl_days = 2\n"
        )
        self.list()

    def sign(self, name: str, subject: str, alternative: str) -> None:
        """Make a certificate."""
        self.openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", subject,
                     "-addext", f"subjectAltName={alternative}",
                     "-keyout", f"{name}.key", "-out", f"{name}.csr")  # fmt: skip
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                     "-days", "2", "-copy_extensions", "copy", "-out", f"{name}.pem")  # fmt: skip

    def revoke(self, name: str) -> None:
        """Revoke a certificate."""
        self.openssl("ca", "-config", "ca.cnf", "-revoke", f"{name}.pem")
        self.list()

    def list(self) -> None:
        """Write what is revoked."""
        self.openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem")

    def pair(self, name: str) -> Mapping[str, str]:
        """Return certificate and key as pywbem takes them."""
        files = {"cert_file": f"{name}.pem", "key_file": f"{name}.key"}
        return {key: str(self.directory / file) for key, file in files.items()}


CERTIFICATES = [
    {"field": "email", "value": "*@example.org", "user": "*"},
    {"field": "subject", "value": "CN=backup,O=Example", "user": "anna"},
]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority that has signed for the server, three clients and somebody else."""
    directory = tmp_path / "authority"
    directory.mkdir()
    one = Authority(directory)
    one.prepare()
    one.sign("server", "/CN=localhost", "DNS:localhost,IP:127.0.0.1")
    one.sign("reader", "/CN=somebody", "email:bert@example.org")
    one.sign("admin", "/O=Example/CN=backup", "DNS:backup.example.org")
    one.sign("stranger", "/CN=stranger", "email:eve@example.com")
    return one


def tls(authority: Authority, **more: str) -> dict[str, str]:
    """Return the settings of a server that knows clients by certificate."""
    files = {
        "tls_certificate": authority.directory / "server.pem",
        "tls_key": authority.directory / "server.key",
        "tls_client_ca": authority.certificate,
        "tls_client_crl": authority.revoked,
    }
    given = {key: str(file) for key, file in files.items()}
    return {**given, "certificates": json.dumps(CERTIFICATES), **more}


@pytest.fixture(autouse=True)
def no_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that would outweigh pywbem's ca_certs are not there."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


def showing(
    server: RunningServer, authority: Authority, name: str | None, user: str | None = None
) -> Any:
    """Return a connection that shows a certificate, and a password if somebody is named."""
    return pywbem.WBEMConnection(
        server.url,
        None if user is None else (user, PASSWORD),
        default_namespace=NAMESPACE,
        x509=None if name is None else authority.pair(name),
        ca_certs=str(authority.certificate),
        timeout=SECONDS,
    )


def names(connection: Any) -> set[str]:
    """Enumerate the domains, once, on a connection that is not used further."""
    try:
        return {p["Name"] for p in connection.EnumerateInstanceNames(SYSTEM)}
    finally:
        connection.close()


def wbemcli_names(server: RunningServer, authority: Authority, name: str) -> int:
    """Count the domains with wbemcli, which shows a certificate and knows no password."""
    files = authority.pair(name)
    options = ("-clientcert", files["cert_file"], "-clientkey", files["key_file"])
    url = f"https://localhost:{server.port}/{NAMESPACE}:{SYSTEM}"
    command = ["wbemcli", "-cacert", str(authority.certificate), *options, "-nl", "ein", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    return len(done.stdout.splitlines())


def test_certificates_stand_for_users(authority: Authority, tmp_path: Path) -> None:
    """Users of the file have their role, others the default one; who is nobody is told so."""
    let_in(tmp_path)
    with serving(EIGHT_STATES, tmp_path, listen="https://127.0.0.1:0", **tls(authority)) as server:
        assert names(showing(server, authority, "reader")) == set(DOMAINS)
        assert wbemcli_names(server, authority, "reader") == len(DOMAINS)
        assert names(showing(server, authority, None, "anna")) == set(DOMAINS)
        assert names(showing(server, authority, "stranger", "anna")) == set(DOMAINS)
        with pytest.raises(pywbem.HTTPError) as caught:
            names(showing(server, authority, "stranger"))
        assert caught.value.status == 403
        with pytest.raises(pywbem.AuthError):
            names(showing(server, authority, None))
        change = ("RequestStateChange", path("running", SYSTEM))
        given = {"RequestedState": pywbem.Uint16(9)}
        reader, admin = (showing(server, authority, name) for name in ("reader", "admin"))
        said = refusal(lambda: reader.InvokeMethod(*change, **given))
        assert said.startswith("CIM_ERR_ACCESS_DENIED: bert may not do RequestStateChange")
        assert '{ users = ["bert"], allow = ["operate"] }' in said
        assert admin.InvokeMethod(*change, **given)[0] == 0
        eventually(lambda: any(line.get("how") == "certificate" for line in audited(server)))
        assert "the certificate CN=stranger stands for no user" in server.log.read_text()
        reader.close()
        admin.close()


def test_revoked_certificates_are_refused_without_a_restart(
    authority: Authority, tmp_path: Path
) -> None:
    """SIGHUP reads the list again; others go on. A required certificate is one that is needed."""
    required = tls(authority, tls_client_certificate="required")
    let_in(tmp_path)
    with serving(EIGHT_STATES, tmp_path, listen="https://127.0.0.1:0", **required) as server:
        assert names(showing(server, authority, "reader")) == set(DOMAINS)
        with pytest.raises(pywbem.ConnectionError):
            names(showing(server, authority, None, "anna"))
        authority.revoke("reader")
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "tls_renewed" in server.log.read_text())
        with pytest.raises(pywbem.ConnectionError):
            names(showing(server, authority, "reader"))
        assert names(showing(server, authority, "admin")) == set(DOMAINS)
        authority.revoked.write_text("broken")
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "tls_not_renewed" in server.log.read_text())
        assert names(showing(server, authority, "admin")) == set(DOMAINS)


# UNIX sockets


def curl(socket: Path, message: bytes) -> tuple[int, bytes]:
    """Send a message's headers and body over a UNIX socket with curl."""
    head, _, body = message.partition(b"\r\n\r\n")
    wanted = [
        line for line in head.decode().split("\r\n")[1:] if line.startswith(("CIM", "Content-T"))
    ]
    headers = [word for line in wanted for word in ("-H", line)]
    options = ("-s", "-w", "%{http_code}", "--unix-socket", socket, "--data-binary", "@-")
    command: list[str | Path] = ["curl", *options, *headers, "http://localhost/cimom"]
    done = subprocess.run(command, input=body, capture_output=True, timeout=SECONDS, check=True)
    return int(done.stdout[-3:]), done.stdout[:-3]


def test_users_of_this_machine_need_no_password(tmp_path: Path) -> None:
    """Who runs curl over a UNIX socket is known; the file has its mode, and goes at the end."""
    socket = tmp_path / "cim.sock"
    let_in(tmp_path)
    settings = {"socket_mode": "600"}
    with serving(EIGHT_STATES, tmp_path, "--listen", f"unix:{socket}", **settings) as server:
        assert socket.stat().st_mode & 0o777 == 0o600
        status, body = curl(socket, get_message("running", SYSTEM))
        assert (status, b'NAME="running"' in body or b"running" in body) == (200, True)
        status, body = curl(socket, request_state_message("running", 9, SYSTEM))
        assert (status, b"<VALUE>0</VALUE>" in body) == (200, True)
        eventually(lambda: any(line.get("how") == "peer" for line in audited(server)))
        (line,) = [line for line in audited(server) if line.get("how") == "peer"]
        assert (line["user"], line["peer"], line["status"]) == ("root", "uid:0", "OK")
    assert not socket.exists()


def test_clients_learn_how_they_can_be_known(authority: Authority, tmp_path: Path) -> None:
    """The server says which proofs it takes: passwords, certificates, users of its machine."""
    let_in(tmp_path)
    one = f"unix:{tmp_path / 'cim.sock'}"
    settings = tls(authority)
    with serving(
        EIGHT_STATES, tmp_path, "--listen", one, listen="https://127.0.0.1:0", **settings
    ) as server:
        connection = showing(server, authority, "reader")
        (found,) = connection.EnumerateInstances("CIM_CIMXMLCommunicationMechanism", "interop")
        connection.close()
    assert found["AuthenticationMechanismsSupported"] == [3, 1, 1]
    assert found["AuthenticationMechanismDescriptions"] == [
        "user name and password",
        "TLS client certificate",
        "user at the other end of a UNIX socket",
    ]


def test_readers_find_the_server(ruled: RunningServer) -> None:
    """Who may only read finds what profiles are about, even trying a method that is not there."""
    found = pywbem.WBEMServer(connect(ruled, "reader"))
    (profile,) = found.get_selected_profiles("DMTF", "System Virtualization")
    (host,) = found.get_central_instances(profile.path, try_gci_method=True)
    assert host.classname == "Test_HostSystem"
    found.conn.close()


def test_readers_make_no_namespaces(ruled: RunningServer) -> None:
    """None of the three ways leads around the role."""
    reader = connect(ruled, "reader")
    (server,) = reader.EnumerateInstanceNames("CIM_WBEMServer", "interop")
    new = pywbem.CIMInstance("CIM_WBEMServerNamespace", {"Name": "root/acme"})
    call = "CreateWBEMServerNamespace"
    assert call in refusal(lambda: reader.InvokeMethod(call, server, NamespaceTemplate=new))
    for class_name in ("CIM_Namespace", "CIM_WBEMServerNamespace"):
        one = pywbem.CIMInstance(class_name, {"Name": "root/acme"})
        assert "CreateInstance" in refusal(partial(reader.CreateInstance, one, "interop"))
        for place in reader.EnumerateInstanceNames(class_name, "interop"):
            assert "DeleteInstance" in refusal(partial(reader.DeleteInstance, place))
    reader.close()


def test_what_a_killed_server_left_does_not_stop_the_next_one(tmp_path: Path) -> None:
    """A socket alone is enough to serve a hypervisor with somebody's guests on it."""
    socket = tmp_path / "cim.sock"
    let_in(tmp_path)
    for _ in range(2):
        with serving(EIGHT_STATES, tmp_path, "--listen", f"unix:{socket}") as server:
            assert curl(socket, get_message("running", SYSTEM))[0] == 200
            ended = virtcim(
                "serve", "test:///default", "--listen", f"unix:{socket}",
                "--state-dir", tmp_path / "other",
            )  # fmt: skip
            assert ended.code == 1
            assert "another server listens there" in ended.err
            other = socket.with_name("left.sock")
            other.unlink(missing_ok=True)
            socket.rename(other)  # what the server would remove is not there
            assert server.process.poll() is None
        other.rename(socket)


# PAM


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Path]:
    """A PAM service of our own, whose program knows one password for everybody."""
    program = tmp_path / "ask"
    program.write_text('#!/bin/sh\nread -r password\n[ "$password" = "correct horse" ]\n')
    program.chmod(0o755)
    file = Path("/etc/pam.d") / PAM_SERVICE
    file.write_text(
        f"auth required pam_exec.so expose_authtok {program}\naccount required pam_permit.so\n"
    )
    yield file
    file.unlink()


def test_users_of_the_system_log_in_by_pam(service: Path, tmp_path: Path) -> None:
    """Without a users file at all, with the groups of the system, and not with another password."""
    rules = [{"groups": ["daemon"], "allow": ["operate"]}]
    settings = {
        "auth_passwords": "users,pam",
        "auth_pam_service": PAM_SERVICE,
        "rules": json.dumps(rules),
    }
    with serving(EIGHT_STATES, tmp_path, **settings) as server:
        for user, refused in (("daemon", False), ("nobody", True)):
            connection = connect(server, user)
            assert {p["Name"] for p in connection.EnumerateInstanceNames(SYSTEM)} == set(DOMAINS)
            message = request_state_message("running", 9, SYSTEM, credentials(user))
            with Client(server.host, server.port) as client:
                assert (b'CODE="2"' in client.ask(message).body) is refused
            connection.close()
        wrong = connect(server, "daemon", "wrong horse")
        with pytest.raises(pywbem.AuthError):
            wrong.EnumerateInstanceNames(SYSTEM)
        wrong.close()
        eventually(lambda: any(line.get("how") == "pam" for line in audited(server)))


# Limits


def test_one_client_does_not_have_all_connections(tmp_path: Path) -> None:
    """The one too many is told to come back, and may when another has gone."""
    with serving(EIGHT_STATES, tmp_path, limits_client_connections="2") as server:
        message = get_message("running", SYSTEM, {})
        with Client(server.host, server.port) as first:
            assert first.ask(message).status == 200
            with Client(server.host, server.port) as second:
                assert second.ask(message).status == 200
                with Client(server.host, server.port) as third:
                    answer = third.ask(message)
                    assert (answer.status, answer.headers["retry-after"]) == (503, "5")

            def again() -> bool:
                with Client(server.host, server.port) as fourth:
                    return fourth.ask(message).status == 200

            eventually(again)
