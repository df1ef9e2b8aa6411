"""Namespaces that clients make and remove (DSP0200 section 5.3.2.4, DSP1092).

The rule: the server's own namespaces stay. A new one is empty: it has the classes and qualifiers
that clients put into it.
"""

import re

from virtcim.broker.namespaces import Namespace, Namespaces
from virtcim.broker.recording import record
from virtcim.infostore.objects import CIMObject, Keeper, ObjectKey, ObjectKind
from virtcim.schema.repository import Repository
from virtcim.wbem.paths import canonical_namespace
from virtcim.wbem.status import (
    AlreadyExists,
    InvalidParameter,
    NamespaceNotEmpty,
    NotSupported,
)

LONGEST_NAME = 255
_NAME = re.compile(r"[a-z_0-9][\w.-]*(/[a-z_0-9][\w.-]*)*")


def is_namespace_name(canonical: str) -> bool:
    """Tell whether a namespace may have this name."""
    return bool(_NAME.fullmatch(canonical)) and len(canonical) <= LONGEST_NAME


async def create_namespace(namespaces: Namespaces, name: str) -> Namespace:
    """Make an empty namespace; raises InvalidParameter, AlreadyExists, Failed, NotSupported."""
    wanted = canonical_namespace(name)
    # Whoever looks for a namespace may double a slash; a new name with an empty part is a slip.
    if "//" in name or not is_namespace_name(wanted):
        raise InvalidParameter(f"{name[:80]!r} is no name of a namespace")
    keeper = _keeper(namespaces)
    async with keeper.turn():
        if wanted in namespaces:
            raise AlreadyExists(f"namespace {wanted} exists")
        key = ObjectKey(wanted, ObjectKind.NAMESPACE, "")
        await record(keeper, [CIMObject(key, "")])
        made = Namespace(wanted, Repository(), is_own=False)
        namespaces.add(made)
    return made


async def delete_namespace(namespaces: Namespaces, name: str) -> None:
    """Remove a namespace; raises InvalidNamespace, NamespaceNotEmpty, Failed, NotSupported."""
    keeper = _keeper(namespaces)
    async with keeper.turn():
        found = namespaces.get(name)
        if not found.is_empty:
            raise NamespaceNotEmpty(f"namespace {found.name} has classes or qualifiers in it")
        key = ObjectKey(found.name, ObjectKind.NAMESPACE, "")
        await record(keeper, removed=[key])
        namespaces.remove(found)


def _keeper(namespaces: Namespaces) -> Keeper:
    if namespaces.keeper is None:
        raise NotSupported("namespaces are not kept")
    return namespaces.keeper
