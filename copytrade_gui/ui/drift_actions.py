"""What may be done about drift, as menus, keys, tips and palette read it."""

from __future__ import annotations

from copytrade_gui.ui.actions import Act, Spec, Where

SPECS: dict[Act, Spec] = {
    Act.CATCH_UP: Spec(
        "Catch up &by orders",
        "Compare all followers with what their master holds; you see it before anything is sent",
        "Orders",
        icon="history",
        where=Where.TABLE,
        question=True,
        brief="Catch up",
    ),
    Act.SEND_AGAIN: Spec(
        "&Send again to those",
        "Catch up those whose copies came to nothing; you see it before anything is sent",
        "Orders",
        icon="history",
        where=Where.TABLE,
        question=True,
        brief="Send again",
    ),
    Act.CLOSE_DRIFT: Spec(
        "S&quare off excess copies",
        "Square off copies of masters who hold none any more; you see it before anything is sent",
        "Followers",
        icon="log-out",
        where=Where.TABLE,
        question=True,
        brief="Square off",
    ),
    Act.IGNORE_DRIFT: Spec(
        "Ignore &until flat",
        "Say nothing more about the selected drift until the position is flat",
        "Followers",
        icon="eye-off",
        where=Where.TABLE,
        question=True,
        brief="Ignore",
    ),
    Act.DISARM_DRIFT: Spec(
        "&Pause copying to these accounts",
        "Copy nothing more to the accounts of the selected positions",
        "Followers",
        icon="pause",
        where=Where.TABLE,
        question=True,
        brief="Pause",
    ),
}
