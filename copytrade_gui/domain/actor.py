"""Who acts: a person in the window, a command, a script, a rule, the program itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What kind of actor; the value is what the trail keeps, and is never changed."""

    OPERATOR = "operator"
    """A person in the window."""
    COMMAND_LINE = "command line"
    """A command on the terminal; the name is the user of the machine."""
    STOP_FILE = "stop file"
    """A script that asked for a stop by a file; the name is what it calls itself."""
    PROGRAM = "engine"
    """The program itself."""
    RULE = "rule"
    """A rule that somebody set, such as a loss limit; the name is the rule's."""
    TOKEN = "API token"  # noqa: S105 - a kind of actor, no secret
    AGENT = "agent"


_OLD_PROGRAM = "program"
"""What the program also called itself; both are in stored trails."""
_IN_WORDS = {
    ActorKind.OPERATOR: "You",
    ActorKind.COMMAND_LINE: "Command line",
    ActorKind.STOP_FILE: "Script",
    ActorKind.PROGRAM: "Program",
    ActorKind.TOKEN: "API token",
    ActorKind.AGENT: "Agent",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts; ``name`` says which one of its kind, empty where there is only one."""

    kind: ActorKind
    name: str = ""

    @property
    def text(self) -> str:
        """As records and the trail keep it; ``read_actor`` reads it."""
        if self.kind is ActorKind.RULE:
            return self.name
        return f"{self.kind} ({self.name})" if self.name else str(self.kind)

    @property
    def in_words(self) -> str:
        """As a person reads it: ``You``, ``Command line (ravi)``, ``Loss limit``."""
        if self.kind is ActorKind.RULE:
            return self.name[:1].upper() + self.name[1:]
        if self.kind is ActorKind.STOP_FILE:
            return f"Script ({self.name or self.kind})"
        words = _IN_WORDS[self.kind]
        return f"{words} ({self.name})" if self.name else words

    @property
    def in_a_sentence(self) -> str:
        """As it stands in one: ``by the operator``, ``by loss limit``."""
        if self.kind in (ActorKind.OPERATOR, ActorKind.PROGRAM):
            return f"the {'program' if self.kind is ActorKind.PROGRAM else self.kind}"
        return self.text


def read_actor(text: str) -> Actor:
    """The actor that a record names; what no kind begins is a rule's name."""
    if text == _OLD_PROGRAM:
        return Actor(ActorKind.PROGRAM)
    for kind in ActorKind:
        if text == kind and kind is not ActorKind.RULE:
            return Actor(kind)
        if text.startswith(f"{kind} (") and text.endswith(")"):
            return Actor(kind, text[len(kind) + 2 : -1])
    return Actor(ActorKind.RULE, text)
