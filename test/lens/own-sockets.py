"""Reaches sockets at addresses that the kernel chose: its own, as a program does, or a stranger's, whose port or name it is given."""
import os
import socket
import sys
import time

LOOPBACK = "127.0.0.1"
# Sockets that stay open to the end.
held = []


def bound(kind, address=(LOOPBACK, 0), family=socket.AF_INET):
    made = socket.socket(family, kind)
    made.bind(address)
    if kind == socket.SOCK_STREAM:
        made.listen(5)
    return made


def stream(address, family=socket.AF_INET):
    client = socket.socket(family, socket.SOCK_STREAM)
    try:
        client.connect(address)
        client.send(b"x")
        return "reached"
    except OSError as error:
        return error.errno
    finally:
        client.close()


def own():
    server = bound(socket.SOCK_STREAM)
    address = server.getsockname()
    print("own", stream(address))
    if os.fork() == 0:
        # A server with several processes: the process that bound the socket has closed it, and its heir answers.
        server.accept()
        server.accept()
        os._exit(0)
    server.close()
    print("inherited", stream(address))
    os.wait()
    print("closed", stream(address))
    again = bound(socket.SOCK_STREAM, address)
    print("again", stream(address))
    again.close()
    wide = bound(socket.SOCK_STREAM, ("", 0))
    print("wide", stream((LOOPBACK, wide.getsockname()[1])))
    answers = bound(socket.SOCK_DGRAM)
    asks = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asks.sendto(b"x", answers.getsockname())
    answers.sendto(b"y", answers.recvfrom(1)[1])
    print("datagram", asks.recv(1))
    name = socket.socket(socket.AF_UNIX)
    name.bind("")
    name.listen(1)
    print("named", stream(name.getsockname(), socket.AF_UNIX))
    drawn = b"\0/tmp/dbus-" + b"Xa7Qq12Zz%d" % os.getpid()
    print("drawn", bound_anew(drawn), stream(drawn, socket.AF_UNIX))


def bound_anew(name):
    """Binds a random name as a server does; a stranger may have it already."""
    server = socket.socket(socket.AF_UNIX)
    held.append(server)
    try:
        server.bind(name)
        server.listen(5)
        return "bound"
    except OSError as error:
        return error.errno


def given(port, kind):
    """Is given the port of a stranger's, of another protocol, by the kernel, and keeps it."""
    tried = []
    for _ in range(400000):
        made = bound(kind)
        if made.getsockname()[1] == port:
            held.append(made)
            return "given"
        tried.append(made)
        if len(tried) > 500:
            tried.pop(0).close()
    return "not given"


own()
what, target = (sys.argv[1:] + ["", ""])[:2]
if what == "direct":
    print("stranger", stream((LOOPBACK, int(target))))
if what == "given":
    print(given(int(target), socket.SOCK_DGRAM))
    print("stranger", stream((LOOPBACK, int(target))))
if what in ("later", "shared"):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((LOOPBACK, 0))
    made.listen(5)
    port = made.getsockname()[1]
    print("mine", stream((LOOPBACK, port)))
    if what == "later":
        made.close()
    open("port", "w").write(str(port))
    while not os.path.exists("taken"):
        time.sleep(0.02)
    print("stranger", stream((LOOPBACK, port)))
if what == "datagram":
    out = bound(socket.SOCK_DGRAM)
    try:
        out.sendto(b"x", (LOOPBACK, int(target)))
        print("stranger reached")
    except OSError as error:
        print("stranger", error.errno)
if what == "drawn":
    print("bind", bound_anew(b"\0" + target.encode()))
if what in ("named", "drawn"):
    print("stranger", stream(b"\0" + target.encode(), socket.AF_UNIX))
