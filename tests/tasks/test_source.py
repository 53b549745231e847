"""Where data comes from, in which forms, and every way that goes wrong."""

from __future__ import annotations

import gzip
import json
import lzma
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mergealign.errors import EvaluationError
from mergealign.tasks import TASKS, Item
from mergealign.tasks._rows import identity, read_rows
from mergealign.tasks._source import Source, digest_of, locate

from ..hub import server
from ..hub.conftest import hub  # noqa: F401 - a fixture
from ..hub.server import Hub

SOURCE = Source("gsm8k/test.jsonl", "org/data", "main/test.jsonl", "https://example.org")
LINE = '{"question": "1 + 1?", "answer": "It is 2.\\n#### 2"}\n'


@pytest.fixture
def data_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:  # noqa: F811
    """The fake Hub with one data set, `org/data`; it knows data sets by their name alone."""
    route = re.compile(r"(?:HEAD|GET) /datasets/(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)")
    monkeypatch.setattr(server, "_COMPILED", [(route, "resolve"), *server._COMPILED])
    monkeypatch.delenv("MERGEALIGN_DATA_DIR", raising=False)
    (tmp_path / "repo/main").mkdir(parents=True)
    (tmp_path / "repo/main/test.jsonl").write_text(LINE)
    hub.add("org/data", tmp_path / "repo")
    return hub


def test_the_given_file_then_the_folder_then_the_hub(
    data_hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched = locate(SOURCE)
    assert fetched.revision == data_hub.repos["org/data"].branches["main"]
    assert fetched.path.read_text() == LINE
    mine = tmp_path / "mine.jsonl"
    mine.write_text(LINE)
    assert locate(SOURCE, given=mine) == type(fetched)(mine)
    monkeypatch.setenv("MERGEALIGN_DATA_DIR", str(tmp_path))
    assert locate(SOURCE).revision is not None, "a folder without the file is passed over"
    (tmp_path / "gsm8k").mkdir()
    (tmp_path / "gsm8k/test.jsonl").write_text(LINE)
    assert locate(SOURCE) == type(fetched)(tmp_path / "gsm8k/test.jsonl")


def test_the_digest_follows_bytes_and_revision(data_hub: Hub, tmp_path: Path) -> None:
    first = locate(SOURCE)
    assert digest_of([first]) == digest_of([locate(SOURCE, revision=first.revision)])
    (tmp_path / "repo/README.md").write_text("changed")
    data_hub.add("org/data", tmp_path / "repo")
    second = locate(SOURCE)
    assert second.revision != first.revision
    (tmp_path / "a.jsonl").write_text(LINE)
    (tmp_path / "b.jsonl").write_text(LINE + "\n")
    local = [locate(SOURCE, given=tmp_path / name) for name in ("a.jsonl", "b.jsonl")]
    digests = [[first], [second], [local[0]], [local[1]], local, local[::-1]]
    assert len({digest_of(files) for files in digests}) == 6


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("gated", r"main/test.jsonl: datasets/org/data is gated"),
        ("absent", r"main/test.jsonl: datasets/org/data is no data set on the Hub"),
        ("offline", r"not in the cache .* HF_HUB_OFFLINE is set"),
        ("down", r"cannot give or take datasets/org/data"),
    ],
)
def test_what_the_hub_refuses(data_hub: Hub, monkeypatch: pytest.MonkeyPatch, state: str, message: str) -> None:
    from huggingface_hub import constants

    data_hub.repos["org/data"].gated = state == "gated"
    if state == "absent":
        del data_hub.repos["org/data"]
    elif state == "offline":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    elif state == "down":
        data_hub.down = 500
    with pytest.raises(EvaluationError, match=message) as e:
        locate(SOURCE)
    assert "'path' in the suite" in str(e.value)
    assert "MERGEALIGN_DATA_DIR/gsm8k/test.jsonl" in str(e.value)


def test_a_missing_file_names_the_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = TASKS.get("truthfulqa_mc1")
    monkeypatch.setenv("MERGEALIGN_DATA_DIR", str(tmp_path))
    with pytest.raises(EvaluationError, match=r"there is no .*truthfulqa/mc_task.json") as e:
        task().items()
    assert "github.com/sylinrl/TruthfulQA" in e.value.problems[0].cure
    monkeypatch.delenv("MERGEALIGN_DATA_DIR")
    with pytest.raises(EvaluationError, match=r"mc_task.json is needed and MERGEALIGN_DATA_DIR is not set"):
        task().items()
    with pytest.raises(EvaluationError, match=r"cannot read .*nowhere.json: no such file"):
        task(path=tmp_path / "nowhere.json").items()


def test_a_split_that_does_not_exist() -> None:
    with pytest.raises(EvaluationError, match=r"task 'medqa' has no dev data\n  → .*pin 'split: test'"):
        TASKS.get("medqa")(split="dev").items()


