"""A web program that does, on request, what a hostile one would, and says how far it came."""
import ctypes, errno, http.server, json, os, subprocess, sys, time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        getattr(self, "on_" + self.path[1:].replace("-", "_"))()

    def log_message(self, *_):
        pass

    def say(self, **what):
        data = json.dumps(what).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def on_health(self):
        self.say(status="healthy")

    def on_processes(self):
        children = []
        try:
            while len(children) < 500:
                child = os.fork()
                if child == 0:
                    time.sleep(600)
                    os._exit(0)
                children.append(child)
        except OSError:
            pass
        for child in children:
            os.kill(child, 9)
        self.say(started=len(children))

    def on_memory(self):
        ended = subprocess.run([sys.executable, "-c", "x = b'x' * (2 << 30)"], stderr=subprocess.DEVNULL)
        self.say(code=ended.returncode)

    def on_files(self):
        opened = []
        try:
            while len(opened) < 100_000:
                opened.append(os.dup(0))
        except OSError:
            pass
        for f in opened:
            os.close(f)
        self.say(opened=len(opened))

    def on_large_file(self):
        size, block = 0, bytes(1 << 20)
        try:
            with open("/tmp/large", "wb", 0) as f:
                while size < 100 << 20:
                    size += f.write(block)
        except OSError:
            pass
        self.say(written=size)

    def on_many_files(self):
        block = bytes(1 << 20)
        for n in range(100):
            with open(f"/tmp/{n}", "wb", 0) as f:
                f.write(block)
        time.sleep(600)

    def on_processor(self):
        spin = "import time; t = time.time()\nwhile time.time() - t < 1: pass"
        begun, before = time.time(), os.times()
        for child in [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(4)]:
            child.wait()
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        self.say(share=used / (time.time() - begun))

    def on_rights(self):
        status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
        held = int(status["CapEff"], 16)
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mount(b"none", b"/mnt", b"tmpfs", 0, b"")
        self.say(no_new_privileges=status["NoNewPrivs"].strip() == "1", raw_network=bool(held >> 13 & 1),
                 administrator=bool(held >> 21 & 1), mount=errno.errorcode.get(ctypes.get_errno(), "done"))

    def on_socket(self):
        self.say(found=[p for p in ("/var/run/docker.sock", "/run/docker.sock") if os.path.exists(p)])

    def on_endless(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    def on_drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        while True:
            self.wfile.write(b"x")
            time.sleep(0.05)

    def on_headers(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for n in range(5000):
            self.wfile.write(b"X-%d: " % n + b"x" * 1000 + b"\r\n")

    def on_silent(self):
        time.sleep(600)


http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
