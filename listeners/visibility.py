"""What of a reply a user may see: instances of classes that are closed to the user are left out.

Whoever asks for a superclass, or for what is related, is told no more than by asking for the class.
Classes and qualifiers are no secrets, and what a method returns is the method's to say.
"""

from collections.abc import Callable, Mapping
from typing import Any

from virtcim.listeners.rights import Keep
from virtcim.wbem import replies
from virtcim.wbem.replies import Reply

Reduce = Callable[[Any, str, Keep], Reply]


def _parts(reply: Any, namespace: str, keep: Keep) -> Reply:
    seen = tuple(part for part in reply.parts if keep(namespace, part.class_name))
    reduced: Reply = type(reply)(seen)
    return reduced


def _objects(reply: Any, _namespace: str, keep: Keep) -> Reply:
    reduced: Reply = type(reply)(reply.objects.only(keep))
    return reduced


def _whole(reply: Any, _namespace: str, _keep: Keep) -> Reply:
    """Leave a reply as it is: it is about the class that was judged, or about no instance."""
    whole: Reply = reply
    return whole


REDUCTIONS: Mapping[type, Reduce] = {
    replies.VoidReply:           _whole,
    replies.InstanceReply:       _whole,
    replies.NamedInstancesReply: _parts,
    replies.InstanceNamesReply:  _parts,
    replies.InstanceNameReply:   _whole,
    replies.ObjectsReply:        _objects,
    replies.ObjectPathsReply:    _objects,
    replies.QueriedReply:        _whole,  # broker/filtering.py asks Caller.keep
    replies.PulledReply:         _whole,  # the same, when it was opened
    replies.CountReply:          _whole,
    replies.ClassObjectsReply:   _whole,
    replies.ClassPathsReply:     _whole,
    replies.ClassesReply:        _whole,
    replies.ClassNamesReply:     _whole,
    replies.QualifiersReply:     _whole,
    replies.PropertyReply:       _whole,
    replies.MethodReply:         _whole,
}  # fmt: skip
"""Every kind of reply; a new one is not sent to anybody with such rules before it has its row."""


def visible(reply: Reply, namespace: str, keep: Keep) -> Reply:
    """Return the reply without what may not be seen."""
    return REDUCTIONS[type(reply)](reply, namespace, keep)
