"""A real server, `transformers serve`: what it says equals what the same folder says in this process."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mergealign.evaluate.run import evaluate
from mergealign.models.openai import Endpoint
from mergealign.recipe.suite import read_suite

from ..tiny_llama import TEMPLATE, write_tiny_model
from .running import unclocked

MISSING = [name for name in ("fastapi", "openai", "uvicorn") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} missing: pip install 'transformers[serving]'"),
]
START_S = 120.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = write_tiny_model(tmp_path_factory.mktemp("served"))
    (found / "chat_template.jinja").write_text(TEMPLATE)
    return found


@pytest.fixture(scope="module")
def url(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("log") / "serve.log"
    command = [
        Path(sys.executable).with_name("transformers"),
        "serve",
        folder,
        "--host",
        "127.0.0.1",
        "--device",
        "cpu",
    ]
    home = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(log.parent), "OMP_NUM_THREADS": "1"}
    with log.open("w") as out:
        server = subprocess.Popen([*command, "--port", str(port)], stdout=out, stderr=out, env={**os.environ, **home})
    try:
        _wait(server, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(30)


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    give_up = time.monotonic() + START_S
    while True:
        assert server.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < give_up, log.read_text()[-2000:]
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return


def test_answers_and_labels_equal_those_of_the_folder(url: str, folder: Path, place: Path, tmp_path: Path) -> None:
    """It fails to list its models, for its cache is empty, and has to be asked by name."""
    suite, tasks = read_suite(place / "suite.yml"), ["domain_greedy", "harmful", "benign"]
    texts, records = [], []
    for source in (Endpoint(url, str(folder)), folder):
        records.append(unclocked(evaluate({"m": source}, suite, tasks=tasks, answers=tmp_path / "a.jsonl")))
        texts.append((tmp_path / "a.jsonl").read_text())
    assert texts[0] == texts[1]
    assert len(texts[0].splitlines()) == 8 + 6 + 6
    served, local = (r.models[0].tasks for r in records)
    assert served == local
    assert records[0].models[0].facts["backend"] == "openai"
