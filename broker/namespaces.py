"""Namespaces: a class repository and the providers that answer in it.

The table of providers is built once; a provider of a class or property that the schema does not
have is refused here, at start, not when a client meets it.
"""

from collections.abc import Iterable, Iterator, Mapping

from virtcim.broker.kept import Home, KeptInstances
from virtcim.broker.provider import (
    AssociationProvider,
    ExplainsAbsence,
    Fetched,
    Keys,
    OffersStatic,
    Provider,
    Refers,
    is_association,
)
from virtcim.broker.rules import STANDARD, Rules
from virtcim.infostore.objects import Keeper
from virtcim.schema.layouts import Layout, Record, typed_key
from virtcim.schema.repository import Repository, is_abstract, key_properties
from virtcim.wbem.objects import ClassDeclaration, qualifier_value
from virtcim.wbem.paths import KeyValue, ObjectPath, canonical_namespace
from virtcim.wbem.status import InvalidClass, InvalidNamespace, InvalidParameter, NotFound
from virtcim.wbem.uri import format_uri


class ProviderError(Exception):
    """A provider does not fit the schema."""


class Namespace:
    """One namespace: its classes, their providers, and by which rules it is asked.

    The classes that it begins with are the server's own; the repository is not shared.
    is_own: so is the namespace itself, and it stays.
    """

    def __init__(
        self, name: str, repository: Repository, rules: Rules = STANDARD, *, is_own: bool = True
    ) -> None:
        self._stays = is_own
        self.name = name
        self.repository = repository
        self.rules = rules
        self._own = frozenset(declaration.name.lower() for declaration in repository)
        self._own_qualifiers = frozenset(one.name.lower() for one in repository.qualifiers())
        self._kept: dict[str, KeptInstances] = {}
        self._providers: dict[str, Provider] = {}
        self._associations: list[AssociationProvider] = []
        self._references: list[Refers] = []
        self._fetched: dict[str, Fetched] = {}
        self._serving: dict[str, tuple[tuple[Provider, ...], ClassDeclaration]] = {}

    def add(self, provider: Provider) -> None:
        """Add a provider; raises ProviderError."""
        name = provider.layout.class_name
        declaration = self.repository.find(name)
        if declaration is None:
            raise ProviderError(f"the schema has no class {name}")
        if is_abstract(declaration) or not key_properties(declaration):
            raise ProviderError(f"class {name} cannot have instances")
        if name.lower() in self._providers:
            raise ProviderError(f"class {name} has two providers in {self.name}")
        _check_methods(declaration, provider)
        self._providers[name.lower()] = provider
        self._serving.clear()
        if is_association(provider):
            self._associations.append(provider)
        if isinstance(provider, Refers) and provider.is_association:
            self._references.append(provider)
        if isinstance(provider, Fetched):
            self._fetched[name.lower()] = provider

    def provider(self, class_name: str) -> Provider | None:
        """Return the provider of exactly this class, or who keeps its instances."""
        key = class_name.lower()
        return self._providers.get(key) or self._kept.get(key)

    def serves(self, class_name: str) -> bool:
        """Tell whether a class has a provider, and its instances are not kept."""
        return class_name.lower() in self._providers

    @property
    def fetched(self) -> Mapping[str, Fetched]:
        """The providers that fetch their instances, by class in lower case."""
        return self._fetched

    def adopt(self, qualifiers: Iterable[str], classes: Iterable[str]) -> None:
        """Take qualifiers and classes of the repository as the server's own, by their names."""
        self._own |= {name.lower() for name in classes}
        self._own_qualifiers |= {name.lower() for name in qualifiers}

    @property
    def is_empty(self) -> bool:
        """Nothing is in it that somebody could miss, and it is not the server's own."""
        repository = self.repository
        return not (self._stays or repository.qualifiers() or any(True for _ in repository))

    def is_own(self, class_name: str) -> bool:
        """Tell whether a class belongs to the server, and not to its clients."""
        return class_name.lower() in self._own

    def is_own_qualifier(self, name: str) -> bool:
        """Tell whether a qualifier is declared by the server."""
        return name.lower() in self._own_qualifiers

    def keep(self, class_name: str, keeper: Keeper, home: Home) -> KeptInstances:
        """Return who keeps the instances of a class without a provider.

        Raises InvalidClass, InvalidParameter for a class that has no instances of its own.
        """
        declaration = self.declaration(class_name)
        found = self._kept.get(declaration.name.lower())
        if found is None:
            for qualifier in ("Abstract", "Indication"):
                if qualifier_value(declaration.qualifiers, qualifier):
                    text = f"{declaration.name} is {qualifier.lower()}: it has no instances"
                    raise InvalidParameter(text)
            if not key_properties(declaration):
                raise InvalidParameter(f"{declaration.name} has no key to tell instances apart")
            found = KeptInstances(Layout(declaration), self.name, keeper, self.repository, home)
            self._kept[declaration.name.lower()] = found
            self._serving.clear()
        return found

    def referring(self) -> Iterator[Refers]:
        """Yield who has association instances that say themselves what they relate."""
        yield from self._references
        yield from (one for one in self._kept.values() if one.is_association)

    def has_instances(self, class_name: str) -> bool:
        """Tell whether a class has instances of its own."""
        provider = self.provider(class_name)
        return provider is not None and len(provider.records()) > 0

    def reclassed(self, class_name: str) -> None:
        """Forget what followed from a class that has changed, and has no instances."""
        self._kept.pop(class_name.lower(), None)
        self._serving.clear()

    def associations(self) -> Iterator[AssociationProvider]:
        """Yield the providers of association classes."""
        return iter(self._associations)

    def declaration(self, class_name: str) -> ClassDeclaration:
        """Return the class; raises InvalidClass."""
        found = self.repository.find(class_name)
        if found is None:
            raise InvalidClass(class_name, self.name)
        return found

    def serving(self, class_name: str) -> tuple[tuple[Provider, ...], ClassDeclaration]:
        """Return the providers of the class and its subclasses, and the class itself.

        Raises InvalidClass.
        """
        found = self._serving.get(class_name)
        if found is None:
            declaration = self.declaration(class_name)
            names = map(str.lower, self.repository.family(class_name))
            providers = tuple(p for n in names if (p := self.provider(n)) is not None)
            found = (providers, declaration)
            if len(self._serving) < 4096:
                self._serving[class_name] = found
        return found


