"""Books in an envelope: what is answered is in "data", what is wrong in "error", and what is about a list in "meta"."""
import hashlib
import json
import signal
import sys
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

books = {}  # id -> book
lock = threading.Lock()
last = 0


def now():
    return datetime.now(timezone.utc).isoformat()


def invalid(new):
    """The fields of a body that are not as they must be."""
    wrong = []
    if "title" in new and not (isinstance(new["title"], str) and new["title"].strip()):
        wrong.append("title")
    if "pages" in new and not (type(new["pages"]) is int and new["pages"] > 0):
        wrong.append("pages")
    return wrong


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "books", ""

    def handle_request(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        top, _, name = self.path.removeprefix("/api/").partition("/")
        if top == "health":
            return self.answer(200, {"data": {"status": "ok"}})
        if top != "books":
            return self.fail(404, "not_found", "no such route")
        allowed = ["GET", "PATCH", "DELETE"] if name else ["GET", "POST"]
        if self.command not in allowed:
            return self.fail(405, "method_not_allowed", f"use {' or '.join(allowed)}", Allow=", ".join(allowed))
        book = books.get(int(name)) if name.isdigit() else None
        if name and not book:
            return self.fail(404, "not_found", "no such book")
        new = {}
        if self.command in ("POST", "PATCH"):
            try:
                new = dict(json.loads(raw))
            except (ValueError, TypeError):
                return self.fail(400, "no_json", "the body is no JSON object")
            wrong = invalid(new if name else {"title": None, **new})
            if wrong:
                return self.fail(422, "invalid", "some fields are not as they must be", fields=wrong)
        getattr(self, self.command.lower())(book, new)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_request

    def get(self, book, new):
        if book:
            return self.answer(200, {"data": book})
        self.answer(200, {"data": list(books.values()), "meta": {"count": len(books)}})

    def post(self, book, new):
        global last
        with lock:
            last += 1
            made = now()
            books[last] = {"id": last, "title": new["title"], "pages": new.get("pages"), "created": made, "updated": made}
            book = books[last]
        self.answer(201, book, Location=f"/api/books/{book['id']}")

    def patch(self, book, new):
        book.update({key: new[key] for key in ("title", "pages") if key in new}, updated=now())
        self.answer(200, {"data": book})

    def delete(self, book, new):
        del books[book["id"]]
        self.answer(204)

    def fail(self, status, code, message, fields=None, **headers):
        error = {"code": code, "message": message}
        if fields:
            error["fields"] = fields
        self.answer(status, {"error": error}, **headers)

    def answer(self, status, value=None, **headers):
        body = b"" if value is None else json.dumps(value).encode()
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if status == 200 and self.command == "GET" and self.headers.get("If-None-Match") == tag:
            status, body = 304, b""
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", "ETag": tag, **headers}.items():
            self.send_header(name, text)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 8000), Api).serve_forever()
