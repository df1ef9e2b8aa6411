"""``virtcim mof``: files into a namespace and back, or one line that says what is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.running import Ended, virtcim
from tests.serving import EIGHT_STATES, RunningServer, serving

MOF = """
#pragma include ("base.mof")
class ACME_Disk : ACME_Thing { [Description("bytes")] uint64 Size = 5; };
[Association] class ACME_On { [Key] ACME_Thing REF Lower; [Key] ACME_Thing REF Upper; };
instance of ACME_Disk { ID = "a"; Size = 7; };
instance of ACME_Disk { ID = "b"; };
"""
BASE = "class ACME_Thing : CIM_ManagedElement { [Key] string ID; };\n"
NAMESPACE = "root/cimv2"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of the test driver."""
    with serving(EIGHT_STATES, tmp_path_factory.mktemp("mof")) as one:
        yield one


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two files, of which the first includes the second, from another directory."""
    (tmp_path / "main").mkdir()
    (tmp_path / "more").mkdir()
    (tmp_path / "main" / "acme.mof").write_text(MOF)
    (tmp_path / "more" / "base.mof").write_text(BASE)
    return tmp_path


def mof(server: RunningServer, *arguments: str | Path) -> Ended:
    """Run a command against the server."""
    return virtcim("mof", *arguments, "--namespace", NAMESPACE, "--url", server.url)


def test_files_are_compiled_exported_and_removed(server: RunningServer, files: Path) -> None:
    """What is exported compiles to the same; a second time changes nothing."""
    file, include = files / "main" / "acme.mof", ("-I", files / "more")
    rehearsed = mof(server, "compile", file, *include, "--dry-run")
    assert rehearsed.code == 0
    assert "would make class ACME_Disk\n" in rehearsed.out
    assert rehearsed.err.endswith("3 classes, 2 instances: nothing was changed\n")
    assert mof(server, "export", "ACME_Disk").code == 1
    for _ in range(2):
        made = mof(server, "compile", file, *include)
        assert made.err.endswith("3 classes, 2 instances compiled\n")
        assert (made.code, made.out) == (0, "")
    exported = mof(server, "export", "ACME_Disk", "ACME_On", "--instances")
    assert exported.code == 0
    assert "class ACME_Disk : ACME_Thing" in exported.out
    assert exported.out.index("class CIM_ManagedElement") < exported.out.index("class ACME_Thing")
    assert exported.out.count("instance of ACME_Disk") == 2
    assert "Size = 7;" in exported.out
    again = files / "again.mof"
    again.write_text(exported.out)
    assert mof(server, "compile", again).code == 0
    assert mof(server, "export", "ACME_Disk", "ACME_On", "--instances").out == exported.out
    gone = mof(server, "compile", file, *include, "--remove")
    assert (gone.code, gone.err) == (0, "3 classes, 2 instances removed\n")
    assert mof(server, "compile", file, *include, "--remove").code == 0
    assert "ACME" not in mof(server, "export").out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class A_B { string", "unexpected end of mof"),
        ("class A_B : No_Such { };", "No_Such"),
        ("class A_B { [Nope] string X; };", "Nope"),
        ("class A_B { string X; S_Node REF Y; };", "S_Node"),
        ('#pragma include ("missing.mof")', "missing.mof"),
    ],
)
def test_a_fault_in_a_file_changes_nothing(
    server: RunningServer, tmp_path: Path, text: str, said: str
) -> None:
    """It is said with the file, and nothing of it is there."""
    file = tmp_path / "faulty.mof"
    file.write_text(f"class ACME_First {{ [Key] string ID; }};\n{text}\n")
    ended = mof(server, "compile", file)
    assert (ended.code, ended.out) == (1, "")
    assert said.lower() in ended.err.lower()
    assert str(file) in ended.err
    assert "Traceback" not in ended.err
    assert mof(server, "export", "ACME_First").code == 1


def test_what_the_server_refuses_is_said(server: RunningServer, tmp_path: Path) -> None:
    """In its words."""
    file = tmp_path / "own.mof"
    file.write_text("class CIM_ManagedElement { string Other; };\n")
    ended = mof(server, "compile", file)
    assert ended.code == 1
    assert "belongs to the server" in ended.err
    missing = mof(server, "compile", tmp_path / "none.mof")
    assert missing.code == 1
    assert "none.mof" in missing.err


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    """With the question that an operator would ask next."""
    file = tmp_path / "a.mof"
    file.write_text("class A_B { };\n")
    ended = virtcim("mof", "compile", file, "--url", "http://127.0.0.1:1")
    assert ended.code == 1
    assert "is the server running" in ended.err


def test_a_namespace_that_is_not_there_is_not_made(server: RunningServer, tmp_path: Path) -> None:
    """Whatever the file holds; a pragma does not make one either."""
    file = tmp_path / "a.mof"
    for text in (BASE, "Qualifier Q : boolean = false, Scope(class);", ""):
        file.write_text(text)
        for more in ((), ("--dry-run",)):
            made = virtcim(
                "mof", "compile", file, "--namespace", "root/none", "--url", server.url, *more
            )
            assert made.code == 1
            assert "namespace root/none does not exist; make it first" in made.err
    file.write_text('#pragma namespace ("root/none")\n' + BASE)
    made = mof(server, "compile", file)
    assert made.code == 1
    assert "--namespace root/none" in made.err


def test_what_fails_is_named(server: RunningServer, tmp_path: Path) -> None:
    """With what was done before it; a key that is missing is the server's to say."""
    file = tmp_path / "a.mof"
    file.write_text(
        "class ACME_Short { [Key] string ID; [MaxLen(3)] string Short; };\n"
        'instance of ACME_Short { ID = "a"; };\n'
        'instance of ACME_Short { ID = "b"; Short = "toolong"; };\n'
    )
    made = mof(server, "compile", file)
    assert made.code == 1
    assert made.err.startswith("virtcim: cannot make instance ")
    assert "Short" in made.err
    assert "(2 of 3 steps done)" in made.err
    file.write_text('instance of ACME_Short { Short = "a"; };\n')
    made = mof(server, "compile", file)
    assert made.code == 1
    assert "Warning" not in made.err
    assert "ID" in made.err


def test_qualifiers_go_when_nothing_uses_them(server: RunningServer, tmp_path: Path) -> None:
    """Those of the server stay, and those that another class uses."""
    file, other = tmp_path / "a.mof", tmp_path / "b.mof"
    file.write_text(
        "Qualifier Mine : boolean = false, Scope(class);\n"
        "Qualifier Theirs : boolean = false, Scope(class);\n"
        "Qualifier Key : boolean = false, Scope(property, reference), "
        "Flavor(DisableOverride, ToSubclass);\n"
        "[Mine] class ACME_Mine { [Key] string ID; };\n"
    )
    other.write_text("[Theirs] class ACME_Theirs { [Key] string ID; };\n")
    assert mof(server, "compile", file).code == 0
    assert mof(server, "compile", other).code == 0
    removed = mof(server, "compile", "--remove", file)
    assert removed.code == 0, removed.err
    exported = mof(server, "export", "ACME_Theirs").out
    assert "Qualifier Mine " not in exported
    assert "Qualifier Theirs " in exported
    assert "Qualifier Key " in exported
    nothing = mof(server, "export", "ACME_Nobody")
    assert (nothing.code, nothing.out) == (1, "")
