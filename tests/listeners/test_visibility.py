"""What of a reply is left out, for every kind of reply."""

from typing import Any, get_args

from virtcim.listeners.visibility import REDUCTIONS, visible
from virtcim.wbem.replies import NamedInstancesReply, ObjectsReply, Reply, VoidReply


class Part:
    """Instances of a class, as far as this is concerned."""

    def __init__(self, class_name: str) -> None:
        self.class_name = class_name


class Objects:
    """Instances of several classes and namespaces."""

    def __init__(self, *found: tuple[str, str]) -> None:
        self.found = found

    def only(self, keep: object) -> "Objects":
        """Keep some."""
        assert callable(keep)
        return Objects(*(one for one in self.found if keep(*one)))


def keep(namespace: str, class_name: str) -> bool:
    """Close a class, and a namespace."""
    return class_name != "T_Closed" and namespace != "root/closed"


def test_every_kind_of_reply_has_its_row() -> None:
    """One that has none could not be sent."""
    assert set(REDUCTIONS) == set(get_args(Reply))


def test_parts_of_closed_classes_are_left_out() -> None:
    """Enumerations have a part for each class."""
    parts = Part("T_Open"), Part("T_Closed")
    seen: Any = visible(NamedInstancesReply(parts), "root/a", keep)  # type: ignore[arg-type]
    assert isinstance(seen, NamedInstancesReply)
    assert [part.class_name for part in seen.parts] == ["T_Open"]


def test_objects_are_judged_one_by_one_in_their_own_namespaces() -> None:
    """Associations may lead into another namespace."""
    objects = Objects(("root/a", "T_Open"), ("root/a", "T_Closed"), ("root/closed", "T_Open"))
    seen: Any = visible(ObjectsReply(objects), "root/a", keep)  # type: ignore[arg-type]
    assert isinstance(seen, ObjectsReply)
    shown: Any = seen.objects
    assert shown.found == (("root/a", "T_Open"),)


def test_others_are_sent_as_they_are() -> None:
    """A reply without instances has nothing to hide."""
    reply = VoidReply()
    assert visible(reply, "root/a", keep) is reply
