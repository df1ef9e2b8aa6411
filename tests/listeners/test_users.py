"""The users file: what is in it, who may read it, and that no edit loses another."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from virtcim.listeners import users
from virtcim.listeners.principals import Role
from virtcim.listeners.users import User, UsersFile


@pytest.fixture
def file(tmp_path: Path) -> UsersFile:
    """Name a file that is not there yet."""
    return UsersFile(tmp_path / "state" / "users")


def test_a_missing_file_has_nobody(file: UsersFile) -> None:
    """Nothing is made by reading."""
    assert file.read() == {}
    assert file.version() == ()
    assert not file.path.parent.exists()


def test_an_added_user_is_known_by_the_password_alone(file: UsersFile) -> None:
    """The right password matches, another does not, and it is nowhere in the file."""
    file.add("anna", "correct horse")
    secret = file.read()["anna"].secret
    assert users.matches(secret, "correct horse")
    assert not users.matches(secret, "correct horsf")
    assert "correct" not in file.path.read_text()


def test_the_file_is_closed_to_others(file: UsersFile) -> None:
    """Directory 0700, file and lock 0600, and no temporary file is left."""
    former = os.umask(0)
    try:
        file.add("anna", "correct horse")
    finally:
        os.umask(former)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.path.parent.iterdir()}
    assert modes == {"users": 0o600, "users.lock": 0o600}
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_the_owner_stays(file: UsersFile) -> None:
    """A file that the server's user owns is still theirs after an edit, a new one too."""
    file.path.parent.mkdir()
    owner = (12345, 12345) if os.geteuid() == 0 else (os.geteuid(), os.getegid())
    os.chown(file.path.parent, *owner)
    for name in ("anna", "ben"):
        file.add(name, "correct horse")
        status = file.path.stat()
        assert (status.st_uid, status.st_gid) == owner


def test_a_user_is_added_once_unless_replaced(file: UsersFile) -> None:
    """Nobody's password is changed by mistake."""
    file.add("anna", "one password")
    with pytest.raises(users.UserExists, match="--replace"):
        file.add("anna", "two password")
    assert users.matches(file.read()["anna"].secret, "one password")
    file.add("anna", "two password", replace=True)
    assert users.matches(file.read()["anna"].secret, "two password")


def test_a_removed_user_is_gone_and_others_stay(file: UsersFile) -> None:
    """Removing takes one line, and only one that is there."""
    file.add("anna", "one password")
    file.add("ben", "two password")
    file.remove("anna")
    assert list(file.read()) == ["ben"]
    with pytest.raises(users.UserUnknown, match="user list"):
        file.remove("anna")


def test_names_and_passwords_are_compared_in_one_form(file: UsersFile) -> None:
    """A letter with its accent is one user, however the keyboard composes it."""
    file.add("Andre\u0301", "cafe\u0301 noir")
    assert list(file.read()) == ["Andr\u00e9"]
    assert users.matches(file.read()["Andr\u00e9"].secret, "caf\u00e9 noir")


@pytest.mark.parametrize("name", ["", "a:b", "a b", "a\n", "#a", "x" * 65, "\x7f", "a\u2028b"])
def test_an_illegal_name_is_refused(file: UsersFile, name: str) -> None:
    """What could not log in, or would break the file, is not added."""
    with pytest.raises(users.IllegalUser):
        file.add(name, "correct horse")
    assert file.read() == {}


@pytest.mark.parametrize("password", ["", "x" * 1025, "a\0b", "a\nb"])
def test_an_illegal_password_is_refused(file: UsersFile, password: str) -> None:
    """What a header could not carry is not hashed."""
    with pytest.raises(users.IllegalUser):
        file.add("anna", password)


@pytest.mark.parametrize(
    "line",
    [
        "anna",
        "anna:",
        ":hash",
        "anna:plain",
        "anna:$argon2id$v=19$m=1",
        "a b:$argon2id$",
        f"anna:{users.NOBODY}:chief",
        f"anna:{users.NOBODY}:read:a b",
        f"anna:{users.NOBODY}:read:ops:more",
    ],
)
def test_a_damaged_line_is_named_by_number(file: UsersFile, line: str) -> None:
    """The operator finds the line, and nobody finds the hash in a message."""
    file.add("ben", "correct horse")
    file.path.write_text(file.path.read_text() + "\n" + line + "\n")
    with pytest.raises(users.FileDamaged, match="line 4 is not name:hash"):
        file.read()
    before = file.path.read_bytes()
    with pytest.raises(users.FileDamaged):
        file.add("carl", "correct horse")
    assert file.path.read_bytes() == before


