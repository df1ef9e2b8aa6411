"""A plug-in of the provider kit for tests: every type in every place, and providers that misbehave.

It is loaded by real servers, through its entry point (tests/plugging.py).
"""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from pathlib import Path

from virtcim.broker.kit import (
    AlreadyExists,
    Call,
    Context,
    MethodBody,
    NotFound,
    Object,
    ObjectPath,
    Plugin,
    PluginRefused,
    Provider,
    Result,
    Row,
)

NAMESPACE = "root/test"
TYPES = (
    "Boolean", "String", "Char16", "Uint8", "Sint8", "Uint16", "Sint16", "Uint32", "Sint32",
    "Uint64", "Sint64", "Real32", "Real64", "Datetime",
)  # fmt: skip
Table = dict[tuple[object, ...], Row]


class Stored(Provider):
    """Rows in memory, by the values of their keys; plain functions, as on a worker thread."""

    keys: tuple[str, ...] = ("InstanceID",)

    def __init__(self, class_name: str) -> None:
        self.class_name = class_name
        self.rows: Table = {}

    def identity(self, row: Row) -> tuple[object, ...]:
        """Return the values of the keys."""
        values = [row.get(name) for name in self.keys]
        return tuple(v.identity() if isinstance(v, ObjectPath) else v for v in values)

    def instances(self) -> Iterable[Row]:
        """Yield all."""
        yield from list(self.rows.values())

    def find(self, keys: Row) -> Row | None:
        """Look it up."""
        return self.rows.get(self.identity(keys))

    def create(self, values: Row) -> Row:
        """Add one."""
        if self.identity(values) in self.rows:
            raise AlreadyExists(f"{self.identity(values)} is there")
        self.rows[self.identity(values)] = values
        return values

    def modify(self, keys: Row, changes: Row) -> None:
        """Put one in the place of another."""
        if self.identity(keys) not in self.rows:
            raise NotFound("it went away")
        self.rows[self.identity(keys)] = {**self.rows[self.identity(keys)], **changes}

    def delete(self, keys: Row) -> None:
        """Remove one."""
        del self.rows[self.identity(keys)]


def echo(call: Call) -> Result:
    """Return what came in."""
    return Result(len(call.arguments), call.arguments)


def back(call: Call) -> Result:
    """Return the argument as the value of the method."""
    return Result(call.get("Value"))


TREE = Object(
    "Test_First",
    {
        "Name": "first",
        "Inner": Object(
            "Test_Second",
            {
                "Name": '<second> & "more"',
                "Inner": Object(
                    "Test_Third", {"Name": "third", "Number": 3, "Flags": [True, False]}
                ),
                "Inners": [Object("Test_Third", {}), Object("Test_Third", {"Number": 2**64 - 1})],
            },
        ),
    },
)


class Everything(Stored):
    """Instances with properties of all types, and methods with parameters of all shapes."""

    def methods(self) -> Mapping[str, MethodBody]:
        """Give all but those that tests find undone."""
        return {
            "Echo": echo,
            "EchoStatic": echo,
            **{f"Return{name}": back for name in TYPES},
            "ReturnInstance": lambda _call: Result(TREE),
            "Add": self.add,
            "Name": self.name,
            "Caller": lambda call: Result(f"{call.user} {call.keys}"),
        }

    async def add(self, call: Call) -> Result:
        """Add two numbers, of which one may be missing."""
        first, second = call.get("First"), call.get("Second") or 0
        assert isinstance(first, int)
        assert isinstance(second, int)
        return Result(0, {"sum": first + second})

    def name(self, call: Call) -> Result:
        """Return the name of the instance."""
        assert call.keys is not None
        return Result(call.keys["InstanceID"])


class Keys(Stored):
    """Instances with a key of each type; coroutine functions and an async generator."""

    keys = tuple(f"A{name}" for name in TYPES)

    async def instances(self) -> AsyncIterator[Row]:  # type: ignore[override]  # it is a generator
        """Yield all."""
        for row in list(self.rows.values()):
            await asyncio.sleep(0)
            yield row

    async def find(self, keys: Row) -> Row | None:  # type: ignore[override]  # of a Stored
        """Look it up."""
        await asyncio.sleep(0)
        return super().find(keys)

    async def create(self, values: Row) -> Row:  # type: ignore[override]  # of a Stored
        """Add one."""
        await asyncio.sleep(0)
        return super().create(values)


class Link(Stored):
    """An association between the two; the server finds its instances among all."""

    keys = ("From", "To")
    find = Provider.find  # type: ignore[assignment]  # as if it were not there


class Faulty(Provider):
    """Does what it was told to do wrong."""

    class_name = "Test_Faulty"

    def __init__(self) -> None:
        self.how = ""

    def methods(self) -> Mapping[str, MethodBody]:
        """Tell it, and have it done by a method."""
        return {"Misbehave": self.misbehave, "Act": self.act}

    def misbehave(self, call: Call) -> Result:
        """Note what to do wrong."""
        self.how = str(call.get("How") or "")
        return Result(0)

    def instances(self) -> Iterable[Row]:
        """Give rows, or what was told."""
        return FAULTS[self.how]()  # type: ignore[return-value]  # that is the point

    def find(self, keys: Row) -> Row | None:
        """Find the first, whatever it is."""
        if self.how == "another":
            return {"Name": "another"}
        return keys if self.how in {"", *RESULTS} else next(iter(self.instances()))

    def act(self, _call: Call) -> Result:
        """Give what was told."""
        return RESULTS.get(self.how, Result(0))  # type: ignore[return-value]  # the same


