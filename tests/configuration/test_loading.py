"""Where settings come from, which source wins, and what a bad one is told."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from virtcim.configuration import ConfigurationError, Settings, load, loading
from virtcim.configuration.endpoints import Endpoint


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this machine's file nor its environment takes part."""
    monkeypatch.setattr(loading, "DEFAULT_FILE", tmp_path / "default.toml")
    monkeypatch.setattr("os.environ", {"HOME": str(tmp_path)})


def loaded(tmp_path: Path, text: str, options: Mapping[str, object] | None = None) -> Settings:
    """Load a file of this text."""
    file = tmp_path / "virtcim.toml"
    file.write_text(text)
    return load(options, file)


def refused(tmp_path: Path, text: str, options: Mapping[str, object] | None = None) -> str:
    """Give what is said of a file of this text, its path shortened."""
    with pytest.raises(ConfigurationError) as caught:
        loaded(tmp_path, text, options)
    return str(caught.value).replace(f"{tmp_path}/", "")


def test_without_any_source_the_defaults_hold() -> None:
    """Loopback, no hosts, no web; nothing must be written to start."""
    settings = load()
    assert settings.listen == (Endpoint("127.0.0.1", 5988),)
    assert settings.hosts == ()
    assert settings.web.listen is None
    assert settings.infostore_url == f"sqlite:///{settings.state_dir}/infostore.db"
    assert settings.users_file == settings.state_dir / "users"


def test_the_default_file_is_read_when_it_is_there(tmp_path: Path) -> None:
    """An installed configuration counts without being named."""
    (tmp_path / "default.toml").write_text("reconcile_interval = 7")
    assert load().reconcile_interval == 7


def test_the_environment_may_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable names a file, and the option names another one over it."""
    (tmp_path / "a.toml").write_text("reconcile_interval = 1")
    (tmp_path / "b.toml").write_text("reconcile_interval = 2")
    monkeypatch.setenv("VIRTCIM_CONFIG", str(tmp_path / "a.toml"))
    assert load().reconcile_interval == 1
    assert load(file=tmp_path / "b.toml").reconcile_interval == 2


def test_option_beats_environment_beats_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each source wins over the ones below it, key by key also inside sections."""
    text = """
    state_dir = "/file"
    reconcile_interval = 1
    [log]
    level = "error"
    format = "json"
    """
    monkeypatch.setenv("VIRTCIM_STATE_DIR", "/environment")
    monkeypatch.setenv("VIRTCIM_LOG_LEVEL", "debug")
    settings = loaded(tmp_path, text, {"state_dir": "/option"})
    assert settings.state_dir == Path("/option")
    assert settings.reconcile_interval == 1
    assert (settings.log.level, settings.log.format) == ("debug", "json")
    assert loaded(tmp_path, text).state_dir == Path("/environment")


