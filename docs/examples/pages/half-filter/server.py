"""A catalogue of films, in pages: filtered, sorted, counted, and linked to the next page."""
import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

films = [{"id": n, "title": f"Film {n}", "year": 1950 + n * 7 % 60, "genre": ["drama", "comedy", "western"][n % 3]}
         for n in range(1, 26)]
lock = threading.Lock()
KEYS = ("id", "title", "year", "genre")


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        new = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        with lock:
            film = {"id": len(films) + 1, "title": new["title"], "year": new["year"], "genre": new["genre"]}
            films.append(film)
        self.answer(201, film)

    def do_GET(self):
        parts = urlsplit(self.path)
        if parts.path == "/health":
            return self.answer(200, {"status": "ok"})
        if parts.path != "/films":
            return self.answer(404, {"error": "not found"})
        query = dict(parse_qsl(parts.query))
        try:
            limit, offset = int(query.pop("limit", 10)), int(query.pop("offset", 0))
        except ValueError:
            return self.answer(422, {"error": "limit and offset are whole numbers"})
        if not 1 <= limit <= 50 or offset < 0:
            return self.answer(422, {"error": "limit is from 1 to 50, and offset from 0"})
        sort = query.pop("sort", "id")
        key = sort.removeprefix("-")
        if key not in KEYS:
            return self.answer(422, {"error": f"sort by one of {', '.join(KEYS)}"})
        found = [film for film in films if all(value in str(film.get(name)) for name, value in query.items())]
        found.sort(key=lambda film: film[key], reverse=sort.startswith("-"))
        page = found[offset:offset + limit]
        headers = {}
        if offset + limit < len(found):
            following = urlencode({**query, "sort": sort, "limit": limit, "offset": offset + limit})
            headers["Link"] = f'</films?{following}>; rel="next"'
        self.answer(200, {"items": page, "total": len(found), "limit": limit, "offset": offset}, headers)

    def answer(self, status, value, headers=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 8000), Api).serve_forever()
