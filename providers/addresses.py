"""What the ids of settings name: a domain, one of its configurations, and a resource of it.

The rule: a setting of the present state and one of the next start differ by the path in the id,
`<domain>/defined/<resource>`, whether or not such a configuration is shown just now (it is shown
when it differs).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from virtcim.hypervisors.model import DomainUUID
from virtcim.inventory.snapshots import Domain
from virtcim.providers.configurations import DEFINED_PATH, SNAPSHOT_PATH, Kind
from virtcim.providers.families import beginnings
from virtcim.providers.live_changes import Outcome
from virtcim.providers.model import HostModel, domain_named
from virtcim.providers.views import setting_views
from virtcim.wbem.objects import Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import Failed, InvalidParameter, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """A domain, and what of it is meant; `pending`: the configuration of its next start alone."""

    domain: Domain
    pending: bool
    resource: str = ""


def setting_addressed(model: HostModel, instance_id: Value) -> Addressed:
    """Return what the InstanceID of a resource's setting names.

    Raises InvalidParameter for what is no such id, NotFound for a domain that there is not.
    """
    if not isinstance(instance_id, str) or not instance_id:
        raise InvalidParameter("Missing InstanceID in RASD")
    name, found, rest = instance_id.partition("/")
    if not found or not name or not rest:
        raise InvalidParameter(f"Invalid InstanceID `{instance_id}'")
    for domain, path in _readings(model, instance_id):
        pending, resource = _configuration(domain, path)
        return Addressed(domain=domain, pending=pending, resource=resource)
    raise _no_domain(name)


def system_addressed(model: HostModel, instance_id: Value, parameter: str) -> Addressed:
    """Return what the InstanceID of a system's setting names; raises as above."""
    text = instance_id if isinstance(instance_id, str) else ""
    prefix, found, name = text.partition(":")
    if not found or not name or prefix.lower() != model.host.prefix.lower():
        raise InvalidParameter(f"{parameter} has invalid InstanceID")
    whole = domain_named(model, name)
    if whole is not None:
        return Addressed(domain=whole, pending=False)
    for domain, path in _readings(model, name):
        pending, rest = _configuration(domain, path)
        if not rest:
            return Addressed(domain=domain, pending=pending)
    raise _no_domain(name)


def affected_system(model: HostModel, path: object, *, missing: str, nameless: str) -> Domain:
    """Return the domain whose Name is in a reference.

    Raises InvalidParameter with one of the texts, NotFound for a domain that there is not.
    """
    if not isinstance(path, ObjectPath):
        raise InvalidParameter(missing)
    name = path.key("Name")
    if not isinstance(name, str):
        raise InvalidParameter(nameless)
    return referenced_domain(model, name)


def referenced_domain(model: HostModel, name: str) -> Domain:
    """Return the domain with this name; raises NotFound as libvirt-cim does."""
    domain = domain_named(model, name)
    if domain is None:
        raise _no_domain(name)
    return domain


def _no_domain(name: str) -> NotFound:
    return NotFound(f"Referenced domain `{name}' does not exist: Domain not found")


def _readings(model: HostModel, text: str) -> Iterator[tuple[Domain, str]]:
    """Yield the domains whose names a text may begin with, the longest first, and the rest."""
    for name in sorted(beginnings(text), key=len, reverse=True):
        domain = domain_named(model, name)
        if domain is not None:
            yield domain, text[len(name) + 1 :]


def _configuration(domain: Domain, path: str) -> tuple[bool, str]:
    """Return whether a path is of the next start alone, and what is behind it."""
    first, _, rest = path.partition("/")
    if first == SNAPSHOT_PATH:
        raise Failed(f"a snapshot of domain `{domain.name}' is what it was, and cannot be changed")
    return (True, rest) if first == DEFINED_PATH else (False, path)


def instance_id_of(path: object) -> Value:
    """Return the InstanceID in a reference; None where it has none."""
    return path.key("InstanceID") if isinstance(path, ObjectPath) else None


# Paths of what was changed


def setting_path(model: HostModel, uuid: DomainUUID, outcome: Outcome) -> ObjectPath | None:
    """Return the path of a resource's setting as it is now; None when the domain is gone."""
    domain = model.host.listing.domains.get(uuid)
    if domain is None:
        return None
    wanted = (Kind.DEFINED,) if outcome.pending else (Kind.ONLY, Kind.STATE)
    found = [
        (view.configuration.kind in wanted, family, view.instance_id)
        for family, views in setting_views(model, domain).items()
        for view in views
        if view.id == outcome.id and view.configuration.snapshot is None
    ]
    if not found:
        return None
    _, family, instance_id = max(found, key=lambda one: one[0])
    return ObjectPath(model.class_name(family), (("InstanceID", instance_id),), model.namespace)
