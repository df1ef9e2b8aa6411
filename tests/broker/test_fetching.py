"""What an operation needs fetched: the classes that it touches, no others, and all at once."""

import asyncio
from collections.abc import Awaitable, Generator, Iterator, Mapping
from typing import Any

import pytest

from tests.broker.world import Rows, repository, system
from virtcim.broker.broker import Broker
from virtcim.broker.fetching import NEEDS, fetched
from virtcim.broker.namespaces import Namespace, Namespaces, ProviderError
from virtcim.broker.provider import (
    Arguments,
    Keys,
    MethodResult,
    StaticBody,
)
from virtcim.schema.layouts import Layout, Record
from virtcim.schema.repository import is_association
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import ClassDeclaration, Value
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import Failed, WBEMError
from virtcim.wbem.types import CIMType

N = "root/a"
ONE = ObjectPath("T_System", (("Name", "one"), ("Number", 1), ("Live", True)), N)
DEVICE = ObjectPath("T_Device", (("DeviceID", "d1"),), N)


class Waiting:
    """Something to wait for; it may fail."""

    def __init__(self, failure: WBEMError | None) -> None:
        self._failure = failure

    def __await__(self) -> Generator[Any, None, None]:
        """Be there in the next turn."""
        yield
        if self._failure is not None:
            raise self._failure


class Fetches(Rows):
    """A provider that notes what is fetched."""

    def __init__(self, class_name: str, *rows: Mapping[str, Value]) -> None:
        super().__init__(class_name, rows)
        self.asked: list[Keys | None] = []
        self.failure: WBEMError | None = None
        self.references = tuple(p for p in self.layout.properties if p.type is CIMType.REFERENCE)
        self.is_association = is_association(self.layout.declaration)

    def fetch(self, keys: Keys | None) -> Awaitable[None]:
        """Note it."""
        self.asked.append(keys)
        return Waiting(self.failure)

    def referring(self, source: ObjectPath) -> Iterator[tuple[str, Record]]:
        """Look through all."""
        for record in self.set:
            for end in self.references:
                path = record[end.name]
                if isinstance(path, ObjectPath) and path.identity() == source.identity():
                    yield end.name, record


class Place:
    """A namespace in which all that has instances is fetched."""

    def __init__(self) -> None:
        self.system = Fetches("T_System", system("one"))
        self.special = Fetches("T_Special", system("special"))
        self.device = Fetches("T_Device", {"DeviceID": "d1"})
        self.has = Fetches("T_Has", {"First": ONE, "Second": DEVICE})
        self.knows = Fetches("T_Knows")
        self.service = Fetches("T_Service", {"Name": "s"})
        self.plain = Rows("T_Bare", ({"Name": "near"},))
        self.namespaces = Namespaces()
        self.namespaces.add(Namespace(N, repository()))
        for one in (*self.fetching(), self.plain):
            self.namespaces.add_provider(one)

    def fetching(self) -> tuple[Fetches, ...]:
        """Return all that fetch."""
        return self.system, self.special, self.device, self.has, self.knows, self.service

    def touched(self, operation: ops.Operation) -> dict[str, list[Keys | None]]:
        """Return what an operation has fetched, by class."""
        for one in self.fetching():
            one.asked.clear()
        waiting = fetched(self.namespaces, operation)
        if waiting is not None:
            asyncio.run(_wait(waiting))
        return {one.layout.class_name: [*one.asked] for one in self.fetching() if one.asked}


async def _wait(waiting: Awaitable[None]) -> None:
    await waiting


@pytest.fixture
def place() -> Place:
    """A namespace of its own."""
    return Place()


KEYS = {"name": "one", "number": 1, "live": True}


@pytest.mark.parametrize(
    "operation",
    [
        ops.GetInstance(namespace=N, instance_name=ONE),
        ops.GetProperty(namespace=N, instance_name=ONE, property_name="Load"),
        ops.DeleteInstance(namespace=N, instance_name=ONE),
        ops.InvokeMethod(namespace=N, target=ONE, method="Act"),
    ],
    ids=["get", "property", "delete", "invoke"],
)
def test_one_instance(place: Place, operation: ops.Operation) -> None:
    """By its keys, typed."""
    assert place.touched(operation) == {"T_System": [KEYS]}


def test_keys_that_do_not_fit(place: Place) -> None:
    """Then all are fetched, and the operation says what is wrong."""
    path = ObjectPath("T_System", (("Name", "one"),), N)
    operation = ops.GetInstance(namespace=N, instance_name=path)
    assert place.touched(operation) == {"T_System": [None]}


def test_a_class_with_its_subclasses(place: Place) -> None:
    """Enumerated, opened, selected."""
    wanted = {"T_System": [None], "T_Special": [None]}
    assert place.touched(ops.EnumerateInstances(namespace=N, class_name="t_system")) == wanted
    opened = ops.OpenEnumerateInstancePaths(namespace=N, class_name="T_System")
    assert place.touched(opened) == wanted
    query = ops.ExecQuery(
        namespace=N, query_language="WQL", query='SELECT * FROM T_System WHERE Name = "x"'
    )
    assert place.touched(query) == wanted


