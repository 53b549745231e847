"""A small fake of the Hub's HTTP interface on loopback: as much of it as fetching and pushing a model needs.

It counts what it is asked for, so that a test can say what was fetched, how often, and how many bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

Files = dict[str, bytes]


def files_of(folder: Path) -> Files:
    """All files of a folder, by path."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@dataclass
class Repo:
    """One repository: its commits and where its branches point."""

    commits: dict[str, Files] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    gated: bool = False
    private: bool = False
    readers: set[str] = field(default_factory=set)  # tokens that may read it if it is gated or private

    def commit(self, files: Files, branch: str = "main") -> str:
        state = json.dumps([branch, self.branches.get(branch), {k: hash(v) for k, v in files.items()}])
        sha = hashlib.sha1(state.encode()).hexdigest()
        self.commits[sha] = dict(files)
        self.branches[branch] = sha
        return sha

    def find(self, revision: str) -> str | None:
        return self.branches.get(revision, revision if revision in self.commits else None)


@dataclass
class Hub:
    """The state of the fake.

    Attributes:
        repos: by `org/name`.
        writers: tokens that may write.
        cut: path → bytes after which the connection is dropped while sending it.
        down: answer everything with this status.
        asked: how often each "METHOD path" was asked for.
        sent: bytes sent of each file of a repository, by its path.
        tokens: those that were presented.
    """

    repos: dict[str, Repo] = field(default_factory=dict)
    writers: set[str] = field(default_factory=set)
    cut: dict[str, int] = field(default_factory=dict)
    down: int | None = None
    asked: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    tokens: set[str] = field(default_factory=set)
    uploads: Files = field(default_factory=dict)
    url: str = ""

    def add(self, name: str, folder: Path, **settings: Any) -> str:
        """A repository with one commit on main; its hash."""
        return self.repos.setdefault(name, Repo(**settings)).commit(files_of(folder))

    def forget(self) -> None:
        """Count from zero."""
        self.asked.clear()
        self.sent.clear()


