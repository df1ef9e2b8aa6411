"""The private key with which clients let this server log in at other hosts.

The rule: there is one file for it, which the operator names. What a client names is copied there
only if it is a private key and nothing else, without a shell, whole or not at all.
"""

import asyncio
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog

from virtcim.broker.arguments import text
from virtcim.broker.provider import Arguments, MethodResult
from virtcim.providers.model import HostModel
from virtcim.schema.layouts import Record
from virtcim.wbem.status import Failed

log = structlog.get_logger("virtcim.providers")

LARGEST_KEY = 64 * 1024
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----\r?\n.*-----END [A-Z0-9 ]*"
                          rb"PRIVATE KEY-----\s*", re.DOTALL)  # fmt: skip


async def copy_key(model: HostModel, _record: Record, arguments: Arguments) -> MethodResult:
    """Take a key into use (MigrateSSHKeyCopy)."""
    key = _own_key(model)
    source = text(arguments, "SSH_Key_Src")
    if not source:
        raise Failed("Failed to get property 'SSH_Key_Src'.")
    try:
        await asyncio.to_thread(_copy, source, key)
    except (OSError, ValueError) as error:
        log.warning("ssh_key_not_copied", key=str(key), error=type(error).__name__)
        raise Failed(_told(model, _NOT_COPIED, source=source, key=key)) from None
    return MethodResult(0)


async def delete_key(model: HostModel, _record: Record, _arguments: Arguments) -> MethodResult:
    """Delete the key again (MigrateSSHKeyDelete)."""
    key = _own_key(model)
    try:
        await asyncio.to_thread(key.unlink)
    except FileNotFoundError:
        raise Failed(_told(model, _NOT_THERE, key=key)) from None
    except OSError:
        raise Failed(_told(model, _NOT_DELETED, key=key)) from None
    return MethodResult(0)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What a client is told; libvirt-cim's text names the operator's file, and ours does not."""

    text: str
    legacy: str


_NOT_COPIED = _Refusal(
    "the key could not be copied: [{source}] must be a file with one private key that this server "
    "can read",
    "Got error in copying ssh key from [{source}] to [{key}].",
)
_NOT_THERE = _Refusal(
    "there is no key that could be deleted", "Can not find file [{key}] before delete."
)
_NOT_DELETED = _Refusal("the key could not be deleted", "Failed to delete [{key}].")


def _told(model: HostModel, refusal: _Refusal, **names: object) -> str:
    text = refusal.legacy if model.behaviour.legacy_migration else refusal.text
    return text.format(**names)


def _own_key(model: HostModel) -> Path:
    key = model.server.migration.ssh_key
    if key is None:
        raise Failed("Migration with special ssh key is not enabled in config file.")
    return key


def _copy(source: str, target: Path) -> None:
    content = _read(source)
    if _PRIVATE_KEY.fullmatch(content) is None:
        raise ValueError("no private key")
    descriptor, path = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(path).replace(target)
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise


def _read(source: str) -> bytes:
    """Read a regular file; a link, a device or a pipe is none."""
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("no regular file")
        content = file.read(LARGEST_KEY + 1)
    if len(content) > LARGEST_KEY:
        raise ValueError("too large for a key")
    return content
