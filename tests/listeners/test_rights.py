"""May they: roles, rules, their order, and what is refused before anything is said."""

from dataclasses import fields

import pytest

from tests.broker.world import World
from virtcim.broker.namespaces import Namespaces
from virtcim.listeners import rights, targets
from virtcim.listeners.principals import Mechanism, Principal, Role
from virtcim.listeners.rights import Authoriser, Rule, rule, strange_words, unknown_names
from virtcim.listeners.targets import class_of
from virtcim.wbem import operations as ops
from virtcim.wbem.decode import ExtrinsicCall, IntrinsicCall
from virtcim.wbem.exports import ExportCall
from virtcim.wbem.objects import Instance
from virtcim.wbem.parameters import OPERATIONS
from virtcim.wbem.paths import ObjectPath
from virtcim.wbem.status import AccessDenied

N = "root/a"
ANNA = Principal("anna")
ADMIN = Principal("root", role=Role.ADMIN)


@pytest.fixture(scope="module")
def namespaces() -> Namespaces:
    """A small world: T_Device and its subclasses in root/a."""
    return World().broker.namespaces


def get(class_name: str, namespace: str = N) -> ops.GetInstance:
    """Ask for an instance."""
    return ops.GetInstance(namespace=namespace, instance_name=ObjectPath(class_name))


def call(method: str, class_name: str = "T_Service") -> ops.InvokeMethod:
    """Call a method."""
    return ops.InvokeMethod(namespace=N, target=ObjectPath(class_name, (), N), method=method)


def delete(class_name: str) -> ops.DeleteInstance:
    """Remove an instance."""
    return ops.DeleteInstance(namespace=N, instance_name=ObjectPath(class_name))


def may(
    namespaces: Namespaces,
    asked: ops.Operation,
    *rules: Rule,
    who: Principal = ANNA,
    default: Role = Role.READ,
) -> bool:
    """Tell whether somebody may, asked twice: the second answer is the kept one."""
    authoriser = Authoriser(rules, default, namespaces)
    refused = 0
    for _ in range(2):
        try:
            authoriser.check(who, asked)
        except AccessDenied:
            refused += 1
    assert refused in {0, 2}
    return not refused


@pytest.mark.parametrize(
    ("asked", "least"),
    [
        (get("T_Device"),            Role.READ),
        (call("GetError"),           Role.READ),
        (call("requestStateCHANGE"), Role.OPERATE),
        (call("KillJob"),            Role.OPERATE),
        (call("DefineSystem"),       Role.ADMIN),
        (call("CreateSnapshot"),     Role.ADMIN),
        (delete("T_Device"),         Role.ADMIN),
        (ops.DeleteClass(namespace=N, class_name="T_Device"), Role.ADMIN),
    ],
)  # fmt: skip
def test_each_role_has_what_the_one_below_has(
    namespaces: Namespaces, asked: ops.Operation, least: Role
) -> None:
    """From the least role on an operation is allowed, below it is not; also as the default one."""
    order = list(Role)
    for role in Role:
        allowed = order.index(role) >= order.index(least)
        assert may(namespaces, asked, who=Principal("x", role=role)) is allowed
        assert may(namespaces, asked, default=role) is allowed


def test_every_operation_belongs_to_a_role(namespaces: Namespaces) -> None:
    """Reading is for readers and changing for administrators, whatever operation there is."""
    authoriser = Authoriser((), Role.READ, namespaces)
    for name, spec in OPERATIONS.items():
        assert isinstance(spec.operation, type)
        asked = IntrinsicCall("1", "1.0", name, N, ())
        authoriser.check_call(ADMIN, asked)
        if issubclass(spec.operation, ops.Change):
            with pytest.raises(AccessDenied):
                authoriser.check_call(ANNA, asked)
        else:
            authoriser.check_call(ANNA, asked)


def test_the_first_rule_that_fits_decides(namespaces: Namespaces) -> None:
    """Order counts, and neither the number of words nor how exact they are."""
    allow = rule("rules[0]", users=["anna"], allow=["*"])
    deny = rule("rules[1]", classes=["T_Device"], deny=["write"])
    assert may(namespaces, delete("T_Device"), allow, deny)
    assert not may(namespaces, delete("T_Device"), deny, allow)
    assert not may(namespaces, delete("T_Device"), deny, who=ADMIN)
    assert may(namespaces, get("T_Device"), deny)


