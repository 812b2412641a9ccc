"""Tries to reach the approver socket SOCKET, and the process OUTSIDE, from inside a namespace; one line for each way: its errno, or done.

usage: inside.py SOCKET OUTSIDE PLACE

It begins when the socket is there, with the mode 0600 that its maker gives it a moment later.
"""
import ctypes
import fcntl
import os
import socket
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
approver, outside, place = sys.argv[1], int(sys.argv[2]), sys.argv[3]
directory, name = os.path.split(approver)
MS_BIND, PTRACE_ATTACH, PIDFD_GETFD, TIOCSTI = 4096, 16, 438, 0x5412


def attempt(way, act):
    try:
        act()
        print(way, "done", flush=True)
    except OSError as fault:
        print(way, fault.errno, flush=True)


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


def ask(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(path)
        client.sendall(b"GET /questions HTTP/1.1\r\nhost: inside\r\n\r\n")
        if client.recv(4096) == b"":
            raise ConnectionResetError(104, "not heard")


def at(entry):
    return os.path.join(place, entry)


def through(make, path):
    make()
    ask(path)


def mount(source, target, isDirectory):
    if isDirectory:
        os.mkdir(target)
    else:
        open(target, "w").close()
    checked(libc.mount(source.encode(), target.encode(), None, MS_BIND, None))


def descriptor():
    ask("/proc/self/fd/%d" % os.open(approver, os.O_PATH))


def takes_its_place():
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.join(directory, "other.sock"))


def reads_memory():
    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    room = ctypes.create_string_buffer(8)
    own, theirs = Part(ctypes.addressof(room), 8), Part(0x400000, 8)
    checked(libc.process_vm_readv(outside, ctypes.byref(own), 1, ctypes.byref(theirs), 1, 0))


def types():
    terminal = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY)
    for letter in b"o\n":
        fcntl.ioctl(terminal, TIOCSTI, bytes([letter]))


for _ in range(1200):
    if os.path.exists(approver) and os.stat(approver).st_mode & 0o777 == 0o600:
        break
    time.sleep(0.05)
os.makedirs(place)
attempt("path", lambda: ask(approver))
attempt("symlink", lambda: through(lambda: os.symlink(approver, at("link")), at("link")))
attempt("directory-symlink", lambda: through(lambda: os.symlink(directory, at("links")), at("links/") + name))
attempt("hard-link", lambda: through(lambda: os.link(approver, at("hard")), at("hard")))
attempt("rename", lambda: through(lambda: os.rename(approver, at("renamed")), at("renamed")))
attempt("directory-rename", lambda: through(lambda: os.rename(directory, at("moved")), at("moved/") + name))
attempt("descriptor", descriptor)
attempt("own-root", lambda: ask("/proc/self/root" + approver))
attempt("outside-root", lambda: ask("/proc/%d/root%s" % (outside, approver)))
attempt("unlink", lambda: os.unlink(approver))
attempt("chmod", lambda: os.chmod(approver, 0o777))
attempt("list", lambda: os.listdir(directory))
attempt("bind", takes_its_place)
if os.geteuid() == 0:
    attempt("mount", lambda: through(lambda: mount(approver, at("file"), False), at("file")))
    attempt("directory-mount", lambda: through(lambda: mount(directory, at("directory"), True), at("directory/") + name))
    above, last = os.path.split(directory)
    attempt("parent-mount", lambda: through(lambda: mount(above, at("parent"), True), at("parent/%s/" % last) + name))
    attempt("cover", lambda: checked(libc.mount(b"none", directory.encode(), b"tmpfs", 0, None)))
attempt("ptrace", lambda: checked(libc.ptrace(PTRACE_ATTACH, outside, 0, 0)))
attempt("memory-file", lambda: open("/proc/%d/mem" % outside, "rb"))
attempt("descriptors", lambda: os.listdir("/proc/%d/fd" % outside))
attempt("memory", reads_memory)
attempt("getfd", lambda: checked(libc.syscall(PIDFD_GETFD, os.pidfd_open(outside), 0, 0)))
attempt("type", types)
print("end", flush=True)
