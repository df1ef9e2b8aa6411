"""What is installed beside the code: configuration, unit, and the scripts behind make."""

import configparser
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from virtcim.configuration import Settings, load, loading
from virtcim.configuration.identity import Audit, Socket
from virtcim.configuration.settings import Migration

ROOT = Path(__file__).parent.parent
CONFIGURATION = ROOT / "packaging" / "virtcim.toml"
SCRIPTS = [*sorted((ROOT / "tools").iterdir()), ROOT / ".ci" / "run"]
OFFERED = re.compile(r"# ([a-z_]+ = .*)")


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of this machine takes no part."""
    for name in [name for name in os.environ if name.startswith("VIRTCIM_")]:
        monkeypatch.delenv(name)


def test_the_packaged_configuration_is_the_documented_one() -> None:
    """It serves QEMU on loopback with the web on, and differs from the defaults in no more."""
    settings = load(file=CONFIGURATION)
    assert [(host.uri, host.prefix) for host in settings.hosts] == [("qemu:///system", "KVM")]
    assert str(settings.web.listen) == "http://127.0.0.1:5990"
    assert settings.state_dir == Path("/var/lib/virtcim")
    same = Settings.model_validate(
        {"hosts": settings.hosts, "web": settings.web, "state_dir": settings.state_dir}
    )
    assert settings.model_dump() == same.model_dump()


def offered() -> str:
    """Give the packaged configuration with the first of each commented key in force."""
    lines: list[str] = []
    seen: set[str] = set()
    for line in CONFIGURATION.read_text().splitlines():
        section = line if line.startswith("[") else ""
        match = OFFERED.fullmatch(line)
        key = match[1].partition(" ")[0] if match else line.partition(" ")[0]
        seen = set() if section else seen
        if match and key not in seen and not match[1].endswith("["):
            line = match[1]  # noqa: PLW2901 (the comment becomes the line)
        seen.add(key)
        lines.append(line)
    return "\n".join(lines)


def test_every_key_is_in_the_packaged_configuration(tmp_path: Path) -> None:
    """An operator finds each setting there, with the default as the example."""
    table = tomllib.loads(offered())
    keys = {(name,) for name in table} | {
        (name, inner) for name, value in table.items() if isinstance(value, dict) for inner in value
    }
    assert keys == set(loading.known_keys())
    (tmp_path / "all.toml").write_text(offered())
    settings = load(file=tmp_path / "all.toml")
    named = {"tls", "infostore", "users_file", "migration", "socket", "audit"}
    assert settings.model_dump(exclude=named) == load(file=CONFIGURATION).model_dump(exclude=named)
    assert settings.users_file == load(file=CONFIGURATION).users_file
    assert settings.audit_file == load(file=CONFIGURATION).audit_file
    assert (settings.socket.mode, settings.audit.what) == (Socket().mode, Audit().what)
    assert settings.infostore_url == load(file=CONFIGURATION).infostore_url
    paths = {"ssh_key", "tls_directory", "checks"}
    assert settings.migration.model_dump(exclude=paths) == Migration().model_dump(exclude=paths)


def unit() -> configparser.ConfigParser:
    """Read the systemd unit; keys may stand twice."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # keys keep their case
    parser.read(ROOT / "packaging" / "virtcim.service")
    return parser


def test_the_unit_starts_what_is_installed() -> None:
    """Command, configuration and directories are those of the rest of the package."""
    service = unit()["Service"]
    assert service["Type"] == "notify"
    assert service["ExecStart"] == f"/usr/bin/virtcim serve --config {loading.DEFAULT_FILE}"
    assert f"/var/lib/{service['StateDirectory']}" == str(load(file=CONFIGURATION).state_dir)
    assert service["StateDirectoryMode"] == "0700"


def test_the_unit_runs_as_a_user_that_the_package_makes() -> None:
    """Not root, without capabilities, and in the group that may manage libvirt."""
    service = unit()["Service"]
    made = (ROOT / "packaging" / "virtcim.sysusers").read_text()
    assert re.search(rf"^u {service['User']} ", made, re.MULTILINE)
    assert service["SupplementaryGroups"] == "libvirt"
    assert service["CapabilityBoundingSet"] == ""
    assert service["NoNewPrivileges"] == "yes"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_one(script: Path) -> None:
    """Plain sh, executable, stops at the first error or says why not, and has a sentence."""
    lines = script.read_text().splitlines()
    assert lines[0] == "#!/bin/sh"
    assert lines[1].startswith("# ")
    assert os.access(script, os.X_OK)
    assert any(line in {"set -eu", "set -u"} for line in lines)
    subprocess.run(["sh", "-n", script], check=True)


