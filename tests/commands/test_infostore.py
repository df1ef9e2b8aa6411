"""``virtcim infostore import`` takes over libvirt-cim's records and says what became of each."""

from pathlib import Path

from tests.commands.running import virtcim
from virtcim.infostore import DomainRecord
from virtcim.infostore.store import Store

A = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"
B = "6695eb01-f6a4-8304-79aa-97f2502e193f"
C = "c7a5fdbd-edaf-9455-926a-d65c16db1809"


def write(directory: Path, name: str, uuid: str, more: str = "") -> None:
    """Leave a file as libvirt-cim does."""
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(f"<dominfo><uuid>{uuid}</uuid>{more}</dominfo>")


def test_records_are_taken_over_for_the_hosts_of_their_type(tmp_path: Path) -> None:
    """Each type goes to its local host; what has none, or is damaged, is named."""
    legacy, state = tmp_path / "cim", tmp_path / "state"
    write(legacy, "QEMU_a", A, "<reqstate>2</reqstate><migrating>true</migrating>")
    write(legacy, "LXC_b", B, "<weight>5</weight>")
    write(legacy, "Xen_c", C)
    write(legacy, "QEMU_broken", "?")
    config = tmp_path / "virtcim.toml"
    config.write_text(
        'hosts = ["qemu+ssh://elsewhere/system", "qemu:///system", "lxc:///system"]\n'
        f'state_dir = "{state}"\n'
    )
    ended = virtcim("infostore", "import", legacy, "--config", config)
    assert ended.code == 0, ended
    assert ended.out.splitlines() == [
        "LXC_b\ttaken over for host lxc",
        "QEMU_a\ttaken over for host qemu",
        "QEMU_broken\tskipped: badly formed hexadecimal UUID string",
        "Xen_c\tskipped: no local Xen host",
    ]
    store = Store(f"sqlite:///{state}/infostore.db")
    store.open()
    assert store.records("qemu") == {A: DomainRecord(requested_state=2)}
    assert store.records("lxc") == {B: DomainRecord(weight=5)}
    assert store.records("default") == {}
    store.close()


def test_a_second_import_keeps_what_is_there(tmp_path: Path) -> None:
    """Our own record of a domain is newer than libvirt-cim's."""
    legacy, state = tmp_path / "cim", tmp_path / "state"
    variables = {"VIRTCIM_HOSTS": "qemu:///system", "VIRTCIM_STATE_DIR": str(state)}
    write(legacy, "QEMU_a", A, "<reqstate>2</reqstate>")
    assert virtcim("infostore", "import", legacy, variables=variables).code == 0
    write(legacy, "QEMU_a", A, "<reqstate>3</reqstate>")
    ended = virtcim("infostore", "import", legacy, variables=variables)
    assert ended.out == "QEMU_a\tkept: host default has a record already\n"
    store = Store(f"sqlite:///{state}/infostore.db")
    store.open()
    assert store.records("default") == {A: DomainRecord(requested_state=2)}
    store.close()


def test_what_cannot_be_read_or_written_is_told(tmp_path: Path) -> None:
    """Neither a missing directory nor a bad store ends in a traceback."""
    variables = {"VIRTCIM_STATE_DIR": str(tmp_path / "state")}
    ended = virtcim("infostore", "import", tmp_path / "nowhere", variables=variables)
    assert ended.code == 1
    assert "nowhere cannot be read" in ended.err
    write(tmp_path / "cim", "QEMU_a", A)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "infostore.db").write_text("rubbish " * 100)
    ended = virtcim("infostore", "import", tmp_path / "cim", variables=variables)
    assert ended.code == 1
    assert "is damaged" in ended.err
