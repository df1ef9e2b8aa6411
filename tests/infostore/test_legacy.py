"""libvirt-cim's files are taken over where they can be, and named where they cannot."""

import os
from pathlib import Path

import pytest

from virtcim.infostore import DomainRecord, legacy

UUID = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"


def dominfo(**texts: str) -> str:
    """Write a file's content as libvirt-cim does."""
    children = "".join(f"<{key}>{text}</{key}>" for key, text in texts.items())
    return f'<?xml version="1.0"?>\n<dominfo>{children}</dominfo>\n'


def reasons(store: legacy.LegacyStore) -> dict[str, str]:
    """Give why each skipped file was."""
    return {skipped.file: skipped.reason for skipped in store.skipped}


def test_every_key_is_read(tmp_path: Path) -> None:
    """Type and name come from the file's name, the record from its children."""
    (tmp_path / "QEMU_web_1").write_text(
        dominfo(uuid=UUID.upper(), reqstate="2", migrating="TRUE", weight="1024", limit="50")
    )
    assert legacy.read(tmp_path) == legacy.LegacyStore(
        domains=(
            legacy.LegacyDomain(
                hypervisor_type="QEMU",
                name="web_1",
                uuid=UUID,
                record=DomainRecord(requested_state=2, migrating=True, weight=1024, limit=50),
            ),
        ),
        skipped=(),
    )


@pytest.mark.parametrize(
    ("texts", "record"),
    [
        ({}, DomainRecord()),
        ({"reqstate": "0", "migrating": "false"}, DomainRecord()),
        ({"reqstate": "", "migrating": "perhaps"}, DomainRecord()),
        ({"weight": "0"}, DomainRecord(weight=0)),
    ],
)
def test_missing_keys_mean_what_they_meant(
    tmp_path: Path, texts: dict[str, str], record: DomainRecord
) -> None:
    """A file that only ever named its domain is an empty record."""
    (tmp_path / "LXC_c1").write_text(dominfo(uuid=UUID, **texts))
    assert [domain.record for domain in legacy.read(tmp_path).domains] == [record]


def test_of_two_files_of_one_domain_the_newer_counts(tmp_path: Path) -> None:
    """The orphan that a rename left does not win over what was written later."""
    (tmp_path / "QEMU_a").write_text(dominfo(uuid=UUID, reqstate="3"))
    (tmp_path / "QEMU_b").write_text(dominfo(uuid=UUID, reqstate="2"))
    (tmp_path / "LXC_c").write_text(dominfo(uuid=UUID, reqstate="9"))
    os.utime(tmp_path / "QEMU_a", (1, 1))
    store = legacy.read(tmp_path)
    assert [domain.name for domain in store.domains] == ["b", "c"]
    assert reasons(store) == {"QEMU_a": "an older record of the domain now named b"}


BOMB = (
    '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><dominfo><uuid>&b;</uuid></dominfo>'
)
THIEF = (
    '<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/hostname">]><dominfo><uuid>&f;</uuid></dominfo>'
)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not well-formed"),
        (dominfo(uuid=UUID)[:-9], "not well-formed"),
        ("\0\0\0\0", "not well-formed"),
        ("<domain/>", "not a <dominfo>"),
        (dominfo(reqstate="2"), "no uuid"),
        (dominfo(uuid="none"), "badly formed"),
        (dominfo(uuid=UUID, reqstate="two"), "reqstate is not a number"),
        (dominfo(uuid=UUID, reqstate="²"), "reqstate is not a number"),
        (dominfo(uuid=UUID, reqstate="70000"), "requested_state must be between"),
        (dominfo(uuid=UUID, limit=str(2**64)), "limit must be between"),
        (dominfo(uuid=UUID, limit="9" * 5000), "limit"),
        (dominfo(uuid=UUID, more="x" * 70_000), "larger than 65536 bytes"),
        (BOMB, "document type"),
        (THIEF, "document type"),
        ("<a>" * 5000, "not well-formed"),
    ],
)
def test_a_damaged_file_is_named_and_skipped(tmp_path: Path, content: str, reason: str) -> None:
    """One bad file costs only itself."""
    (tmp_path / "QEMU_bad").write_text(content)
    (tmp_path / "QEMU_good").write_text(dominfo(uuid=UUID))
    store = legacy.read(tmp_path)
    assert [domain.name for domain in store.domains] == ["good"]
    assert list(reasons(store)) == ["QEMU_bad"]
    assert reason in reasons(store)["QEMU_bad"]


def test_what_is_no_record_file_is_skipped(tmp_path: Path) -> None:
    """Directories, links, hidden files and other names are no records."""
    (tmp_path / "QEMU_directory").mkdir()
    (tmp_path / "QEMU_link").symlink_to("/etc/hostname")
    (tmp_path / ".QEMU_swap").write_text("editor")
    (tmp_path / "README").write_text("hello")
    (tmp_path / "_x").write_text(dominfo(uuid=UUID))
    store = legacy.read(tmp_path)
    assert store.domains == ()
    assert reasons(store) == {
        "QEMU_directory": "not a file",
        "QEMU_link": "not a file",
        "README": "not named <type>_<domain>",
        "_x": "not named <type>_<domain>",
    }


def test_a_file_that_cannot_be_opened_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that vanishes between listing and reading is reported like a damaged one."""
    (tmp_path / "QEMU_gone").write_text(dominfo(uuid=UUID))
    monkeypatch.setattr(Path, "is_file", lambda path: path.unlink() is None)
    assert reasons(legacy.read(tmp_path)) == {"QEMU_gone": "No such file or directory"}


def test_a_directory_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A mistyped directory is an error, not an empty store."""
    with pytest.raises(legacy.NotReadable, match="/etc/libvirt/cim"):
        legacy.read(tmp_path / "nowhere")
