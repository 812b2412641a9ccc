"""What programs do, one of each kind; with a word, things that it does not do otherwise."""

import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile


def files():
    with open("a", "w") as file:
        file.write("x")
    os.rename("a", "b")
    os.link("b", "c")
    os.symlink("b", "l")
    os.mkdir("m")
    os.rmdir("m")
    os.mkfifo("f")
    os.mknod("dev", 0o20600, os.makedev(1, 3))
    os.truncate("b", 1)
    os.chmod("b", 0o600)
    os.chown("b", 0, 0)
    os.utime("b")
    os.setxattr("b", "user.x", b"1")
    os.removexattr("b", "user.x")
    os.close(os.open(".", os.O_TMPFILE | os.O_RDWR, 0o600))
    for mode in ("a", "r+"):
        open("b", mode).close()
    for name in os.listdir("."):
        if name not in ("sock", "dsock"):
            os.unlink(name)


def sockets():
    server = socket.socket(socket.AF_UNIX)
    server.bind("sock")
    server.listen(1)
    socket.socket(socket.AF_UNIX).connect("sock")
    server.accept()
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagrams.bind("dsock")
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", "dsock")
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0abstract")
    abstract.listen(1)
    socket.socket(socket.AF_UNIX).connect("\0abstract")
    for port in (4711, 0):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", port))
        listening.listen(1)
        with socket.socket() as client:
            client.connect(listening.getsockname())
            listening.accept()
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 4712))


def processes():
    child = os.fork()
    if child == 0:
        signal.pause()
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
    subprocess.run(["/bin/true"], check=True)
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()
    open("/proc/self/status").close()
    os.close(os.open("/etc", os.O_RDONLY))


def privileges():
    os.chroot("/")
    child = os.fork()
    if child == 0:
        os.setgroups([7, 8])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        os._exit(0)
    os.waitpid(child, 0)


def refusals():
    """Tries what is off contour, and tells the errno of each; 0 for what went ahead."""
    supervisor = os.getppid()
    pin = sys.argv[3]
    attempts = {
        "open": lambda: open("/etc/passwd"),
        "create": lambda: open("made", "w"),
        "exec": lambda: os.execv("/bin/false", ["false"]),
        "unlink": lambda: os.unlink("kept"),
        "rename": lambda: os.rename("kept", "moved"),
        "mkdir": lambda: os.mkdir("directory"),
        "chmod": lambda: os.chmod("kept", 0o777),
        "connect": lambda: socket.socket().connect(("127.0.0.1", 4713)),
        "remove a pin": lambda: os.rmdir(pin),
        "kill the supervisor": lambda: os.kill(supervisor, signal.SIGKILL),
    }
    for name, attempt in attempts.items():
        try:
            attempt()
            print(name, 0)
        except OSError as error:
            print(name, error.errno)


def reach_for_maps():
    """Asks for every BPF map there is; tells how many there are and how many were to be had."""
    import ctypes

    call = ctypes.CDLL(None, use_errno=True).syscall
    known, had, at = 0, 0, 0
    while True:
        attributes = (ctypes.c_uint32 * 32)(at)
        if call(321, 12, attributes, 128) < 0:  # BPF_MAP_GET_NEXT_ID
            break
        at = attributes[1]
        known += 1
        if call(321, 14, (ctypes.c_uint32 * 32)(at), 128) >= 0:  # BPF_MAP_GET_FD_BY_ID
            had += 1
    print("known", known)
    print("had", had)


def orphan():
    """Says when it is ready; told that the supervisor is gone, does what is known and what is not."""
    print("ready", flush=True)
    sys.stdin.readline()
    for path in ("/etc", "/usr"):
        try:
            os.close(os.open(path, os.O_RDONLY))
            print(path, 0)
        except OSError as error:
            print(path, error.errno)


def everything():
    directory = tempfile.mkdtemp()
    os.chdir(directory)
    files()
    sockets()
    processes()
    privileges()
    for name in ("sock", "dsock"):
        os.unlink(name)
    os.rmdir(directory)


if __name__ == "__main__":
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    if word != "reach_for_maps":
        everything()
    if word != "":
        os.chdir(sys.argv[2])
        globals()[word]()
