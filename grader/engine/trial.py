import json, os, socket, sys, time

def say(**what):
    print(json.dumps(what), flush=True)

def memory():
    server = socket.create_server(("", 8000))
    while server.accept()[0].recv(9) != b"go":
        pass
    # At one go: a loop in Python would want its own pages back at each step, and the kernel takes long to give up on it.
    taken = b"x" * (int(sys.argv[2]) << 20)
    say(memory=len(taken) >> 20)

def limits(addresses):
    opened = []
    try:
        while len(opened) < 5000:
            opened.append(os.dup(0))
    except OSError:
        pass
    say(files=len(opened))
    for f in opened:
        os.close(f)

    children = []
    try:
        while len(children) < 64:
            child = os.fork()
            if child == 0:
                time.sleep(30)
                os._exit(0)
            children.append(child)
    except OSError:
        pass
    say(processes=len(children))
    for child in children:
        os.kill(child, 9)
        os.waitpid(child, 0)

    begun, used = time.monotonic(), time.process_time()
    while time.monotonic() - begun < 0.8:
        pass
    say(processor=(time.process_time() - used) / (time.monotonic() - begun))

    for path in "/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat":
        try:
            say(held=int(open(path).read().split("nr_throttled ")[1].split()[0]))
            break
        except (OSError, IndexError):
            pass

    reached = []
    for address in addresses:
        host, port = address.rsplit(":", 1)
        try:
            # Docker 20.10 lifts its rules for some milliseconds whenever it makes a network: what is open, is open each time.
            for _ in range(3):
                socket.create_connection((host, int(port)), 0.5).close()
                time.sleep(0.1)
            reached.append(address)
        except OSError:
            pass
    say(reached=reached)

    size, block = 0, bytes(1 << 20)
    try:
        with open("/tmp/one", "wb", 0) as f:
            while size < 32 << 20:
                size += f.write(block)
    except OSError:
        pass
    say(size=size)
    os.remove("/tmp/one")
    for n in range(48):
        with open("/tmp/%d" % n, "wb", 0) as f:
            say(written=(n + 1) * f.write(block))
        time.sleep(0.1)

if sys.argv[1] == "memory":
    memory()
else:
    limits(sys.argv[2:])
