"""Does what a pipe tells it to, line by line, and prints the results: 0 or the errno."""

import ctypes
import errno
import fcntl
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading
import time

# With -I the directory of this file is not in the path.
sys.path.append(os.path.dirname(os.path.abspath(__file__)))
from rings import Ring

libc = ctypes.CDLL(None, use_errno=True)
F_SETOWN = 8
AT_FDCWD = -100
OPEN_BY_HANDLE_AT = 304
OPEN_TREE = 428
OPEN_TREE_CLONE = 1
FSOPEN = 430
FSCONFIG = 431
SET_FLAG = 0
CREATE = 6


def called(result):
    return 0 if result >= 0 else ctypes.get_errno()


def own(number):
    """Has a process get the signals of a pipe."""
    try:
        fcntl.fcntl(ends[0], F_SETOWN, int(number))
    except OSError as error:
        return error.errno
    return 0


def run(script):
    try:
        return subprocess.run(["/bin/sh", script]).returncode
    except OSError as error:
        return error.errno


def handle(file):
    """Opens what a handle leads to, which stands in a file."""
    with open(file, "rb") as at:
        words = ctypes.create_string_buffer(at.read())
    return called(libc.syscall(OPEN_BY_HANDLE_AT, AT_FDCWD, words, os.O_RDONLY))


def tree(file):
    """Copies a tree whose path stands in a file, from a page that is not there yet."""
    with open(file, "r+b") as at:
        page = mmap.mmap(at.fileno(), mmap.PAGESIZE, flags=mmap.MAP_PRIVATE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return called(libc.syscall(OPEN_TREE, AT_FDCWD, ctypes.c_void_p(address), OPEN_TREE_CLONE))


def child():
    """A child that lives as long as this process."""
    pid = os.fork()
    if pid == 0:
        os.close(ends[1])
        os.read(ends[0], 1)
        os._exit(0)
    return pid


def tell(_):
    """Signals the child."""
    try:
        os.kill(children[0], signal.SIGWINCH)
    except OSError as error:
        return error.errno
    return 0


def sibling(word):
    """The same in another child."""
    pid = os.fork()
    if pid == 0:
        os._exit(tell(word))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def listener():
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


def serve(file):
    """Listens at a port that the kernel chooses, and writes it down."""
    try:
        servers.append(listener())
        with open(file, "w") as at:
            at.write(str(servers[0].getsockname()[1]))
    except OSError as error:
        return error.errno
    return 0


def leave(_):
    servers.pop().close()
    return 0


def reach(port):
    """Connects to a port of this machine, the one that it listens at or another one."""
    number = servers[0].getsockname()[1] if port == "own" else int(port)
    with socket.socket() as made:
        return made.connect_ex(("127.0.0.1", number))


def offer(_):
    """Another process listens at a port that the kernel chooses."""
    pid = os.fork()
    if pid == 0:
        try:
            listener()
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def opened(file, flags, mode=0o600):
    try:
        os.close(os.open(file, flags, mode))
    except OSError as error:
        return error.errno
    return 0


def aside(name):
    """A directory is moved with a new file of this name in it, and back without it."""
    try:
        result = opened("out/" + name, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        os.rename("out", "old")
        result = result or opened("old/" + name, os.O_RDONLY)
        os.unlink("old/" + name)
        os.rename("old", "out")
    except OSError as error:
        return error.errno
    return result


def make(name):
    """A new file, which is then read: what fails, or the result of the reading."""
    return opened(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY) or read(name)


def take(name):
    """Tries to make a file that another process has made, and reads it."""
    made = opened(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    return read(name) if made == errno.EEXIST else made


def read(name):
    return opened(name, os.O_RDONLY)


def append(name):
    """Opens a file that may not be there yet, as what writes a log does."""
    return opened(name, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)


def write(name):
    return opened(name, os.O_WRONLY)


def look(name):
    return read(name)


def drop(name):
    try:
        os.unlink(name)
    except OSError as error:
        return error.errno
    return 0


def connect(path, together, results):
    """Connects by a ring, at the same moment as another thread, and again until it is not refused."""
    ring = Ring()
    together.wait()
    for _ in range(100):
        with socket.socket(socket.AF_UNIX) as own:
            begun = time.monotonic()
            result = ring.connect(own.fileno(), path)
            tries.append(time.monotonic() - begun)
        if result == 0:
            break
        time.sleep(0.05)
    results.append(result)


def rings(path):
    """Two threads connect to a new socket, each by a ring of its own."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    tries.clear()
    together = threading.Barrier(2)
    results = []
    threads = [threading.Thread(target=connect, args=(path, together, results)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.close()
    return max(results)


def longest(_):
    """How many milliseconds the longest of these tries took."""
    return round(1000 * max(tries))


def tmpfs(flag):
    """Sets up a file system behind a descriptor."""
    context = libc.syscall(FSOPEN, b"tmpfs", 0)
    if context < 0:
        return ctypes.get_errno()
    result = called(libc.syscall(FSCONFIG, context, SET_FLAG, flag.encode(), None, 0))
    result = result or called(libc.syscall(FSCONFIG, context, CREATE, None, None, 0))
    os.close(context)
    return result


servers = []
tries = []
ends = os.pipe()
children = [child()]
named = [own, run, handle, tree, tell, sibling, serve, leave, reach, offer, aside, make, take, append, write, look, tmpfs]
named += [drop, rings, longest]
acts = {act.__name__: act for act in named}
with open("told") as told:
    print("ready", flush=True)
    for line in told:
        act, word = line.split()
        print(act, word, acts[act](word), flush=True)
