"""The private key of clients: what becomes one, and what does not."""

import asyncio
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from virtcim.providers.compatibility import LIBVIRT_CIM, STRICT, Behaviour
from virtcim.providers.migration_keys import LARGEST_KEY, copy_key, delete_key
from virtcim.providers.migration_options import MigrationOptions
from virtcim.wbem.status import Failed

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n"


def model(key: Path | None, behaviour: Behaviour = STRICT) -> Any:
    """Return a model whose operator has named this file."""
    server = SimpleNamespace(migration=MigrationOptions(ssh_key=key))
    return SimpleNamespace(server=server, behaviour=behaviour)


def copy(key: Path | None, source: object, behaviour: Behaviour = STRICT) -> object:
    """Take a key into use."""
    arguments: Any = {} if source is None else {"ssh_key_src": str(source)}
    return asyncio.run(copy_key(model(key, behaviour), None, arguments)).return_value  # type: ignore[arg-type]


def delete(key: Path | None, behaviour: Behaviour = STRICT) -> object:
    """Delete it."""
    return asyncio.run(delete_key(model(key, behaviour), None, {})).return_value  # type: ignore[arg-type]


def test_a_key_comes_and_goes(tmp_path: Path) -> None:
    """Only we may read it; one that was there is replaced, whoever could read that."""
    source, key = tmp_path / "id", tmp_path / "key"
    source.write_text(KEY)
    key.write_text("old")
    key.chmod(0o644)
    assert copy(key, source) == 0
    assert key.read_text() == KEY
    assert key.stat().st_mode & 0o777 == 0o600
    assert delete(key) == 0
    assert not key.exists()
    with pytest.raises(Failed, match="there is no key"):
        delete(key)


def test_where_the_key_is_nobody_is_told(tmp_path: Path) -> None:
    """But clients of libvirt-cim, who have always been."""
    key = tmp_path / "key"
    key.mkdir()
    for behaviour, told in ((STRICT, False), (LIBVIRT_CIM, True)):
        with pytest.raises(Failed) as not_copied:
            copy(key, "/nowhere", behaviour)
        with pytest.raises(Failed) as not_deleted:
            delete(key, behaviour)
        with pytest.raises(Failed) as not_there:
            delete(tmp_path / "none", behaviour)
        for refusal in (not_copied, not_deleted, not_there):
            assert (str(tmp_path) in refusal.value.reason) == told


def test_without_the_operator() -> None:
    """Nothing of it is possible, in libvirt-cim's words."""
    with pytest.raises(Failed, match="not enabled in config file"):
        copy(None, "x")
    with pytest.raises(Failed, match="not enabled in config file"):
        delete(None)


@pytest.mark.parametrize(
    "content", ["", "root:x:0:0", KEY + "more", KEY.replace("PRIVATE", "PUBLIC"),
                KEY[:30] + "x" * LARGEST_KEY + KEY[30:]],
)  # fmt: skip
def test_what_is_no_key(tmp_path: Path, content: str) -> None:
    """It is not copied, and what was there stays."""
    source, key = tmp_path / "id", tmp_path / "key"
    source.write_text(content)
    key.write_text(KEY)
    with pytest.raises(Failed, match="could not be copied"):
        copy(key, source)
    assert key.read_text() == KEY
    assert sorted(tmp_path.iterdir()) == [source, key]


def test_what_is_no_file(tmp_path: Path) -> None:
    """A link, a pipe, a device, a directory, nothing; a shell's words are a path."""
    key = tmp_path / "key"
    (tmp_path / "id").write_text(KEY)
    (tmp_path / "link").symlink_to(tmp_path / "id")
    os.mkfifo(tmp_path / "pipe")
    for source in ("link", "pipe", "none", ".", "id; touch made", "/dev/zero"):
        with pytest.raises(Failed, match="could not be copied"):
            copy(key, tmp_path / source)
    with pytest.raises(Failed, match="SSH_Key_Src"):
        copy(key, None)
    assert not key.exists()
    assert not (tmp_path / "made").exists()
