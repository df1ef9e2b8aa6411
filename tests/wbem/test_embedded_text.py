"""Embedded instances as text: the forms that clients send, and what a hostile text comes to."""

import pytest
from hypothesis import given

from tests.wbem.strategies import instances
from virtcim.wbem.embedded_text import MOST_NODES, is_blank, read_instances
from virtcim.wbem.objects import Instance, InstanceProperty
from virtcim.wbem.types import CIMType
from virtcim.wbem.values import escape
from virtcim.wbem.writing import instance_xml

X = '<INSTANCE CLASSNAME="X"><PROPERTY NAME="a" TYPE="uint8"><VALUE>1</VALUE></PROPERTY></INSTANCE>'
READ = Instance("X", (InstanceProperty(name="a", type=CIMType.UINT8, value=1),))
NAME = '<INSTANCENAME CLASSNAME="X"></INSTANCENAME>'

FORMS = (
    X,
    f" \n{X}\n",
    f'<?xml version="1.0" encoding="utf-8"?>\n{X}',
    f'<?xml version="1.0" encoding="utf-16"?>{X}',
    f"<!-- a comment --><?what ever?>{X}",
    X.replace("INSTANCE", "instance").replace("PROPERTY", "Property").replace("VALUE", "value"),
    f"<VALUE>{X}</VALUE>",
    f"<VALUE>{escape(X)}</VALUE>",
    f"<VALUE><![CDATA[{X}]]></VALUE>",
    f"<VALUE.NAMEDINSTANCE>{NAME}{X}</VALUE.NAMEDINSTANCE>",
    f"<VALUE.OBJECT>{X}</VALUE.OBJECT>",
    f"<VALUE.NAMEDOBJECT>{NAME}{X}</VALUE.NAMEDOBJECT>",
    f"<VALUE.INSTANCEWITHPATH>{NAME}{X}</VALUE.INSTANCEWITHPATH>",
    f"<CIM><DECLARATION><DECLGROUP><VALUE.OBJECT>{X}</VALUE.OBJECT></DECLGROUP></DECLARATION></CIM>",
)


@pytest.mark.parametrize("text", FORMS)
def test_forms(text: str) -> None:
    """An instance is found in whatever a client puts around it."""
    assert read_instances(text) == (READ,)


def test_mof() -> None:
    """What does not begin as XML is MOF, bare or in a VALUE."""
    for text in ("instance of X { a = 1; };", "<VALUE>instance of X { a = 1; };</VALUE>"):
        ((name, value),) = [
            (one.class_name, one.by_name["a"].value) for one in read_instances(text)
        ]
        assert (name, value) == ("X", 1)
    assert len(read_instances("instance of X { }; instance of Y { };")) == 2


def test_blank() -> None:
    """Blanks alone are no instance."""
    assert [is_blank(text) for text in ("", " \n", "x")] == [True, True, False]


_DTD = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'

WRONG = (
    ("", "the end where 'instance' is expected"),
    ("<", "not well-formed"),
    (X[:-1], "not well-formed"),
    (X + X, "not well-formed"),
    (_DTD + X, "document type"),
    (X.replace("<VALUE>1", "<VALUE>&e;"), "not well-formed"),
    (f"{_DTD}{X.replace('<VALUE>1', '<VALUE>&e;')}", "document type"),
    ("<VALUE></VALUE>", "'instance' is expected"),
    ("<VALUE>&lt;VALUE&gt;x&lt;/VALUE&gt;</VALUE>", "VALUE stands where INSTANCE"),
    ("<VALUE>instance of X {}; instance of Y {};</VALUE>", "must hold one instance"),
    (f"<VALUE>{escape(_DTD + X)}</VALUE>", "document type"),
    ("<VALUE.OBJECT></VALUE.OBJECT>", "VALUE.OBJECT stands where INSTANCE"),
    ('<CLASS NAME="X"></CLASS>', "CLASS stands where INSTANCE"),
    ("<INSTANCE></INSTANCE>", "no attribute CLASSNAME"),
    (X.replace("uint8", "uint9"), "uint9"),
    (X.replace(">1<", ">300<"), "300"),
    (X.replace("1</VALUE>", "1</VALUE><VALUE>1</VALUE>"), "more than one value"),
    (70 * "<VALUE>" + X + 70 * "</VALUE>", "nests deeper than 64"),
    (f"<INSTANCE CLASSNAME='X'>{'<a/>' * 2 * MOST_NODES}x</INSTANCE>", "more than 20000 elements"),
    ("<INSTANCE CLASSNAME='\ud800'/>", "not well-formed"),
)


@pytest.mark.parametrize(("text", "reason"), WRONG)
def test_wrong_texts(text: str, reason: str) -> None:
    """Each is a ValueError with a sentence; no file is read for a client."""
    with pytest.raises(ValueError, match=reason):
        read_instances(text)


@given(instances())
def test_what_is_written_is_read(instance: Instance) -> None:
    """An instance as we write it is read as it was."""
    (found,) = read_instances(instance_xml(instance))
    assert found == instance
