"""Plug-ins as if they were installed: their modules and metadata in a directory on the path."""

from pathlib import Path
from threading import Event

ROOT = Path(__file__).parent.parent
PACK = ROOT / "tests" / "pack"
ENOUGH = Event()
"""Until it is set, a plug-in that waits for it hangs."""


def install(
    directory: Path, *modules: Path, distribution: str = "virtcim-test-pack", **entries: str
) -> None:
    """Put modules and the metadata of a distribution into `site` below a server's directory.

    entries: by the name of a plug-in, the object in the form MODULE:NAME.
    """
    site = directory / "site"
    metadata = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir(parents=True)
    about = f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n"
    (metadata / "METADATA").write_text(about)
    lines = "".join(f"{name} = {value}\n" for name, value in entries.items())
    (metadata / "entry_points.txt").write_text(f"[virtcim.providers]\n{lines}")
    for module in modules:
        (site / module.name).symlink_to(module)


def install_pack(directory: Path) -> None:
    """Install the test pack."""
    files = (PACK / "virtcim_test_pack.py", PACK / "pack.mof")
    install(directory, *files, pack="virtcim_test_pack:plugin")
