"""What the audit log says of an operation, and what it never says."""

import json

import pytest

from tests.rawhttp import cim_headers
from virtcim.listeners import auditing
from virtcim.listeners.auditing import MASK, Auditor, What, arguments, entry, is_change, plain
from virtcim.listeners.messages import Request
from virtcim.listeners.observation import Exchange
from virtcim.listeners.principals import Mechanism, Principal
from virtcim.wbem import operations as ops
from virtcim.wbem.decode import ExtrinsicCall, IntrinsicCall
from virtcim.wbem.objects import ClassDeclaration, Instance, InstanceProperty, QualifierDeclaration
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.replies import MethodReply, VoidReply
from virtcim.wbem.status import Status
from virtcim.wbem.types import CIMType

N = "root/a"
PATH = ObjectPath("T_Service", (("Name", "s"),), N)
WHO = Principal("anna", Mechanism.PAM)
HIDDEN = "swordfish"


def text(name: str, value: str) -> InstanceProperty:
    """Make a property."""
    return InstanceProperty(name=name, type=CIMType.STRING, value=value)


GRAPHICS = Instance("T_Graphics", (text("Address", "::1"), text("Password", HIDDEN)))
MOF = f'instance of T_Graphics {{ Address = "::1"; Password = "{HIDDEN}"; }};'
XML = (
    '<INSTANCE CLASSNAME="T_Graphics"><PROPERTY NAME="Password" TYPE="string">'
    f"<VALUE>{HIDDEN}</VALUE></PROPERTY></INSTANCE>"
)


def exchange(asked: ops.Operation | None, name: str = "Start", **headers: str) -> Exchange:
    """Have a call on its way."""
    fields = {
        k.lower().encode(): v.encode() for k, v in {**cim_headers(name, N), **headers}.items()
    }
    request = Request(b"POST", b"/", "1.1", fields, b"", "192.0.2.1", 0.0)
    extrinsic = asked is None or isinstance(asked, ops.InvokeMethod)
    call = (
        ExtrinsicCall("1", "1.0", name, PATH, ())
        if extrinsic
        else IntrinsicCall("1", "1.0", name, N, ())
    )
    return Exchange(request, WHO.name, call, asked, WHO)


def invoke(*given: tuple[str, object]) -> ops.InvokeMethod:
    """Call a method with arguments."""
    made = tuple(ops.Argument(name, None, value) for name, value in given)  # type: ignore[arg-type]
    return ops.InvokeMethod(namespace=N, target=PATH, method="Start", arguments=made)


def test_a_method_is_told_whole() -> None:
    """Who, how, from where, what, on which object, with which arguments, and what came of it."""
    one = exchange(invoke(("State", "3"), ("Nothing", None)), **{"Virtcim-Dry-Run": "true"})
    told = dict(entry(one, None, MethodReply(CIMType.UINT32, 4096)))
    assert isinstance(told.pop("ms"), float)
    assert str(told.pop("time")).endswith("Z")
    assert told == {
        "event": "operation", "user": "anna", "how": "pam", "peer": "192.0.2.1",
        "operation": "InvokeMethod", "method": "Start", "namespace": N, "class": "T_Service",
        "path": 'root/a:T_Service.Name="s"', "arguments": {"State": "3", "Nothing": None},
        "dry_run": "true", "status": "OK", "return_value": 4096,
    }  # fmt: skip


def test_a_refused_call_that_was_not_read_is_told_too() -> None:
    """Without arguments, which nobody looked at."""
    told = entry(exchange(None), Status.ACCESS_DENIED, None)
    assert (told["path"], told["status"]) == ('root/a:T_Service.Name="s"', "ACCESS_DENIED")
    assert "arguments" not in told


@pytest.mark.parametrize(
    "asked",
    [
        invoke(("Password", HIDDEN)),
        invoke(("passphrase", (HIDDEN, None, HIDDEN))),
        invoke(("Settings", (GRAPHICS,))),
        invoke(("Settings", MOF)),
        invoke(("Settings", (XML, MOF))),
        invoke(("Settings", f"<broken Password='{HIDDEN}'")),
        invoke(("Settings", f" instance of broken Password '{HIDDEN}'")),
        invoke(("Target", ObjectPath("T_User", (("ClientSecret", HIDDEN),), N))),
        ops.ModifyInstance(namespace=N, modified_instance=GRAPHICS),
        ops.CreateInstance(
            namespace=N,
            new_instance=Instance(
                "T_Outer",
                (InstanceProperty(name="Inner", type=CIMType.STRING, value=GRAPHICS),),
            ),
        ),
        ops.SetProperty(
            namespace=N, instance_name=PATH, property_name="UserPassword", new_value=HIDDEN
        ),
        ops.SetProperty(
            namespace=N, instance_name=PATH, property_name="Query", new_value=f"a = '{HIDDEN}'"
        ),
        ops.ExecQuery(
            namespace=N,
            query_language="WQL",
            query=f"SELECT InstanceID FROM My_Sec WHERE Password = '{HIDDEN}'",
        ),
        ops.OpenEnumerateInstances(
            namespace=N,
            class_name="My_Sec",
            filter_query_language="DMTF:FQL",
            filter_query=f'Password = "{HIDDEN}"',
        ),
        ops.CreateInstance(
            namespace=N,
            new_instance=Instance(
                "CIM_IndicationFilter", (text("Query", f"SELECT * FROM X WHERE a='{HIDDEN}'"),)
            ),
        ),
    ],
)
def test_no_secret_is_written(asked: ops.Operation) -> None:
    """Wherever it stands and in whichever form it came."""
    line = json.dumps(entry(exchange(asked), None, VoidReply()))
    assert HIDDEN not in line


