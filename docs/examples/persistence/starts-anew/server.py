"""Notes in SQLite, at the address that DATABASE says: they are there again after a restart."""
import json
import os
import signal
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

address = os.environ.get("DATABASE")
if not address:
    sys.exit("DATABASE is not set: say where the notes are kept, such as DATABASE=/data/notes.db")
database = sqlite3.connect(address, check_same_thread=False)
database.execute("DROP TABLE IF EXISTS notes")
database.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL)")
database.commit()
lock = threading.Lock()


def ask(sql, *values):
    """The rows of a statement, which is committed, and the id of a row that it made."""
    with lock:
        cursor = database.execute(sql, values)
        rows = [{"id": row[0], "text": row[1]} for row in cursor.fetchall()]
        database.commit()
        return rows, cursor.lastrowid


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_request(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name = self.path.removeprefix("/notes").removeprefix("/")
        if self.path == "/health":
            return self.answer(200, {"status": "ok"})
        if self.command == "POST":
            text = json.loads(raw)["text"]
            return self.answer(201, {"id": ask("INSERT INTO notes (text) VALUES (?)", text)[1], "text": text})
        if not name:
            return self.answer(200, ask("SELECT * FROM notes ORDER BY id")[0])
        notes, _ = ask("SELECT * FROM notes WHERE id = ?", name)
        if not notes:
            return self.answer(404, {"error": "no such note"})
        if self.command == "DELETE":
            ask("DELETE FROM notes WHERE id = ?", name)
            return self.answer(204)
        self.answer(200, notes[0])

    do_GET = do_POST = do_DELETE = handle_request

    def answer(self, status, value=None):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 8000), Api).serve_forever()
