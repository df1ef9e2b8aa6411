"""The configurations of a domain: which there are, and what one that cannot be read costs."""

from dataclasses import replace

from tests.hypervisors.definition.corpus import texts
from tests.hypervisors.standing import facts_of
from tests.providers.corpus import with_snapshots
from tests.providers.handmade import model_of
from virtcim.inventory.snapshots import Domain
from virtcim.providers.configurations import Kind, configurations

DOMAINS = texts("domains")


def domain_of(name: str) -> Domain:
    """Return a running domain of the corpus with its definition."""
    facts = facts_of(DOMAINS[f"{name}.live"], DOMAINS[f"{name}.inactive"])
    (found,) = model_of(facts).host.listing.domains.values()
    return found


def kinds(domain: Domain, *, pending: bool = True) -> list[Kind]:
    """Return the kinds of a domain's configurations."""
    return [one.kind for one in configurations(domain, pending=pending)]


def test_a_running_domain_has_one_configuration() -> None:
    """What libvirt adds at a start is no difference."""
    assert kinds(domain_of("started")) == [Kind.ONLY]


def test_a_changed_definition_is_one_more() -> None:
    """A definition that differs stands beside the running one, but for clients of libvirt-cim."""
    changed = domain_of("pending-memory")
    assert kinds(changed) == [Kind.STATE, Kind.DEFINED]
    assert kinds(changed, pending=False) == [Kind.ONLY]
    state, later = configurations(changed, pending=True)
    assert (state.setting_id("mem"), later.setting_id("mem")) == (
        f"{changed.name}/mem",
        f"{changed.name}/defined/mem",
    )


def test_snapshots_that_hold_a_definition_are_configurations() -> None:
    """One without a definition, as old versions of libvirt made them, has nothing to show."""
    facts = with_snapshots(facts_of(DOMAINS["started.live"], DOMAINS["started.inactive"]))
    (domain,) = model_of(facts).host.listing.domains.values()
    shown = [one.snapshot.name for one in configurations(domain, pending=True) if one.snapshot]
    assert shown == ["taken-first", "taken-second"]


def test_what_cannot_be_read_says_nothing() -> None:
    """A definition that is no XML costs its domain the settings, and no other domain a reply."""
    facts = replace(domain_of("started").facts, persistent_xml="<domain")
    broken = [replace(one, xml="<") for one in with_snapshots(facts).snapshots]
    facts = replace(facts, snapshots=tuple(broken))
    (domain,) = model_of(facts).host.listing.domains.values()
    assert kinds(domain) == [Kind.STATE, Kind.DEFINED]
    assert configurations(domain, pending=True)[1].devices.devices == ()
