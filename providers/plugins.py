"""Plug-ins: found by their entry points, loaded, checked against the schema, made part of it.

The rule: a server with a plug-in that does not fit does not start, and the message says which one
it is, of which distribution, what is wrong and how to go on without it. A class that clients count
on and that is missing after a restart would be found by them, and much later.
"""

import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint, entry_points
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import structlog

from virtcim.broker import kit
from virtcim.broker.namespace_changes import is_namespace_name
from virtcim.broker.namespaces import Namespace, Namespaces, ProviderError
from virtcim.providers.model import CIMV2
from virtcim.providers.plugged import PluggedClass, PluggedProvider
from virtcim.providers.plugged_offers import Offer, Offers, Unfit, offered
from virtcim.providers.workshop import Ended, Late, Workshop, within
from virtcim.schema.checking import check_class, check_qualifier_declaration, declared
from virtcim.schema.compiler import Compiled, MOFError
from virtcim.schema.inheritance import resolve
from virtcim.schema.keeping import compiled_mof
from virtcim.schema.layouts import Layout, LayoutError
from virtcim.schema.repository import SchemaError
from virtcim.wbem.objects import ClassDeclaration
from virtcim.wbem.paths import canonical_namespace
from virtcim.wbem.status import WBEMError

log = structlog.get_logger("virtcim.providers")

STOP_SECONDS = 5.0
NOT_PLUGINS = sys.stdlib_module_names | {"virtcim"}
"""Packages in whose files no plug-in has a mistake."""

T = TypeVar("T")