@pytest.mark.parametrize(
    "name",
    [
        "Password", "UserPasswd", "PassWord", "Pwd", "RootPWD", "Passphrase", "pass_phrase",
        "PassCode", "Secret", "ClientSecret", "ApiKey", "API_KEY", "api-key", "AccessKey",
        "PrivateKey", "private_key", "SharedKey", "PreSharedKey", "EncryptionKey", "Credential",
        "CredentialContext", "AuthToken",
    ],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    """Whatever else is in the name, and in any case."""
    assert plain(name, HIDDEN) == MASK


@pytest.mark.parametrize("name", ["Name", "InstanceID", "KeyLength", "PublicKey", "Passes"])
def test_names_of_no_secrets(name: str) -> None:
    """What only looks like one is written."""
    assert plain(name, HIDDEN) == HIDDEN


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("Size > 5 AND Name = 'x'",          "Size > 5 AND Name = '***'"),
        ('a = "it\'s" OR b = \'say "x"\'', "a = '***' OR b = '***'"),
        ("a = '' AND b = 2",                 "a = '***' AND b = 2"),
        ("Name = 'x",                        "Name = '***"),
        ("Name = it's AND b = 'x'",          "Name = it'***"),
        (r"a = 'c:\' AND b = 'x'",           "a = '***"),
        (r"a = 'c:\d' AND b = 'x'",          "a = '***' AND b = '***'"),
        ("Size > 5",                         "Size > 5"),
    ],
)  # fmt: skip
def test_the_shape_of_a_query_is_written(query: str, shown: str) -> None:
    """Its strings are not; where one ends is doubtful, nothing from the first on is."""
    for name in ("query", "Query", "filter_query", "FilterQuery"):
        assert plain(name, query) == shown
    assert plain("query_language", "DMTF:FQL") == "DMTF:FQL"


def test_what_is_no_secret_is_written() -> None:
    """The other values of the same instances are there."""
    told = arguments(invoke(("Settings", MOF), ("Rows", (1, 2.5, True, None))))
    shown = {"class": "T_Graphics", "properties": {"Address": "::1", "Password": MASK}}
    assert told == {"Settings": [shown], "Rows": [1, 2.5, True, None]}


def test_every_kind_of_value_has_a_form() -> None:
    """All of them are JSON, and none is longer than can be read."""
    declared = QualifierDeclaration(
        name="Key", type=CIMType.BOOLEAN, is_array=False, value=None, scopes=frozenset()
    )
    values = (float("inf"), float("nan"), PATH, ClassDeclaration(name="T_X"), declared, "x" * 5000)
    shown = json.dumps([plain("value", value) for value in values], allow_nan=False)
    assert '"inf", "nan"' in shown
    assert '"T_X", "Key"' in shown
    assert len(shown) < 2 * auditing.LONGEST_TEXT
    many = plain("rows", tuple(range(1000)))
    assert isinstance(many, list)
    assert many[-1] == "and 900 more"


READ = ops.GetInstance(namespace=N, instance_name=PATH)
CHANGE = ops.DeleteInstance(namespace=N, instance_name=PATH)


@pytest.mark.parametrize(
    ("what", "asked", "status", "written"),
    [
        ("changes", CHANGE, None,                 True),
        ("changes", CHANGE, Status.NOT_FOUND,     True),
        ("changes", READ,   None,                 False),
        ("changes", READ,   Status.ACCESS_DENIED, True),
        ("all",     READ,   None,                 True),
        ("off",     CHANGE, None,                 False),
        ("off",     CHANGE, Status.ACCESS_DENIED, True),
    ],
)  # fmt: skip
def test_what_is_written_is_what_was_asked_for(
    what: What, asked: ops.Operation, status: Status | None, *, written: bool
) -> None:
    """Refusals always, changes unless it is off, reads when all is."""
    lines: list[object] = []

    class Log:
        def write(self, line: object) -> None:
            lines.append(line)

    auditor = Auditor(Log(), what)  # type: ignore[arg-type]
    auditor.operation(exchange(asked, "X"), status, None)
    assert bool(lines) is written
    auditor.login_failed("anna", "192.0.2.1", "wrong user or password")
    assert isinstance(lines[-1], dict)
    assert lines[-1]["event"] == "login_failed"


def test_calls_that_nobody_understood_may_have_been_changes() -> None:
    """By their names, and what has no name that is known is taken for one."""

    def of(name: str) -> bool:
        one = exchange(READ, name)
        one.asked = None
        return is_change(one)

    assert [of(name) for name in ("GetInstance", "DeleteInstance", "Nonsense")] == [
        False, True, True,
    ]  # fmt: skip
    assert is_change(exchange(None))
