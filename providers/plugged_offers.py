"""What a plug-in offers, judged whole before anything of it is used.

The rule: what a plug-in gives is asked for once, here, on a thread of its own, and whatever has
not the type that the kit declares is refused with a text that names it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import iscoroutine
from pathlib import Path

from virtcim.broker import kit


class Unfit(Exception):
    """A plug-in gave what the kit does not know; the text says what."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider, of which class it is, and the bodies of its methods."""

    provider: kit.Provider
    class_name: str
    methods: Mapping[str, kit.MethodBody]


Offers = tuple[tuple[str, tuple[Offer, ...]], ...]
"""What a plug-in offers, by namespace."""

# fmt: off
FIELDS: tuple[tuple[str, Callable[[object], bool], str], ...] = (
    ("providers", lambda given: isinstance(given, Mapping),          "mapping of namespaces"),
    ("mof",       lambda given: given is None or isinstance(given, Path), "Path"),
    ("start",     callable,                                          "function"),
    ("stop",      callable,                                          "function"),
)
# fmt: on


def offered(made: object) -> tuple[kit.Plugin, Offers]:
    """Return a plug-in and what it offers; raises Unfit, and whatever its code raises."""
    if not isinstance(made, kit.Plugin):
        raise Unfit(f"it gives {_kind(made)}, and no Plugin")
    for name, fits, wanted in FIELDS:
        given = getattr(made, name)
        if not fits(given):
            raise Unfit(f"{name} of its Plugin is {_kind(given)}, and no {wanted}")
    return made, tuple((_name(name), tuple(_offers(name, of))) for name, of in _items(made))


def _items(made: kit.Plugin) -> Iterable[tuple[object, object]]:
    """Return the providers by namespace, of whatever types they really are."""
    return tuple(made.providers.items())


def _name(given: object) -> str:
    if not isinstance(given, str):
        raise Unfit(f"{given!r} in its providers is {_kind(given)}, and no name of a namespace")
    return given


def _offers(namespace: object, given: object) -> Iterator[Offer]:
    if isinstance(given, str | Mapping | kit.Provider) or not isinstance(given, Iterable):
        raise Unfit(f"its providers of {namespace} are {_kind(given)}, and no sequence")
    for one in given:
        if not isinstance(one, kit.Provider):
            raise Unfit(f"one of its providers of {namespace} is {_kind(one)}, and no Provider")
        yield _offer(one)


def _offer(one: kit.Provider) -> Offer:
    class_name: object = getattr(one, "class_name", None)
    if not isinstance(class_name, str):
        raise Unfit(f"{type(one).__name__} has no class_name")
    return Offer(one, class_name, _methods(type(one).__name__, one.methods()))


def _methods(whose: str, given: object) -> Mapping[str, kit.MethodBody]:
    if not isinstance(given, Mapping):
        raise Unfit(f"methods of {whose} returns {_kind(given)}, and no mapping")
    bodies = dict(given)
    for name, body in bodies.items():
        if not isinstance(name, str):
            raise Unfit(f"{name!r} in the methods of {whose} is {_kind(name)}, and no name")
        if not callable(body):
            raise Unfit(f"method {name} of {whose} is {_kind(body)}, and no function")
    return bodies


def _kind(given: object) -> str:
    """Return what something is; a class is told from an instance of it."""
    if iscoroutine(given):
        given.close()  # else Python complains that nobody awaited it
    return f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
