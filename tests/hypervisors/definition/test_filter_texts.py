"""Texts of filters: each edit changes what it names and nothing else."""

from pathlib import Path

import pytest

from virtcim.hypervisors.definition import parse_filter
from virtcim.hypervisors.definition.filter_texts import (
    NewFilter,
    RuleMarks,
    filter_text,
    rule_count,
    with_changed_rule,
    with_marks,
    with_reference,
    with_rule,
    without_references,
    without_rule,
)
from virtcim.hypervisors.definition.making import written
from virtcim.hypervisors.definition.xml import parse
from virtcim.hypervisors.errors import InvalidArgument

FILES = sorted((Path(__file__).parents[2] / "data" / "filters").glob("*.xml"))
RULE = RuleMarks(own={"action": "drop", "priority": None}, protocol="ip", match={"dscp": "5"})


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def text(request: pytest.FixtureRequest) -> str:
    """A filter of the corpus."""
    return written(parse(request.param.read_text()))


def test_new_filters() -> None:
    """What is not given is left to the hypervisor."""
    assert filter_text(NewFilter(name="a<b")) == '<filter name="a&lt;b"/>'
    read = parse_filter(filter_text(NewFilter(name="n", uuid="u", chain="ipv4", priority=-5)))
    assert (read.name, read.uuid, read.chain, read.priority) == ("n", "u", "ipv4", -5)


def test_a_rule_is_added_and_taken_away(text: str) -> None:
    """Afterwards the filter is the same byte for byte."""
    count = rule_count(text)
    more = with_rule(text, RULE)
    assert rule_count(more) == count + 1
    rule = parse_filter(more).rules[-1]
    assert (rule.action, rule.priority, rule.conditions[0].protocol) == ("drop", None, "ip")
    assert without_rule(more, count) == text
    with pytest.raises(IndexError):
        without_rule(text, count)


def test_a_rule_is_changed_and_changed_back(text: str) -> None:
    """What the change does not name stays."""
    for index, rule in enumerate(parse_filter(text).rules):
        protocol = rule.conditions[0].protocol if rule.conditions else None
        there = RuleMarks(own={"statematch": "x"}, protocol=protocol, match={"new": "1"})
        back = RuleMarks(own={"statematch": None}, protocol=protocol, match={"new": None})
        changed = with_changed_rule(text, index, there)
        assert changed != text
        assert parse_filter(changed).rules[:index] == parse_filter(text).rules[:index]
        if "statematch" not in text:
            assert with_changed_rule(changed, index, back) == text


def test_another_protocol_is_another_match() -> None:
    """Nothing of the old element stays; without a protocol a rule has no element."""
    old = "<filter name='f'><rule action='drop'><tcp a='1'/><tcp match='no' b='2'/></rule></filter>"
    new = with_changed_rule(old, 0, RuleMarks(own={}, protocol="udp", match={"c": "3"}))
    (condition,) = parse_filter(new).rules[0].conditions
    assert (condition.protocol, condition.names, condition.values) == ("udp", ("c",), ("3",))
    bare = with_rule(old, RuleMarks(own={"action": "drop"}, protocol="", match={}))
    assert parse_filter(bare).rules[1].conditions == ()


def test_an_attribute_is_changed_where_it_stands() -> None:
    """Libvirt writes an element twice when a part of it is negated."""
    old = "<filter name='f'><rule><tcp a='1'/><tcp match='no' b='2'/></rule></filter>"
    new = with_changed_rule(old, 0, RuleMarks(own={}, protocol="tcp", match={"b": "3", "c": "4"}))
    assert new == (
        '<filter name="f"><rule><tcp a="1" c="4"/><tcp match="no" b="3"/></rule></filter>'
    )


def test_references(text: str) -> None:
    """One is added at the end; all to one filter are taken away."""
    more = with_reference(with_reference(text, "x"), "x")
    assert [one.filter for one in parse_filter(more).references[-2:]] == ["x", "x"]
    assert without_references(more, "x") == text


def test_attributes_of_a_filter(text: str) -> None:
    """One is set, or goes."""
    assert parse_filter(with_marks(text, {"priority": "7"})).priority == 7
    assert parse_filter(with_marks(text, {"priority": None})).priority is None


@pytest.mark.parametrize("name", ["", "a b", "1", "\0", "tag", "text"])
def test_names_of_attributes(name: str) -> None:
    """They may come from clients: what is no name in XML is refused."""
    marks = RuleMarks(own={name: "v"}, protocol=None, match={})
    if name in {"tag", "text"}:
        assert f'{name}="v"' in with_rule("<filter name='f'/>", marks)
    else:
        with pytest.raises(InvalidArgument, match="cannot carry"):
            with_rule("<filter name='f'/>", marks)
    with pytest.raises(InvalidArgument, match="cannot carry"):
        with_rule("<filter name='f'/>", RuleMarks(own={}, protocol="a b", match={}))