class Namespaces:
    """All namespaces by any spelling of their names; an alias is a second name of one.

    keeper: of what clients make; None means that they make nothing.
    """

    def __init__(self, keeper: Keeper | None = None) -> None:
        self.keeper = keeper
        self._by_name: dict[str, Namespace] = {}
        self.names: list[str] = []

    def add(self, namespace: Namespace, aliases: Iterable[str] = ()) -> None:
        """Add a namespace under its name and its aliases."""
        self.names.append(namespace.name)
        for name in (namespace.name, *aliases):
            self._by_name[canonical_namespace(name)] = namespace

    def get(self, name: str) -> Namespace:
        """Return the namespace; raises InvalidNamespace."""
        found = self._by_name.get(name) or self._by_name.get(canonical_namespace(name))
        if found is None:
            raise InvalidNamespace(name)
        return found

    def __contains__(self, name: str) -> bool:
        return canonical_namespace(name) in self._by_name

    def home(self, name: str) -> str:
        """Return the name of a namespace by any spelling; of none of ours, the canonical one."""
        canonical = canonical_namespace(name)
        found = self._by_name.get(canonical)
        return canonical if found is None else found.name

    def spellings(self, name: str) -> tuple[str, ...]:
        """Return the name and all aliases of a namespace; of none of ours, the canonical name."""
        found = self._by_name.get(canonical_namespace(name))
        if found is None:
            return (canonical_namespace(name),)
        return tuple(each for each, one in self._by_name.items() if one is found)

    def remove(self, namespace: Namespace) -> None:
        """Forget a namespace under all its names."""
        self.names.remove(namespace.name)
        for name in [name for name, one in self._by_name.items() if one is namespace]:
            del self._by_name[name]

    def __iter__(self) -> Iterator[Namespace]:
        return iter({id(n): n for n in self._by_name.values()}.values())

    def add_provider(self, provider: Provider) -> None:
        """Add a provider to each of its namespaces; raises ProviderError."""
        for name in provider.namespaces:
            self.get(name).add(provider)


