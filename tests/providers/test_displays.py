"""Displays of domains."""

import pytest

from tests.providers.handmade import model_of, provider, records
from tests.providers.shared_resources import running
from virtcim.providers.pool_links import GRAPHICS, POOL_LINKS
from virtcim.providers.views import DISPLAY

CONSOLE = "<console type='pty'><source path='/dev/pts/1'/><target port='0'/></console>"


@pytest.mark.parametrize(
    ("graphics", "processor"),
    [
        ("type='vnc' port='5900' listen='::1'", "vnc/[::1]:5900"),
        ("type='vnc' autoport='yes'", "vnc/127.0.0.1:-1"),
        ("type='spice' tlsPort='5901' listen='10.0.0.1'", "spice/10.0.0.1:5901"),
        ("type='sdl' display=':0'", "sdl"),
    ],
)
def test_where_a_display_is_reached(graphics: str, processor: str) -> None:
    """As in the setting of the display: an IPv6 address stands in brackets."""
    (record,) = records(model_of(running("web", f"<graphics {graphics}/>")), DISPLAY)
    assert record["VideoProcessor"] == processor


@pytest.mark.parametrize(("vram", "size"), [(16384, 2**24), (2**22, None)])
def test_video_memory(vram: int, size: int | None) -> None:
    """4 GiB are more than the property can say."""
    video = f"<video><model type='qxl' vram='{vram}'/></video>"
    (record,) = records(model_of(running("web", video)), DISPLAY)
    assert record["MaxMemorySupported"] == size


def test_a_console_that_is_shown_as_a_display_has_its_pool() -> None:
    """As libvirt-cim has it, for the device as for its setting."""
    model = model_of(running("web", CONSOLE), compat=True)
    for family in (DISPLAY, GRAPHICS):
        model.add(provider(model, family))
    (record,) = records(model, DISPLAY)
    (row,) = (row for row in POOL_LINKS[0].rows if row.second == DISPLAY)
    (pool,) = row.back(model, record)
    assert pool["InstanceID"] == "GraphicsPool/0"
    assert [one.values for one in row.forth(model, pool)] == [record.values]