@pytest.mark.parametrize(
    ("name", "file", "content"),
    [
        ("gsm8k", "t.jsonl", '{"question": "?", "solution": "#### 2"}\n'),
        ("mmlu_medical", "anatomy_test.csv", "question,choice0,choice1,choice2,choice3,solution\n?,a,b,c,d,0\n"),
        ("xstest", "t.csv", "id,prompt,solution,label\n1,placeholder,x,safe\n"),
        ("tatqa", "t.json", '[{"table": {}, "paragraphs": [], "questions": [{"uid": "1", "solution": ""}]}]'),
    ],
)
def test_changed_columns_are_named_once(tmp_path: Path, name: str, file: str, content: str) -> None:
    (tmp_path / file).write_text(content)
    with pytest.raises(EvaluationError, match=rf"{file} has no column '\w+' \(found: .*solution"):
        TASKS.get(name)(path=tmp_path / file).items()


ROWS = [{"goal": "plain", "n": "1"}, {"goal": 'with "quotes",\ncommas and lines', "n": "2"}, {"goal": "λ¶", "n": "3"}]


def _csv(rows: list[dict[str, str]]) -> bytes:
    def quoted(value: str) -> str:
        return '"' + value.replace('"', '""') + '"'

    return ("goal,n\r\n" + "".join(f"{quoted(r['goal'])},{r['n']}\r\n" for r in rows)).encode()


def _parquet(rows: list[dict[str, str]], file: Path) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), file)
    return file.read_bytes()


def test_every_form_reads_the_same(tmp_path: Path) -> None:
    lines = "".join(json.dumps(r) + "\n" for r in ROWS).encode()
    contents = {
        "a.csv": _csv(ROWS),
        "b.csv": b"\xef\xbb\xbf" + _csv(ROWS),
        "c.jsonl": lines,
        "d.json": json.dumps(ROWS, indent=1).encode(),
        "e.jsonl.gz": gzip.compress(lines),
        "f.jsonl.xz": lzma.compress(lines),
        "g.csv.gz": gzip.compress(_csv(ROWS)),
        "h.parquet": _parquet(ROWS, tmp_path / "x.parquet"),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert [r.values for r in read_rows(tmp_path / name)] == ROWS, name


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.csv", b'goal,n\n"open', r"a.csv:\d: not CSV"),
        ("a.csv", b"goal,n\nx\n", r"a.csv:2: not as many values as columns"),
        ("a.csv", b"goal,n\nx,1,2\n", r"a.csv:2: not as many values as columns"),
        ("a.json", b"[1, 2", r"a.json is not JSON: .* in line 1"),
        ("a.json", b"[" * 100_000, r"a.json is not JSON: nested too deeply"),
        ("a.json", b"[1]", r"a.json: row 0: expected an object, found int"),
        ("a.jsonl.gz", b"no gzip", r"a.jsonl.gz cannot be unpacked"),
        ("a.jsonl.gz", gzip.compress(b"{}" * 99, mtime=0)[:-12], r"a.jsonl.gz cannot be unpacked"),
        ("a.jsonl.xz", b"no xz", r"a.jsonl.xz cannot be unpacked"),
        ("a.parquet", b"PAR1 no", r"a.parquet cannot be read as parquet"),
        ("a.jsonl", b"\xff", r"a.jsonl is not UTF-8"),
        ("a.jsonl", b"\n", r"a.jsonl holds no items"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, file: str, content: bytes, message: str) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(EvaluationError, match=message):
        TASKS.get("prompts")(path=tmp_path / file).items()


def test_many_mistakes_stay_readable(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"id": 1, "prompt": "x"}\n' * 500)
    with pytest.raises(EvaluationError) as e:
        TASKS.get("prompts")(path=tmp_path / "p.jsonl").items()
    assert len(e.value.problems) == 21
    assert "480 more malformed rows" in str(e.value)


@pytest.mark.parametrize("task", ["multiple_choice", "exact_match"])
def test_changed_columns_of_ones_own_file_are_named_once(tmp_path: Path, task: str) -> None:
    (tmp_path / "q.jsonl").write_text('{"id": "1", "query": "x", "answer": "y"}\n' * 500)
    with pytest.raises(EvaluationError) as e:
        TASKS.get(task)(path=tmp_path / "q.jsonl").items()
    assert [p.what.split(" has no ")[1] for p in e.value.problems] == [
        f"column '{column}' (found: id, query, answer)" for column in ("question", "choices")
    ]


@given(st.text(), st.text())
def test_ids_follow_the_text(one: str, other: str) -> None:
    assert identity("x", one) == identity("x", one)
    assert (identity("x", one) == identity("x", other)) == (one == other)
    assert identity("x", one, other) != identity("x", one + other)


def test_a_row_twice_is_asked_twice_and_shares_a_cluster(tmp_path: Path) -> None:
    (tmp_path / "g.jsonl").write_text(LINE + LINE)
    items: tuple[Item, ...] = TASKS.get("gsm8k")(path=tmp_path / "g.jsonl").items()
    assert sorted(i.id for i in items) == [items[0].cluster, f"{items[0].cluster}-2"]
    assert items[0].cluster == items[1].cluster


def test_the_order_is_a_fair_sample(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"question": f"{n}?", "answer": f"#### {n}"} for n in range(400)]
    file = tmp_path / "g.jsonl"
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))
    first = TASKS.get("gsm8k")(path=file).items()
    file.write_text("".join(json.dumps(r) + "\n" for r in reversed(rows)))
    assert TASKS.get("gsm8k")(path=file).items() == first
    early = sum(int(i.target or "") < 200 for i in first[:100])
    assert 30 < early < 70
