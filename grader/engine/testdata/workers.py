"""Two processes that serve one port, in the way that the first argument says."""
import json, os, signal, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

how = sys.argv[1]
memory = []


def tasks():
    if how != "file":
        return memory
    return [json.loads(line) for line in open("/tmp/tasks")] if os.path.exists("/tmp/tasks") else []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1" if how == "kept" else "HTTP/1.0"

    def log_message(self, *_):
        pass

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if how == "grown" and memory:  # the second process comes while the first answers this
            open("/tmp/asked", "w").close()
            while not os.path.exists("/tmp/grown"):
                time.sleep(0.01)
        last = self.path.rsplit("/", 1)[1]
        found = [t for t in tasks() if last in ("tasks", str(t["id"]))]
        if last == "tasks" or found:
            return self.answer(200, found if last == "tasks" else found[0])
        self.answer(404, None)

    def do_POST(self):
        task = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        task["id"] = time.time_ns() if how == "file" else len(memory) + 1
        memory.append(task)
        with open("/tmp/tasks", "a") as f:
            f.write(json.dumps(task) + "\n")
        self.answer(201, task)


server = ThreadingHTTPServer(("", 8000), Handler)
for n in range(2):
    while how == "grown" and n == 1 and not os.path.exists("/tmp/asked"):
        time.sleep(0.01)
    if os.fork() == 0:
        if how == "helpers":  # children that have the socket and take nothing from it
            signal.pause()
        if how == "late" and n == 1:  # one that is long in coming
            time.sleep(4)
        if n == 1:
            open("/tmp/grown", "w").close()
        server.serve_forever()
if how == "helpers":
    server.serve_forever()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.pause()
