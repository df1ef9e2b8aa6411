"""ExecQuery: what statements select, how it is returned, and what is refused."""

import pytest

from tests.broker.world import World, instances, message, names
from virtcim.broker.broker import Broker
from virtcim.wbem import operations as ops
from virtcim.wbem.objects import Instance
from virtcim.wbem.query.errors import (
    InvalidQuery,
    QueryFeatureNotSupported,
    QueryLanguageNotSupported,
)
from virtcim.wbem.replies import Reply
from virtcim.wbem.status import InvalidClass, InvalidNamespace, InvalidParameter, WBEMError

N = "root/a"
ONE = "T_System.Name='one',Number=1,Live=TRUE"


@pytest.fixture(scope="module")
def broker() -> Broker:
    """The broker of a world that nobody changes."""
    return World().broker


def asked(broker: Broker, text: str, language: str = "WQL", namespace: str = N) -> Reply:
    """Return the reply to a query."""
    return broker.read(ops.ExecQuery(namespace=namespace, query_language=language, query=text))


def shown(instance: Instance) -> dict[str, tuple[str, object]]:
    """Return the type and the value of each property."""
    return {p.name: (str(p.type), p.value) for p in instance.properties}


@pytest.mark.parametrize("language", ["WQL", "DMTF:CQL", "CIM:CQL"])
def test_everything(broker: Broker, language: str) -> None:
    """A star gives whole instances of the class and its subclasses, with their full paths."""
    reply = asked(broker, "SELECT * FROM T_System WHERE Live = TRUE", language)
    assert names(reply) == ["T_System:one", "T_System: padded ", "T_Special:special"]
    reply = asked(broker, "SELECT * FROM T_Special", language)
    root = message(reply)
    assert [element.tag for element in next(root.iter("IRETURNVALUE"))] == ["VALUE.OBJECTWITHPATH"]
    assert root.findtext(".//HOST") == "host"


def test_rows(broker: Broker) -> None:
    """Columns give rows without paths; their names are the class's, their types too."""
    reply = asked(broker, "select NAME, load, Caption from T_System where Number = 2")
    root = message(reply)
    assert [element.tag for element in next(root.iter("IRETURNVALUE"))] == ["VALUE.OBJECT"]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        (
            "SELECT name, Load, Caption FROM T_System WHERE Number = 2",
            "WQL",
            {"Name": ("string", "two"), "Load": ("uint8", 3), "Caption": ("string", None)},
        ),
        (
            "SELECT s.Name AS Who, CLASSNAME(s) AS What FROM T_System AS s WHERE s.Number = 2",
            "DMTF:CQL",
            {"Who": ("string", "two"), "What": ("string", "T_System")},
        ),
        (
            "SELECT __CLASS, Name FROM T_System WHERE Name = 'special'",
            "WQL",
            {"__CLASS": ("string", "T_Special"), "Name": ("string", "special")},
        ),
        (
            "SELECT s.T_Special::Extra AS Extra FROM T_System AS s WHERE s ISA T_Special",
            "DMTF:CQL",
            {"Extra": ("string", "e")},
        ),
    ],
)
def test_columns(
    broker: Broker, text: str, language: str, expected: dict[str, tuple[str, object]]
) -> None:
    """A column has its name, or that which AS gives, and the type that its class declares."""
    (row,) = instances(asked(broker, text, language))
    assert shown(row) == expected
    assert row.class_name == "T_System"


def test_path_as_a_column(broker: Broker) -> None:
    """OBJECTPATH is a reference."""
    text = "SELECT OBJECTPATH(T_System) AS Path FROM T_System WHERE Number = 2"
    (row,) = instances(asked(broker, text, "DMTF:CQL"))
    (column,) = row.properties
    assert column.type == "reference"
    assert column.reference_class == "T_System"
    assert "two" in str(column.value)