@contextmanager
def serve() -> Iterator[Hub]:
    """A running fake; its address is `url`."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_NAME = r"(?P<name>[^/]+/[^/]+)"
_ROUTES = {
    "HEAD /NAME/resolve/(?P<revision>[^/]+)/(?P<path>.+)": "resolve",
    "GET /NAME/resolve/(?P<revision>[^/]+)/(?P<path>.+)": "resolve",
    "GET /api/models/NAME/tree/(?P<revision>[^/]+)": "tree",
    "GET /api/models/NAME/revision/(?P<revision>[^/]+)": "info",
    "GET /api/models/NAME": "info",
    "POST /api/repos/create": "create",
    "POST /api/validate-yaml": "validate",
    "POST /api/models/NAME/branch/(?P<revision>[^/]+)": "branch",
    "POST /api/models/NAME/preupload/(?P<revision>[^/]+)": "preupload",
    "POST /NAME.git/info/lfs/objects/batch": "batch",
    "PUT /upload/(?P<oid>[0-9a-f]+)": "upload",
    "POST /api/models/NAME/commit/(?P<revision>[^/]+)": "commit",
}
_COMPILED = [(re.compile(pattern.replace("NAME", _NAME, 1)), action) for pattern, action in _ROUTES.items()]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def log_message(self, *_: object) -> None:
        pass

    def handle_any(self) -> None:
        asked = f"{self.command} {urlsplit(self.path).path}"
        self.hub.asked[asked] += 1
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        self.hub.tokens |= {self.token} - {""}
        if self.hub.down:
            return self.refuse(self.hub.down, "", "down")
        for pattern, action in _COMPILED:
            if match := pattern.fullmatch(asked):
                found = {k: unquote(v) for k, v in match.groupdict().items()}
                return getattr(self, f"do_{action}")(**found)
        return self.refuse(404, "", "no such route")

    do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815

    # answers

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def give(self, content: Any, status: int = 200) -> None:
        self.answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def refuse(self, status: int, code: str, message: str) -> None:
        self.answer(status, b"", {"X-Error-Code": code, "X-Error-Message": message})

    # reading

    def repo(self, name: str) -> Repo | None:
        """The repository, or None after saying that there is none (that this token may see)."""
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and self.token not in repo.readers):
            self.refuse(404 if self.token else 401, "RepoNotFound", "Repository not found")
            return None
        return repo

    def state(self, name: str, revision: str) -> tuple[Repo, str, Files] | None:
        if (repo := self.repo(name)) is None:
            return None
        if (sha := repo.find(revision)) is None:
            self.refuse(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return None
        return repo, sha, repo.commits[sha]

    def do_info(self, name: str, revision: str = "main") -> None:
        if state := self.state(name, revision):
            repo, sha, files = state
            siblings = [{"rfilename": f} for f in files]
            self.give({"id": name, "modelId": name, "sha": sha, "private": repo.private, "siblings": siblings})

    def do_tree(self, name: str, revision: str) -> None:
        if state := self.state(name, revision):
            self.give(
                [
                    {"type": "file", "path": f, "size": len(b), "oid": hashlib.sha1(b).hexdigest()}
                    for f, b in state[2].items()
                ]
            )

    def do_resolve(self, name: str, revision: str, path: str) -> None:
        if not (state := self.state(name, revision)):
            return
        repo, sha, files = state
        if repo.gated and self.token not in repo.readers:
            self.refuse(403 if self.token else 401, "GatedRepo", f"Access to model {name} is restricted")
        elif path not in files:
            self.refuse(404, "EntryNotFound", "Entry not found")
        else:
            self.send_file(path, files[path], sha)

    def send_file(self, path: str, content: bytes, sha: str) -> None:
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": sha, "Accept-Ranges": "bytes"}
        start = 0
        if match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or ""):
            start = int(match[1])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        body = content[start:]
        if self.command == "GET":
            stop = self.hub.cut.get(path)
            self.hub.sent[path] += len(body[:stop])
            if stop is not None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:stop])
                self.close_connection = True
                return
        self.answer(206 if start else 200, body, headers)

    # writing

    def may_write(self) -> bool:
        if self.token in self.hub.writers:
            return True
        self.refuse(403, "", "you have no right to write here")
        return False

    def do_create(self) -> None:
        if not self.may_write():
            return None
        wanted = json.loads(self.body)
        name = f"{wanted['organization']}/{wanted['name']}"
        if name in self.hub.repos:
            error = {"error": "You already created this model repo", "url": f"{self.hub.url}/{name}"}
            return self.give(error, 409)
        private = wanted.get("visibility") == "private" or bool(wanted.get("private"))
        repo = self.hub.repos[name] = Repo(private=private, readers={self.token})
        repo.commit({".gitattributes": b""})
        return self.give({"url": f"{self.hub.url}/{name}"})

    def do_validate(self) -> None:
        good = b"base_model" in self.body or b"license" in self.body
        self.give({"errors": [] if good else [{"message": "bad"}], "warnings": []}, 200 if good else 400)

    def do_branch(self, name: str, revision: str) -> None:
        if self.may_write() and (repo := self.repo(name)):
            if revision in repo.branches:
                return self.refuse(409, "", "Reference already exists")
            repo.branches[revision] = repo.branches["main"]
            self.give({})
        return None

    def do_preupload(self, name: str, revision: str) -> None:
        if self.may_write() and self.state(name, revision):
            self.give(
                {
                    "files": [
                        {
                            "path": f["path"],
                            "uploadMode": "lfs" if f["path"].endswith(".safetensors") else "regular",
                            "shouldIgnore": False,
                            "oid": None,
                        }
                        for f in json.loads(self.body)["files"]
                    ]
                }
            )

    def do_batch(self, name: str) -> None:
        if self.may_write() and self.repo(name):
            objects = json.loads(self.body)["objects"]
            upload = [{**o, "actions": {"upload": {"href": f"{self.hub.url}/upload/{o['oid']}"}}} for o in objects]
            self.give({"transfer": "basic", "objects": upload})

    def do_upload(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() == oid:
            self.hub.uploads[oid] = self.body
            self.answer(200, b"")
        else:
            self.refuse(400, "", "not what was announced")

    def do_commit(self, name: str, revision: str) -> None:
        if not (self.may_write() and (state := self.state(name, revision))):
            return
        repo, _, files = state
        files = dict(files)
        for line in self.body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                files[value["path"]] = b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                files[value["path"]] = self.hub.uploads[value["oid"]]
            elif entry["key"] == "deletedFile":
                del files[value["path"]]
        sha = repo.commit(files, revision)
        self.give({"commitUrl": f"{self.hub.url}/{name}/commit/{sha}", "commitOid": sha})
