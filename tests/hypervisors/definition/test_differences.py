"""Whether a running domain has pending changes, by real pairs of definitions."""

from pathlib import Path

import pytest

from tests.hypervisors.definition.corpus import texts
from virtcim.hypervisors.definition import parse_domain

DOMAINS = texts("domains")
PAIRS = sorted(
    name.removesuffix(".live")
    for name in DOMAINS
    if name.endswith(".live") and f"{Path(name).stem}.inactive" in DOMAINS
)

# The guest's balloon does not follow: it has more memory than its definition says.
DIFFERENT = {"balloon", *(name for name in PAIRS if name.startswith("pending-"))}

CPU = "<cpu mode='{}' match='{}'><model>{}</model>{}</cpu>"
HOST = "<cpu mode='host-model' check='partial'/>"
STARTED = CPU.format("custom", "exact", "EPYC", "<feature policy='require' name='topoext'/>")
PORT = "<graphics type='{}' port='{}' autoport='{}'/>"
NIC = "<interface type='{}'><mac address='52:54:00:00:00:01'/>{}</interface>"
CHANNEL = "<channel type='unix'><target type='virtio' name='a' state='{}'/></channel>"
LABEL = "<seclabel type='{}' model='{}' relabel='yes'>{}</seclabel>"

SERIAL = "<serial type='tcp'><source mode='bind' host='::1' service='1' {}/></serial>"
REDIRECTED = "<redirdev bus='usb' type='tcp'><source mode='bind' service='1' {}/></redirdev>"
CONSOLES = (
    "<console type='pty'><target type='serial' port='0'/></console>"
    "<console type='pty'><target type='virtio' port='{}'/></console>"
)
TRANSIENT = (
    "<disk type='file'><driver name='qemu' type='{}'/><source file='{}'/>{}"
    "<target dev='vda'/><transient/></disk>"
)
BELOW = "<backingStore type='file'><source file='{}'/></backingStore>"


def test_the_pairs() -> None:
    """There are pairs of both kinds."""
    assert len(PAIRS) >= 12
    assert set(PAIRS) - DIFFERENT
    assert set(PAIRS) >= DIFFERENT


@pytest.mark.parametrize("name", PAIRS)
def test_a_running_domain_and_its_next_start(name: str) -> None:
    """They differ where somebody changed the definition, and only there."""
    live, inactive = (parse_domain(DOMAINS[f"{name}.{kind}"]) for kind in ("live", "inactive"))
    assert live.differs_from(inactive) == (name in DIFFERENT)
    assert inactive.differs_from(live) == (name in DIFFERENT)


@pytest.mark.parametrize("name", sorted(DOMAINS))
def test_a_definition_is_itself(name: str) -> None:
    """What is read twice does not differ."""
    assert not parse_domain(DOMAINS[name]).differs_from(parse_domain(DOMAINS[name]))


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        # what a start makes of it
        (HOST, STARTED, False),
        (CPU.format("custom", "minimum", "Haswell", ""), STARTED, False),
        (HOST, "", False),
        (NIC.format("network", "<source network='a'/>"),
         NIC.format("bridge", "<source network='a' portid='x' bridge='br0'/>"), False),
        (NIC.format("bridge", ""),
         NIC.format("bridge", "<target dev='vnet0'/><guest dev='eth0'/>"), False),
        (NIC.format("network", "<source network='a'/>"),
         NIC.format("direct", "<source network='a' portid='x' dev='eth0' mode='bridge'/>"), False),
        (SERIAL.format(""), SERIAL.format("tls='no'"), False),
        (REDIRECTED.format(""), REDIRECTED.format("tls='no'"), False),
        (CONSOLES.format(1), CONSOLES.format(0), False),
        (TRANSIENT.format("raw", "/a", ""),
         TRANSIENT.format("qcow2", "/a.new", BELOW.format("/a")), False),
        ("<controller type='ide' index='0'/><controller type='usb' index='0'/>",
         "<controller type='usb' index='0'/><controller type='ide' index='0'/>", False),
        ("<genid>a</genid>", "<genid>b</genid>", False),
        (PORT.format("vnc", -1, "yes"), PORT.format("vnc", 5901, "yes"), False),
        (CHANNEL.format("connected"), CHANNEL.format("disconnected"), False),
        ("", LABEL.format("dynamic", "dac", "<label>+1:+1</label>"), False),
        (LABEL.format("dynamic", "dac", ""),
         LABEL.format("dynamic", "dac", "<label>+1:+1</label>"), False),
        # what somebody changed
        (TRANSIENT.format("raw", "/b", ""),
         TRANSIENT.format("qcow2", "/a.new", BELOW.format("/a")), True),
        (CPU.format("custom", "exact", "Haswell", ""), STARTED, True),
        (NIC.format("network", "<source network='a'/>"),
         NIC.format("network", "<source network='b'/>"), True),
        (NIC.format("network", "<source network='a'/>"),
         NIC.format("bridge", "<source bridge='br0'/>"), True),
        (NIC.format("bridge", "<source bridge='br0'/>"),
         NIC.format("bridge", "<source bridge='br1'/>"), True),
        (PORT.format("vnc", 5900, "no"), PORT.format("vnc", 5901, "no"), True),
        (PORT.format("vnc", 5900, "yes"), PORT.format("spice", 5900, "yes"), True),
        (LABEL.format("static", "dac", "<label>+1:+1</label>"),
         LABEL.format("static", "dac", "<label>+2:+2</label>"), True),
        ("<hub type='usb'/>", "", True),
        ("<hub type='usb'/>", "<panic model='isa'/>", True),
        ("<hub type='usb'/>", "<hub type='usb'><alias name='hub0'/></hub>", False),
    ],
)  # fmt: skip
def test_what_counts(one: str, other: str, *, differ: bool) -> None:
    """What a start fills in or moves does not; all else does, from either side."""
    outside = ("<cpu", "<seclabel", "<genid")
    first, second = (
        parse_domain(
            f"<domain>{text}</domain>"
            if text.startswith(outside)
            else f"<domain><devices>{text}</devices></domain>"
        )
        for text in (one, other)
    )
    assert first.differs_from(second) == differ
    assert second.differs_from(first) == differ


@pytest.mark.parametrize(("balloon", "differ"), [("none", False), ("virtio", True)])
def test_memory_that_a_guest_does_not_give_back(balloon: str, *, differ: bool) -> None:
    """Without a balloon nobody can have it back, so that the next start will be the same."""
    text = (
        "<domain><memory>1024</memory><currentMemory>{}</currentMemory>"
        f"<devices><memballoon model='{balloon}'/></devices></domain>"
    )
    live, defined = parse_domain(text.format(1024)), parse_domain(text.format(512))
    assert live.differs_from(defined) == differ
    assert defined.differs_from(live) == differ
