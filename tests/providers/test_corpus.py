"""What each domain of the corpus looks like in CIM."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hypervisors.standing import StandingHypervisor
from tests.providers import corpus
from tests.providers.laws import LAWS, look
from virtcim.hypervisors.model import DomainFacts

FACTS = corpus.facts()
SHARED = corpus.resources()


@pytest.mark.parametrize("name", FACTS)
def test_instances_are_the_expected_ones(name: str) -> None:
    """Every instance of a domain has the values that were read and agreed to."""
    expected = (corpus.EXPECTED / f"{name}.txt").read_text()
    assert corpus.described(FACTS[name]) == expected, "run python -m tests.providers.corpus"


def test_the_corpus_has_every_kind() -> None:
    """There are at least forty domains, and nothing is expected of one that is not there."""
    assert len(FACTS) >= 40
    assert {path.stem for path in corpus.EXPECTED.glob("*.txt")} == set(FACTS)


some_domains = st.lists(st.sampled_from([*FACTS.values()]), max_size=3, unique_by=lambda f: f.uuid)


@settings(max_examples=15)
@given(
    domains=some_domains,
    networks=st.sets(st.sampled_from(SHARED.networks)),
    pools=st.sets(st.sampled_from(SHARED.pools)),
    filters=st.sets(st.sampled_from(SHARED.filters)),
    compat=st.booleans(),
)
def test_the_laws_hold_whatever_a_host_has(
    domains: list[DomainFacts],
    networks: set[object],
    pools: set[object],
    filters: set[object],
    *,
    compat: bool,
) -> None:
    """The laws of the graph hold for any of the domains on a host with any of what they share."""
    shared = replace(
        SHARED,
        networks=tuple(one for one in SHARED.networks if one in networks),
        pools=tuple(one for one in SHARED.pools if one in pools),
        filters=tuple(one for one in SHARED.filters if one in filters),
    )
    counters = corpus.statistics({one.name: one for one in domains})
    for law in LAWS:
        look(
            lambda: StandingHypervisor(tuple(domains), shared, counters), "KVM", law, compat=compat
        )
