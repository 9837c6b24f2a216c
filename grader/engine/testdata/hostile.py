"""A web program that does, on request, what a hostile or broken one would."""
import ctypes, errno, gzip, http.server, os, socket, subprocess, sys, threading, time

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name, _, argument = self.path[1:].partition("?")
        getattr(self, "on_" + (name or "index"))(argument)

    def log_message(self, *_): pass

    def answer(self, text, **headers):
        data = text if isinstance(text, bytes) else str(text).encode()
        self.send_response(200)
        for name, value in headers.items(): self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def on_index(self, _): self.answer("here")
    def on_headers(self, _): self.answer("\n".join(f"{n}: {v}" for n, v in self.headers.items()))
    def on_peer(self, _): self.answer(self.client_address[1])
    def on_upgrade(self, _):
        self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
        time.sleep(600)
    def on_exit(self, code): os._exit(int(code))

    def on_fork(self, _):
        children = 0
        try:
            while children < 5000:
                if os.fork() == 0: time.sleep(600); os._exit(0)
                children += 1
        except OSError: pass
        self.answer(children)

    def on_memory(self, _):
        hog = []
        while True: hog.append(bytearray(os.urandom(1 << 10)) * 4096)

    def on_child(self, _):
        child = subprocess.run([sys.executable, "-c", "h=[]\nwhile True: h.append(bytearray(b'x')*(4<<20))"])
        self.answer(child.returncode)

    def on_spin(self, processes):
        for _ in range(int(processes)): subprocess.Popen([sys.executable, "-c", "while True: pass"])
        self.answer("spinning")

    def on_log(self, megabytes):
        for _ in range(int(megabytes)): os.write(1, b"x" * 1023 + b"\n") ; [os.write(1, b"x" * 1023 + b"\n") for _ in range(1023)]
        self.answer("logged")

    def on_disk(self, megabytes):
        try:
            with open("/filled", "wb") as f:
                for _ in range(int(megabytes)): f.write(b"x" * 1_000_000)
            self.answer("filled")
        except OSError as e: self.answer(e.strerror)

    def on_many(self, megabytes):
        os.makedirs("/many", exist_ok=True)
        for i in range(int(megabytes)):
            with open(f"/many/{i}", "wb") as f: f.write(b"x" * 1_000_000)
        self.answer("filled")

    def on_volume(self, megabytes):
        for i in range(int(megabytes)):
            with open(f"/volume/{i}", "wb") as f: f.write(b"x" * 1_000_000)
        self.answer("filled")

    held = []
    def on_deleted(self, megabytes):
        for i in range(int(megabytes)):
            f = open("/gone", "wb"); f.write(b"x" * 1_000_000); f.flush(); os.unlink("/gone"); self.held.append(f)
        self.answer("filled")

    def on_endless(self, _):
        self.send_response(200); self.send_header("Transfer-Encoding", "chunked"); self.end_headers()
        while True: self.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    def on_huge(self, _): self.answer(b"x" * 10_000_000)
    def on_gzip(self, _): self.answer(gzip.compress(bytes(100_000_000)), Content_Encoding="gzip")

    def on_drip(self, _):
        self.send_response(200); self.send_header("Content-Length", "1000000"); self.end_headers()
        while True: self.wfile.write(b"x"); time.sleep(0.05)

    def on_silent(self, _): time.sleep(600)

    def on_header(self, _):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for i in range(1000): self.wfile.write(b"X-%d: " % i + b"x" * 1000 + b"\r\n")
        self.wfile.write(b"Content-Length: 0\r\n\r\n")

    def on_garbage(self, _): self.wfile.write(b"220 mail.example ESMTP\r\n"); self.close_connection = True
    def on_short(self, _):
        self.send_response(200); self.send_header("Content-Length", "100"); self.end_headers(); self.wfile.write(b"x"); self.close_connection = True

    def on_redirect(self, to):
        self.send_response(302); self.send_header("Location", to); self.send_header("Content-Length", "0"); self.end_headers()

    def on_reach(self, to):
        host, _, port = to.rpartition(":")
        try: socket.create_connection((host, int(port)), timeout=1).close(); self.answer("reached")
        except OSError as e: self.answer(e)

    def on_status(self, _): self.answer(open("/proc/self/status").read())
    def on_limits(self, _): self.answer(open("/proc/self/limits").read())

    def on_mount(self, _):
        libc = ctypes.CDLL(None, use_errno=True)
        done = libc.mount(b"none", b"/mnt", b"tmpfs", 0, b"")
        self.answer("mounted" if done == 0 else errno.errorcode[ctypes.get_errno()])

    def on_setuid(self, _):
        out = subprocess.run(["/rise", "-c", "import os;print(os.geteuid())"], capture_output=True, text=True)
        self.answer(out.stdout.strip() or out.stderr)

class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    address_family = socket.AF_INET6 if ":" in os.environ.get("HOST", "") else socket.AF_INET

Server((os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8000"))), Handler).serve_forever()
