"""``virtcim check`` tells what works and fails when something does not."""

from pathlib import Path

from tests.commands.running import on_terminal, virtcim
from virtcim.listeners.users import UsersFile


def test_a_hypervisor_that_answers_is_shown(tmp_path: Path) -> None:
    """One line a host, with what was seen there, and one for access."""
    ended = virtcim("check", "test:///default", "--state-dir", tmp_path)
    assert ended.code == 0, ended
    host, access = (line.split("\t") for line in ended.out.splitlines())
    assert host[:2] == ["default test:///default", "yes"]
    assert host[2].startswith("TEST ")
    assert host[2].endswith(", 1 domain")
    assert access == ["access", "yes", "open, 0 users"]
    assert ended.err == ""
    assert list(tmp_path.iterdir()) == [], "a check leaves nothing behind"


def test_a_hypervisor_that_does_not_is_named(tmp_path: Path) -> None:
    """The others are still shown, and the exit code says that something is wrong."""
    UsersFile(tmp_path / "users").add("anna", "correct horse")
    gone = "qemu+unix:///system?socket=/nowhere/sock"
    ended = virtcim("check", "test:///default", gone, "--state-dir", tmp_path)
    assert ended.code == 1
    first, second, access, roles, changes = ended.out.splitlines()
    assert first.split("\t")[1] == "yes"
    assert second.split("\t")[1] == "NO"
    assert "ConnectionFailed" in second
    assert access == "access\tyes\tauthenticated, 1 user"
    assert roles == "roles\tyes\t1 read; others are read"
    assert "nobody may change anything: `virtcim user role NAME admin`" in changes
    assert ended.err.startswith("virtcim: 1 of 5 do not work: qemu ")


def test_what_would_keep_the_server_from_starting_is_found(tmp_path: Path) -> None:
    """Certificates, users and the rules of access are tried too."""
    config = tmp_path / "virtcim.toml"
    config.write_text(
        f'hosts = ["test:///default"]\nlisten = ["https://0.0.0.0:5989"]\n'
        f'state_dir = "{tmp_path}"\ntls.certificate = "{tmp_path}/none.pem"\n'
    )
    ended = virtcim("check", "--config", config)
    assert ended.code == 1
    assert "tls\tNO\tthe TLS file" in ended.out
    assert "access\tNO\thttps://0.0.0.0:5989: is open to a network" in ended.out
    (tmp_path / "users").write_text("broken")
    assert "users\tNO\t" in virtcim("check", "--config", config).out


def test_on_a_terminal_a_table_is_shown(tmp_path: Path) -> None:
    """People get headings and columns."""
    code, screen = on_terminal(["check", "test:///default", "--state-dir", str(tmp_path)], [])
    assert code == 0
    assert "works" in screen.splitlines()[0]
    assert "open, 0 users" in screen


def test_a_hypervisor_without_a_driver_is_said(tmp_path: Path) -> None:
    """A URI that no driver here serves is a line of the table, and no internal error."""
    ended = virtcim("check", "esx://root@host.example/", "--state-dir", tmp_path)
    assert ended.code == 1
    assert ended.out.splitlines()[0].split("\t")[1] == "NO"
    assert "internal error" not in ended.err
