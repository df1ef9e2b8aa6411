"""The schema that the server starts with: the MOF of the package, families stamped per prefix.

A family is a class named `Virt_X`. It is declared once; `KVM_X`, `Xen_X` and so on are subclasses
without elements of their own. The prefixes of libvirt-cim are always there, because its clients
enumerate all three and take an unknown class for an error.
"""

from collections.abc import Iterable
from functools import cache
from importlib.resources import as_file, files

from virtcim.schema.compiler import Compiled, compile_mof
from virtcim.schema.repository import Repository
from virtcim.wbem.objects import ClassDeclaration

FAMILY_PREFIX = "Virt_"
STANDING_PREFIXES = ("KVM", "Xen", "LXC")


def member(prefix: str, family: str) -> str:
    """Return the name of the family's class for a hypervisor prefix."""
    return f"{prefix}_{family.removeprefix(FAMILY_PREFIX)}"


@cache
def packaged_schema() -> Compiled:
    """Compile the package's MOF; raises MOFError."""
    with as_file(files("virtcim") / "mof") as directory:
        return compile_mof(directory / "schema.mof")


def build_repository(prefixes: Iterable[str]) -> Repository:
    """Return a repository of the package's schema with families stamped for the prefixes."""
    compiled = packaged_schema()
    repository = Repository()
    for qualifier in compiled.qualifiers:
        repository.add_qualifier(qualifier)
    for declaration in compiled.classes:
        repository.add(declaration)
    families = [c.name for c in compiled.classes if c.name.startswith(FAMILY_PREFIX)]
    for prefix in dict.fromkeys((*prefixes, *STANDING_PREFIXES)):
        for family in families:
            repository.add(ClassDeclaration(name=member(prefix, family), superclass=family))
    return repository
