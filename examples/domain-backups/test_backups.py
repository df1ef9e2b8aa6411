"""The provider without a server: what it says of the files of a directory."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from virtcim_backups import Backups, BackupsOfSystems, Catalogue, plugin

from virtcim.broker.kit import Call, Context, HostView, InvalidParameter, NotFound, PluginRefused

HOST = HostView("default", "root/virt", "Test")
OLD, NEW = "web-20261120T031500Z.qcow2", "web-20261121T031500Z.qcow2"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with two backups of one domain, one of another, and what is none."""
    for name in (OLD, NEW, "db@1-20261121T031500Z.raw"):
        (tmp_path / name).write_text(name)
    (tmp_path / f"{NEW}.sha256").write_text(sha256(NEW.encode()).hexdigest())
    for name in ("readme.txt", "web-20261321T031500Z.qcow2", "-20261121T031500Z.raw"):
        (tmp_path / name).write_text("")
    return tmp_path


def key(name: str) -> dict[str, object]:
    """Return the keys of a backup."""
    return {"InstanceID": f"example:{name}"}


def test_backups_are_files(directory: Path) -> None:
    """Domain and time are of the name, the oldest first."""
    rows = list(Backups(Catalogue(directory)).instances())
    assert [row["DomainName"] for row in rows] == ["web", "db@1", "web"]
    assert rows[0]["Taken"] == datetime(2026, 11, 20, 3, 15, tzinfo=UTC)
    assert rows[0]["Size"] == len(OLD)
    assert rows[0]["Digest"] is None


@pytest.mark.parametrize("name", ["../web-20261121T031500Z.raw", "readme.txt", f"{NEW}.sha256", ""])
def test_other_files_are_none(directory: Path, name: str) -> None:
    """Neither what is outside of the directory nor what is no backup."""
    assert Backups(Catalogue(directory)).find(key(name)) is None


def test_a_backup_is_verified(directory: Path) -> None:
    """As it was, damaged, or without a digest to hold against."""
    backups = Backups(Catalogue(directory))
    assert backups.verify(Call(key(NEW), {}, "-")).return_value == 0
    (directory / NEW).write_text("other")
    result = backups.verify(Call(key(NEW), {}, "-"))
    assert (result.return_value, result.out["Digest"]) == (1, sha256(b"other").hexdigest())
    assert backups.verify(Call(key(OLD), {}, "-")).return_value == 2


def test_old_ones_are_pruned(directory: Path) -> None:
    """The latest of each domain stay."""
    backups = Backups(Catalogue(directory))
    result = backups.prune(Call(None, {"KeepLast": 1}, "-"))
    assert result.out["Removed"] == [f"example:{OLD}"]
    assert not (directory / OLD).exists()
    with pytest.raises(InvalidParameter):
        backups.prune(Call(None, {"KeepLast": 0}, "-"))


def test_a_note_is_kept(directory: Path) -> None:
    """It is all that can be changed, and goes with the file."""
    backups = Backups(Catalogue(directory))
    backups.modify(key(OLD), {"Caption": "before the upgrade"})
    row = backups.find(key(OLD))
    assert row is not None
    assert row["Caption"] == "before the upgrade"
    with pytest.raises(InvalidParameter):
        backups.modify(key(OLD), {"Size": 1})
    backups.delete(key(OLD))
    assert [path for path in directory.iterdir() if path.name.startswith(OLD)] == []
    with pytest.raises(NotFound):
        backups.delete(key(OLD))


def test_each_is_of_its_domain(directory: Path) -> None:
    """The path of the domain has the prefix of the host."""
    rows = list(BackupsOfSystems(Catalogue(directory), HOST).instances())
    assert {row["Antecedent"] for row in rows} == {HOST.system("web"), HOST.system("db@1")}


@pytest.mark.parametrize("options", [{}, {"directory": 5}, {"directory": "backups"}])
def test_it_says_which_option_it_needs(tmp_path: Path, options: dict[str, object]) -> None:
    """Nothing is guessed."""
    context = Context(hosts=(HOST,), options=options, directory=tmp_path)
    with pytest.raises(PluginRefused, match="directory"):
        plugin(context)