def test_every_target_can_be_made() -> None:
    """The Makefile names scripts and packages that are there."""
    text = (ROOT / "Makefile").read_text()
    for name in re.findall(r"tools/([a-z-]+)", text):
        assert (ROOT / "tools" / name).is_file(), name
    targets = ["run", "test", "lint", "bench", "wheel", "check-wheel", "fresh"]
    subprocess.run(["make", "-n", *targets], cwd=ROOT, check=True, capture_output=True)


# What the script needs of the system besides the package tools.
NEEDED = ("sh", "env", "id")
STUB = '#!/bin/sh\necho "$0" "$@" | sed "s,.*/,," >>"$LOG"\n'


def install(
    tmp_path: Path, tools: dict[str, str], *packages: str
) -> tuple["subprocess.CompletedProcess[str]", list[str]]:
    """Run debian-packages where only these tools are; give how it ended and what it called."""
    directory, log = tmp_path / "bin", tmp_path / "log"
    directory.mkdir()
    for name in (*NEEDED, "sed"):
        found = shutil.which(name)
        assert found is not None
        (directory / name).symlink_to(found)
    for name, body in tools.items():
        (directory / name).unlink(missing_ok=True)
        (directory / name).write_text(body)
        (directory / name).chmod(0o755)
    ended = subprocess.run(
        [ROOT / "tools" / "debian-packages", *packages],
        env={"PATH": str(directory), "LOG": str(log)},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended, log.read_text().splitlines() if log.exists() else []


ONLY_MAKE = '#!/bin/sh\nfor last; do :; done\n[ "$last" = make ] && echo installed\n'
ROOT_USER = "#!/bin/sh\necho 0\n"
SOMEBODY = "#!/bin/sh\necho 1000\n"


def test_packages_that_are_there_are_not_installed(tmp_path: Path) -> None:
    """A second run is silent and asks nobody."""
    ended, calls = install(tmp_path, {"dpkg-query": ONLY_MAKE, "apt-get": STUB}, "make")
    assert (ended.returncode, ended.stdout, ended.stderr, calls) == (0, "", "", [])


def test_missing_packages_are_installed_by_root(tmp_path: Path) -> None:
    """The list is brought up to date first, and only what is missing is installed."""
    tools = {"dpkg-query": ONLY_MAKE, "apt-get": STUB, "id": ROOT_USER}
    ended, calls = install(tmp_path, tools, "make", "gcc", "curl")
    assert ended.returncode == 0, ended
    assert calls == ["apt-get update -q", "apt-get install -y -q --no-install-recommends gcc curl"]


def test_missing_packages_are_installed_through_sudo(tmp_path: Path) -> None:
    """Somebody else than root goes through sudo when it is there."""
    sudo = STUB + '"$@"\n'
    tools = {"dpkg-query": ONLY_MAKE, "apt-get": STUB, "id": SOMEBODY, "sudo": sudo}
    ended, calls = install(tmp_path, tools, "gcc")
    assert ended.returncode == 0, ended
    assert [call.split()[0] for call in calls] == ["sudo", "apt-get", "sudo", "apt-get"]


@pytest.mark.parametrize(
    ("tools", "text"),
    [
        ({}, "not Debian"),
        ({"dpkg-query": ONLY_MAKE}, "not Debian"),
        ({"dpkg-query": ONLY_MAKE, "apt-get": STUB, "id": SOMEBODY}, "neither root nor"),
        (
            {"dpkg-query": ONLY_MAKE, "apt-get": "#!/bin/sh\nexit 100\n", "id": ROOT_USER},
            "apt-get failed",
        ),
    ],
)
def test_what_cannot_be_installed_is_named(
    tmp_path: Path, tools: dict[str, str], text: str
) -> None:
    """Elsewhere, and without rights, people learn which packages to get."""
    ended, _ = install(tmp_path, tools, "gcc", "curl")
    assert ended.returncode == 1
    assert text in ended.stderr
    assert ended.stderr.endswith(":  gcc curl\n".replace("  ", " "))
