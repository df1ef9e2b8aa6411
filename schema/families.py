"""The schema that the server starts with: the MOF of the package, families stamped per prefix.

A family is a class named `Virt_X`. It is declared once; `KVM_X`, `Xen_X` and so on are subclasses
without elements of their own. Where a family stands below another one, `KVM_X` is a copy of it
below the KVM class of the other, so that an enumeration of that finds all of KVM's. The prefixes of
libvirt-cim are always there, because its clients enumerate all three and take an unknown class for
an error.
"""

from collections.abc import Container, Iterable
from dataclasses import replace
from functools import cache
from importlib.resources import as_file, files

from virtcim.schema.compiler import Compiled
from virtcim.schema.keeping import compiled_mof
from virtcim.schema.repository import Repository
from virtcim.wbem.objects import ClassDeclaration

FAMILY_PREFIX = "Virt_"
STANDING_PREFIXES = ("KVM", "Xen", "LXC")


def member(prefix: str, family: str) -> str:
    """Return the name of the family's class for a hypervisor prefix."""
    return f"{prefix}_{family.removeprefix(FAMILY_PREFIX)}"


@cache
def packaged_schema() -> Compiled:
    """Return the package's MOF, compiled; raises MOFError."""
    with as_file(files("virtcim") / "mof") as directory:
        return compiled_mof(directory / "schema.mof")


def build_repository(prefixes: Iterable[str]) -> Repository:
    """Return a repository of the package's schema with families stamped for the prefixes."""
    return _stamped_repository(tuple(dict.fromkeys((*prefixes, *STANDING_PREFIXES)))).copy()


@cache
def _stamped_repository(prefixes: tuple[str, ...]) -> Repository:
    compiled = packaged_schema()
    repository = Repository()
    for qualifier in compiled.qualifiers:
        repository.add_qualifier(qualifier)
    for declaration in compiled.classes:
        repository.add(declaration)
    families = {c.name: c for c in compiled.classes if c.name.startswith(FAMILY_PREFIX)}
    for prefix in prefixes:
        for family in families.values():
            repository.add(_stamped(prefix, family, families))
    for _ in repository:
        pass  # resolved here, once, and shared by all copies
    return repository


def _stamped(
    prefix: str, family: ClassDeclaration, families: Container[str | None]
) -> ClassDeclaration:
    """Return the family's class for a prefix, as declared."""
    name = member(prefix, family.name)
    if family.superclass is None or family.superclass not in families:
        return ClassDeclaration(name=name, superclass=family.name)
    return replace(family, name=name, superclass=member(prefix, family.superclass))
