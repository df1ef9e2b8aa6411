"""``virtcim classes``: the schema that clients will find."""

from virtcim.commands.failures import Failure, failing
from virtcim.commands.tables import show
from virtcim.configuration import Settings
from virtcim.schema.compiler import MOFError
from virtcim.schema.families import build_repository
from virtcim.schema.repository import SchemaError, is_abstract, is_association, key_properties
from virtcim.wbem.objects import ClassDeclaration


def classes(settings: Settings, part: str) -> None:
    """Print every class whose name has ``part`` in it, whatever the case."""
    with failing(MOFError, SchemaError):
        repository = build_repository(host.prefix for host in settings.hosts)
    found = sorted(
        (each for each in repository if part.casefold() in each.name.casefold()),
        key=lambda each: each.name,
    )
    if not found:
        raise Failure(f"no class has `{part}` in its name")
    show(("class", "superclass", "kind", "keys"), [_row(each) for each in found])


def _row(declaration: ClassDeclaration) -> tuple[str, str, str, str]:
    kinds = {"association": is_association, "abstract": is_abstract}
    kind = " ".join(name for name, is_so in kinds.items() if is_so(declaration))
    keys = " ".join(key.name for key in key_properties(declaration))
    return declaration.name, declaration.superclass or "", kind, keys
