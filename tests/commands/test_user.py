"""``virtcim user``: passwords come from a terminal or from input, never from the command line."""

import os
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from tests.commands.running import PROGRAM, on_terminal, virtcim
from virtcim.commands.options import RoleName
from virtcim.listeners.principals import Role
from virtcim.listeners.users import UsersFile, matches


@pytest.fixture
def state(tmp_path: Path) -> list[str]:
    """Name a state directory as the commands want it."""
    return ["--state-dir", str(tmp_path)]


def add(state: list[str], name: str, said: str, *more: str) -> tuple[int, str]:
    """Add a user with a password from standard input; give code and message."""
    ended = virtcim("user", "add", name, "--password-stdin", *more, *state, said=said)
    return ended.code, ended.err


def secret(state: list[str], name: str) -> str:
    """Read a user's hash."""
    return UsersFile(Path(state[1]) / "users").read()[name].secret


def test_users_are_added_listed_and_removed(state: list[str]) -> None:
    """A list shows who was added and not removed."""
    assert add(state, "ben", "two password\n") == (0, "")
    assert add(state, "anna", "one password") == (0, "")
    assert virtcim("user", "list", *state).out == "anna\tread\t\nben\tread\t\n"
    assert matches(secret(state, "anna"), "one password")
    assert virtcim("user", "remove", "anna", *state).code == 0
    assert virtcim("user", "list", *state).out == "ben\tread\t\n"


def test_a_password_is_asked_for_twice(state: list[str]) -> None:
    """On a terminal nothing of it is shown."""
    code, screen = on_terminal(["user", "add", "anna", *state], ["correct horse", "correct horse"])
    assert code == 0, screen
    assert "correct horse" not in screen
    assert matches(secret(state, "anna"), "correct horse")


def test_a_password_typed_differently_is_refused(state: list[str]) -> None:
    """Nobody is added with a slip in the password."""
    code, screen = on_terminal(["user", "add", "anna", *state], ["correct horse", "correct house"])
    assert code == 2
    assert "the passwords differ" in screen
    assert virtcim("user", "list", *state).out == ""


def test_without_a_terminal_nothing_hangs(state: list[str]) -> None:
    """A script that forgot --password-stdin is told so."""
    ended = virtcim("user", "add", "anna", *state)
    assert ended.code == 2
    assert "--password-stdin" in ended.err


@pytest.mark.parametrize(
    ("name", "password", "text"),
    [
        ("an:na", "correct horse", "no colon"),
        ("anna", "short", "at least 8 characters"),
        ("anna", "", "at least 8 characters"),
        ("anna", "control\tcharacter", "no control characters"),
    ],
)
def test_what_cannot_log_in_is_not_added(
    state: list[str], name: str, password: str, text: str
) -> None:
    """Misuse, said in one message."""
    code, said = add(state, name, f"{password}\n")
    assert code == 2
    assert text in said


def test_an_existing_user_is_replaced_only_when_asked(state: list[str]) -> None:
    """A second add fails, and says how to set a new password."""
    add(state, "anna", "one password")
    code, said = add(state, "anna", "two password")
    assert code == 1
    assert "--replace" in said
    assert add(state, "anna", "two password", "--replace") == (0, "")
    assert matches(secret(state, "anna"), "two password")


def test_an_unknown_user_cannot_be_removed(state: list[str]) -> None:
    """A mistyped name is a failure."""
    ended = virtcim("user", "remove", "anna", *state)
    assert ended.code == 1
    assert "there is no user anna" in ended.err


def test_a_password_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that no client could send as a password are no internal error."""
    ended = subprocess.run(
        [PROGRAM, "user", "add", "ann", "--password-stdin", "--state-dir", str(tmp_path)],
        input=b"\xff\xfe12345678\n",
        env={**os.environ, "VIRTCIM_CONFIG": "/dev/null"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert b"UTF-8" in ended.stderr


def test_the_command_line_knows_every_role() -> None:
    """Its names are those of the server."""
    assert get_args(RoleName) == tuple(Role)


def test_roles_and_groups_are_given_and_taken(state: list[str]) -> None:
    """Each command says what the user may do now, and how one who may only look gets more."""
    added = virtcim(
        "user", "add", "anna", "--password-stdin", "--role", "operate", "--group", "ops", *state,
        said="correct horse\n",
    )  # fmt: skip
    assert "with the role operate in ops; `virtcim user role anna admin` lets it" in added.out
    assert virtcim("user", "role", "anna", "admin", *state).out.endswith("role admin in ops\n")
    assert virtcim("user", "groups", "anna", "a", "b", *state).code == 0
    assert virtcim("user", "list", *state).out == "anna\tadmin\ta, b\n"
    assert virtcim("user", "role", "ben", "admin", *state).code == 1
    assert virtcim("user", "role", "anna", "chief", *state).code == 2
    assert virtcim("user", "groups", "anna", "a,b", *state).code == 2
