"""``virtcim classes`` shows the schema that clients will find."""

from pathlib import Path

from tests.commands.running import virtcim


def test_the_classes_of_every_prefix_are_shown(tmp_path: Path) -> None:
    """Those of the configured hosts, and those that clients of libvirt-cim enumerate."""
    config = tmp_path / "virtcim.toml"
    config.write_text('hosts = [{uri = "test:///default", prefix = "Acme"}]')
    ended = virtcim("classes", "_computersystem", "--config", config)
    assert ended.code == 0, ended
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in ended.out.splitlines()}
    for prefix in ("Acme", "KVM", "Xen", "LXC"):
        superclass, kind, keys = rows[f"{prefix}_ComputerSystem"]
        assert (superclass, kind) == ("Virt_ComputerSystem", "")
        assert sorted(keys.split()) == ["CreationClassName", "Name"]
    assert rows["CIM_ComputerSystem"]


def test_kinds_are_told() -> None:
    """Associations and abstract classes are marked."""
    rows = [line.split("\t") for line in virtcim("classes").out.splitlines()]
    kinds = {row[0]: row[2] for row in rows}
    assert kinds["CIM_ManagedElement"] == "abstract"
    assert "association" in kinds["CIM_Dependency"]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


def test_no_class_of_that_name_is_a_failure() -> None:
    """A mistyped part is not an empty success."""
    ended = virtcim("classes", "frob")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "virtcim: no class has `frob` in its name\n"
