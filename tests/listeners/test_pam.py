"""PAM, with the machine's own library and services that exist for a test only."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from virtcim.listeners.pam import Pam, PamUnusable

SERVICE = "virtcim-test"
Written = Callable[..., Pam]

# What pam_exec runs: the password is its input, the rest its environment.
PROGRAM = """#!/bin/sh
read -r password
[ "$password" = "corr\u00e9ct horse" ] && [ "$PAM_USER" = anna ] && [ "$PAM_RHOST" = 192.0.2.1 ]
"""


@pytest.fixture
def write() -> Iterator[Written]:
    """Write the service, which takes root, and remove it afterwards."""
    path = Path("/etc/pam.d") / SERVICE

    def make(auth: str, account: str = "pam_permit.so") -> Pam:
        path.write_text(f"auth required {auth}\naccount required {account}\n")
        return Pam(SERVICE)

    yield make
    path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("auth", "account", "right"),
    [
        ("pam_permit.so", "pam_permit.so", True),
        ("pam_deny.so",   "pam_permit.so", False),
        ("pam_permit.so", "pam_deny.so",   False),
    ],
)  # fmt: skip
def test_both_the_password_and_the_account_must_be_in_order(
    write: Written, auth: str, account: str, *, right: bool
) -> None:
    """An account that is locked or expired is let in with no password."""
    assert write(auth, account).matches("anna", "x") is right


def test_modules_are_told_user_password_and_address(write: Written, tmp_path: Path) -> None:
    """They see what the client sent, in UTF-8, and where it comes from."""
    program = tmp_path / "ask"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    pam = write(f"pam_exec.so expose_authtok {program}")
    assert pam.matches("anna", "corr\u00e9ct horse", "192.0.2.1")
    assert not pam.matches("anna", "wrong horse", "192.0.2.1")
    assert not pam.matches("ben", "corr\u00e9ct horse", "192.0.2.1")
    assert not pam.matches("anna", "corr\u00e9ct horse", "192.0.2.2")


def test_the_system_knows_no_made_up_users(write: Written) -> None:
    """The module that most systems use answers, and without its delay of seconds."""
    assert not write("pam_unix.so", "pam_unix.so").matches("nobody-of-that-name", "x")


def test_a_service_that_does_not_work_is_no_wrong_password(write: Written) -> None:
    """The administrator has to hear of it."""
    with pytest.raises(PamUnusable, match=f"the PAM service {SERVICE} does not work"):
        write("pam_no_such_module.so").matches("anna", "x")


def test_a_service_without_a_file_is_refused() -> None:
    """PAM would take the service `other` instead."""
    with pytest.raises(PamUnusable, match=r"make /etc/pam\.d/virtcim-nowhere"):
        Pam("virtcim-nowhere")
