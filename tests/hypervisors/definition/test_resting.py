"""A quick yes is never wrong, and a domain to which a start adds nothing has one."""

import re

import pytest

from tests.providers.corpus import facts
from virtcim.hypervisors.definition import parse_domain, rests

PAIRS = {
    name: (one.live_xml, one.persistent_xml)
    for name, one in facts().items()
    if one.live_xml is not None and one.persistent_xml is not None
}


@pytest.mark.parametrize("name", PAIRS)
def test_an_id_is_no_difference(name: str) -> None:
    """Of no domain, whatever stands in its text."""
    _, persistent = PAIRS[name]
    running = re.sub(r"<domain type='(\w+)'", r"<domain type='\1' id='12'", persistent, count=1)
    assert rests(running, persistent)
    assert not parse_domain(running).differs_from(parse_domain(persistent))


@pytest.mark.parametrize("name", PAIRS)
def test_anything_else_may_be_one(name: str) -> None:
    """Who cannot tell quickly compares."""
    live, persistent = PAIRS[name]
    assert not rests(live, persistent)
    assert not rests(live, live.replace("</memory>", "0</memory>", 1))
    assert not rests(live, live.replace("</devices>", "<watchdog/></devices>", 1))
