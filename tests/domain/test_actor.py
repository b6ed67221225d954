"""Who acts, as the trail keeps it and as a person reads it."""

from __future__ import annotations

import pytest

from copytrade_gui.domain.actor import Actor, ActorKind, read_actor
from copytrade_gui.domain.records import ENGINE, OPERATOR


@pytest.mark.parametrize(
    ("actor", "text", "words", "in_a_sentence"),
    [
        (Actor(ActorKind.OPERATOR), "operator", "You", "the operator"),
        (Actor(ActorKind.PROGRAM), "engine", "Program", "the program"),
        (Actor(ActorKind.COMMAND_LINE, "asha"), "command line (asha)",
         "Command line (asha)", "command line (asha)"),
        (Actor(ActorKind.STOP_FILE), "stop file", "Script (stop file)", "stop file"),
        (Actor(ActorKind.STOP_FILE, "night (2)"), "stop file (night (2))",
         "Script (night (2))", "stop file (night (2))"),
        (Actor(ActorKind.TOKEN, "desk"), "API token (desk)", "API token (desk)",
         "API token (desk)"),
        (Actor(ActorKind.AGENT, "scout"), "agent (scout)", "Agent (scout)", "agent (scout)"),
        (Actor(ActorKind.RULE, "loss limit"), "loss limit", "Loss limit", "loss limit"),
    ],
)  # fmt: skip
def test_an_actor_reads_as_it_was_kept(
    actor: Actor, text: str, words: str, in_a_sentence: str
) -> None:
    assert actor.text == text
    assert read_actor(text) == actor
    assert (actor.in_words, actor.in_a_sentence) == (words, in_a_sentence)


def test_what_older_versions_kept_reads_as_before() -> None:
    assert read_actor("program") == read_actor(ENGINE)
    assert read_actor(OPERATOR).in_words == "You"
    assert read_actor("kill flag").in_words == "Kill flag"
    assert read_actor("").in_words == ""