def test_lists_may_stand_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commas, blanks and JSON all make a list, brackets of IPv6 do not make it JSON."""
    monkeypatch.setenv("VIRTCIM_LISTEN", "[::1]:5988, 127.0.0.1:5988 https://127.0.0.1:5989")
    monkeypatch.setenv("VIRTCIM_HOSTS", '[{"uri": "test:///default", "name": "a"}]')
    settings = load()
    assert [str(each) for each in settings.listen] == [
        "http://[::1]:5988",
        "http://127.0.0.1:5988",
        "https://127.0.0.1:5989",
    ]
    assert [host.name for host in settings.hosts] == ["a"]
    monkeypatch.setenv("VIRTCIM_HOSTS", "test:///default qemu:///system")
    assert [host.name for host in load().hosts] == ["default", "qemu"]


def test_every_key_has_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file can say the environment can say, and two keys never share a variable."""
    leaves = [path for path in loading.known_keys() if path[0] not in {"hosts", "listen"}]
    variables = [loading.variable_of(path) for path in leaves]
    assert len(set(variables)) == len(variables)
    examples = {
        "VIRTCIM_WEB_LISTEN": "127.0.0.1:1",
        "VIRTCIM_TLS_CERTIFICATE": "/c",
        "VIRTCIM_TLS_KEY": "/k",
        "VIRTCIM_INFOSTORE_URL": "sqlite:////x",
        "VIRTCIM_LIMITS_HEAD_BYTES": "2048",
        "VIRTCIM_DRIVER_CALL_SECONDS": "3.5",
        "VIRTCIM_METRICS": "false",
        "VIRTCIM_COMPAT": "libvirt-cim",
    }
    assert set(examples) <= set(variables)
    for name, value in examples.items():
        monkeypatch.setenv(name, value)
    settings = load()
    assert settings.web.listen == Endpoint("127.0.0.1", 1)
    assert (settings.tls.certificate, settings.tls.key) == (Path("/c"), Path("/k"))
    assert settings.infostore_url == "sqlite:////x"
    assert settings.limits.head_bytes == 2048
    assert settings.driver.call_seconds == 3.5
    assert (settings.metrics, settings.compat) == (False, "libvirt-cim")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("listne = 1", "virtcim.toml: listne: unknown key; did you mean `listen`?"),
        ("[log]\nlevle = 1", "virtcim.toml: log.levle: unknown key; did you mean `level`?"),
        ("[log]\nx = 1", "virtcim.toml: log.x: unknown key; known are format, level"),
        ("[lgo]\nlevel = 1", "virtcim.toml: lgo: unknown key; did you mean `log`?"),
        (
            "[[hosts]]\nuri = 'test:///default'\nprefx = 'A'",
            "virtcim.toml: hosts[0].prefx: unknown key; did you mean `prefix`?",
        ),
        ("[[hosts]]\nname = 'a'", "virtcim.toml: hosts[0].uri: is missing"),
        ("hosts = 5", "virtcim.toml: hosts: must be a valid tuple"),
        ("listen = []", "virtcim.toml: listen: Tuple should have at least 1 item"),
        ("compat = 'pegasus'", "virtcim.toml: compat: must be '' or 'libvirt-cim'"),
        (
            "[log]\nlevel = 'loud'",
            "virtcim.toml: log.level: must be 'debug', 'info', 'warning' or 'error'",
        ),
        (
            "[limits]\nconnections = 0",
            "virtcim.toml: limits.connections: must be greater than or equal to 1",
        ),
        (
            "[pull]\nseconds = 60\nlongest_seconds = 30",
            "virtcim.toml: pull: seconds (60) must be at most longest_seconds (30)",
        ),
        ("[pull]\nseconds = 0", "virtcim.toml: pull.seconds: must be greater than or equal to 1"),
        ("reconcile_interval = nan", "virtcim.toml: reconcile_interval: must be a finite number"),
        (
            "sample_interval = -1",
            "virtcim.toml: sample_interval: must be greater than or equal to 0",
        ),
        ("metrics = 'perhaps'", "virtcim.toml: metrics: must be a valid boolean"),
        ("web = 'on'", "virtcim.toml: web: must be a valid dictionary"),
        ("listen = '127.0.0.1'", "virtcim.toml: listen[0]: `127.0.0.1` must be ADDRESS:PORT"),
        ("[[rules]]\nallow = ['read']\ndeny = ['*']", "virtcim.toml: rules[0]: a rule has either"),
        ("[[rules]]\nusers = ['anna']", "virtcim.toml: rules[0]: a rule has either `allow` or"),
        (
            "[[rules]]\nuser = ['anna']\nallow = ['*']",
            "virtcim.toml: rules[0].user: unknown key; did you mean `users`?",
        ),
        (
            "[[certificates]]\nfield = 'cn'\nvalue = 'x'\nuser = 'x'",
            "virtcim.toml: certificates[0].field: must be 'subject', 'common_name', 'email', 'dns'",
        ),
        (
            "[[certificates]]\nfield = 'dns'\nvalue = '*.*'\nuser = 'x'",
            "virtcim.toml: certificates[0]: `*.*` must have one * at most",
        ),
        (
            "[[certificates]]\nfield = 'dns'\nvalue = 'a'\nuser = '*'",
            "virtcim.toml: certificates[0]: user `*` needs a * in `a`",
        ),
        (
            "[[certificates]]\nfield = 'dns'\nvalue = '*'\nuser = 'x*'",
            "virtcim.toml: certificates[0]: user `x*` must be a name, or * alone",
        ),
        ("[tls]\nclient_crl = '/x'", "virtcim.toml: tls: client_crl needs client_ca"),
        ("[auth]\npasswords = []", "virtcim.toml: auth.passwords: Value should have at least 1"),
        ("[auth]\npasswords = ['ldap']", "virtcim.toml: auth.passwords[0]: must be 'users' or"),
        ("[auth]\npam_service = '../x'", "virtcim.toml: auth.pam_service: `../x` must be the name"),
        (
            "[auth]\ndefault_role = 'root'",
            "virtcim.toml: auth.default_role: must be 'none', 'read'",
        ),
        ("[socket]\nmode = '999'", "virtcim.toml: socket.mode: `999` must be three octal digits"),
        ("[audit]\nwhat = 'some'", "virtcim.toml: audit.what: must be 'changes', 'all' or 'off'"),
        ("web.listen = 'unix:/x'", "virtcim.toml: web.listen: `unix:/x` must be ADDRESS:PORT"),
        ("a = ", "virtcim.toml: is not TOML: Invalid value (at end of document)"),
    ],
)
def test_a_bad_file_is_told_where_and_what_would_be_right(
    tmp_path: Path, text: str, said: str
) -> None:
    """File, key path and remedy are all in one line."""
    assert refused(tmp_path, text).startswith(said)


