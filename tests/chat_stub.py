"""A server on this machine that speaks the OpenAI chat protocol as well, and as badly, as a test wants it to."""

from __future__ import annotations

import json
import math
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from conftest import WORDS
from stance.base.labels import LABELS

#: What it is called by default, and the key that it wants if it wants one.
MODEL, KEY = "stub-1", "a-secret-word"


class ChatStub:
    """What the server is to do, and what it was asked.

    Attributes:
        faults: For each request in turn what goes wrong: a status, ``cut``, ``not json``, or a message in place of the
            answer; None = nothing. When the list is at its end, nothing goes wrong.
        lacks: Fields that it refuses with status 400, by name.
        ignores: Fields that it takes and does not heed.
        answer: The label for a question (text, holder, target).
    """

    def __init__(self, *, faults=(), lacks=(), ignores=(), key="", models=(MODEL,), context=10**6, answer=None):
        self.faults, self.lacks, self.ignores, self.key = list(faults), set(lacks), set(ignores), key
        self.models, self.context, self.answer = models, context, answer or by_its_word
        self.bodies, self.keys, self.headers = [], [], {}
        self.lock = threading.Lock()
        self.at_once = self.most_at_once = 0

    def reply(self, body):
        """Status and what is sent back."""
        if self.key and self.keys[-1] != f"Bearer {self.key}":
            return 401, {"error": {"message": f"Incorrect API key provided: {self.keys[-1][7:]}"}}
        if body["model"] not in self.models:
            return 404, {"error": {"message": f"The model {body['model']} does not exist"}}
        message = body["messages"][-1]["content"]
        if len(message) > self.context:
            return 400, {"error": {"message": "This model's maximum context length is 8 tokens"}}
        if refused := sorted(self.lacks & set(body)):
            hint = "use max_completion_tokens" if refused == ["max_tokens"] else "it is not supported"
            return 400, {"error": {"message": f"Unsupported parameter: {refused[0]}; {hint}"}}
        return 200, completion(self._content(message, body), body, message, logprobs="logprobs" not in self.ignores)

    def _content(self, message, body):
        text = re.findall(r"^Sentence: (.*)$", message, re.M)[-1]
        several = re.findall(r"^\d+\. Holder: (.*); target: (.*)$", message, re.M)
        if several:
            asked = message.rpartition("Judge it for each of these:")[2]
            several = re.findall(r"^\d+\. Holder: (.*); target: (.*)$", asked, re.M)
            return json.dumps({str(n): self.answer(text, *one) for n, one in enumerate(several, 1)})
        holder = re.findall(r"^Holder: (.*)$", message, re.M)[-1]
        target = re.findall(r"^Target: (.*)$", message, re.M)[-1]
        return json.dumps({"label": self.answer(text, holder, target)})


def by_its_word(text, holder, target):
    """The label that a word of the text gives away."""
    return next((label for label in LABELS if any(word in text for word in WORDS[label])), "neutral")


def completion(content, body, message, *, logprobs=True):
    """A chat completion; tokens are words and marks, the likeliest ones those of the three labels."""
    refusal = content["refusal"] if isinstance(content, dict) else None
    finish = content.get("finish", "stop") if isinstance(content, dict) else "stop"
    text = content.get("content") if isinstance(content, dict) else content
    choice = {
        "index": 0,
        "finish_reason": finish,
        "message": {"role": "assistant", "content": text, "refusal": refusal},
    }
    if body.get("logprobs") and logprobs and text:
        tokens = re.findall(r"\w+|\W+", text)
        choice["logprobs"] = {"content": [_token(token) for token in tokens]}
    usage = {"prompt_tokens": len(message) // 4, "completion_tokens": 5, "total_tokens": len(message) // 4 + 5}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice],
        "usage": usage,
    }


def _token(token):
    if token not in LABELS:
        return {"token": token, "logprob": 0.0, "top_logprobs": [{"token": token, "logprob": 0.0}]}
    others = [label for label in LABELS if label != token]
    shares = {token: 0.7, others[0][:3]: 0.2, others[1]: 0.05, "maybe": 0.05}
    top = [{"token": name, "logprob": math.log(share)} for name, share in shares.items()]
    return {"token": token, "logprob": math.log(0.7), "top_logprobs": top}


@contextmanager
def serving(stub):
    """The address of the stub while it is served."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer, sent in two pieces, waits 40 ms between them

        def log_message(self, *args):
            """Say nothing."""

        def send(self, status, value, headers=()):
            data = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, text in headers:
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self):
            self.send(200, {"object": "list", "data": [{"id": m, "object": "model"} for m in stub.models]})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with stub.lock:
                stub.bodies.append(body)
                stub.keys.append(self.headers.get("Authorization"))
                fault = stub.faults.pop(0) if stub.faults else None
                stub.at_once += 1
                stub.most_at_once = max(stub.most_at_once, stub.at_once)
            try:
                self.answer(body, fault)
            finally:
                with stub.lock:
                    stub.at_once -= 1

        def answer(self, body, fault):
            if fault == "cut":
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "5000")
                self.end_headers()
                self.wfile.write(b'{"id": "1", "choices": [{"mess')
                self.wfile.flush()
                self.close_connection = True
                self.connection.close()
            elif fault == "not json":
                self.send(200, b'{"id": "1", "choices": [')
            elif isinstance(fault, int):
                headers = [("Retry-After", "0.1")] if fault == 429 else []
                self.send(fault, {"error": {"message": f"status {fault}, as told"}}, headers)
            elif fault is not None:
                self.send(200, completion(fault, body, body["messages"][-1]["content"]))
            else:
                self.send(*stub.reply(body))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # a connection that is cut on purpose
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
