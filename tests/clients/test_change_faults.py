"""Plugs that are pulled in the middle of a change of a running guest: it is whole, or was not."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import libvirt
import pytest
import pywbem

from tests.clients.callers import path
from tests.clients.sides import make_path
from tests.clients.test_snapshot_faults import Rack, both, the_daemon, the_guests, the_server
from tests.clients.test_snapshots import COMPLETED, EXCEPTION, SETTING, STARTED
from tests.lab import Lab
from tests.serving import let_in

GUEST, TARGET = "half-way", "vdb"
DISK = "KVM_DiskResourceAllocationSettingData"
SERVICE = "KVM_VirtualSystemManagementService"


@pytest.fixture(scope="module")
def breakable() -> Iterator[Lab]:
    """A libvirtd to be killed, and to come back."""
    one = Lab("virtcim-changed")
    yield one
    one.stop()


@pytest.fixture
def rack(breakable: Lab, tmp_path: Path) -> Iterator[Rack]:
    """A running guest that has a disk which it never lets go of."""
    let_in(tmp_path)
    breakable.connect().close()
    one = Rack(breakable, tmp_path, [GUEST])
    image = str(breakable.boot_image("half-way-b"))
    disk = pywbem.CIMInstance(
        DISK, {"VirtualDevice": TARGET, "BusType": "virtio", "Address": image}
    )
    code, _ = one.stage.client.InvokeMethod(
        "AddResourceSettings",
        SERVICE,
        AffectedConfiguration=make_path(SETTING, {"InstanceID": f"KVM:{GUEST}"}),
        ResourceSettings=[disk],
    )
    assert code == 0
    yield one
    one.close()


@pytest.mark.parametrize("pull", [the_server, the_daemon, both, the_guests])
def test_one_story(rack: Rack, pull: Callable[[Rack], None]) -> None:
    """The job, virsh and CIM agree on whether the disk is gone; nobody holds the domain."""
    before = _defined(rack)
    rack.freeze()  # whoever waits for the guest waits
    code, out = _remove(rack)
    assert code == STARTED
    assert TARGET not in _defined(rack)  # half of it is done
    pull(rack)
    if rack.stage.server.process.poll() is not None:
        rack.boot()
    ended = rack.stage.ended(out["Job"])
    gone = TARGET not in _defined(rack)
    assert (ended["JobState"], gone) in {(COMPLETED, True), (EXCEPTION, False)}, ended.tomof()
    if not gone:
        assert _defined(rack) == before
        assert re.search(r"; nothing (else )?was changed$", ended["ErrorDescription"])
    settings = rack.stage.client.EnumerateInstanceNames(DISK)
    ids = {one["InstanceID"] for one in settings}
    assert (f"{GUEST}/{TARGET}" in ids) is not gone
    changed = rack.stage.client.AssociatorNames(ended.path, AssocClass="KVM_AffectedJobElement")
    assert [one["Name"] for one in changed] == [path(GUEST)["Name"]]
    code, _ = rack.stage.client.InvokeMethod(
        "ModifySystemSettings",
        SERVICE,
        SystemSettings=pywbem.CIMInstance(
            SETTING, {"InstanceID": f"KVM:{GUEST}", "Notes": ["afterwards"]}
        ),
    )
    assert code == 0


def _defined(rack: Rack) -> str:
    """What the next start of the guest will have, by libvirt itself."""
    return str(rack.domain(GUEST).XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))


def _remove(rack: Rack) -> tuple[int, Any]:
    """Ask for the disk."""
    setting = make_path(DISK, {"InstanceID": f"{GUEST}/{TARGET}"})
    code, out = rack.stage.client.InvokeMethod(
        "RemoveResourceSettings", SERVICE, ResourceSettings=[setting]
    )
    return int(code), out