def test_samples_may_be_switched_off(tmp_path: Path) -> None:
    """Nought means never, where another interval may not be nought."""
    assert loaded(tmp_path, "sample_interval = 0").sample_interval == 0
    assert refused(tmp_path, "reconcile_interval = 0")


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    """An operator mends a file in one go."""
    said = refused(tmp_path, "compat = 'x'\nmetrics = 'y'\nlisten = ['z']")
    assert len(said.splitlines()) == 3


def test_a_bad_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is blamed for what it said, not the file."""
    monkeypatch.setenv("VIRTCIM_LISTEN", "[::1]")
    monkeypatch.setenv("VIRTCIM_LIMITS_HEADERS", "many")
    said = refused(tmp_path, "[limits]\nheaders = 50")
    assert "environment variable VIRTCIM_LISTEN: `[::1]` must be ADDRESS:PORT" in said
    assert "environment variable VIRTCIM_LIMITS_HEADERS: must be a valid integer" in said
    monkeypatch.setenv("VIRTCIM_HOSTS", '["test:///default"')
    assert "environment variable VIRTCIM_HOSTS: must be JSON" in refused(tmp_path, "")


def test_an_unknown_variable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped variable is no silent default."""
    monkeypatch.setenv("VIRTCIM_STATEDIR", "/x")
    assert refused(tmp_path, "") == (
        "environment variable VIRTCIM_STATEDIR: unknown; did you mean `VIRTCIM_STATE_DIR`?"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"listen": ["here"]}, "option --listen: `here` must be ADDRESS:PORT"),
        ({"web": {"listen": "there"}}, "option --web: `there` must be ADDRESS:PORT"),
        ({"hosts": ["qemu://system"]}, "argument URI: `qemu://system` must have the path"),
    ],
)
def test_a_bad_option_is_named(tmp_path: Path, options: dict[str, object], said: str) -> None:
    """The command line is blamed as the operator typed it."""
    text = "hosts = ['test:///default']\nlisten = ['127.0.0.1:1']"
    assert refused(tmp_path, text, options).startswith(said)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A named file must be there, and be text."""
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml: cannot be read: No such file"):
        load(file=tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b"compat = '\xe9'")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load(file=tmp_path / "latin.toml")


def test_no_secret_is_shown(tmp_path: Path) -> None:
    """Neither the settings' repr nor an error has the database's password."""
    secret = "sqlite://user:hunter2@host/x"
    settings = loaded(tmp_path, f"infostore.url = '{secret}'")
    assert settings.infostore_url == secret
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()
    said = refused(tmp_path, f"infostore.url = ['{secret}']")
    assert said == "virtcim.toml: infostore.url: must be a valid string"
    said = refused(tmp_path, "hosts = ['esx://root:hunter2@host/']")
    assert "must not hold a password" in said
    assert "hunter2" not in said


def test_options_of_plug_ins_are_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is in such a table is no unknown key; a variable has all of them as JSON."""
    text = '[providers.options.acme]\nhosts = 5\n[providers.options.acme.deep]\nx = ["y"]\n'
    wanted = {"acme": {"hosts": 5, "deep": {"x": ["y"]}}}
    assert loaded(tmp_path, text).providers.options == wanted
    monkeypatch.setenv("VIRTCIM_PROVIDERS_OPTIONS", '{"other": {"a": 1}}')
    assert loaded(tmp_path, text).providers.options == {"other": {"a": 1}}
    monkeypatch.setenv("VIRTCIM_PROVIDERS_ENABLED", "one,two*")
    assert load().providers.enabled == ("one", "two*")


def test_options_of_plug_ins_are_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value, a table of no plug-in and broken JSON are said where they stand."""
    assert "providers.options" in refused(tmp_path, "[providers]\noptions = 5\n")
    assert "providers.options.acme" in refused(tmp_path, "[providers.options]\nacme = 5\n")
    assert "unknown key" in refused(tmp_path, "[providers]\nenable = []\n")
    monkeypatch.setenv("VIRTCIM_PROVIDERS_OPTIONS", "{")
    said = refused(tmp_path, "")
    assert "environment variable VIRTCIM_PROVIDERS_OPTIONS" in said
    assert "must be a table, in JSON" in said
