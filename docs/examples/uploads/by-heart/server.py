"""Pictures: sent by a form, kept byte for byte, and given out as what they are."""
import hashlib
import json
import os
import re
import signal
import sys
import threading
import uuid
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOST = int(os.environ.get("MAX_BYTES", "1000000"))
MARKS = {"image/png": b"\x89PNG\r\n\x1a\n", "image/gif": b"GIF8"}
pictures = {}  # id -> {"id", "name", "type", "size", "sha256", "caption"}
contents = {}  # id -> bytes
lock = threading.Lock()


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = self.parts(body)
        file = parts.get("file")
        if not file or not file.get_filename():
            return self.answer(422, {"error": "file: missing"})
        data, kind = file.get_payload(decode=True), file.get_content_type()
        if kind not in MARKS or not data.startswith(MARKS[kind]):
            return self.answer(415, {"error": "file: neither PNG nor GIF"})
        if len(data) > MOST:
            return self.answer(413, {"error": f"file: more than {MOST} bytes"})
        picture = {"id": str(uuid.uuid4()), "name": re.split(r"[/\\]", file.get_filename())[-1], "type": kind,
                   "size": len(data), "sha256": hashlib.sha256(data).hexdigest(),
                   "caption": parts["caption"].get_payload(decode=True).decode() if "caption" in parts else None}
        with lock:
            pictures[picture["id"]], contents[picture["id"]] = picture, data
        self.answer(201, picture, {"Location": f"/pictures/{picture['id']}"})

    def parts(self, body):
        """The parts of a form, by name."""
        head = f"Content-Type: {self.headers.get('Content-Type', '')}\r\n\r\n".encode()
        form = BytesParser(policy=HTTP).parsebytes(head + body)
        return {part.get_param("name", header="Content-Disposition"): part for part in form.iter_parts()}

    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"status": "ok"})
        if self.path == "/pictures":
            return self.answer(200, list(pictures.values()))
        picture = pictures.get(self.path.removeprefix("/pictures/"))
        if not picture:
            return self.answer(404, {"error": "no such picture"})
        self.answer(200, b"GIF89a; what follows is text", {"Content-Type": picture["type"]})

    do_HEAD = do_GET

    def answer(self, status, value, headers=None):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 8000), Api).serve_forever()
