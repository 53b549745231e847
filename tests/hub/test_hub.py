"""Models by name: what is fetched, what is not, and what is said when it cannot be."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from mergealign.checkpoint.folder import INDEX, open_checkpoint
from mergealign.checkpoint.hub import resolve_source, resolve_sources
from mergealign.errors import CheckpointError, UsageError

from ..conftest import SHAPES, TOKENIZER_FILES, random_tensors, write_model
from .server import Hub, Repo

TOKEN = "hf_secretsecretsecretsecret"
STRAYS = {
    "consolidated.00.safetensors": "junk",
    "consolidated.safetensors": "junk",
    "pytorch_model.bin": "junk",
    "model.gguf": "junk",
    "model.pth": "junk",
    "training_args.json": "{}",
    "README.md": "# card",
}
WORDS = {
    **TOKENIZER_FILES,
    "chat_template.jinja": "{{ messages[0].content }}",
    "LICENSE": "free",
    "USE_POLICY.md": "be good",
    "modeling_x.py": "x = 1",
}


def write(folder: Path, seed: int = 0, shards: int = 1) -> Path:
    """A model with everything a repository may hold."""
    write_model(folder, random_tensors(seed), shards=shards, files={**WORDS, **STRAYS})
    for path in ("original/model.safetensors", "original/params.py", "additional_chat_templates/tools.jinja"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("junk")
    return folder


def refusal(source: str) -> str:
    with pytest.raises(CheckpointError) as caught:
        resolve_source(source)
    message = str(caught.value)
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].cure
    assert TOKEN not in message
    return message


def files_in(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_a_folder_is_taken_as_it_is(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(tmp_path / "org" / "name", random_tensors(0))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for source in (str(folder), "org/name", "~/org/name"):
        resolved = resolve_source(source)
        assert resolved.folder.resolve() == folder
        assert (resolved.source, resolved.revision) == (source, None)
    assert not hub.asked


@pytest.mark.parametrize("shards", [1, 3])
def test_what_a_merge_needs_is_fetched_and_nothing_else(hub: Hub, tmp_path: Path, shards: int) -> None:
    commit = hub.add("org/name", write(tmp_path / "m", shards=shards))
    resolved = resolve_source("org/name")
    assert resolved.revision == commit
    weights = {f"model-0000{i}-of-00003.safetensors" for i in (1, 2, 3)} | {INDEX}
    wanted = {"config.json", *WORDS, "additional_chat_templates/tools.jinja"} - {"modeling_x.py"}
    wanted |= weights if shards > 1 else {"model.safetensors"}
    assert files_in(resolved.folder) == wanted == set(hub.sent)
    assert open_checkpoint(resolved.folder).tensors.keys() == SHAPES.keys()
    assert not hub.tokens


def test_the_index_decides(hub: Hub, tmp_path: Path) -> None:
    folder = write(tmp_path / "m", shards=2)
    (folder / "model.safetensors").write_bytes(b"an older model")
    (folder / "model-00003-of-00003.safetensors").write_bytes(b"left over")
    hub.add("org/name", folder)
    assert {f for f in files_in(resolve_source("org/name").folder) if f.endswith(".safetensors")} == {
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    }


def test_code_comes_only_when_it_is_to_be_copied(hub: Hub, tmp_path: Path) -> None:
    hub.add("org/name", write(tmp_path / "m"))
    fetched = files_in(resolve_source("org/name", with_code=True).folder)
    assert {f for f in fetched if f.endswith(".py")} == {"modeling_x.py"}


def test_a_second_run_fetches_nothing_and_works_offline(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.add("org/name", write(tmp_path / "m", shards=2))
    first = resolve_source("org/name")
    hub.forget()
    assert resolve_source("org/name") == first
    assert not hub.sent
    hub.forget()
    hub.down = 503
    assert resolve_source("org/name") == first  # the Hub may be down
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    hub.forget()
    assert resolve_source("org/name") == first
    assert resolve_source(f"org/name@{commit}").folder == first.folder
    assert not hub.asked


def test_a_revision_is_a_branch_a_tag_or_a_commit(hub: Hub, tmp_path: Path) -> None:
    old = hub.add("org/name", write(tmp_path / "m", 0))
    new = hub.add("org/name", write(tmp_path / "m", 1))
    hub.repos["org/name"].branches["refs/pr/1"] = old
    assert resolve_source("org/name").revision == new
    for revision in (old, "refs/pr/1"):
        resolved = resolve_source(f"org/name@{revision}")
        assert (resolved.revision, resolved.folder.name) == (old, old)
        assert resolved.source == f"org/name@{revision}"


def test_a_merge_of_three_by_name(hub: Hub, tmp_path: Path) -> None:
    from mergealign.merge.plan import make_plan
    from mergealign.merge.run import run_plan
    from mergealign.recipe.merge import MergeRecipe

    for seed, role in enumerate(("base", "domain", "aligned")):
        hub.add(f"org/{role}", write(tmp_path / role, seed, shards=seed + 1))
    found = resolve_sources({role: f"org/{role}" for role in ("base", "domain", "aligned")}, with_code=True)
    recipe = {"models": {role: str(source.folder) for role, source in found.items()}, "copy_code": True}
    record = run_plan(make_plan(MergeRecipe.model_validate(recipe)), tmp_path / "out", threads=1)
    assert record.n_parameters == sum(t.numel() for t in random_tensors(0).values())
    written = {"additional_chat_templates/tools.jinja", "chat_template.jinja", "LICENSE", "modeling_x.py"}
    assert written <= files_in(tmp_path / "out")
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_symlink()]


def test_all_are_found_before_the_weights_of_any_are_fetched(hub: Hub, tmp_path: Path) -> None:
    hub.add("org/base", write(tmp_path / "m"))
    hub.add("org/gated", tmp_path / "m", gated=True)
    with pytest.raises(CheckpointError) as caught:
        resolve_sources({"base": "org/base", "domain": "org/typo", "aligned": "org/gated"})
    first, second = map(str, caught.value.problems)
    assert first.startswith("domain: org/typo is neither a folder here nor a model on the Hub")
    assert second.startswith("aligned: org/gated is gated")
    assert "model.safetensors" not in hub.sent


NO_NAMES = [
    "nowhere",
    "/no/where",
    "./a/b",
    "a/b/c",
    "org/name@",
    "org/name+adapter",
    "~/no",
    "~nobody-here/x",
    "a" * 5000,
]


@pytest.mark.parametrize("source", NO_NAMES)
def test_neither_a_folder_nor_a_name(hub: Hub, source: str) -> None:
    assert f"{source} does not exist: it is neither a folder nor org/name on the Hub" in refusal(source)
    assert not hub.asked


def test_names_the_hub_does_not_allow(hub: Hub) -> None:
    for source in ("org/a--b", "org/name.git", "org/a..b"):
        assert "neither a folder here nor a model on the Hub" in refusal(source)
    assert not hub.asked


def test_missing_and_private(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("org/private", write(tmp_path / "m"), private=True, readers={TOKEN})
    assert "a private model needs HF_TOKEN" in refusal("org/missing")
    assert "a private model needs HF_TOKEN" in refusal("org/private")
    (tmp_path / "token").write_text(TOKEN)  # where `hf auth login` leaves it
    assert "a private model needs HF_TOKEN" in refusal("org/private")
    assert not hub.tokens
    monkeypatch.setenv("HF_TOKEN", f"{TOKEN}\n")
    assert "a private model needs another HF_TOKEN" in refusal("org/missing")
    assert resolve_source("org/private").revision
    assert hub.tokens == {TOKEN}


def test_gated(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.add("org/gated", write(tmp_path / "m"), gated=True, readers={TOKEN})
    expected = f"org/gated is gated: its owner decides who may download it\n  → ask for access at {hub.url}/org/gated"
    assert refusal("org/gated").startswith(expected)
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
    assert refusal("org/gated").startswith(expected)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert resolve_source("org/gated").revision


def test_a_missing_revision(hub: Hub, tmp_path: Path) -> None:
    hub.add("org/name", write(tmp_path / "m"))
    assert "org/name has no revision 'v2'" in refusal("org/name@v2")


def test_without_safetensors(hub: Hub, tmp_path: Path) -> None:
    folder = write(tmp_path / "m")
    (folder / "model.safetensors").unlink()
    hub.add("org/name", folder)
    message = refusal("org/name")
    assert "org/name has no model.safetensors" in message
    assert "*.bin" in message
    (folder / "config.json").unlink()
    hub.add("org/adapter", folder)
    assert "has no config.json" in refusal("org/adapter")
    (folder / "adapter_config.json").write_text("{}")
    hub.add("org/adapter", folder)
    assert "org/adapter is a LoRA adapter" in refusal("org/adapter")


def test_an_index_that_names_what_is_not_there(hub: Hub, tmp_path: Path) -> None:
    folder = write(tmp_path / "m", shards=2)
    (folder / "model-00002-of-00002.safetensors").unlink()
    hub.add("org/name", folder)
    assert "org/name has no model-00002-of-00002.safetensors" in refusal("org/name")


@pytest.mark.parametrize(
    "weight_map", [{"a": "*"}, {"a": "../../../x.safetensors"}, {"a": "/etc/passwd"}, [], {}, {"a": 1}]
)
def test_a_hostile_index_fetches_nothing_more(hub: Hub, tmp_path: Path, weight_map: Any) -> None:
    folder = write(tmp_path / "m", shards=2)
    (folder / INDEX).write_text(json.dumps({"weight_map": weight_map}))
    hub.add("org/name", folder)
    with pytest.raises(CheckpointError):
        open_checkpoint(resolve_source("org/name").folder)
    assert not [f for f in hub.sent if f.endswith((".safetensors", ".bin"))]


def test_offline_without_a_cache(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    message = refusal("org/name")
    assert "org/name is not in the cache" in message
    assert "unset HF_HUB_OFFLINE" in message
    assert not hub.asked


def test_the_hub_is_down_or_cannot_be_reached(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.down = 503
    assert "HTTP 503" in refusal("org/name")
    hub.down = 429
    assert "HTTP 429" in refusal("org/name")
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:1")
    message = refusal("org/name")
    assert "http://127.0.0.1:1 cannot give or take org/name" in message
    assert "refused" in message


def test_a_download_that_is_cut_leaves_nothing_usable_and_is_resumed(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = hub.add("org/name", write(tmp_path / "m", shards=2))
    hub.cut["model-00002-of-00002.safetensors"] = 1000
    message = refusal("org/name")
    assert "check the network, then run again" in message
    snapshot = tmp_path / "cache/models--org--name/snapshots" / commit
    assert "model-00002-of-00002.safetensors" not in files_in(snapshot)
    with pytest.raises(CheckpointError, match="is missing"):
        open_checkpoint(snapshot)
    with monkeypatch.context() as offline:
        offline.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        assert "HF_HUB_OFFLINE" in refusal("org/name")
    hub.cut.clear()
    hub.forget()
    assert open_checkpoint(resolve_source("org/name").folder).tensors.keys() == SHAPES.keys()
    assert "model-00001-of-00002.safetensors" not in hub.sent


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full: org/name does not fit into"),
        (PermissionError(errno.EACCES, "Permission denied", "/cache/x"), "cannot write /cache/x: Permission denied"),
        (
            RuntimeError(f"Data processing error: Bearer {TOKEN}\nmore"),
            "Data processing error: Bearer HF_TOKEN more\n  →",
        ),
        (ValueError(""), "cannot give or take org/name: ValueError\n  → mend"),
    ],
)
def test_what_else_can_fail(hub: Hub, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    assert message in refusal("org/name")
    assert not hub.asked


def test_a_cache_that_cannot_be_written(hub: Hub, tmp_path: Path) -> None:
    hub.add("org/name", write(tmp_path / "m"))
    (tmp_path / "cache").write_text("a file")
    assert "cannot write" in refusal("org/name")


def test_a_broken_token_is_never_printed(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", f"{TOKEN}\x07")
    with pytest.raises(UsageError) as caught:
        resolve_source("org/name")
    assert TOKEN not in str(caught.value)
    assert not hub.asked


def test_a_recipe_names_folders_beside_it_or_models_on_the_hub(tmp_path: Path) -> None:
    from mergealign.recipe.merge import read_recipe

    (tmp_path / "org/folder").mkdir(parents=True)
    (tmp_path / "r.yml").write_text("models: {base: org/folder, domain: org/name@v2, aligned: nowhere}\n")
    assert read_recipe(tmp_path / "r.yml").models.model_dump(exclude_none=True) == {
        "base": str(tmp_path / "org/folder"),
        "domain": "org/name@v2",
        "aligned": str(tmp_path / "nowhere"),
    }


def environment(hub: Hub, home: Path) -> dict[str, str]:
    """That of a user of the fake, whatever that of the tests is."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(home), "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_TELEMETRY": "1"}
    return inherited | settings


