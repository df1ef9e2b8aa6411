"""The laws of the graph, on hosts of several kinds and in both modes."""

import pytest

from tests.providers.laws import LAWS, Law, look
from tests.providers.worlds import WORLDS, World


@pytest.mark.parametrize("compat", [False, True], ids=["strict", "compat"])
@pytest.mark.parametrize("world", WORLDS, ids=[world.name for world in WORLDS])
@pytest.mark.parametrize("law", LAWS, ids=[law.__name__ for law in LAWS])
def test_the_laws_of_the_graph(law: Law, world: World, *, compat: bool) -> None:
    """Each law holds on each host, as its own sentence says."""
    look(world.hypervisor, world.prefix, law, compat=compat)