@pytest.mark.parametrize(
    ("one", "fits"),
    [
        (rule("", users=["an*"], allow=["admin"]), True),
        (rule("", users=["AN*"], allow=["admin"]), False),
        (rule("", users=["ben", "anna"], allow=["invoke"]), True),
        (rule("", groups=["ops"], allow=["start"]), True),
        (rule("", groups=["op"], allow=["start"]), False),
        (rule("", users=["anna"], groups=["none"], allow=["*"]), False),
        (rule("", namespaces=["ROOT/*"], allow=["St*"]), True),
        (rule("", namespaces=["root"], allow=["St*"]), False),
        (rule("", classes=["t_service"], allow=["invoke"]), True),
        (rule("", classes=["T_Ser?ice"], allow=["invoke"]), False),
        (rule("", allow=["write"]), False),
        (rule("", allow=["inv*"]), False),
        (rule("", allow=["operate"]), False),
    ],
)
def test_a_rule_fits_by_all_its_lists(
    namespaces: Namespaces,
    one: Rule,
    *,
    fits: bool,
) -> None:
    """Users, groups, namespaces, classes and words must all fit; a star is no kind's name."""
    who = Principal("anna", groups=frozenset({"ops", "staff"}))
    assert may(namespaces, call("Start"), one, who=who) is fits


def test_a_class_stands_for_its_subclasses(namespaces: Namespaces) -> None:
    """What derives from a denied class is denied, what it derives from is not."""
    repository = namespaces.get(N).repository
    parent = next(c for c in repository if c.superclass is not None)
    assert parent.superclass is not None
    above, below = parent.superclass, parent.name
    assert not may(namespaces, get(below), rule("", classes=[above], deny=["*"]))
    assert may(namespaces, get(above), rule("", classes=[below], deny=["*"]))
    assert not may(namespaces, get(below.upper()), rule("", classes=[above], deny=["*"]))


def test_an_alias_is_the_namespace(namespaces: Namespaces) -> None:
    """No spelling of a namespace leads around a rule."""
    deny = rule("", namespaces=[N], deny=["read"])
    for spelling in (N, N.upper(), f"/{N}/", "//root//a"):
        assert not may(namespaces, get("T_Device", spelling), deny)
    for name in namespaces._by_name:
        closed = rule("", namespaces=[namespaces.get(name).name], deny=["read"])
        assert not may(namespaces, get("T_Device", name), closed)


def test_an_operation_without_a_class_fits_no_rule_for_classes(namespaces: Namespaces) -> None:
    """Such a rule neither allows nor denies it."""
    asked = ops.EnumerateQualifiers(namespace=N)
    assert may(namespaces, asked, rule("", classes=["*"], deny=["*"]))
    assert not may(namespaces, asked, rule("", classes=["T*"], allow=["*"]), default=Role.NONE)


def test_what_nobody_may_is_refused_before_it_is_read(namespaces: Namespaces) -> None:
    """A stranger to a namespace does not learn whether it is there, nor what parameters lack."""
    authoriser = Authoriser(
        (rule("", namespaces=["root/secret"], deny=["*"]),), Role.READ, namespaces
    )
    for name in ("root/secret", "ROOT/Secret"):
        with pytest.raises(AccessDenied):
            authoriser.check_call(ADMIN, IntrinsicCall("1", "1.0", "GetInstance", name, ()))
        target = ObjectPath("T_Service", (), name)
        with pytest.raises(AccessDenied):
            authoriser.check_call(ADMIN, ExtrinsicCall("1", "1.0", "Start", target, ()))
    authoriser.check_call(ADMIN, IntrinsicCall("1", "1.0", "NoSuchOperation", "root/secret", ()))


def test_what_may_be_allowed_with_some_class_is_read_first(namespaces: Namespaces) -> None:
    """A right for one class lets the call through to where its class is known."""
    some = rule("", classes=["T_Device"], allow=["GetInstance"])
    authoriser = Authoriser((some,), Role.NONE, namespaces)
    authoriser.check_call(ANNA, IntrinsicCall("1", "1.0", "GetInstance", N, ()))
    authoriser.check(ANNA, get("T_Device"))
    with pytest.raises(AccessDenied):
        authoriser.check(ANNA, get("T_Service"))
    with pytest.raises(AccessDenied):
        authoriser.check_call(ANNA, IntrinsicCall("1", "1.0", "EnumerateInstances", N, ()))


def test_a_refusal_says_what_gives_the_right(namespaces: Namespaces) -> None:
    """The command for users of the file, a rule for others, and which rule it is that denies."""
    authoriser = Authoriser((), Role.READ, namespaces)
    with pytest.raises(AccessDenied, match=r"`virtcim user role anna operate` gives it"):
        authoriser.check(ANNA, call("RequestStateChange"))
    peer = Principal("ben", Mechanism.PEER)
    with pytest.raises(AccessDenied, match=r'\{ users = \["ben"\], allow = \["admin"\] \}'):
        authoriser.check(peer, delete("T_Device"))
    denied = Authoriser((rule("rules[0]", deny=["*"]),), Role.READ, namespaces)
    with pytest.raises(AccessDenied, match=r"rules\[0\] of the server's configuration denies it"):
        denied.check(ADMIN, get("T_Device"))


