"""A served model, over real HTTP on loopback: answers, retries, and what it says when things go wrong."""

from __future__ import annotations

import email.utils
import random
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from mergealign.errors import EvaluationError
from mergealign.models import Turn, _http
from mergealign.models.openai import Endpoint, OpenAIModel

from .fake_server import FakeServer, Misbehave, serving

PROMPTS = {f"p{n}": f"paint lamp {n}" for n in range(40)}
KEY = "sk-very-secret"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with serving(FakeServer()) as running:
        yield running


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_http, "FIRST_WAIT_S", 0.002)
    monkeypatch.setattr(_http, "LONGEST_WAIT_S", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def model(server: FakeServer, **options: Any) -> OpenAIModel:
    return OpenAIModel(server.url, **{"model": "tiny", "retries": 3, "timeout_s": 5.0, **options})


def test_answers_by_id(server: FakeServer) -> None:
    counted: list[int] = []
    found = model(server).generate(PROMPTS, max_new_tokens=11, progress=counted.append)
    assert {id_: a.text for id_, a in found.items()} == {id_: p.upper()[:11].strip() for id_, p in PROMPTS.items()}
    assert list(found) == list(PROMPTS)
    assert (found["p3"].finished, found["p13"].finished) == (False, False)
    assert model(server).generate({"p": "hi"}, max_new_tokens=11)["p"].finished
    assert found["p3"].n_tokens == 11
    assert sum(counted) == len(PROMPTS)
    assert server.asked[0]["temperature"] == 0
    assert server.asked[0]["max_tokens"] == 11


def test_conversations_and_documents(server: FakeServer) -> None:
    served = model(server)
    turns = [Turn("system", "be kind"), Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c")]
    assert served.chat({"x": turns}, max_new_tokens=5)["x"].text == "C"
    assert [m["role"] for m in server.asked[-1]["messages"]] == ["system", "user", "assistant", "user"]
    assert served.generate({"x": "one two"}, max_new_tokens=5, plain=True)["x"].text == "two"
    assert server.asked[-1]["path"] == "/v1/completions"


def test_requests_run_at_the_same_time_but_not_too_many() -> None:
    with serving(FakeServer()) as server:
        server.misbehave = lambda _: time.sleep(0.02)  # type: ignore[func-returns-value]
        model(server, concurrency=4).generate(PROMPTS, max_new_tokens=5)
        assert server.most_at_once == 4


def test_the_only_model_needs_no_name(server: FakeServer) -> None:
    assert OpenAIModel(server.url).model == "tiny"
    server.models = ["one", "two"]
    with pytest.raises(EvaluationError, match=r"which model of .* \(one, two\)\n  → name it: .*#MODEL"):
        OpenAIModel(server.url)
    with pytest.raises(EvaluationError, match=r"does not serve 'tow'\n  → did you mean 'two'\? \(served: one, two\)"):
        OpenAIModel(server.url, "tow")
    server.answers_to = lambda _: True  # as llama.cpp: to 'tow', but also to a name that nobody has
    with pytest.raises(EvaluationError, match="does not serve 'tow'"):
        OpenAIModel(server.url, "tow")
    server.models = None  # a server without such a list
    assert OpenAIModel(server.url, "any").model == "any"
    with pytest.raises(EvaluationError, match="it has no list of them"):
        OpenAIModel(server.url)


@pytest.mark.parametrize("listed", [["org/in-its-cache"], 500])
@pytest.mark.parametrize("chats", [True, False])
def test_servers_that_list_other_models_than_they_serve(
    server: FakeServer, listed: list[str] | int, chats: bool
) -> None:
    """`transformers serve FOLDER` lists its download cache, or fails where there is none."""
    server.models = listed
    server.answers_to = lambda body: body["model"] == "/a/folder" and (chats or "prompt" in body)
    assert OpenAIModel(server.url, "/a/folder", retries=1).model == "/a/folder"
    expected = (
        "does not serve '/a/other'" if isinstance(listed, list) else r"HTTP 500 when .* and nothing as '/a/other'"
    )
    with pytest.raises(EvaluationError, match=expected):
        OpenAIModel(server.url, "/a/other", retries=1)


@pytest.mark.parametrize(
    "bad",
    [
        Misbehave(503),
        Misbehave(429, retry_after="0"),
        Misbehave(500, "not json"),
        Misbehave(0),
        Misbehave(200, '{"choices": [{"mess'),
    ],
    ids=["503", "429", "500", "dropped", "half a reply"],
)
def test_an_endpoint_that_fails_half_of_the_time_still_answers_everything(server: FakeServer, bad: Misbehave) -> None:
    dice = random.Random(0)
    server.misbehave = lambda _: bad if dice.random() < 0.5 else None
    found = model(server, concurrency=8, retries=20).generate(PROMPTS, max_new_tokens=20)  # bad luck cannot end it
    assert {id_: a.text for id_, a in found.items()} == {id_: p.upper() for id_, p in PROMPTS.items()}
    assert len(server.asked) > len(PROMPTS)


def test_retry_after_is_heeded(server: FakeServer) -> None:
    server.misbehave = lambda n: Misbehave(429, retry_after="0.3") if n == 0 else None
    start = time.monotonic()
    model(server).generate({"p": "a"}, max_new_tokens=5)
    assert time.monotonic() - start >= 0.3


def test_retry_after_may_be_a_date_or_nonsense() -> None:
    in_a_minute = email.utils.formatdate(time.time() + 60, usegmt=True)
    assert 55 < (_http._retry_after(in_a_minute) or 0) <= 60
    assert _http._retry_after("soon") is None
    assert _http._retry_after(None) is None
    assert _http._retry_after("-3") == 0
    assert _http._retry_after("1e9") == _http.LONGEST_RETRY_AFTER_S


def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(EvaluationError, match=r"not answer after \d tries: Connection refused\n  → start"):
            OpenAIModel(url, "tiny", retries=1)


def test_a_server_that_dies_on_the_way(server: FakeServer) -> None:
    server.misbehave = lambda n: None if n < 10 else Misbehave(503)
    done: list[int] = []
    with pytest.raises(
        EvaluationError, match=r"to item 'p\d+' after \d+ tries: HTTP 503\n  → look into .* log .*is kept"
    ):
        model(server, concurrency=2).generate(PROMPTS, max_new_tokens=5, progress=done.append)
    assert sum(done) == 10


def test_one_request_that_always_fails_comes_to_an_end(server: FakeServer) -> None:
    poison = FakeServer.reply

    def reply(body: dict[str, Any]) -> dict[str, Any]:
        if body["messages"][0]["content"].endswith(" 7"):
            raise RuntimeError("the handler dies and drops the connection")
        return poison(server, body)

    server.reply = reply  # type: ignore[method-assign]
    with pytest.raises(EvaluationError, match=r"to item 'p7' after \d+ tries"):
        model(server, concurrency=8, retries=1).generate(PROMPTS, max_new_tokens=5)


def test_timeouts_count_as_failures(server: FakeServer) -> None:
    served = model(server, retries=1)
    served._server.timeout_s = 0.05  # only now: a busy machine may take longer to list its models
    server.gate.clear()
    with pytest.raises(EvaluationError, match="timeout"):
        served.generate({"p": "a"}, max_new_tokens=5)
    server.gate.set()


def test_the_key_comes_from_the_environment_and_goes_nowhere_else(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.key = KEY
    with pytest.raises(EvaluationError, match=r"wants another key \(HTTP 401\)\n  → .*OPENAI_API_KEY") as e:
        model(server)
    assert KEY not in str(e.value)
    monkeypatch.setenv("MY_KEY", KEY)
    served = model(server, api_key_env="MY_KEY")
    assert served.generate({"p": "a"}, max_new_tokens=5)["p"].text == "A"
    assert KEY not in f"{served!r} {vars(served)} {served._server!r} {served.facts} {served.identity()}"
    monkeypatch.setenv("MY_KEY", f"{KEY}-old")
    with pytest.raises(EvaluationError, match="wants another key") as e:
        served.generate({"p": "a"}, max_new_tokens=5)
    assert KEY not in str(e.value)


def test_refusals_of_the_server_are_not_repeated_and_not_quoted(server: FakeServer) -> None:
    served = model(server)
    echo = "you asked: paint lamp"
    for bad, expected in (
        (Misbehave(400, f"maximum context length is 10. {echo}"), r"item 'p' does not fit into the context of .*#tiny"),
        (Misbehave(400, echo), r"says HTTP 400 to item 'p'"),
        (Misbehave(307, echo), r"says HTTP 307 to item 'p'"),
        (Misbehave(200, '["choices"]'), r"answers item 'p' with something that is no completion"),
        (Misbehave(200, '{"choices": []}'), r"answers item 'p' with something that is no completion"),
    ):
        server.asked.clear()
        server.misbehave = lambda _, bad=bad: bad  # type: ignore[misc]
        with pytest.raises(EvaluationError, match=expected) as e:
            served.generate({"p": "paint lamp"}, max_new_tokens=5)
        assert echo not in str(e.value)
        assert len(server.asked) == 1
    server.models, server.misbehave = ["other"], lambda _: Misbehave(404)
    with pytest.raises(EvaluationError, match=r"does not serve 'tiny'.*\n?.*served: other"):
        served.generate({"p": "a"}, max_new_tokens=5)


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "ftp://host/v1", "http://", "http://me:pw@host/v1", "https://host/v1?key=pw"]
)
def test_addresses_that_are_none_or_hold_secrets(url: str) -> None:
    with pytest.raises(EvaluationError) as e:
        Endpoint.parse(url)
    assert "pw" not in str(e.value)


def test_addresses_as_users_write_them() -> None:
    assert Endpoint.parse("http://host:1/v1/#org/name") == Endpoint("http://host:1/v1", "org/name")
    assert Endpoint.parse("https://host/v1") == Endpoint("https://host/v1", None)


def test_log_likelihoods_are_refused_with_a_cure(server: FakeServer) -> None:
    served = model(server)
    for ask in (lambda: served.render("a"), lambda: served.continuation("a"), served.harness):
        with pytest.raises(EvaluationError, match=r"log-likelihoods.*\n  → leave tasks with choices out by --tasks"):
            ask()
    assert served.document("a") == "a"


def test_identity_says_whether_somebody_vouches(server: FakeServer) -> None:
    assert model(server).identity() == {"backend": "openai", "model": "tiny", "vouched": "no", "base_url": server.url}
    assert model(server, identity="v1").identity() == {"backend": "openai", "model": "tiny", "vouched": "v1"}


def test_answers_are_remembered_one_by_one(server: FakeServer) -> None:
    class Memory(dict[str, Any]):
        def recall(self, question: Any) -> Any:
            return self.get(repr(question))

        def keep(self, question: Any, reply: Any) -> None:
            self[repr(question)] = reply

    served = model(server, concurrency=1)
    served.memo = memory = Memory()
    server.misbehave = lambda n: None if n < 10 else Misbehave(400)
    with pytest.raises(EvaluationError):
        served.generate(PROMPTS, max_new_tokens=5)
    assert len(memory) == 10
    kept = set(memory)
    server.misbehave = lambda _: None
    server.asked.clear()
    assert len(served.generate(PROMPTS, max_new_tokens=5)) == len(PROMPTS)
    assert {m["messages"][0]["content"] for m in server.asked} == set(list(PROMPTS.values())[10:])
    assert kept < set(memory)
    server.asked.clear()
    served.generate(PROMPTS, max_new_tokens=5)
    assert server.asked == []
    served.generate(PROMPTS, max_new_tokens=6)
    assert len(server.asked) == len(PROMPTS)