def test_nothing_is_selected(broker: Broker) -> None:
    """No instance is no error."""
    for text in ("SELECT * FROM T_System WHERE Number = 99", "SELECT * FROM T_Keyless"):
        assert instances(asked(broker, text)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"ASSOCIATORS OF {{{ONE}}} WHERE AssocClass = T_Has", ["T_Device:d1", "T_Device:d2"]),
        (f"ASSOCIATORS OF {{{ONE}}} WHERE ResultClass = T_Special", ["T_Special:special"]),
        (f"ASSOCIATORS OF {{root/a:{ONE}}} WHERE ResultRole = Second Role = Second", []),
        (f"ASSOCIATORS OF {{{ONE}}} WHERE AssocClass = T_Has ClassDefsOnly", ["T_Device"]),
        ("ASSOCIATORS OF {T_Device='d1'} WHERE AssocClass = T_Has",
         ["T_System:one", "T_Special:special"]),
        ("REFERENCES OF {T_Bare} WHERE ResultClass = T_Never", ["T_Never"]),
        ("ASSOCIATORS OF {T_Bare} WHERE AssocClass = T_Never", ["T_Device"]),
        (f"REFERENCES OF {{{ONE}}} WHERE ResultClass = T_Knows ClassDefsOnly", ["T_Knows"]),
    ],
)  # fmt: skip
def test_traversals(broker: Broker, text: str, expected: list[str]) -> None:
    """They are the association operations, on instances and on classes."""
    assert names(asked(broker, text)) == expected


def test_references(broker: Broker) -> None:
    """REFERENCES OF gives the association instances."""
    found = instances(asked(broker, f"REFERENCES OF {{{ONE}}} WHERE ResultClass = T_Knows"))
    assert [one.class_name for one in found] == ["T_Knows", "T_Knows"]


def test_a_second_column_of_a_name_is_shown(broker: Broker) -> None:
    """The place is that of the second one."""
    with pytest.raises(InvalidQuery, match="two columns have the name Name at line 1, column 22 "):
        asked(broker, "SELECT Name AS Name, Name FROM T_System", "DMTF:CQL")


@pytest.mark.parametrize(
    ("namespace", "language", "text", "error"),
    [
        ("root/x", "nothing", "nothing", InvalidNamespace),
        (N, "nothing", "nothing", QueryLanguageNotSupported),
        (N, "DMTF:FQL", "Name = 'x'", QueryLanguageNotSupported),
        (N, "WQL", "SELECT FROM", InvalidQuery),
        (N, "WQL", "SELECT * FROM T_Nothing WHERE x", InvalidQuery),
        (N, "WQL", "SELECT * FROM T_Nothing WHERE x = 1", InvalidClass),
        (N, "WQL", "SELECT Nothing FROM T_System", InvalidQuery),
        (N, "WQL", "SELECT * FROM T_System WHERE Nothing = 1", InvalidQuery),
        (N, "WQL", "SELECT * FROM T_System WHERE Name = 1", InvalidQuery),
        (N, "WQL", "SELECT * FROM T_System WITHIN 5", InvalidQuery),
        (N, "DMTF:CQL", "SELECT Name AS a, Load AS A FROM T_System", InvalidQuery),
        (N, "DMTF:CQL", "SELECT 5 FROM T_System", InvalidQuery),
        (N, "DMTF:CQL", "SELECT OBJECTPATH(s) FROM T_System AS s", InvalidQuery),
        (N, "DMTF:CQL", "SELECT s.Inner.* FROM T_Setting AS s", QueryFeatureNotSupported),
        (N, "DMTF:CQL", "SELECT DISTINCT Name FROM T_System", QueryFeatureNotSupported),
        (N, "WQL", "ASSOCIATORS OF {T_System='x'}", InvalidParameter),
        (N, "WQL", "ASSOCIATORS OF {root/b:T_Device='d1'}", InvalidQuery),
        (N, "WQL", f"ASSOCIATORS OF {{{ONE}}} WHERE AssocClass = T_Nothing", InvalidParameter),
        (N, "WQL", f"ASSOCIATORS OF {{{ONE}}} WHERE KeysOnly", QueryFeatureNotSupported),
    ],
)
def test_refusals(
    broker: Broker, namespace: str, language: str, text: str, error: type[WBEMError]
) -> None:
    """Namespace, language, syntax, class, meaning: each has its code, in this order."""
    with pytest.raises(error):
        asked(broker, text, language, namespace)