class PluginError(Exception):
    """A plug-in keeps the server from starting; the text says which, why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which of the installed plug-ins are loaded, and how they run.

    enabled, disabled: patterns of names with `*`; what both fit is not loaded.
    options: tables by name of a plug-in.
    directory: below it each may keep files in a directory of its name.
    """

    enabled: Sequence[str] = ("*",)
    disabled: Sequence[str] = ()
    options: Mapping[str, Mapping[str, object]]
    directory: Path


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plug-in that is there; `origin` says where it is from."""

    name: str
    origin: str
    plugin: kit.Plugin
    offers: Offers


def chosen(choice: Choice) -> tuple[EntryPoint, ...]:
    """Return the entry points to load, by name; nothing of them is imported.

    Raises PluginError for a name that is enabled and not installed, or that two have.
    """
    found = sorted(set(entry_points(group=kit.GROUP)), key=lambda one: (one.name, one.value))
    names = [one.name for one in found]
    for pattern in choice.enabled:
        if "*" not in pattern and pattern not in names:
            known = ", ".join(names) or "none"
            text = f"plug-in {pattern} is enabled (providers.enabled) and not installed; there is"
            raise PluginError(f"{text} {known}")
    wanted = tuple(one for one in found if _is_chosen(one.name, choice))
    for one, other in pairwise(wanted):
        if one.name == other.name:
            both = f"{_origin(one)} and {_origin(other)}"
            text = f"two plug-ins have the name {one.name}: {both}; remove one of the packages"
            raise PluginError(f"{text}, or disable both: providers.disabled")
    return wanted


def _is_chosen(name: str, choice: Choice) -> bool:
    def fits(patterns: Iterable[str]) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in patterns)

    return fits(choice.enabled) and not fits(choice.disabled)


def _origin(one: EntryPoint) -> str:
    """Return where an entry point is from, as an operator can find it."""
    package = "an unknown package" if one.dist is None else f"{one.dist.name} {one.dist.version}"
    return f"{one.value} of {package}"


def _refusal(name: str, origin: str, why: str) -> PluginError:
    text = f"plug-in {name} ({origin}) cannot be served: {why}"
    return PluginError(f'{text}; mend or remove it, or set providers.disabled = ["{name}"]')


def load(choice: Choice, hosts: Iterable[kit.HostView], call_seconds: float) -> tuple[Loaded, ...]:
    """Import what is chosen and let it say what it serves; raises PluginError."""
    views = tuple(hosts)
    found = chosen(choice)
    strange = sorted(choice.options.keys() - {one.name for one in found})
    if strange:
        text = f"providers.options.{strange[0]} is for no plug-in that is loaded"
        raise PluginError(f"{text}; there is {', '.join(one.name for one in found) or 'none'}")
    return tuple(_load(one, choice, views, call_seconds) for one in found)


def _load(one: EntryPoint, choice: Choice, hosts: Sequence[kit.HostView], seconds: float) -> Loaded:
    context = kit.Context(
        hosts=hosts,
        options=choice.options.get(one.name, {}),
        directory=choice.directory / one.name,
    )

    def step(what: str, work: Callable[[], T]) -> T:
        try:
            return within(one.name, seconds, work)
        except (kit.PluginRefused, Unfit) as error:
            raise _refusal(one.name, _origin(one), str(error)) from error
        except Late as error:
            why = f"{what}: {error} (providers.call_seconds)"
            raise _refusal(one.name, _origin(one), why) from error
        except Exception as error:
            raise _refusal(one.name, _origin(one), _described(error)) from error

    factory = step(f"the import of {one.module}", one.load)
    made = step(f"its function {one.attr}", lambda: factory(context))
    plugin, offers = step("what it offers", lambda: offered(made))
    return Loaded(one.name, _origin(one), plugin, offers)


def _described(error: BaseException) -> str:
    """Return an exception with the innermost place in code of a plug-in, if there is one."""
    if isinstance(error, Ended) and error.__cause__ is not None:
        error = error.__cause__
    places = [
        f" at {frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in NOT_PLUGINS
    ]
    return f"{type(error).__name__}: {error}{''.join(places[-1:])}"


class Plugins:
    """The plug-ins of a server, from their start to their end."""

    def __init__(self, loaded: Iterable[Loaded], call_seconds: float) -> None:
        self._loaded = tuple(loaded)
        self._shops = {one.name: Workshop(one.name, call_seconds) for one in self._loaded}
        self._declared: dict[tuple[str, str], str] = {}
        self._classes: dict[str, str] = {}
        self._started: list[Loaded] = []

    def origins(self) -> Iterable[tuple[str, str]]:
        """Return the names of the plug-ins, and where each is from."""
        return [(one.name, one.origin) for one in self._loaded]

    def install(self, namespaces: Namespaces) -> None:
        """Make classes and providers part of the namespaces; raises PluginError."""
        for one in self._loaded:
            try:
                self._classes[one.name] = " ".join(self._install(one, namespaces))
            except (ProviderError, SchemaError, LayoutError, MOFError) as error:
                raise _refusal(one.name, one.origin, str(error)) from error
            except WBEMError as error:
                raise _refusal(one.name, one.origin, error.reason) from error
            except Exception as error:  # over what it gave, and its operator must learn whose it is
                raise _refusal(one.name, one.origin, _described(error)) from error

    def _install(self, one: Loaded, namespaces: Namespaces) -> Iterable[str]:
        """Return the classes that are served now."""
        served: dict[str, None] = {}
        for name, offers in one.offers:
            namespace = _namespace(namespaces, name)
            if one.plugin.mof is not None:
                compiled = compiled_mof(one.plugin.mof, namespace.repository)
                self._declare(one.name, namespace, compiled)
            for offer in offers:
                namespace.add(self._provider(one, namespace, offer, namespaces))
                served[offer.class_name] = None
        return served

    def _declare(self, plugin: str, namespace: Namespace, compiled: Compiled) -> None:
        """Add what a MOF file declares; raises ProviderError, SchemaError, WBEMError.

        What is there already must be the same, since many files bring along what they build upon.
        """
        repository = namespace.repository
        for qualifier in compiled.qualifiers:
            check_qualifier_declaration(qualifier)
            known = repository.qualifier(qualifier.name)
            if known is not None and known != qualifier:
                raise ProviderError(
                    f"qualifier {qualifier.name} is declared in another way already"
                )
            repository.add_qualifier(qualifier)
        for given in compiled.classes:
            self._declare_class(plugin, namespace, declared(given, repository))
        namespace.adopt(
            (one.name for one in compiled.qualifiers), (one.name for one in compiled.classes)
        )

    def _declare_class(self, plugin: str, namespace: Namespace, one: ClassDeclaration) -> None:
        repository = namespace.repository
        check_class(repository, one)
        known = repository.find(one.name)
        if known is None:
            repository.add(one)
            self._declared[namespace.name, one.name.lower()] = plugin
        elif resolve(one, repository.find(one.superclass or "")) != known:
            owner = self._declared.get((namespace.name, one.name.lower()))
            whose = "the server" if owner is None else f"plug-in {owner}"
            raise ProviderError(f"class {one.name} of {namespace.name} is {whose}'s, and another")

    def _provider(
        self, one: Loaded, namespace: Namespace, offer: Offer, namespaces: Namespaces
    ) -> PluggedProvider:
        declaration = namespace.repository.find(offer.class_name)
        if declaration is None:
            raise ProviderError(f"namespace {namespace.name} has no class {offer.class_name}")
        layout, shop = Layout(declaration), self._shops[one.name]
        made = PluggedClass(one.name, namespace.repository, namespace.name, layout, shop)
        return PluggedProvider(made, offer, namespaces.home)

    async def start(self) -> None:
        """Start all, one after the other; raises PluginError."""
        for one in self._loaded:
            try:
                await self._shops[one.name].run(one.plugin.start, finish=_nothing)
            except Late as error:
                raise _refusal(one.name, one.origin, f"its start: {error}") from error
            except Exception as error:
                why = str(error) if isinstance(error, kit.PluginRefused) else _described(error)
                raise _refusal(one.name, one.origin, f"its start: {why}") from error
            self._started.append(one)
            classes = self._classes.get(one.name, "")
            log.info("plugin_loaded", plugin=one.name, origin=one.origin, classes=classes)

    async def stop(self) -> None:
        """Stop those that were started, in the opposite order; what fails there is in the log."""
        for one in reversed(self._started):
            shop = self._shops[one.name]
            shop.seconds = min(shop.seconds, STOP_SECONDS)
            try:
                await shop.run(one.plugin.stop, finish=_nothing)
            except (Late, Ended) as error:
                log.warning("plugin_not_stopped", plugin=one.name, error=str(error))
            except Exception as error:  # noqa: BLE001 (the others must be stopped)
                log.warning("plugin_not_stopped", plugin=one.name, error=_described(error))
        for shop in self._shops.values():
            with suppress(RuntimeError):
                shop.close()


def _nothing(_given: object) -> None:
    """Take no notice of what a hook gives."""


def _namespace(namespaces: Namespaces, name: str) -> Namespace:
    """Return a namespace; one that is not there is made, with the classes of the server."""
    wanted = canonical_namespace(name)
    if wanted in namespaces:
        return namespaces.get(wanted)
    if not is_namespace_name(wanted):
        raise ProviderError(f"{name!r} is no name of a namespace")
    like = namespaces.get(CIMV2)
    made = Namespace(wanted, like.repository.copy(), like.rules)
    namespaces.add(made)
    return made
