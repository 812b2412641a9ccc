"""Reads a file, or reaches a service, under the same path or address in a jail ("in") and outside of it ("out").

    jails.py WAY in|out

The working directory has `data/config` (the launch's) and `jail/` with a `config` of its own under the same absolute path.
"""
import array, ctypes, os, socket, struct, sys, threading

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
here = os.getcwd()
config = here + "/data/config"


def must(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)
    return result


def unshare(flags):
    must(libc.unshare(flags), "unshare")


def mount(source, target, kind=None, flags=0, data=None):
    bytes_of = lambda text: text and text.encode()
    must(libc.mount(bytes_of(source), bytes_of(target), bytes_of(kind), flags, bytes_of(data)), "mount")


def privately():
    unshare(CLONE_NEWNS)
    mount("none", "/", None, MS_REC | MS_PRIVATE)


def show(fd):
    print(os.read(fd, 64).decode().strip())
    os.close(fd)


def read(path, **where):
    show(os.open(path, os.O_RDONLY, **where))


def chroot(inside):
    if inside:
        os.chroot("jail")
        os.chdir("/")
    read(config)


def bind(inside):
    privately()
    if inside:
        mount("jail" + here + "/data", here + "/data", None, MS_BIND)
    read(config)


def fresh(inside):
    privately()
    if inside:
        mount("tmpfs", here + "/data", "tmpfs")
        open(config, "w").write("fresh")
    read(config)


def pivot(inside):
    privately()
    if inside:
        mount("jail", "jail", None, MS_BIND)
        os.chdir("jail")
        must(libc.syscall(155, b".", b"."), "pivot_root")
        must(libc.umount2(b".", 2), "umount2")
        os.chdir("/")
    read(config)


def own_mounts(inside):
    """In the mount namespace of the launch itself."""
    if inside:
        mount("jail" + here + "/data", here + "/data", None, MS_BIND)
    read(config)
    if inside:
        must(libc.umount2((here + "/data").encode(), 2), "umount2")


def child(inside, jail, use):
    """`use` with the pid of a child that is in a jail, or is not."""
    ready, done = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(done[1])
        try:
            if inside:
                jail()
        finally:
            os.write(ready[1], b"x")
            os.read(done[0], 1)
            os._exit(0)
    os.read(ready[0], 1)
    try:
        use(pid)
    finally:
        os.close(done[1])
        os.waitpid(pid, 0)


def bound():
    privately()
    mount(here + "/jail" + here + "/data", here + "/data", None, MS_BIND)


def proc_root(inside):
    child(inside, bound, lambda pid: read("/proc/%d/root%s" % (pid, config)))


def proc_cwd(inside):
    def jail():
        bound()
        os.chdir(here + "/data")

    os.chdir("data")
    child(inside, jail, lambda pid: read("/proc/%d/cwd/config" % pid))


def passed(inside):
    """A directory that comes as a descriptor, over a socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    pid = os.fork()
    if pid == 0:
        try:
            if inside:
                bound()
        finally:
            directory = os.open(here + "/data", os.O_PATH)
            theirs.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [directory]))])
            os._exit(0)
    theirs.close()
    message = ours.recvmsg(1, socket.CMSG_SPACE(4))
    directory = struct.unpack("i", message[1][0][2])[0]
    os.waitpid(pid, 0)
    read("config", dir_fd=directory)


def detached(inside):
    """A tree that is mounted nowhere."""
    privately()
    source = ("jail" + here if inside else here) + "/data"
    OPEN_TREE_CLONE, AT_FDCWD = 1, -100
    if inside:
        tree = must(libc.syscall(428, AT_FDCWD, source.encode(), OPEN_TREE_CLONE), "open_tree")
    else:
        tree = os.open(source, os.O_PATH)
    read("config", dir_fd=tree)


def kept(inside):
    """A directory that was held before the root was changed."""
    directory = os.open("jail" + here + "/data" if inside else here + "/data", os.O_PATH)
    os.chroot(here)
    read("config", dir_fd=directory)


def loopback():
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        fcntl.ioctl(made, 0x8914, struct.pack("16sh14x", b"lo", 0x43))


def network(inside):
    port = int(os.environ["PORT"])
    if inside:
        unshare(CLONE_NEWNET)
        loopback()
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen(1)
    made = socket.socket()
    made.connect(("127.0.0.1", port))
    print("connected")


def old_socket(inside):
    """A socket stays in the network that it was made in."""
    made = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM)]
    if inside:
        thread = threading.Thread(target=lambda: (unshare(CLONE_NEWNET), made.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))))
        thread.start()
        thread.join()
    try:
        made[-1].sendto(b"x", ("127.0.0.1", 9))
    except OSError:
        pass
    print("sent")


def abstract(inside):
    if inside:
        unshare(CLONE_NEWNET)
        server = socket.socket(socket.AF_UNIX)
        server.bind("\0" + os.environ["NAME"])
        server.listen(1)
    made = socket.socket(socket.AF_UNIX)
    made.connect("\0" + os.environ["NAME"])
    print("connected")


def sniff(inside):
    if inside:
        unshare(CLONE_NEWNET)
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0).close()
    print("sniffs")


def nothing(inside):
    """A mount namespace of its own, in which nothing was mounted."""
    if inside:
        unshare(CLONE_NEWNS)
    read(config)


globals()[sys.argv[1]](sys.argv[2] == "in")