def test_only_narrow_rules_cost_a_look_at_replies(namespaces: Namespaces) -> None:
    """Who has no rule for classes or namespaces sees everything that the operation gives."""
    asked = ops.EnumerateInstances(namespace=N, class_name="T_Device")
    plain = Authoriser((rule("", users=["anna"], deny=["write"]),), Role.READ, namespaces)
    assert plain.judge(ANNA, asked) is None
    rules = (rule("", users=["anna"], classes=["T_Device"], deny=["read"]),)
    narrow = Authoriser(rules, Role.READ, namespaces)
    with pytest.raises(AccessDenied):
        narrow.judge(ANNA, asked)
    above = ops.EnumerateInstances(namespace=N, class_name="T_Thing")
    assert narrow.judge(ANNA, above) is not None
    keep = narrow.judge(ANNA, above)
    assert keep is not None
    assert not keep(N, "T_Device")
    assert keep(N, "T_Service")
    assert narrow.judge(Principal("ben"), asked) is None


def test_decisions_are_forgotten_and_bounded(
    namespaces: Namespaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that clients make up do not fill the memory; new classes are judged anew."""
    monkeypatch.setattr(rights, "MOST_DECISIONS", 4)
    monkeypatch.setattr(rights, "MOST_SEEN", 4)
    authoriser = Authoriser((), Role.READ, namespaces)
    for number in range(20):
        authoriser.judge(ANNA, get(f"X_{number}"))
        assert len(authoriser._decisions) <= 4
        assert len(authoriser._seen) <= 4
    authoriser.forget()
    assert not authoriser._decisions
    assert not authoriser._seen


def test_words_that_nothing_is_called_are_found() -> None:
    """A slip in a rule is told, and a pattern is not."""
    one = rule("", deny=["GetInstnace", "read", "start", "admin", "Foo*", "none"])
    assert strange_words(one, ["Start"]) == ["getinstnace", "none"]


def test_names_that_nothing_served_has_are_found(namespaces: Namespaces) -> None:
    """Aliases, spellings, superclasses and patterns are known; a slip is told with its place."""
    fine = rule("", namespaces=["ROOT/A", "/root/alias", "rot*"], classes=["t_DEVICE", "X_*"])
    assert unknown_names(fine, namespaces) == []
    one = rule("", namespaces=["root/a", "root/aa"], classes=["T_Devcie", "T_Device"])
    assert unknown_names(one, namespaces) == [("namespace", "root/aa"), ("class", "T_Devcie")]
    indications = rule("", classes=["Other_Alert"], allow=["ExportIndication"])
    assert unknown_names(indications, namespaces) == []


@pytest.mark.parametrize("word", ["root/a", "a", "Root/Alias", "/root/a/", "root/al*"])
@pytest.mark.parametrize("asked", ["root/a", "root/alias", "A"])
def test_a_rule_may_use_each_name_of_a_namespace(
    namespaces: Namespaces, word: str, asked: str
) -> None:
    """And fits whichever of them the client uses."""
    denial = rule("r", namespaces=[word], deny=["read"])
    assert not may(namespaces, get("T_Device", asked), denial)
    assert may(namespaces, get("T_Device", "root/b"), denial)


def test_what_belongs_to_no_namespace_is_not_said_to(namespaces: Namespaces) -> None:
    """ExportIndication has a class, or not even that."""
    authoriser = Authoriser((), Role.READ, namespaces)
    indication = Instance("T_Alert", ())
    asked = ops.ExportIndication(namespace="", new_indication=indication)
    with pytest.raises(AccessDenied, match="may not do ExportIndication of T_Alert: it needs"):
        authoriser.check(ANNA, asked)
    with pytest.raises(AccessDenied, match="may not do ExportIndication: it needs"):
        authoriser.check_call(ANNA, ExportCall("1", "1.0", "ExportIndication", ()))


def test_every_operation_that_names_a_class_tells_it() -> None:
    """Whatever carries the class, it is found; queries and pulls name none."""
    instance = Instance("T_Device", ())
    assert class_of(ops.CreateInstance(namespace=N, new_instance=instance)) == "T_Device"
    assert class_of(ops.ModifyInstance(namespace=N, modified_instance=instance)) == "T_Device"
    assert class_of(call("Start")) == "T_Service"
    silent = {
        spec.name
        for spec in OPERATIONS.values()
        if isinstance(spec.operation, type)
        and not {*targets._FIELDS} & {one.name for one in fields(spec.operation)}
    }
    assert silent == {
        "EnumerateQualifiers", "GetQualifier", "SetQualifier", "DeleteQualifier", "ExecQuery",
        "OpenQueryInstances", "PullInstancesWithPath", "PullInstancePaths", "PullInstances",
        "CloseEnumeration", "EnumerationCount",
    }  # fmt: skip
