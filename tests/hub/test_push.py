"""`mergealign push`: a complete model, nothing else, in one commit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from mergealign.checkpoint.folder import INDEX
from mergealign.checkpoint.hub import resolve_source
from mergealign.checkpoint.push import model_files, push_folder
from mergealign.cli.push import push
from mergealign.errors import CheckpointError, MergeAlignError, OutputError, UsageError

from ..conftest import TOKENIZER_FILES, random_tensors, write_model
from .server import Hub

# huggingface_hub sends files over plain HTTP in a way that its own HTTP client deprecates
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

TOKEN = "hf_writerwriterwriterwriter"
CARD = "---\nbase_model: [a, b, c]\n---\n# safe-expert\n"
STRAYS = ("notes.txt", ".env", "optimizer.pt", "old.safetensors", "scores.json", "run.py", "sub/config.json")


@pytest.fixture
def writer(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The fake, and a token that may write to it."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.writers = {TOKEN}
    yield hub
    assert hub.tokens <= {TOKEN}


def merged(folder: Path, shards: int = 1, strays: tuple[str, ...] = STRAYS) -> Path:
    """A model folder as `merge` writes it, and what a user may have left in it."""
    write_model(folder, random_tensors(0), shards=shards, files={**TOKENIZER_FILES, "README.md": CARD})
    (folder / "mergealign.json").write_text("{}")
    for path in ("additional_chat_templates/tools.jinja", *strays):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("x")
    return folder


def files_of_model(shards: int) -> set[str]:
    weights = {f"model-0000{i + 1}-of-0000{shards}.safetensors" for i in range(shards)} | {INDEX}
    return {
        "config.json",
        "README.md",
        "mergealign.json",
        "additional_chat_templates/tools.jinja",
        *TOKENIZER_FILES,
    } | (weights if shards > 1 else {"model.safetensors"})


def call(*arguments: object) -> Result:
    app = typer.Typer()
    app.command()(push)
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.mark.parametrize("shards", [1, 2])
def test_what_arrives_is_the_model_and_nothing_else(writer: Hub, tmp_path: Path, shards: int) -> None:
    folder = merged(tmp_path / "safe-expert", shards)
    done = call(folder, "org/safe-expert")
    assert done.exit_code == 0, done.output
    repo = writer.repos["org/safe-expert"]
    head = repo.branches["main"]
    assert done.stdout == f"pushed {len(files_of_model(shards))} files → {writer.url}/org/safe-expert\ncommit {head}\n"
    assert repo.commits[head].keys() - {".gitattributes"} == files_of_model(shards)
    assert len(repo.commits) == 2  # the one that creates it, and ours: never half a model
    assert all(repo.commits[head][f] == (folder / f).read_bytes() for f in files_of_model(shards))
    assert not repo.private
    assert TOKEN not in done.output


def test_what_was_pushed_can_be_fetched(writer: Hub, tmp_path: Path) -> None:
    folder = merged(tmp_path / "m", 2)
    pushed = push_folder(folder, "org/m", private=True, message="first")
    assert writer.repos["org/m"].private
    resolved = resolve_source("org/m")
    assert resolved.revision == pushed.commit
    assert (resolved.folder / INDEX).read_bytes() == (folder / INDEX).read_bytes()


def test_an_earlier_model_is_replaced_whole(writer: Hub, tmp_path: Path) -> None:
    push_folder(merged(tmp_path / "one"), "org/m")
    writer.repos["org/m"].commit(
        {**writer.repos["org/m"].commits[writer.repos["org/m"].branches["main"]], "a.png": b""}
    )
    done = call(merged(tmp_path / "two", 2), "org/m", "--json")
    report = json.loads(done.stdout)
    assert report["deleted"] == ["model.safetensors"]
    assert set(report["files"]) == files_of_model(2)
    there = writer.repos["org/m"].commits[report["commit"]]
    assert there.keys() - {".gitattributes"} == files_of_model(2) | {"a.png"}


def test_a_branch_is_created(writer: Hub, tmp_path: Path) -> None:
    folder = merged(tmp_path / "m")
    for _ in range(2):
        pushed = push_folder(folder, "org/m", revision="lambda-0.9")
    repo = writer.repos["org/m"]
    assert repo.branches["lambda-0.9"] == pushed.commit
    assert repo.commits[repo.branches["main"]].keys() == {".gitattributes"}


def test_code_goes_along_only_where_the_config_needs_it(tmp_path: Path) -> None:
    folder = merged(tmp_path / "m")
    assert "run.py" not in model_files(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoConfig": "run.X"}}))
    assert "run.py" in model_files(folder)
    assert "sub/config.json" not in model_files(folder)


def test_incomplete_and_temporary_folders_are_refused(writer: Hub, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="does not exist"):
        push_folder(tmp_path / "nowhere", "org/m")
    without_shard = merged(tmp_path / "m", 2)
    (without_shard / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(CheckpointError, match="is missing"):
        push_folder(without_shard, "org/m")
    with pytest.raises(OutputError, match="temporary folder"):
        push_folder(merged(tmp_path / ".m.mergealign-partial"), "org/m")
    assert not writer.asked


@pytest.mark.parametrize("repo", ["name", "org/name@main", "https://hub/org/name", "../m"])
def test_names_that_are_none(writer: Hub, tmp_path: Path, repo: str) -> None:
    with pytest.raises(UsageError, match="is not org/name"):
        push_folder(merged(tmp_path / "m"), repo)
    assert not writer.asked


def refusal(folder: Path, **settings: bool) -> str:
    with pytest.raises(MergeAlignError) as caught:
        push_folder(folder, "org/m", **settings)
    assert TOKEN not in str(caught.value)
    assert caught.value.problems[0].cure
    return str(caught.value)


def test_without_a_token_or_right_or_network(writer: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = merged(tmp_path / "m")
    with monkeypatch.context() as without:
        without.delenv("HF_TOKEN")
        (tmp_path / "token").write_text(TOKEN)
        assert "set HF_TOKEN to a token with write permission" in refusal(folder)
        assert not writer.asked
    writer.writers.clear()
    assert "HTTP 403" in refusal(folder)
    writer.writers.add(TOKEN)
    with monkeypatch.context() as offline:
        offline.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        assert "HF_HUB_OFFLINE is set" in refusal(folder)
    writer.down = 500
    assert "HTTP 500" in refusal(folder)
    assert not writer.repos


def test_a_private_model_is_not_pushed_into_a_public_repository(writer: Hub, tmp_path: Path) -> None:
    folder = merged(tmp_path / "m")
    before = push_folder(folder, "org/m").commit
    assert "org/m exists and is public" in refusal(folder, private=True)
    assert writer.repos["org/m"].branches["main"] == before


def test_a_card_the_hub_rejects(writer: Hub, tmp_path: Path) -> None:
    folder = merged(tmp_path / "m")
    (folder / "README.md").write_text("nothing")
    assert "Invalid metadata in README.md" in refusal(folder)
    assert writer.repos["org/m"].commits.keys() == {writer.repos["org/m"].branches["main"]}