def fail() -> object:
    """Raise what no provider should."""
    raise ZeroDivisionError("secret of the provider")


def late() -> object:
    """Fail in the middle of the rows."""
    yield {"Name": "a"}
    raise LookupError("in the middle")


async def nobody() -> None:
    """Be a coroutine where rows are wanted."""


FAULTS: Mapping[str, Callable[[], object]] = {
    "": lambda: [{"Name": "well"}],
    "raise": fail,
    "late": late,
    "exit": lambda: sys.exit(3),
    "number": lambda: 5,
    "none": lambda: None,
    "nobody": nobody,
    "rows": lambda: ["text"],
    "type": lambda: [{"Name": "a", "Size": "large"}],
    "range": lambda: [{"Name": "a", "Size": 256}],
    "bool": lambda: [{"Name": "a", "Size": True}],
    "text": lambda: [{"Name": b"a"}],
    "array": lambda: [{"Name": "a", "Texts": "not one by one"}],
    "scalar": lambda: [{"Name": ["a"]}],
    "property": lambda: [{"Name": "a", "Colour": "red"}],
    "key": lambda: [{"Size": 1}],
    "null": lambda: [{"Name": None}],
    "twice": lambda: [{"Name": "a"}, {"Name": "a", "Size": 1}],
    "another": lambda: [{"Name": "a"}],
}
RESULTS: Mapping[str, object] = {
    "result": 0,
    "value": Result("text"),
    "output": Result(0, {"Sum": 1}),
}


class Hanging(Provider):
    """Never answers, on a worker thread."""

    class_name = "Test_Hanging"

    def instances(self) -> Iterable[Row]:
        """Wait for what never comes."""
        threading.Event().wait()
        return []


class Awaited(Provider):
    """Never answers, as a coroutine."""

    class_name = "Test_Awaited"

    async def instances(self) -> Iterable[Row]:
        """Wait for what never comes."""
        await asyncio.Event().wait()
        return []


class Blocked(Provider):
    """Blocks the event loop that it runs on."""

    class_name = "Test_Blocked"

    async def instances(self) -> Iterable[Row]:
        """Do what a coroutine must not do."""
        while True:
            time.sleep(60)  # noqa: ASYNC251 (the fault itself)


def plugin(context: Context) -> Plugin:
    """Give the pack; the option `spoil` spoils it."""
    spoil = str(context.options.get("spoil", ""))
    if spoil == "refuse":
        raise PluginRefused("option spoil says so")
    if spoil == "raise":
        raise RuntimeError("in the factory")
    everything, keys, link = Everything("Test_Everything"), Keys("Test_Keys"), Link("Test_Link")
    fill(everything, keys, link)
    providers = [everything, keys, link, Faulty(), Hanging(), Awaited(), Blocked()]
    spoiled = SPOILED.get(spoil)
    mark = context.directory / "mark"

    def start() -> None:
        if spoil == "start":
            raise OSError("no room to start")
        context.directory.mkdir(parents=True, exist_ok=True)
        mark.write_text("started")

    async def stop() -> None:
        mark.write_text("stopped")

    mof = Path(__file__).with_name("none.mof" if spoil == "mof" else "pack.mof")
    served = {NAMESPACE: [*providers, *([] if spoiled is None else [spoiled()])]}
    return Plugin(mof=mof, providers=served, start=start, stop=stop)


class Spoiled(Stored):
    """A provider of a class that has methods, with bodies that do not fit."""

    def __init__(self, *methods: str) -> None:
        super().__init__("Test_Narrow")
        self._methods = methods

    def methods(self) -> Mapping[str, MethodBody]:
        """Give a body of each name."""
        return dict.fromkeys(self._methods, echo)


SPOILED: Mapping[str, Callable[[], Provider]] = {
    "class": lambda: Stored("Test_Missing"),
    "method": lambda: Spoiled("Fly"),
    "abstract": lambda: Stored("CIM_ManagedElement"),
    "second": lambda: Stored("Test_Keys"),
    "named": lambda: Stored(""),
}
"""Providers that do not fit the schema, by the option that adds them."""


def fill(everything: Stored, keys: Stored, link: Stored) -> None:
    """Put in what tests read."""
    for number in range(3):
        everything.create({"InstanceID": f"e{number}", "AUint32": number})
    zero = dict.fromkeys(keys.keys, 0)
    row = {
        **zero,
        "ABoolean": False,
        "AString": "k",
        "AChar16": "c",
        "AReal32": 0.5,
        "AReal64": -0.25,
        "ADatetime": "20261121120000.000000+000",
    }
    keys.rows[keys.identity(row)] = row
    path = ObjectPath("Test_Keys", tuple((name, row[name]) for name in keys.keys))  # type: ignore[misc]
    for number in range(2):
        source = ObjectPath("Test_Everything", (("InstanceID", f"e{number}"),))
        link.create({"From": source, "To": path, "Weight": number})