def test_as_a_program(hub: Hub, tmp_path: Path) -> None:
    """Everything by the environment, nothing drawn into a pipe, no word about the token."""
    commit = hub.add("org/name", write(tmp_path / "m"), private=True, readers={TOKEN})
    code = """
import sys
import mergealign.checkpoint.push, mergealign.cli.push
from mergealign.checkpoint.hub import resolve_source
from mergealign.errors import CheckpointError
assert not {"huggingface_hub", "tqdm", "httpx2", "httpx"} & sys.modules.keys()
for source in sys.argv[1:]:
    try:
        print(resolve_source(source).revision)
    except CheckpointError as e:
        print(e)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, "org/name", "org/missing", "org/name@v2"],
        env=environment(hub, tmp_path / "home"),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == commit
    assert TOKEN not in done.stdout
    assert hub.tokens == {TOKEN}


def test_bars_on_a_terminal(hub: Hub, tmp_path: Path) -> None:
    hub.add("org/name", write(tmp_path / "m"), private=True, readers={TOKEN})
    code = "from mergealign.checkpoint.hub import resolve_source; resolve_source('org/name')"
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    drawn = []
    for _ in range(2):
        process = subprocess.Popen([sys.executable, "-c", code], env=environment(hub, tmp_path / "home"), stderr=theirs)
        assert process.wait() == 0
        os.write(theirs, b"end")
        text = b""
        while not text.endswith(b"end"):
            text += os.read(ours, 1 << 16)
        drawn.append(text.decode())
    os.close(ours)
    os.close(theirs)
    assert re.search(r"100%.* 20\.\dk", drawn[0])
    assert drawn[1] == "end"  # nothing left to fetch
    assert TOKEN not in drawn[0]


def test_the_fake_is_a_hub(hub: Hub) -> None:
    """A repository without the wanted file says so as the Hub does."""
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    hub.repos["org/name"] = Repo()
    hub.repos["org/name"].commit({"a.txt": b"a"})
    assert HfApi().list_repo_files("org/name") == ["a.txt"]
    with pytest.raises(EntryNotFoundError):
        hf_hub_download("org/name", "b.txt")
