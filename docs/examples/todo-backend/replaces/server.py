"""The Todo-Backend: https://todobackend.com/specs/index.html"""
import json
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

todos = {}  # id -> todo
lock = threading.Lock()
last = 0
KEYS = ("title", "completed", "order")


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_request(self):
        global last
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.strip("/")
        todo = todos.get(int(name)) if name.isdigit() else None
        if self.command == "OPTIONS":
            return self.answer(204)
        if name and not todo:
            return self.answer(404, {"error": "no such todo"})
        if self.command in ("POST", "PATCH"):
            new = {key: value for key, value in json.loads(raw).items() if key in KEYS}
        if self.command == "POST":
            with lock:
                last += 1
                todos[last] = {"url": f"http://{self.headers['Host']}/{last}", "completed": False, **new}
                todo = todos[last]
            return self.answer(201, todo)
        if self.command == "PATCH":
            todo.update({"title": None, "completed": False, "order": None, **new})
        if self.command == "DELETE":
            if todo:
                del todos[int(name)]
            else:
                todos.clear()
            return self.answer(204)
        self.answer(200, todo or list(todos.values()))

    do_GET = do_POST = do_PATCH = do_DELETE = do_OPTIONS = handle_request

    def answer(self, status, value=None):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Access-Control-Allow-Headers", "Content-Type")
        self.send_header("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
        if value is not None:
            self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 8000), Api).serve_forever()