def _check_methods(declaration: ClassDeclaration, provider: Provider) -> None:
    """Raise ProviderError for bodies of methods that the class does not have, or not so."""
    static = provider.static_methods if isinstance(provider, OffersStatic) else {}
    bodies = provider.methods.keys() | static.keys()
    methods = {method.name: method for method in declaration.methods}
    if unknown := bodies - methods.keys():
        text = f"class {declaration.name} has no method {', '.join(sorted(unknown))}"
        raise ProviderError(text)
    declared = {n for n in bodies if qualifier_value(methods[n].qualifiers, "Static")}
    if other := declared ^ static.keys():
        text = f"static or not, not as declared: {', '.join(sorted(other))}"
        raise ProviderError(f"methods of class {declaration.name} are {text}")


def typed_keys(layout: Layout, path: ObjectPath) -> Keys:
    """Return the keys of a path, checked against the class and typed by it.

    Raises InvalidParameter for a missing, surplus or duplicate key and for a wrong type.
    """
    declared = layout.keys
    given: dict[str, KeyValue] = {}
    for name, value in path.keys or ():
        key = name.lower() or _only_key(layout)
        if key in given or key not in declared:
            problem = "is given twice" if key in given else "is no key of the class"
            raise InvalidParameter(f"key {name} of {path.class_name} {problem}")
        given[key] = _typed(layout, key, value)
    if len(given) != len(declared):
        missing = ", ".join(p.name for name, p in declared.items() if name not in given)
        raise InvalidParameter(f"path of {path.class_name} has no key {missing}")
    return given


def _typed(layout: Layout, key: str, value: KeyValue) -> KeyValue:
    try:
        return typed_key(layout.keys[key], value)
    except ValueError as error:
        raise InvalidParameter(f"key {key} of {layout.class_name}: {error}") from None


def _only_key(layout: Layout) -> str:
    if len(layout.keys) != 1:
        raise InvalidParameter(f"{layout.class_name} has more than one key; name them")
    return next(iter(layout.keys))


def find_record(provider: Provider, path: ObjectPath) -> Record | None:
    """Return the instance that a path names, or None.

    A string key that matches nothing as it stands is tried without outer blanks: clients pad
    their keys. Raises InvalidParameter for a path that does not fit the class.
    """
    return find_typed(provider, typed_keys(provider.layout, path))


def find_typed(provider: Provider, keys: Keys) -> Record | None:
    """Return the instance with these keys, or with these without outer blanks."""
    found = provider.find(keys)
    if found is None:
        trimmed = {n: v.strip() if isinstance(v, str) else v for n, v in keys.items()}
        if trimmed != keys:
            found = provider.find(trimmed)
    return found


def absence(provider: Provider, path: ObjectPath) -> NotFound:
    """Return what is said of a path that fits its class and names nothing."""
    if isinstance(provider, ExplainsAbsence):
        return NotFound(provider.absent(typed_keys(provider.layout, path)))
    return NotFound(f"No such instance ({_telling_key(path)}): {format_uri(path)}")


def _telling_key(path: ObjectPath) -> str:
    """Return the key that tells instances of a class apart; clients look for it in the text."""
    names = [name for name, _ in path.keys or ()]
    telling = next((name for name in names if name.lower() in {"name", "deviceid"}), names[0])
    return telling or "the only key"
