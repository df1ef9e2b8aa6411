"""``virtcim classes``: the schema that clients will find."""

from virtcim.commands.failures import Failure, failing
from virtcim.commands.tables import show
from virtcim.configuration import Settings
from virtcim.providers.plugins import PluginError
from virtcim.schema.compiler import MOFError
from virtcim.schema.repository import SchemaError, is_abstract, is_association, key_properties
from virtcim.server import StartError, model_of
from virtcim.wbem.objects import ClassDeclaration


def classes(settings: Settings, part: str) -> None:
    """Print every class of any namespace whose name has ``part`` in it, whatever the case."""
    with failing(MOFError, SchemaError, PluginError, StartError):
        namespaces, _ = model_of(settings)
    named = {each.name: each for namespace in namespaces for each in namespace.repository}
    found = [named[name] for name in sorted(named) if part.casefold() in name.casefold()]
    if not found:
        raise Failure(f"no class has `{part}` in its name")
    show(("class", "superclass", "kind", "keys"), [_row(each) for each in found])


def _row(declaration: ClassDeclaration) -> tuple[str, str, str, str]:
    kinds = {"association": is_association, "abstract": is_abstract}
    kind = " ".join(name for name, is_so in kinds.items() if is_so(declaration))
    keys = " ".join(key.name for key in key_properties(declaration))
    return declaration.name, declaration.superclass or "", kind, keys
