"""What is told of what can be set: all of it, and where libvirt has it."""

import pytest

from virtcim.providers.changing import CHANGES_OF, OF_DOMAIN
from virtcim.providers.settable import When, settables
from virtcim.providers.system_changes import BY_SERVICE
from virtcim.providers.system_changes import CHANGES as SYSTEM


def _anywhere(_family: str, _name: str) -> str:
    return "It stands there (disk/there), or here (filesystem/here)."


def test_everything_that_can_be_set_is_told() -> None:
    """Each setter of each table, and what the service sets itself."""
    told = {row.name for rows in settables(_anywhere).values() for row in rows}
    tables = (SYSTEM, *CHANGES_OF.values(), *OF_DOMAIN.values())
    assert told == BY_SERVICE | {name for one in tables for name in one.setters}


def test_where_and_when() -> None:
    """A place is the element's own where a description has several; limits of disks are at once."""
    rows = settables(_anywhere)["Virt_DiskResourceAllocationSettingData"]
    found = {(row.name, row.place): row.when for row in rows}
    assert found["VirtualDevice", "disk/there"] is When.TRIED
    assert found["VirtualDevice", "filesystem/here"] is When.TRIED
    assert found["TotalBytesPerSecond", "disk/there"] is When.AT_ONCE
    system = {row.name: row.when for row in settables(_anywhere)["Virt_VirtualSystemSettingData"]}
    assert (system["Title"], system["Arch"]) == (When.AT_ONCE, When.NEXT_START)


def test_a_place_that_nobody_knows() -> None:
    """It is an error, not an empty cell."""
    with pytest.raises(ValueError, match="nothing says where"):
        settables(lambda _family, _name: "Where (who knows)?")
