"""Names, client ids, keys and secrets hold only what the broker or a reader can mean by them."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copytrade_gui.domain.account import client_key, same_client
from copytrade_gui.domain.account_field import (
    MOST_APP_KEY,
    MOST_APP_SECRET,
    MOST_CLIENT_ID,
    MOST_NAME,
    app_key_problem,
    app_secret_problem,
    client_id_problem,
    name_problem,
)
from copytrade_gui.domain.link_field import group_problem

QUESTIONS = (name_problem, client_id_problem, app_key_problem, app_secret_problem)
Question = Callable[[str], str | None]


@pytest.mark.parametrize("question", QUESTIONS)
@given(st.text() | st.text("a1 -_=\n\0\u200b\u202e\ud800é०", max_size=30))
def test_any_text_is_taken_as_it_is_or_refused_in_one_sentence(
    question: Question, text: str
) -> None:
    problem = question(text)
    if problem is not None:
        assert problem.endswith(".")
        assert problem.isprintable()
        assert len(problem) < 300
        return
    assert "\n" not in text
    text.encode()  # no half characters, so that every column and file takes it
    assert not {unicodedata.category(letter) for letter in text} & {"Cc", "Cs", "Zl", "Zp"}
    if question is not name_problem:
        assert text.isascii()
        assert " " not in text


@pytest.mark.parametrize(
    ("question", "most"),
    [
        (name_problem, MOST_NAME),
        (client_id_problem, MOST_CLIENT_ID),
        (app_key_problem, MOST_APP_KEY),
        (app_secret_problem, MOST_APP_SECRET),
    ],
)
def test_as_long_as_it_may_be_and_no_longer(question: Question, most: int) -> None:
    assert question("x" * most) is None
    assert question("x" * (most + 1)) is not None
    assert question("x" * 1_000_000) is not None


@pytest.mark.parametrize(
    "name",
    [
        "Asha",
        "O'Hara & Sons (HUF)",
        "=Asha",
        "जोशी",
        "ന്\u200dറെ",
        "രാജന്\u200d",
        "রহমান",
        "7",
        "José 2",
        "র\u200d\u09cdয",
        "राजर्\u200dषी",
        "می\u200cخان",
        "ශ්\u200dරී",
    ],
)
def test_names_people_have(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "\u200d",
        "--",
        "A\nB",
        "A\tB",
        "A\u202eB",
        "A\u200bB",
        "A\u2028B",
        "A\ud800",
        "\u3164",
        "\uffa0",
        "\u115f",
        "A\u034f",
        "A\ufe0f",
        "A\U000e0100",
        "A\u180b",
        "\u2800A",
        "As\u200dha",
        "A\u200c",
        "\u200dजोशी",
        "जोशी\u200d",
        "क\u200dष",
        "न्\u200d\u200dय",
        "خان\u200c",
    ],
)
def test_names_nobody_can_read(name: str) -> None:
    assert name_problem(name) is not None
    assert not name or group_problem(name) is not None
    shown = unicodedata.normalize("NFKC", name_problem(name) or "")
    assert not set(shown) & set("\u3164\u1160\u034f\ufe0f\u2800\u115f\u180b"), "it is told which"


@pytest.mark.parametrize("client", ["30000002", "KX10081", "kx10081", "0007"])
def test_client_ids_the_broker_has(client: str) -> None:
    assert client_id_problem(client) is None


@pytest.mark.parametrize(
    "client", ["\uff2b\uff38\uff11", "\u0967\u0968", "\u00b2", "\u0130X1", "K-1", "K 1"]
)
def test_letters_and_digits_of_other_alphabets_are_no_client_id(client: str) -> None:
    assert client_id_problem(client) is not None


def test_a_secret_is_never_repeated() -> None:
    assert "c4nary" not in (app_secret_problem("c4nary with spaces") or "")


@given(st.from_regex(r"[A-Za-z0-9]{1,20}", fullmatch=True))
def test_one_client_in_every_casing(client: str) -> None:
    for spelled in (client.lower(), client.upper(), client.swapcase(), f" {client} "):
        assert same_client(spelled, client)
        assert client_key(spelled) == client_key(client)
    assert not same_client(f"{client}1", client)
