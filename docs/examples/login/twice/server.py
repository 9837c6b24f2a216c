"""Tasks behind a login: an account is made once, and a token opens its own tasks and no others."""
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

SECRET = os.environ["SECRET_KEY"].encode()
users = {}  # e-mail -> {"id", "email", "salt", "hash"}
tasks = {}  # id -> {"id", "title", "owner"}
lock = threading.Lock()


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def hashed(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1)


def sign(text):
    return encode(hmac.digest(SECRET, text.encode(), "sha256"))


def token(email):
    claims = {"sub": email, "exp": int(time.time()) + 1800}
    text = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return text + "." + sign(text)


def bearer(header):
    """The user whose token this is, or None."""
    try:
        text, signature = header.removeprefix("Bearer ").rsplit(".", 1)
        claims = json.loads(decode(text.split(".")[1]))
        if not hmac.compare_digest(signature, sign(text)):
            return None
        if claims["exp"] < time.time():
            return None
        return users.get(claims["sub"])
    except (ValueError, KeyError, IndexError, TypeError):
        return None


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_request(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        route = f"{self.command} {self.path}"
        if route == "GET /health":
            return self.answer(200, {"status": "ok"})
        if route == "POST /register":
            return self.register(json.loads(body))
        if route == "POST /login":
            return self.login({name: values[0] for name, values in parse_qs(body.decode()).items()})
        user = bearer(self.headers.get("Authorization", ""))
        if not user:
            return self.answer(401, {"detail": "sign in"})
        if route == "GET /me":
            return self.answer(200, {"id": user["id"], "email": user["email"]})
        if route == "GET /tasks":
            return self.answer(200, [task for task in tasks.values() if task["owner"] == user["id"]])
        if route == "POST /tasks":
            with lock:
                task = {"id": len(tasks) + 1, "title": json.loads(body)["title"], "owner": user["id"]}
                tasks[task["id"]] = task
            return self.answer(201, task)
        task = tasks.get(int(self.path.removeprefix("/tasks/")))
        if not task or task["owner"] != user["id"]:
            return self.answer(404, {"detail": "no such task"})
        if self.command == "DELETE":
            del tasks[task["id"]]
            return self.answer(204, None)
        self.answer(200, task)

    do_GET = do_POST = do_DELETE = handle_request

    def register(self, new):
        email = new["email"]
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            return self.answer(422, {"detail": "email: not an address"})
        salt = os.urandom(8)
        if email in users:
            return self.answer(409, {"detail": "email: there is such an account"})
        time.sleep(0.05)  # as a database takes
        digest = hashed(new["password"], salt)
        with lock:
            users[email] = {"id": len(users) + 1, "email": email, "salt": salt, "hash": digest}
        self.answer(201, {"id": users[email]["id"], "email": email})

    def login(self, form):
        user = users.get(form["username"])
        if not user or not hmac.compare_digest(user["hash"], hashed(form["password"], user["salt"])):
            return self.answer(401, {"detail": "wrong e-mail or password"})
        self.answer(200, {"access_token": token(user["email"]), "token_type": "bearer"})

    def answer(self, status, value):
        body = b"" if value is None else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 8000), Api).serve_forever()
