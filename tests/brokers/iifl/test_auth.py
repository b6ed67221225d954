import pytest

from copytrade_gui.brokers.iifl.auth import (
    LoginReturn,
    check_sum,
    is_token,
    login_page,
    read_login_return,
)


def test_the_check_sum_vector_of_the_reference() -> None:
    assert (
        check_sum("TEST101", "ABCDEFGHIJKLMNOPQRST", "secret123")
        == "514f83c26feaee7ee266844a5583035074fdcc9229f5c40d0f44a43142bfd2b9"
    )


def test_login_page() -> None:
    assert login_page("https://markets.iiflcapital.com/", "k&y") == (
        "https://markets.iiflcapital.com/?v=1&appkey=k%26y"
    )
    assert login_page("http://127.0.0.1:1/login?x=1", "k", "http://127.0.0.1:9/r") == (
        "http://127.0.0.1:1/login?x=1&v=1&appkey=k&redirecturl=http://127.0.0.1:9/r"
    )


@pytest.mark.parametrize(
    ("pasted", "code", "client"),
    [
        ("ABCDEFGHIJKLMNOPQRST", "ABCDEFGHIJKLMNOPQRST", ""),
        ("  ABCDEFGHIJKLMNOPQRST\n", "ABCDEFGHIJKLMNOPQRST", ""),
        ("https://x.in/r?authCode=ABCD1234&clientId=C1", "ABCD1234", "C1"),
        ("https://x.in/r?clientid=C1&authcode=ABCD1234&other=1", "ABCD1234", "C1"),
        ("http://127.0.0.1:8/?AUTHCODE=ABCD1234&CLIENTCODE=C1", "ABCD1234", "C1"),
        ("https://x.in/r#authCode=ABCD1234&clientId=C1", "ABCD1234", "C1"),
        ("?authCode=ABCD1234&clientId=C1", "ABCD1234", "C1"),
        ("authCode=ABCD1234&clientId=C1", "ABCD1234", "C1"),
        ("https://x.in/r?auth_code=ABCD1234&client_id=kx1", "ABCD1234", "kx1"),
        ("https://x.in/r?Code=ABCD1234&ClientCode=KX1", "ABCD1234", "KX1"),
        ("https://x.in/r?code=other1&auth_code=ABCD1234&clientid=C1", "ABCD1234", "C1"),
        ("https://x.in/r?code=ABCD1234", "ABCD1234", ""),
        ("https://x.in/r?authCode=+&authcode=ABCD1234&clientId=&client_id=C1", "ABCD1234", "C1"),
        ("https://x.in/r?authcode=ABCD1234&clientid=3******1", "ABCD1234", ""),
        ('"https://x.in/r?authCode=ABCD1234"', "ABCD1234", ""),
    ],
)
def test_what_people_paste(pasted: str, code: str, client: str) -> None:
    assert read_login_return(pasted) == LoginReturn(code, client)


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "  ",
        "no",
        "https://x.in/r",
        "https://x.in/r?authCode=",
        "a b c d e",
        "http://[",
        "é" * 20,
        "https://x.in/?" + "a=1&" * 1000,
        "https://x.in/?authCode=a%00bcd",
        "x" * 5000,
    ],
)
def test_what_is_no_code(pasted: str) -> None:
    assert read_login_return(pasted) is None


def test_codes_do_not_show() -> None:
    assert "ABCD1234" not in repr(LoginReturn("ABCD1234", "C1"))


def test_tokens_fit_in_a_header() -> None:
    assert is_token("eyJhbGciOi.J9-_x")
    for bad in ("", "short", "has space", "has\r\nInjected: 1", "é" * 10, "x" * 9000):
        assert not is_token(bad)
