"""Notes behind a login with a session cookie, HTML forms, and a token in each form against forgery."""
import hashlib
import html
import os
import secrets
import signal
import sys
import threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

users = {}     # name -> {"name", "salt", "hash", "notes", "wrong"}
sessions = {}  # cookie -> {"user", "csrf"}
lock = threading.Lock()

PAGE = """<!DOCTYPE html><title>{title}</title><h1>{title}</h1>
{body}"""
SIGN = """<form method="post"><input type="hidden" name="csrf" value="{csrf}">
<input name="username"><input name="password" type="password"><button>{title}</button></form>"""
NOTES = """<p>Signed in as {user}</p><ul>{notes}</ul>
<form method="post"><input type="hidden" name="csrf" value="{csrf}"><input name="text"><button>Add</button></form>
<form method="post" action="/logout"><input type="hidden" name="csrf" value="{csrf}"><button>Sign out</button></form>"""


def hashed(password, salt):
    return hashlib.scrypt(password.encode(), salt=salt, n=1024, r=8, p=1)


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.cookie, session = self.session()
        if self.path == "/health":
            return self.page("ok")
        if self.path in ("/signup", "/login"):
            title = "Sign up" if self.path == "/signup" else "Sign in"
            return self.page(title, SIGN.format(title=title, csrf=session["csrf"]))
        if not session["user"]:
            return self.to("/login")
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in session["user"]["notes"])
        self.page("Notes", NOTES.format(user=html.escape(session["user"]["name"]), notes=notes, csrf=session["csrf"]))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.cookie, session = self.session()
        if not secrets.compare_digest(form.get("csrf", ""), session["csrf"]):
            return self.page("This form is not yours", status=403)
        if self.path == "/signup":
            return self.sign_up(form)
        if self.path == "/login":
            return self.sign_in(form)
        if not session["user"]:
            return self.to("/login")
        if self.path == "/logout":
            self.cookie = ""
            return self.to("/login")
        session["user"]["notes"].append(form["text"])
        self.to("/notes")

    def sign_up(self, form):
        salt = os.urandom(8)
        user = {"name": form["username"], "salt": salt, "hash": hashed(form["password"], salt), "notes": [], "wrong": 0}
        with lock:
            if user["name"] in users:
                return self.page("This name is taken", status=409)
            users[user["name"]] = user
        self.enter(user)

    def sign_in(self, form):
        user = users.get(form["username"])
        if user and user["wrong"] >= 5:
            return self.page("Too many wrong passwords", status=429)
        if not user or user["hash"] != hashed(form["password"], user["salt"]):
            if user:
                user["wrong"] += 1
            return self.page("Wrong name or password", status=401)
        self.enter(user)

    def enter(self, user):
        del sessions[self.cookie]
        self.cookie = secrets.token_hex()
        sessions[self.cookie] = {"user": user, "csrf": secrets.token_hex()}
        self.to("/notes")

    def session(self):
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("session")
        if cookie and cookie.value in sessions:
            return cookie.value, sessions[cookie.value]
        new = secrets.token_hex()
        sessions[new] = {"user": None, "csrf": secrets.token_hex()}
        return new, sessions[new]

    def to(self, path):
        self.page("See " + path, status=303, Location=path)

    def page(self, title, body="", status=200, **headers):
        text = PAGE.format(title=title, body=body).encode()
        self.send_response(status)
        self.send_header("Set-Cookie", f"session={self.cookie}; Path=/; HttpOnly; SameSite=Lax")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
ThreadingHTTPServer(("", 8000), Site).serve_forever()
