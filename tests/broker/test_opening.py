"""Operations on pulled enumerations: what they return, and the order of their checks."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.broker.test_pulling import Clock
from tests.broker.world import World, instances, message, names
from virtcim.broker.broker import Broker
from virtcim.broker.calling import CALLER, Caller
from virtcim.broker.opening import KINDS, PULLED
from virtcim.broker.pulling import PullLimits
from virtcim.wbem import operations as ops
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.query.errors import (
    InvalidQuery,
    QueryFeatureNotSupported,
    QueryLanguageNotSupported,
)
from virtcim.wbem.replies import CountReply, PulledReply, VoidReply
from virtcim.wbem.status import (
    ContinuationOnErrorNotSupported,
    InvalidClass,
    InvalidEnumerationContext,
    InvalidNamespace,
    InvalidOperationTimeout,
    InvalidParameter,
    NotFound,
    PullHasBeenAbandoned,
    ServerLimitsExceeded,
    WBEMError,
)

N = "root/a"
ONE = ObjectPath("T_System", (("Name", "one"), ("Number", 1), ("Live", True)))
NOBODY_THERE = ObjectPath("T_System", (("Name", "none"), ("Number", 1), ("Live", True)))
EVERYTHING = 1000


@pytest.fixture
def broker() -> Broker:
    """The broker of a world."""
    return World().broker


def pulled(broker: Broker, operation: ops.Operation) -> PulledReply:
    """Return the reply to an operation that delivers objects."""
    reply = broker.read(operation)
    assert isinstance(reply, PulledReply)
    return reply


def drained(
    broker: Broker, operation: ops.Opening, pull: type[ops.PullInstancesWithPath]
) -> list[str]:
    """Open, then pull one by one; return the name of each object, in order."""
    found = []
    reply = pulled(broker, operation)
    while True:
        found += names(reply)
        if not reply.portion.context:
            return found
        reply = pulled(
            broker,
            pull(
                namespace=operation.namespace,
                enumeration_context=reply.portion.context,
                max_object_count=1,
            ),
        )


SYSTEMS = ["T_System:one", "T_System:two", "T_System: padded ", "T_Special:special"]
LINKS = ["T_Has:", "T_Knows:"]

OPENED: Mapping[ops.Opening, tuple[type[ops.PullInstancesWithPath], list[str]]] = {
    ops.OpenEnumerateInstances(namespace=N, class_name="t_system"): (
        ops.PullInstancesWithPath, SYSTEMS,
    ),
    ops.OpenEnumerateInstancePaths(namespace=N, class_name="T_System"): (
        ops.PullInstancePaths, SYSTEMS,
    ),
    ops.OpenEnumerateInstancePaths(namespace=N, class_name="T_Keyless"): (
        ops.PullInstancePaths, [],
    ),
    ops.OpenAssociatorInstances(namespace=N, instance_name=ONE): (
        ops.PullInstancesWithPath,
        ["T_Device:d1", "T_Device:d2", "T_System:two", "T_Special:special"],
    ),
    ops.OpenAssociatorInstancePaths(namespace=N, instance_name=ONE, result_class="T_Special"): (
        ops.PullInstancePaths, ["T_Special:special"],
    ),
    ops.OpenAssociatorInstancePaths(namespace=N, instance_name=ONE, assoc_class="T_Has"): (
        ops.PullInstancePaths, ["T_Device:d1", "T_Device:d2"],
    ),
    ops.OpenAssociatorInstancePaths(namespace=N, instance_name=ONE, result_role="second"): (
        ops.PullInstancePaths,
        ["T_Device:d1", "T_Device:d2", "T_System:two", "T_Special:special"],
    ),
    ops.OpenAssociatorInstancePaths(namespace=N, instance_name=ONE, role="second"): (
        ops.PullInstancePaths, [],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("operation", "expected"), OPENED.items())
def test_what_is_opened(
    broker: Broker,
    operation: ops.Opening,
    expected: tuple[type[ops.PullInstancesWithPath], list[str]],
) -> None:
    """Each operation gives the objects that its plain sister gives, each once and with its path."""
    pull, objects = expected
    assert drained(broker, operation, pull) == objects


@pytest.mark.parametrize(
    ("kind", "result_class", "number"),
    [
        (ops.OpenReferenceInstances, None, 4),
        (ops.OpenReferenceInstancePaths, None, 4),
        (ops.OpenReferenceInstances, "T_Knows", 2),
        (ops.OpenReferenceInstancePaths, "T_Never", 0),
    ],
)
def test_references(
    broker: Broker,
    kind: type[ops.OpenReferenceInstancePaths],
    result_class: str | None,
    number: int,
) -> None:
    """Association instances that refer to the source."""
    operation = kind(
        namespace=N, instance_name=ONE, result_class=result_class, max_object_count=EVERYTHING
    )
    assert len(names(pulled(broker, operation))) == number


def test_full_paths(broker: Broker) -> None:
    """Paths have the host and the namespace, in INSTANCEPATH, beside the instance or alone."""
    whole = ops.OpenEnumerateInstances(namespace=N, class_name="T_Device", max_object_count=1)
    paths = ops.OpenEnumerateInstancePaths(namespace=N, class_name="T_Device", max_object_count=1)
    for operation, tag in ((whole, "VALUE.INSTANCEWITHPATH"), (paths, "INSTANCEPATH")):
        root = message(pulled(broker, operation))
        assert [child.tag for child in root.iter("IRETURNVALUE")] == ["IRETURNVALUE"]
        assert [element.tag for element in next(root.iter("IRETURNVALUE"))] == [tag]
        assert root.findtext(".//HOST") == "host"
        assert [n.get("NAME") for n in root.iter("NAMESPACE")] == ["root", "a"]


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({}, ["Caption", "Name", "Number", "Live", "Load", "Extra"]),
        ({"deep_inheritance": False}, ["Caption", "Name", "Number", "Live", "Load"]),
        ({"property_list": ("extra", "nothing")}, ["Extra"]),
        ({"property_list": (), "include_class_origin": True}, []),
    ],
)
def test_selected_properties(
    broker: Broker, choices: dict[str, object], expected: list[str]
) -> None:
    """The parameters choose what is written of each instance."""
    operation = ops.OpenEnumerateInstances(
        namespace=N,
        class_name="T_System",
        max_object_count=EVERYTHING,
        **choices,  # type: ignore[arg-type]
    )
    last = instances(pulled(broker, operation))[-1]
    assert [p.name for p in last.properties] == expected


# Filters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Name = 'one'", ["T_System:one"]),
        ("Name = 'ONE'", []),
        ("Name = 'two' AND Number = 2 AND Live = FALSE", ["T_System:two"]),
        ("(Name = 'two' OR Name = 'one') AND Number = 2 AND Live = FALSE", ["T_System:two"]),
        ("Live = TRUE", ["T_System:one", "T_System: padded ", "T_Special:special"]),
        ("Extra = 'e'", ["T_Special:special"]),
        ("Caption <> 'c'", []),
        ("NOT Caption = 'x'", ["T_System: padded "]),
        ("Caption IS NULL AND Load = 3", ["T_System:one", "T_System:two", "T_Special:special"]),
        ("Name LIKE '.*o.*'", ["T_System:one", "T_System:two"]),
    ],
)
def test_filters(broker: Broker, text: str, expected: list[str]) -> None:
    """A filter is asked about the whole instance, whatever is returned of it."""
    filters: dict[str, Any] = {"filter_query_language": "DMTF:FQL", "filter_query": text}
    paths = ops.OpenEnumerateInstancePaths(namespace=N, class_name="T_System", **filters)
    whole = ops.OpenEnumerateInstances(
        namespace=N, class_name="T_System", property_list=("Load",), **filters
    )
    assert drained(broker, paths, ops.PullInstancePaths) == expected
    assert drained(broker, whole, ops.PullInstancesWithPath) == expected


def test_filters_of_associations(broker: Broker) -> None:
    """They are asked about what stands at the other end, or about the association itself."""
    ends = ops.OpenAssociatorInstancePaths(
        namespace=N, instance_name=ONE, filter_query_language="fql", filter_query="DeviceID = 'd2'"
    )
    assert drained(broker, ends, ops.PullInstancePaths) == ["T_Device:d2"]
    links = ops.OpenReferenceInstances(
        namespace=N,
        instance_name=ONE,
        filter_query_language="fql",
        filter_query="Weight = 7",
        max_object_count=EVERYTHING,
    )
    found = instances(pulled(broker, links))
    assert [one.class_name for one in found] == ["T_Has", "T_Has"]


# The order of checks

WRONG: tuple[tuple[dict[str, object], type[WBEMError]], ...] = (
    ({"namespace": "root/x"}, InvalidNamespace),
    ({"operation_timeout": 0}, InvalidOperationTimeout),
    ({"continue_on_error": True}, ContinuationOnErrorNotSupported),
    ({"filter_query": None}, InvalidParameter),
    ({"class_name": "T_Nothing", "instance_name": NOBODY_THERE}, InvalidClass),
    ({"filter_query_language": "DMTF:CQL"}, QueryLanguageNotSupported),
    ({"filter_query": "Name = "}, InvalidQuery),
)
"""What may be wrong, in the order in which it is found."""


def _choices(wrong: dict[str, object], kind: type[ops.Opening]) -> dict[str, object]:
    right: dict[str, object] = {
        "namespace": N,
        "operation_timeout": 5,
        "continue_on_error": False,
        "filter_query": "Name = 'x'",
        "filter_query_language": "FQL",
        "class_name": "T_System",
        "instance_name": ONE,
    }
    fields = kind.__dataclass_fields__
    return {name: value for name, value in {**right, **wrong}.items() if name in fields}


@pytest.mark.parametrize("kind", [kind for kind in PULLED if issubclass(kind, ops.Open)])
def test_order_of_checks(broker: Broker, kind: type[ops.Opening]) -> None:
    """Namespace, time-out, errors, filter, class or source, language, text; each has its code."""
    pulled(broker, kind(**_choices({}, kind)))  # type: ignore[arg-type]
    for (first, error), (second, _) in pairwise(WRONG):
        if error is InvalidClass and not hasattr(kind, "class_name"):
            error = NotFound  # noqa: PLW2901
        for wrong in (first, {**second, **first}):
            with pytest.raises(error):
                broker.read(kind(**_choices(wrong, kind)))  # type: ignore[arg-type]
    with pytest.raises(InvalidQuery, match="line 1, column 8"):
        broker.read(kind(**_choices(WRONG[-1][0], kind)))  # type: ignore[arg-type]
    assert len(broker.enumerations) == 1


def test_language_without_filter(broker: Broker) -> None:
    """One without the other is a wrong parameter, whichever it is."""
    halves: tuple[dict[str, Any], ...] = (
        {"filter_query": "Name = 'x'"},
        {"filter_query_language": "DMTF:FQL"},
    )
    for given in halves:
        with pytest.raises(InvalidParameter, match="given together"):
            broker.read(ops.OpenEnumerateInstances(namespace=N, class_name="T_System", **given))


def test_an_empty_filter_is_said_to_be_one(broker: Broker) -> None:
    """Both were given: it is not the language that is missing."""
    operation = ops.OpenEnumerateInstances(
        namespace=N, class_name="T_System", filter_query="", filter_query_language="DMTF:FQL"
    )
    with pytest.raises(InvalidParameter, match=r"^FilterQuery is empty$"):
        broker.read(operation)
    operation = replace(operation, filter_query="Name = 'x'", filter_query_language="")
    with pytest.raises(InvalidParameter, match=r"^FilterQueryLanguage is empty$"):
        broker.read(operation)


@pytest.mark.parametrize("text", ["Number = 'x'", "Name > TRUE", "Live LIKE 'x'", "ANY Name = 'x'"])
def test_wrong_types_are_refused_at_once(broker: Broker, text: str) -> None:
    """What the class shows to be no comparison opens nothing."""
    operation = ops.OpenEnumerateInstances(
        namespace=N, class_name="T_System", filter_query_language="FQL", filter_query=text
    )
    with pytest.raises(InvalidQuery, match="at line 1, column"):
        broker.read(operation)
    assert len(broker.enumerations) == 0


def test_wrong_types_that_show_later_end_the_enumeration(broker: Broker) -> None:
    """What only an instance can show is refused when it does."""
    operation = ops.OpenEnumerateInstances(
        namespace=N, class_name="T_System", filter_query_language="FQL", filter_query="Extra > 5"
    )
    reply = pulled(broker, operation)
    with pytest.raises(InvalidQuery, match="at line 1, column"):
        message(reply)
    assert len(broker.enumerations) == 0


def test_unknown_source(broker: Broker) -> None:
    """A source has all of its keys, and exists; a class stands for no instance."""
    for keys in ((), (("Name", "one"),)):
        with pytest.raises(InvalidParameter):
            broker.read(
                ops.OpenAssociatorInstances(namespace=N, instance_name=ObjectPath("T_System", keys))
            )
    with pytest.raises(InvalidParameter):
        broker.read(
            ops.OpenReferenceInstances(namespace=N, instance_name=ONE, result_class="T_Nothing")
        )


def test_limit_comes_last() -> None:
    """A full server still says what else is wrong."""
    broker = Broker(World().namespaces, "host", PullLimits(open=0))
    with pytest.raises(InvalidClass):
        broker.read(ops.OpenEnumerateInstances(namespace=N, class_name="T_Nothing"))
    with pytest.raises(ServerLimitsExceeded):
        broker.read(ops.OpenEnumerateInstances(namespace=N, class_name="T_System"))


# Continuing


def opened(broker: Broker, namespace: str = N) -> str:
    """Return the context of an enumeration of four paths."""
    operation = ops.OpenEnumerateInstancePaths(namespace=namespace, class_name="T_System")
    reply = pulled(broker, operation)
    message(reply)
    return reply.portion.context


def test_every_operation_has_its_place() -> None:
    """All that open or continue are served, and those that deliver have a kind."""
    every = {
        one
        for one in vars(ops).values()
        if isinstance(one, type) and issubclass(one, ops.Opening | ops.Continued)
    } - {ops.Opening, ops.Open, ops.Continued}
    assert set(PULLED) == every
    assert set(KINDS) == every - {ops.CloseEnumeration, ops.EnumerationCount}


def test_other_spellings_of_the_namespace(broker: Broker) -> None:
    """An alias is the same namespace; another is not."""
    context = opened(broker, "Root/Alias")
    for namespace, error in (("root/b", InvalidEnumerationContext), ("root/x", InvalidNamespace)):
        with pytest.raises(error):
            broker.read(
                ops.PullInstancePaths(
                    namespace=namespace, enumeration_context=context, max_object_count=1
                )
            )
    reply = broker.read(
        ops.PullInstancePaths(namespace="a", enumeration_context=context, max_object_count=9)
    )
    assert isinstance(reply, PulledReply)
    assert names(reply) == SYSTEMS


def test_other_users(broker: Broker) -> None:
    """A context is worth nothing to others."""
    token = CALLER.set(Caller("anna"))
    context = opened(broker)
    CALLER.set(Caller("berta"))
    wanted = {"namespace": N, "enumeration_context": context}
    try:
        with pytest.raises(InvalidEnumerationContext):
            broker.read(ops.PullInstancePaths(**wanted, max_object_count=1))
        with pytest.raises(InvalidEnumerationContext):
            broker.read(ops.CloseEnumeration(**wanted))
        CALLER.set(Caller("anna"))
        assert broker.read(ops.CloseEnumeration(**wanted)) == VoidReply()
    finally:
        CALLER.reset(token)


def test_wrong_kind(broker: Broker) -> None:
    """Paths are not pulled as instances, and the enumeration stays."""
    context = opened(broker)
    for kind in (ops.PullInstancesWithPath, ops.PullInstances):
        with pytest.raises(InvalidEnumerationContext):
            broker.read(kind(namespace=N, enumeration_context=context, max_object_count=1))
    assert len(broker.enumerations) == 1


def test_count(broker: Broker) -> None:
    """How many are left is told when all are known, which a filter prevents."""

    def left(context: str) -> int | None:
        reply = broker.read(ops.EnumerationCount(namespace=N, enumeration_context=context))
        assert isinstance(reply, CountReply)
        return reply.count

    context = opened(broker)
    assert left(context) == 4
    reply = pulled(
        broker,
        ops.PullInstancePaths(namespace=N, enumeration_context=context, max_object_count=3),
    )
    message(reply)
    assert left(reply.portion.context) == 1
    filtered = pulled(
        broker,
        ops.OpenEnumerateInstances(
            namespace=N,
            class_name="T_System",
            filter_query_language="FQL",
            filter_query="Load = 3",
        ),
    )
    message(filtered)
    assert left(filtered.portion.context) is None


def test_a_snapshot_is_delivered() -> None:
    """What is made after the opening is not delivered, what is removed is."""
    world = World()
    broker = world.broker
    context = opened(broker)
    world.systems.set = type(world.systems)("T_System", ()).set
    reply = pulled(
        broker, ops.PullInstancePaths(namespace=N, enumeration_context=context, max_object_count=9)
    )
    assert names(reply) == SYSTEMS


def test_time_out_is_the_clients() -> None:
    """The time that a client asks for is the time that it has."""
    clock = Clock()
    broker = Broker(World().namespaces, "host", now=clock)
    reply = pulled(
        broker,
        ops.OpenEnumerateInstancePaths(namespace=N, class_name="T_System", operation_timeout=7),
    )
    message(reply)
    pull = ops.PullInstancePaths(
        namespace=N, enumeration_context=reply.portion.context, max_object_count=1
    )
    clock.seconds += 8
    with pytest.raises(InvalidEnumerationContext):
        broker.read(pull)


def test_closing_while_a_reply_is_written(broker: Broker) -> None:
    """The reply ends with an error of its own."""
    context = opened(broker)
    reply = pulled(
        broker, ops.PullInstancePaths(namespace=N, enumeration_context=context, max_object_count=9)
    )
    broker.read(ops.CloseEnumeration(namespace=N, enumeration_context=context))
    with pytest.raises(PullHasBeenAbandoned):
        message(reply)


# Queries


def open_query(text: str, language: str = "WQL", **choices: object) -> ops.OpenQueryInstances:
    """Return an operation that delivers everything."""
    return ops.OpenQueryInstances(
        namespace=N,
        filter_query=text,
        filter_query_language=language,
        max_object_count=EVERYTHING,
        **choices,  # type: ignore[arg-type]
    )


def test_pulled_query(broker: Broker) -> None:
    """Whole instances or rows, without paths, and the class of them if it is asked for."""
    whole = pulled(broker, open_query("SELECT * FROM T_System WHERE Live = TRUE"))
    assert [one.class_name for one in instances(whole)] == ["T_System", "T_System", "T_Special"]
    rows = pulled(
        broker,
        open_query(
            "SELECT name, Load FROM t_system WHERE Number = 2", return_query_result_class=True
        ),
    )
    (row,) = instances(rows)
    assert [(p.name, p.value) for p in row.properties] == [("Name", "two"), ("Load", 3)]
    assert rows.result_class is not None
    assert rows.result_class.name == row.class_name == "T_System"
    assert [(p.name, p.type) for p in rows.result_class.properties] == [
        ("Name", "string"),
        ("Load", "uint8"),
    ]
    paths = message(pulled(broker, open_query("SELECT * FROM T_System")))
    assert not [*paths.iter("INSTANCEPATH", "INSTANCENAME")]


def test_pulled_traversal(broker: Broker) -> None:
    """What an association leads to is pulled as instances, and has no class of its own."""
    text = "ASSOCIATORS OF {T_System.Name='one',Number=1,Live=TRUE} WHERE AssocClass = T_Has"
    found = instances(pulled(broker, open_query(text)))
    assert [one.class_name for one in found] == ["T_Device", "T_Device"]
    for wrong in (f"{text} ClassDefsOnly", "REFERENCES OF {T_System}"):
        with pytest.raises(QueryFeatureNotSupported):
            broker.read(open_query(wrong))
    with pytest.raises(QueryFeatureNotSupported):
        broker.read(open_query(text, return_query_result_class=True))


@pytest.mark.parametrize(
    ("text", "language", "error"),
    [
        ("SELECT * FROM T_System", "DMTF:FQL", QueryLanguageNotSupported),
        ("SELECT * FROM T_System", "SQL", QueryLanguageNotSupported),
        ("SELECT * FROM T_Nothing", "WQL", InvalidClass),
        ("SELECT * FROM", "WQL", InvalidQuery),
        ("", "WQL", InvalidQuery),
        ("SELECT Nothing FROM T_System", "WQL", InvalidQuery),
        ("SELECT * FROM T_System ORDER BY Name", "DMTF:CQL", QueryFeatureNotSupported),
    ],
)
def test_wrong_queries(broker: Broker, text: str, language: str, error: type[WBEMError]) -> None:
    """A query that cannot be answered opens nothing."""
    with pytest.raises(error):
        broker.read(open_query(text, language))
    assert len(broker.enumerations) == 0
