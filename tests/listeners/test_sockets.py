"""Sockets: modes and owners of files, what dead servers leave, what belongs to others."""

import pwd
import socket
from pathlib import Path

import pytest

from virtcim.listeners.sockets import Bound, SocketError, bind_tcp, bind_unix, claim


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the socket is to be."""
    return tmp_path / "cim.sock"


def test_a_file_is_made_and_removed(path: Path) -> None:
    """It has the mode that was asked for, and is gone at the end."""
    one, remove = bind_unix(path, mode=0o660)
    assert path.stat().st_mode & 0o777 == 0o660
    assert path.is_socket()
    one.close()
    remove()
    assert not path.exists()
    remove()


def test_owner_and_group_are_set(path: Path) -> None:
    """By name, as for any file."""
    nobody = pwd.getpwnam("nobody")
    one, remove = bind_unix(path, mode=0o600, owner="nobody", group="root")
    assert (path.stat().st_uid, path.stat().st_gid) == (nobody.pw_uid, 0)
    one.close()
    remove()


@pytest.mark.parametrize(("key", "kind"), [("owner", "user"), ("group", "group")])
def test_who_does_not_exist_is_named(path: Path, key: str, kind: str) -> None:
    """A slip in a name is said with the key of the configuration, and nothing is made."""
    with pytest.raises(SocketError, match=f"there is no {kind} nix-da; correct socket.{key}"):
        bind_unix(path, mode=0o600, **{key: "nix-da"})
    assert not path.exists()


def test_what_a_dead_server_left_is_replaced(path: Path) -> None:
    """Nobody listens there any more."""
    dead, _ = bind_unix(path, mode=0o600)
    dead.listen()
    dead.close()
    one, remove = bind_unix(path, mode=0o600)
    claim(Bound(one, f"unix:{path}"))
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    one.close()
    remove()


def test_a_living_server_keeps_its_socket(path: Path) -> None:
    """The second one is told, and takes nothing away, neither now nor at its end."""
    one, remove = bind_unix(path, mode=0o600)
    one.listen()
    with pytest.raises(SocketError, match="another server listens there"):
        bind_unix(path, mode=0o600)
    assert path.exists()
    path.unlink()
    other, remove_other = bind_unix(path, mode=0o600)
    remove()
    assert path.exists()
    remove_other()
    one.close()
    other.close()


def test_other_files_are_left_alone(path: Path) -> None:
    """Nothing but a socket is replaced."""
    path.write_text("mine")
    with pytest.raises(SocketError, match="another file has this name; remove it"):
        bind_unix(path, mode=0o600)
    assert path.read_text() == "mine"


def test_a_directory_that_is_not_there_is_said(path: Path) -> None:
    """With the system's words."""
    with pytest.raises(SocketError, match="No such file or directory"):
        bind_unix(path / "below", mode=0o600)


def test_a_port_that_is_taken_is_said() -> None:
    """By its address as it was written."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SocketError, match="cannot listen on here: Address already in use"):
            bind_tcp("127.0.0.1", port, "here")
