"""What programs do not do: PROGRAM WAY SERVER, and what came of it."""
import socket
import struct
import sys

WAY, SERVER = sys.argv[1:3]


def name(text):
    return b"".join(bytes([len(part)]) + part.encode() for part in text.split(".")) + b"\0"


def query(text, kind=1, tail=b"", additional=0):
    return struct.pack(">6H", 7, 0x100, 1, 0, 0, additional) + name(text) + struct.pack(">2H", kind, 1) + tail


def option(data):
    return b"\0" + struct.pack(">HHIH", 41, 1232, 0, len(data) + 4) + struct.pack(">HH", 65001, len(data)) + data


def udp(message, then=lambda s: None):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    then(s)
    s.connect((SERVER, 53))
    s.send(message)
    return s.recv(4096)


def code(answer):
    return answer[3] & 15


if WAY == "write":  # the descriptor is used as a file
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((SERVER, 53))
    open(s.fileno(), "wb", buffering=0, closefd=False).write(query("written.test"))
    print(code(s.recv(4096)))
elif WAY == "bound":  # a port of its own first
    print(code(udp(query("bound.test"), lambda s: s.bind(("", 0)))))
elif WAY == "several":  # many datagrams in one call, the name in the second
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(b"x", (SERVER, 9))
    s.settimeout(5)
    s.sendto(query("unconnected.test"), (SERVER, 53))
    print(code(s.recv(4096)))
elif WAY == "stream":
    s = socket.create_connection((SERVER, 53), 5)
    message = query("streamed.test")
    s.sendall(struct.pack(">H", len(message)) + message)
    print(code(s.recv(4096)[2:]))
elif WAY == "case":
    print(code(udp(query("SeRvIcE.TeSt"))))
elif WAY == "option":
    print(code(udp(query("service.test", 1, option(b"secret-in-an-option"), 1))))
elif WAY == "tail":
    print(code(udp(query("service.test") + b"secret-behind-it")))
elif WAY == "two":
    print(code(udp(struct.pack(">6H", 7, 0x100, 2, 0, 0, 0) + query("service.test")[12:] + query("second.test")[12:])))
elif WAY == "text":
    print(code(udp(query("service.test", 16))))
elif WAY == "loop":
    print(code(udp(struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\xc0\x0c" + struct.pack(">2H", 1, 1))))
elif WAY == "child":  # a child asks on the socket of its parent
    import os

    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect((SERVER, 53))
    if os.fork() == 0:
        s.send(query("inherited.test"))
        print(code(s.recv(4096)), flush=True)
        os._exit(0)
    os.wait()
elif WAY == "mapped":  # IPv4 on a socket of IPv6
    s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    s.settimeout(5)
    s.connect(("::ffff:" + SERVER, 53))
    s.send(query("mapped.test"))
    print(code(s.recv(4096)))
elif WAY == "maker":  # the process that keeps the network in which the supervisor answers
    import os

    udp(query("service.test"))
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/cmdline") as words:
                if "network-program" not in words.read():
                    continue
        except OSError:
            continue
        for attempt in (lambda: os.kill(int(number), 9), lambda: open(f"/proc/{number}/mem", "rb"), lambda: os.pidfd_open(int(number))):
            try:
                attempt()
                print("done")
            except OSError as fault:
                print(fault.errno)
    print(code(udp(query("service.test"))))
elif WAY == "elsewhere":  # the socket of a name server, to another host
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((SERVER, 53))
    s.connect(("198.51.100.66", 8443))
    s.send(b"secret")
    print("sent")
