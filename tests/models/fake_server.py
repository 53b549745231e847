"""A server on loopback that speaks as much of the OpenAI protocol as is used, and misbehaves on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Misbehave:
    """One bad reply: a status (with a header and a body), a dropped connection (status 0), or 200 with rubbish."""

    status: int
    body: str = ""
    retry_after: str | None = None


@dataclass
class FakeServer:
    """Answers a chat with its last turn in upper case, a plain prompt with its last word.

    Attributes:
        models: those it lists; None = it has no such list, a number = it fails with this status.
        answers_to: which requests it knows the model of; None = those for a model that it lists.
        asked: the requests it knew the model of.
        misbehave: asked with the number of the request for an answer (from 0); None = answer well.
        key: if given, everything else is refused.
        gate: every answer waits for it.
    """

    models: list[str] | int | None = field(default_factory=lambda: ["tiny"])
    answers_to: Callable[[dict[str, Any]], bool] | None = None
    misbehave: Callable[[int], Misbehave | None] = lambda _: None
    key: str | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    most_at_once: int = 0
    url: str = ""
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def knows(self, body: dict[str, Any]) -> bool:
        if self.answers_to is not None:
            return self.answers_to(body)
        return not isinstance(self.models, list) or body["model"] in self.models

    def reply(self, body: dict[str, Any]) -> dict[str, Any]:
        if "messages" in body:
            text = body["messages"][-1]["content"].upper()
            choice = {"message": {"role": "assistant", "content": text[: body["max_tokens"]]}}
        else:
            text = body["prompt"].split()[-1]
            choice = {"text": text[: body["max_tokens"]]}
        cut = len(text) > body["max_tokens"]
        usage = {"completion_tokens": min(len(text), body["max_tokens"])}
        return {"choices": [{**choice, "finish_reason": "length" if cut else "stop"}], "usage": usage}


@contextmanager
def serving(server: FakeServer) -> Iterator[FakeServer]:
    """Run `server` on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            if self._locked():
                return
            if not isinstance(server.models, list):
                self._send(server.models or 404, "{}")
            else:
                self._send(200, json.dumps({"data": [{"id": m} for m in server.models]}))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self._locked():
                return
            if not server.knows(body):
                self._send(404, "{}")
                return
            with server._lock:
                number = len(server.asked)
                server.asked.append({**body, "path": self.path})
                server._running += 1
                server.most_at_once = max(server.most_at_once, server._running)
            server.gate.wait(10)
            bad = server.misbehave(number)
            with server._lock:
                server._running -= 1
            if bad is None:
                self._send(200, json.dumps(server.reply(body)))
            elif bad.status == 0:
                self.connection.close()
            else:
                self._send(bad.status, bad.body, bad.retry_after)

        def _locked(self) -> bool:
            if server.key is not None and self.headers.get("Authorization") != f"Bearer {server.key}":
                self._send(401, json.dumps({"error": {"message": f"bad key {self.headers.get('Authorization')}"}}))
                return True
            return False

        def _send(self, status: int, body: str, retry_after: str | None = None) -> None:
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if retry_after is not None:
                self.send_header("Retry-After", retry_after)
            if 300 <= status < 400:
                self.send_header("Location", f"{server.url}/elsewhere")
            self.end_headers()
            self.wfile.write(data)

    class Patient(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            """A client that went away, or a test that wants a handler to die."""

    httpd = Patient(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{httpd.server_port}/v1"
    server.gate.set()
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()
