"""Actions on the definitions of domains."""

from dataclasses import dataclass, field
from typing import ClassVar

from virtcim.hypervisors.actions.action import Action, Changed
from virtcim.hypervisors.model import DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """The texts of a domain as they are at this moment, with their secrets: to be edited.

    live: None means inactive. persistent: None means transient.
    """

    name: str
    live: str | None = field(repr=False)
    persistent: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadDefinitions(Action[Definitions]):
    """Read the definitions of a domain afresh; raises DomainNotFound."""

    uuid: DomainUUID


@dataclass(frozen=True, slots=True, kw_only=True)
class DefineDomain(Action[DomainUUID]):
    """Define a domain, or define again the one with the UUID in the text (virDomainDefineXML).

    Raises AlreadyExists for a name or UUID that another domain has, InvalidArgument for a text that
    the hypervisor does not understand, NotSupported for one that it cannot follow.
    """

    changed: ClassVar[Changed] = Changed.DOMAIN

    xml: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class UndefineDomain(Action[None]):
    """Forget the definition of a domain with all that libvirt keeps beside it.

    That is its managed save image, the metadata of its snapshots and checkpoints, its NVRAM; disks
    stay. A running domain becomes transient. Raises DomainNotFound, InvalidState for a transient.
    """

    changed: ClassVar[Changed] = Changed.DOMAIN

    uuid: DomainUUID