def test_role_and_groups_stand_behind_the_hash(file: UsersFile) -> None:
    """They stay with a new password, change on their own, and may be left out."""
    file.add("anna", "correct horse", role=Role.OPERATE, groups=["ops", "audit"])
    file.add("anna", "other horse", replace=True)
    anna = file.read()["anna"]
    assert (anna.role, anna.groups) == (Role.OPERATE, frozenset({"ops", "audit"}))
    assert file.path.read_text().endswith(f"{anna.secret}:operate:audit,ops\n")
    file.assign("anna", role=Role.READ)
    file.assign("anna", groups=())
    anna = file.read()["anna"]
    assert (anna.role, anna.groups) == (Role.READ, frozenset())
    file.path.write_text(f"ben:{anna.secret}\n")
    assert file.read() == {"ben": User(anna.secret)}
    assert anna.secret not in repr(anna)
    with pytest.raises(users.UserUnknown):
        file.assign("anna", role=Role.READ)
    with pytest.raises(users.IllegalUser, match="no comma"):
        file.add("carl", "correct horse", groups=["a,b"])


def test_a_file_that_is_not_text_is_damaged(file: UsersFile) -> None:
    """Bytes that are no UTF-8 are refused."""
    file.path.parent.mkdir()
    file.path.write_bytes(b"\xff\xfe")
    with pytest.raises(users.FileDamaged, match="UTF-8"):
        file.read()


def test_a_place_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    """A directory in place of the file, and a file in place of the directory."""
    (tmp_path / "users").mkdir()
    with pytest.raises(users.FileUnusable, match="Is a directory"):
        UsersFile(tmp_path / "users").read()
    (tmp_path / "file").touch()
    with pytest.raises(users.FileUnusable):
        UsersFile(tmp_path / "file" / "users").add("anna", "correct horse")


def test_a_failed_replacement_leaves_the_former_file(
    file: UsersFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk fails at the last step, the former users stay and nothing is left behind."""
    file.add("anna", "correct horse")

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(users.FileUnusable, match="No space left"):
        file.add("ben", "correct horse")
    monkeypatch.undo()
    assert list(file.read()) == ["anna"]
    assert {path.name for path in file.path.parent.iterdir()} == {"users", "users.lock"}


def test_concurrent_edits_are_all_kept(file: UsersFile) -> None:
    """Processes that add users at the same time wait for each other."""
    program = (
        "import sys; from pathlib import Path; from virtcim.listeners.users import UsersFile\n"
        "for n in range(4): UsersFile(Path(sys.argv[1])).add(f'{sys.argv[2]}{n}', 'some password')"
    )
    editors = [
        subprocess.Popen([sys.executable, "-c", program, str(file.path), letter])
        for letter in "abcd"
    ]
    assert [editor.wait(timeout=60) for editor in editors] == [0, 0, 0, 0]
    assert set(file.read()) == {f"{letter}{number}" for letter in "abcd" for number in range(4)}


def test_the_version_changes_with_every_edit(file: UsersFile) -> None:
    """The server notices a file that was replaced by one of the same size."""
    versions = set()
    for number in range(3):
        file.add("anna", f"password {number}", replace=True)
        versions.add(file.version())
    assert len(versions) == 3


def test_nobodys_hash_costs_as_much_and_matches_nothing() -> None:
    """The stand-in for unknown users has the parameters of real hashes."""
    assert extract_parameters(users.NOBODY) == extract_parameters(users.hash_password("x"))
    assert not users.matches(users.NOBODY, "x")


@given(st.text(max_size=80))
def test_every_name_is_legal_or_refused(name: str) -> None:
    """No text comes through that the file could not hold."""
    try:
        legal = users.check_name(name)
    except users.IllegalUser:
        return
    line = f"{legal}:hash"
    assert line.splitlines() == [line]
    assert line.strip().partition(":") == (legal, ":", "hash")


def test_a_lock_that_root_makes_is_the_service_users(tmp_path: Path) -> None:
    """What root edits first, the service's user can edit afterwards."""
    directory = tmp_path / "state"
    directory.mkdir()
    os.chown(directory, 65534, 65534)
    UsersFile(directory / "users").add("alice", "correct horse")
    assert {path.stat().st_uid for path in directory.iterdir()} == {65534}