def test_an_association(place: Place) -> None:
    """The source by its keys, associations that may refer to it, and what may stand at the ends."""
    everything = {
        "T_System": [KEYS, None], "T_Special": [None], "T_Device": [None],
        "T_Has": [None], "T_Knows": [None],
    }  # fmt: skip
    assert place.touched(ops.Associators(namespace=N, object_name=ONE)) == everything
    narrow = ops.AssociatorNames(namespace=N, object_name=DEVICE, assoc_class="T_Has")
    assert place.touched(narrow).keys() == {"T_System", "T_Special", "T_Device", "T_Has"}
    references = ops.ReferenceNames(namespace=N, object_name=DEVICE)
    assert place.touched(references) == {"T_Device": [{"deviceid": "d1"}], "T_Has": [None]}
    text = 'REFERENCES OF {T_Device.DeviceID="d1"} WHERE ResultClass = T_Has'
    query = ops.ExecQuery(namespace=N, query_language="WQL", query=text)
    assert place.touched(query).keys() == {"T_Device", "T_Has"}


def test_ends_in_other_namespaces(place: Place) -> None:
    """Of a class that only they have nobody here knows what may refer to it."""
    there = repository().copy()
    there.add(ClassDeclaration(name="T_Other", superclass="T_Bare"))
    declaration = there.find("T_Other")
    assert declaration is not None
    other = Fetches("T_Bare")
    other.layout = Layout(declaration)
    place.namespaces.add(Namespace("root/other", there))
    place.namespaces.get("root/other").add(other)
    place.touched(ops.AssociatorNames(namespace=N, object_name=DEVICE))
    assert other.asked == [None]
    place.touched(ops.ReferenceNames(namespace=N, object_name=DEVICE))
    assert other.asked == [None]


@pytest.mark.parametrize(
    "operation",
    [
        ops.GetInstance(namespace=N, instance_name=ObjectPath("T_Bare", (("Name", "near"),))),
        ops.EnumerateInstances(namespace=N, class_name="T_Nothing"),
        ops.EnumerateInstances(namespace="root/nowhere", class_name="T_System"),
        ops.ExecQuery(namespace=N, query_language="WQL", query="SELECT"),
        ops.Associators(namespace=N, object_name=ObjectPath("T_System", None)),
        ops.GetClass(namespace=N, class_name="T_System"),
        ops.InvokeMethod(namespace=N, target=ObjectPath("T_System", None), method="Act"),
    ],
)
def test_what_needs_nothing(place: Place, operation: ops.Operation) -> None:
    """Other classes, classes themselves, and what is wrong, which the operation says."""
    assert fetched(place.namespaces, operation) is None


def test_the_only_instance_of_a_service(place: Place) -> None:
    """Its methods are called on the class too."""
    target = ObjectPath("T_Service", None)
    operation = ops.InvokeMethod(namespace=N, target=target, method="Start")
    assert place.touched(operation) == {"T_Service": [None]}


def test_a_failure_is_the_operations(place: Place) -> None:
    """What cannot be fetched is not left out."""
    place.special.failure = Failed("gone")
    with pytest.raises(Failed, match="gone"):
        place.touched(ops.EnumerateInstances(namespace=N, class_name="T_System"))


def test_a_change_fetches_first(place: Place) -> None:
    """Before it is judged."""
    broker = Broker(place.namespaces, "host")
    place.system.failure = Failed("gone")
    operation = ops.DeleteInstance(namespace=N, instance_name=ONE)
    with pytest.raises(Failed, match="gone"):
        asyncio.run(broker.change(operation))


def every(kind: type[ops.Operation]) -> Iterator[type[ops.Operation]]:
    """Walk the subclasses of an operation."""
    for one in kind.__subclasses__():
        yield one
        yield from every(one)


WITHOUT = {
    "Change", "Opening", "Open", "Continued",  # no operations
    "GetClass", "EnumerateClasses", "EnumerateClassNames", "CreateClass", "ModifyClass",
    "DeleteClass", "GetQualifier", "EnumerateQualifiers", "SetQualifier", "DeleteQualifier",
    "CreateInstance", "ExportIndication",
    "PullInstancesWithPath", "PullInstancePaths", "PullInstances",  # fetched at the opening
    "CloseEnumeration", "EnumerationCount",
}  # fmt: skip


def test_every_operation_was_thought_of() -> None:
    """Each has its row, or is known to touch no instances that must be fetched."""
    names = {one.__name__ for one in every(ops.Operation)}
    assert names == WITHOUT | {one.__name__ for one in NEEDS}
    assert WITHOUT.isdisjoint(one.__name__ for one in NEEDS)


# Static methods


class OffersOne(Rows):
    """A provider of a static body of a method that is not static, or the other way round."""

    def __init__(self, *static: str, plain: tuple[str, ...] = ()) -> None:
        async def body(_arguments: Arguments) -> MethodResult:
            return MethodResult(0)

        async def own(_record: Record, arguments: Arguments) -> MethodResult:
            return await body(arguments)

        super().__init__("T_System", (), methods=dict.fromkeys(plain, own))
        self.static_methods: Mapping[str, StaticBody] = dict.fromkeys(static, body)


def test_static_is_the_schemas_to_say() -> None:
    """A body that takes no instance of a method that needs one is refused at the start."""
    namespace = Namespace(N, repository())
    with pytest.raises(ProviderError, match="static or not, not as declared: Act"):
        namespace.add(OffersOne("Act", plain=("Idle",)))
    with pytest.raises(ProviderError, match="T_System has no method Fly"):
        namespace.add(OffersOne("Fly"))
