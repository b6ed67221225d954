"""The stops of all and of some, as menus, keys, tips and palette read them."""

from __future__ import annotations

from copytrade_gui.ui.actions import Act, Spec, Where

_E = Where.EVERYWHERE

SPECS: dict[Act, Spec] = {
    Act.PAUSE: Spec(
        "&Pause", "No new plans; a running one finishes", "Stops", ("Ctrl+Shift+P",), "pause", _E
    ),
    Act.HALT: Spec(
        "&Halt", "Nothing leaves but cancels", "Stops", ("Ctrl+Shift+H",), "octagon-x", _E
    ),
    Act.KILL: Spec(
        "&Kill",
        "Halt at once, then cancel every working order of ours",
        "Stops",
        ("Ctrl+Shift+K",),
        "power",
        _E,
        question=True,
    ),
    Act.ONLY_EXITS: Spec(
        "&Only exits",
        "Only what reduces positions leaves; nothing is opened until you resume",
        "Stops",
        ("Ctrl+Shift+D",),
        "log-out",
        _E,
        question=True,
    ),
    Act.RESUME: Spec(
        "&Resume copying",
        "End a stop, or arm the live day, with a reason where one is needed",
        "Stops",
        (),
        "play",
        question=True,
    ),
    Act.MORNING: Spec(
        "&Morning check",
        "GO or NO-GO: sessions, contract files, positions, drift, clock, with what to do",
        "Stops",
        icon="check",
    ),
    Act.SOME_ONLY_EXITS: Spec(
        "Only e&xits for accounts",
        "Let chosen accounts, or a group, send only what reduces positions until you lift it",
        "Stops",
        icon="log-out",
        question=True,
        brief="Only exits",
    ),
    Act.SOME_HALT: Spec(
        "Halt accou&nts",
        "Nothing leaves but cancels in chosen accounts, or a group, until you lift it",
        "Stops",
        icon="octagon-x",
        question=True,
        brief="Halt",
    ),
    Act.SOME_KILL: Spec(
        "K&ill accounts",
        "Halt chosen accounts, or a group, then cancel every working order of ours there",
        "Stops",
        icon="power",
        question=True,
        brief="Kill",
    ),
}
