"""``virtcim check`` tells what works and fails when something does not."""

import os
import sys
from pathlib import Path

from tests.commands.running import on_terminal, virtcim
from tests.plugging import install, install_pack
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


def test_names_of_rules_that_nothing_served_has_are_warned_of(tmp_path: Path) -> None:
    """A rule with a slip is closed to nobody; clients may make the class later, so no refusal."""
    config = tmp_path / "virtcim.toml"
    config.write_text(
        f'hosts = ["test:///default"]\nstate_dir = "{tmp_path}"\n'
        '[[rules]]\nclasses = ["Virt_StorageVolume", "CIM_Job", "TEST_*"]\n'
        'namespaces = ["interop", "root/interop", "root/PG_InterOp"]\ndeny = ["*"]\n'
        '[[rules]]\nclasses = ["Virt_StorageVolum"]\nnamespaces = ["root/interob"]\n'
        'deny = ["*"]\n'
    )
    ended = virtcim("check", "--config", config)
    assert ended.code == 0, ended
    assert [line for line in ended.out.splitlines() if line.startswith("rules")] == [
        "rules\tyes\t2, the first that fits decides",
        "rules[1]\tyes\twarning: no namespace root/interob is served, unless a client made it",
        "rules[1]\tyes\twarning: no class Virt_StorageVolum is served, unless a client made it",
    ]


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


def test_plug_ins_are_held_against_the_schema(tmp_path: Path) -> None:
    """One line for each that fits, with where it is from; nothing of it is started."""
    install_pack(tmp_path)
    state = tmp_path / "state"
    arguments = ("test:///default", "--state-dir", state)
    variables = {"PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), *sys.path])}
    ended = virtcim("check", *arguments, variables=variables)
    assert ended.code == 0, ended
    line = "plug-in pack\tyes\tvirtcim_test_pack:plugin of virtcim-test-pack 1.0"
    assert line in ended.out.splitlines()
    assert not state.exists()
    variables["VIRTCIM_PROVIDERS_OPTIONS"] = '{"pack": {"spoil": "class"}}'
    ended = virtcim("check", *arguments, variables=variables)
    assert ended.code == 1
    assert "plug-ins\tNO\tplug-in pack (" in ended.out
    ended = virtcim("serve", *arguments, variables=variables)
    assert ended.code == 1
    assert ended.err.count("\n") >= 1
    assert "virtcim: plug-in pack (virtcim_test_pack:plugin of virtcim-test-pack 1.0)" in ended.err
    assert 'providers.disabled = ["pack"]' in ended.err


def test_classes_of_plug_ins_are_shown(tmp_path: Path) -> None:
    """As all others."""
    install_pack(tmp_path)
    variables = {"PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), *sys.path])}
    ended = virtcim("classes", "Test_Link", variables=variables)
    assert ended.out.splitlines() == ["Test_Link\t\tassociation\tFrom To"], ended


def test_plug_ins_are_loaded_once(tmp_path: Path) -> None:
    """Also where rules may name their methods: what a plug-in does then it does once."""
    (tmp_path / "counts.py").write_text(
        "from virtcim.broker.kit import Plugin\n\n"
        "def plugin(context):\n"
        f"    with open({str(tmp_path / 'made')!r}, 'a') as made:\n"
        "        made.write('once ')\n"
        "    return Plugin(providers={})\n"
    )
    install(tmp_path, tmp_path / "counts.py", counts="counts:plugin")
    config = tmp_path / "virtcim.toml"
    config.write_text(
        f'hosts = ["test:///default"]\nstate_dir = "{tmp_path}"\n'
        '[[rules]]\nusers = ["anna"]\nallow = ["read"]\n'
    )
    variables = {"PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), *sys.path])}
    ended = virtcim("check", "--config", config, variables=variables)
    assert "rules\tyes\t1, the first that fits decides" in ended.out, ended
    assert (tmp_path / "made").read_text() == "once "
