"""``virtcim serve`` as a service manager and a client over TLS meet it."""

import base64
import http.client
import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.commands.running import PROGRAM, virtcim
from virtcim.listeners.users import UsersFile

ENUMERATE = (
    '<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0">'
    '<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="EnumerateInstanceNames">'
    '<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="virt"/></LOCALNAMESPACEPATH>'
    '<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="CIM_ComputerSystem"/></IPARAMVALUE>'
    "</IMETHODCALL></SIMPLEREQ></MESSAGE></CIM>"
)


@contextmanager
def serving(
    config: Path, variables: dict[str, str] | None = None
) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run a server of this configuration; give it with the line that it says."""
    with (config.parent / "log").open("w") as log:
        server = subprocess.Popen(
            [PROGRAM, "serve", "--config", config],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=os.environ | (variables or {}),
        )
    assert server.stdout is not None
    try:
        yield server, server.stdout.readline()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Configure a TLS endpoint with a certificate of its own."""
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    file = tmp_path / "virtcim.toml"
    file.write_text(
        f'hosts = ["test:///default"]\nlisten = ["https://127.0.0.1:0"]\n'
        f'state_dir = "{tmp_path}/state"\n'
        f'tls.certificate = "{tmp_path}/certificate.pem"\ntls.key = "{tmp_path}/key.pem"\n'
    )
    return file


def status(config: Path, said: str, credentials: str | None) -> int:
    """Enumerate over TLS with these credentials; give the HTTP status."""
    port = re.search(r"https://127\.0\.0\.1:(\d+)", said)
    assert port is not None, said
    context = ssl.create_default_context(cafile=str(config.parent / "certificate.pem"))
    client = http.client.HTTPSConnection("127.0.0.1", int(port[1]), context=context, timeout=30)
    headers = {
        "Content-Type": 'application/xml; charset="utf-8"',
        "CIMOperation": "MethodCall",
        "CIMMethod": "EnumerateInstanceNames",
        "CIMObject": "root/virt",
    }
    if credentials is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()
    client.request("POST", "/cimom", ENUMERATE, headers)
    answer = client.getresponse()
    answer.read()
    client.close()
    return answer.status


def test_users_are_let_in_over_tls_and_out_again(config: Path) -> None:
    """The right password gets an answer, others a challenge, and a removed user no more."""
    users = UsersFile(config.parent / "state" / "users")
    users.add("anna", "correct horse")
    with serving(config) as (_, said):
        assert status(config, said, "anna:correct horse") == 200
        assert status(config, said, None) == 401
        assert status(config, said, "anna:wrong horse") == 401
        users.remove("anna")
        deadline = time.monotonic() + 30
        while status(config, said, "anna:correct horse") == 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    log = (config.parent / "log").read_text()
    assert "login_failed" in log
    assert "horse" not in log


def test_names_of_rules_that_nothing_served_has_are_logged(config: Path) -> None:
    """The server starts, and says at once which rules may never fit."""
    UsersFile(config.parent / "state" / "users").add("anna", "correct horse")
    slip = '[[rules]]\nclasses = ["Virt_StorageVolum", "CIM_Job"]\ndeny = ["*"]\n'
    config.write_text(config.read_text() + slip)
    with serving(config):
        log = (config.parent / "log").read_text()
    (line,) = (each for each in log.splitlines() if "rule_names_nothing" in each)
    assert line.endswith(
        " warning rule_names_nothing rule=rules[0] kind=class name=Virt_StorageVolum"
    )


def test_a_service_manager_is_told_and_obeyed(config: Path) -> None:
    """READY when it serves, STOPPING at SIGTERM, and exit code 0."""
    UsersFile(config.parent / "state" / "users").add("anna", "correct horse")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(config.parent / "notify"))
        manager.settimeout(30)
        variables = {"NOTIFY_SOCKET": str(config.parent / "notify")}
        with serving(config, variables) as (server, _):
            assert manager.recv(100) == b"READY=1"
            server.send_signal(signal.SIGTERM)
            assert manager.recv(100) == b"STOPPING=1"
            assert server.wait(30) == 0


def test_what_keeps_it_from_starting_is_a_failure(config: Path) -> None:
    """Damaged users, missing certificates and damaged stores are exit code 1 and one message."""
    state = config.parent / "state"
    users = UsersFile(state / "users")
    users.add("anna", "correct horse")
    for path, content, text in (
        (state / "infostore.db", "rubbish " * 100, "is damaged"),
        (state / "users", "broken", "line 1 is not name:hash"),
        (config.parent / "key.pem", "", "no private key"),
    ):
        former = path.read_bytes() if path.exists() else None
        path.write_text(content)
        ended = virtcim("serve", "--config", config)
        assert ended.code == 1, ended
        assert text in ended.err
        assert "Traceback" not in ended.err
        path.unlink()
        if former is not None:
            path.write_bytes(former)
