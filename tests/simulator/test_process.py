"""The simulator as a process: its first line, its files, its end, its complaints."""

import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from copytrade_gui.simulator.serving import main
from tests.simulator.stand import leg

COMMAND = [sys.executable, "-m", "copytrade_gui.simulator"]


@contextmanager
def running(*words: str) -> Iterator[tuple[dict[str, Any], subprocess.Popen[str]]]:
    with subprocess.Popen(
        [*COMMAND, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline()), process
        finally:
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    code = process.wait(120)
    assert process.stderr is not None
    return code, process.stderr.read()


def test_the_first_line_and_the_files_it_names() -> None:
    with running("--accounts=4", "--masters=2", "--tls") as (line, process):
        assert line["base_url"].startswith("https://127.0.0.1:")
        assert line["base_url"].endswith("/v1")
        feed = line["feed"]
        assert (feed["host"], feed["ca_file"]) == ("127.0.0.1", line["ca_file"])
        accounts_file = Path(line["accounts_file"])
        assert accounts_file.stat().st_mode & 0o777 == 0o600
        assert accounts_file.parent.stat().st_mode & 0o777 == 0o700
        accounts = json.loads(accounts_file.read_text())
        assert [a["role"] for a in accounts] == ["master", "master", "follower", "follower"]
        assert {"client_id", "app_key", "app_secret"} <= set(accounts[0])
        trust = ssl.create_default_context(cafile=line["ca_file"])
        with httpx.Client(verify=trust, trust_env=False) as client:
            form = {"clientId": accounts[0]["client_id"], "password": "x",
                    "appkey": accounts[0]["app_key"]}  # fmt: skip
            reply = client.post(
                line["login_url"], data=form, headers={"accept": "application/json"}
            )
            assert set(reply.json()) == {"authCode", "clientId"}
            assert client.get(f"{line['control_url']}/summary").json()["accepted"] == 0
        context = ssl.create_default_context(cafile=feed["ca_file"])
        with (
            socket.create_connection((feed["host"], feed["port"])) as plain,
            context.wrap_socket(plain, server_hostname=feed["host"]) as secured,
        ):
            secured.sendall(b"\x10\x02\x00\x00")  # no login
            assert secured.recv(1) == b""
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (0, "")
        assert not accounts_file.parent.exists()


def test_an_interrupt_is_a_clean_end() -> None:
    with running() as (_, process):
        process.send_signal(signal.SIGINT)
        assert ended(process) == (0, "")


def test_it_can_end_with_its_parent() -> None:
    with running("--with-parent") as (_, process):
        assert process.stdin is not None
        process.stdin.close()
        assert ended(process) == (0, "")


def test_told_to_stay_it_outlives_its_parent_and_ends_when_told(tmp_path: Path) -> None:
    words = ["--with-parent", "--accounts=1", f"--state={tmp_path / 'day'}"]
    words.append(f"--folder={tmp_path / 'at'}")
    with running(*words) as (line, process), httpx.Client(trust_env=False) as client:
        told = json.loads((tmp_path / "at" / "address.json").read_text())
        assert told["control_url"] == line["control_url"]
        assert told["pid"] == process.pid
        stay = f"{line['control_url']}/stay"
        for bad in ({"idle_s": -1}, {"idle_s": 1e9}, {"idle_s": True}, {"idle_s": "1"}, {}):
            assert client.post(stay, json=bad).status_code == 400
        assert client.post(stay, json={"idle_s": 3600}).json() == {"idle_s": 3600}
        assert process.stdin is not None
        process.stdin.close()
        assert client.get(stay).json() == {"idle_s": 3600}, "it outlives its parent"
        # A state file has one simulator at a time.
        done = subprocess.run([*COMMAND, words[2]], capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert f"in use by another simulator (process {process.pid})" in done.stderr
        assert client.post(f"{line['control_url']}/end", json={}).json() == {"ends": True}
        client.close()
        assert ended(process) == (0, "")
        assert not (tmp_path / "at").exists()


def test_a_folder_with_other_files_is_not_taken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is removed at the end."""
    state = f"--state={tmp_path / 'day'}"
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter.txt").write_text("dear")
    for words, complaint in (
        ([state, f"--folder={mine}"], "holds other files"),
        ([f"--folder={tmp_path / 'new'}"], "--folder needs --state"),
        ([state, f"--folder={mine / 'letter.txt'}"], "is a file"),
    ):
        assert main(words) == 2
        assert complaint in capsys.readouterr().err
    assert (mine / "letter.txt").read_text() == "dear"


def test_a_client_that_refuses_the_certificate_leaves_no_noise() -> None:
    with running("--certificate=self_signed", "--feed-certificate=expired") as (line, process):
        feed = line["feed"]
        context = ssl.create_default_context(cafile=feed["ca_file"])
        with (
            socket.create_connection((feed["host"], feed["port"])) as plain,
            pytest.raises(ssl.SSLCertVerificationError, match="expired"),
        ):
            context.wrap_socket(plain, server_hostname=feed["host"])
        trust = ssl.create_default_context(cafile=line["ca_file"])
        with (
            httpx.Client(verify=trust, trust_env=False) as client,
            pytest.raises(httpx.ConnectError, match="certificate"),
        ):
            client.get(line["base_url"])
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (0, "")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_goes_on_with_the_day(tmp_path: Path, how: signal.Signals) -> None:
    state = tmp_path / "day"
    words = ["--accounts=2", f"--state={state}"]
    with running(*words) as (line, process), httpx.Client(trust_env=False) as client:
        made = client.post(f"{line['control_url']}/sessions", json={"client_id": "30000001"})
        headers = {"authorization": f"Bearer {made.json()['token']}"}
        client.post(f"{line['base_url']}/orders", json=[leg(orderTag="KEPT")], headers=headers)
        # A kill may cost what came in the last moments, as a saved file shows.
        for _ in range(20_000):
            if state.exists() and b"KEPT" in state.read_bytes():
                break
            client.get(f"{line['control_url']}/clock")
        process.send_signal(how)
        process.wait(120)
    with running(*words) as (line, _), httpx.Client(trust_env=False) as client:
        (row,) = client.get(f"{line['control_url']}/ledger").json()
        assert row["tag"] == "KEPT"
        book = client.get(f"{line['base_url']}/orders", headers=headers).json()["result"]
        assert [r["orderTag"] for r in book] == ["KEPT"]


def test_faults_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text(json.dumps([{"action": "answer", "call": "profile", "http_status": 504}]))
    with running(f"--faults={path}") as (line, _), httpx.Client(trust_env=False) as client:
        assert client.get(f"{line['base_url']}/profile").status_code == 504


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--accounts=0"], "--accounts must be between 1 and 5000"),
        (["--masters=50"], "--masters must be between"),
        (["--latency-ms=-1"], "must not be negative"),
        (["--port=99999"], "--port must be between"),
        (["--feed-port=-1"], "--feed-port must be between"),
        (["--faults=FOLDER/none.json"], "none.json"),
        (["--faults=FOLDER/bad.json"], "bad.json: Invalid enum value 'explode'"),
        (["--state=FOLDER/none/day"], "none does not exist"),
        (["--state=FOLDER/bad.json"], "bad.json is damaged"),
    ],
)
def test_it_says_in_one_line_why_it_does_not_start(
    tmp_path: Path, words: list[str], sentence: str
) -> None:
    (tmp_path / "bad.json").write_text('{"action": "explode"}')
    words = [word.replace("FOLDER", str(tmp_path)) for word in words]
    done = subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_named() -> None:
    with running() as (line, _):
        for option, port in (
            ("--port", httpx.URL(line["base_url"]).port),
            ("--feed-port", line["feed"]["port"]),
        ):
            words = [*COMMAND, f"{option}={port}"]
            done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
            assert done.returncode == 2
            assert f"{option}: cannot listen on port {port}" in done.stderr


def test_keys_are_new_in_every_run_unless_a_seed_is_asked_for() -> None:
    """Else any program on this machine could work them out, and log in."""
    seen = []
    for words in ((), (), ("--seed=1",), ("--seed=1",), ("--seed=2",)):
        with running(*words) as (line, _):
            accounts = json.loads(Path(line["accounts_file"]).read_text())
            seen.append({(one["app_key"], one["app_secret"]) for one in accounts})
    assert len(set.union(*seen[:3], seen[4])) == 4 * len(seen[0])
    assert seen[2] == seen[3]


def test_keys_codes_and_tokens_of_a_kept_day_go_on_after_a_restart(tmp_path: Path) -> None:
    seen, tokens = [], []
    for _ in range(2):
        with running(f"--state={tmp_path / 'day'}") as (line, _process):
            seen.append(json.loads(Path(line["accounts_file"]).read_text()))
            with httpx.Client(base_url=line["control_url"], trust_env=False) as client:
                made = client.post("/sessions", json={"client_id": "30000001"})
                tokens.append(made.json()["token"])
    assert seen[0] == seen[1]
    assert tokens[0] != tokens[1]
