/** Sockets and their addresses. */
import type { Case } from "../case.ts";
import {
  type Argument,
  at,
  call,
  inLooseThread,
  inThread,
  int,
  link,
  must,
  nap,
  poke,
  put,
  result,
  type Script,
  struct,
  UNMAPPED,
} from "../script.ts";

const AF_UNSPEC = 0;
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const STREAM = 1;
const DATAGRAM = 2;
const RAW = 3;
const NONBLOCK = 0o4000;
const CLOEXEC = 0o2000000;
const CLONE_FILES = 0x400;
/** The discard port: it has no listener, and UDP is sent all the same. */
const PORT = 9;

const inet = (host: readonly number[], port: number, family = AF_INET) =>
  Buffer.from([family, 0, port >> 8, port & 255, ...host, 0, 0, 0, 0, 0, 0, 0, 0]);
const local = (port: number, family = AF_INET) => inet([127, 0, 0, 1], port, family);
const inet6 = (host: string, port: number) =>
  Buffer.concat([
    Buffer.from([AF_INET6, 0, port >> 8, port & 255, 0, 0, 0, 0]),
    Buffer.from(host.padStart(32, "0"), "hex"),
    Buffer.alloc(4),
  ]);
/** An address of IPv6 with a port, but without its family. */
const unspecified6 = Buffer.concat([Buffer.from([AF_UNSPEC, 0]), inet6("1", 10).subarray(2)]);
const unix = (path: string) => Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from(path, "latin1")]);
const netlink = (pid: number, groups: number) => {
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  address.writeUInt32LE(pid, 4);
  address.writeUInt32LE(groups, 8);
  return address;
};

const socket = (family: number, type: number): Script => must(call("socket", family, type, 0));
const withAddress = (name: "bind" | "connect", fd: Argument, address: Buffer): Script =>
  call(name, fd, address, address.length);
const sendto = (fd: Argument, address: Buffer): Script => call("sendto", fd, "x", 1, 0, address, address.length);
/** A `struct msghdr` at `place`, its address at `place + 256`, of a length that may be wrong. */
const message = (place: number, address: Buffer, length = address.length): Script => [
  ...poke(place, Buffer.alloc(64)),
  ...poke(place + 256, address),
  ...poke(place + 512, "x"),
  ...link(place + 528, at(place + 512)),
  ...put(place + 536, 8, 1),
  ...link(place, at(place + 256)),
  ...put(place + 8, 4, length),
  ...link(place + 16, at(place + 528)),
  ...put(place + 24, 8, 1),
];
const inetSocket = "socket family=inet type=stream protocol=0";
const datagrams = "socket family=inet type=dgram";
const unixSocket = "socket family=unix type=stream";

export const network: readonly Case[] = [
  {
    does: "socket of many families",
    calls: [
      call("socket", AF_INET, STREAM | NONBLOCK | CLOEXEC, 6),
      call("socket", AF_INET6, DATAGRAM, 0),
      call("socket", AF_UNIX, 5, 0),
      call("socket", AF_NETLINK, RAW, 0),
      call("socket", 999, STREAM, 0),
      call("socketpair", AF_UNIX, STREAM, 0, at(0)),
    ],
    events: [
      "socket family=inet type=stream protocol=6",
      "socket family=inet6 type=dgram",
      "socket family=unix type=seqpacket",
      "socket family=netlink type=raw",
      "socket family=family-999",
      unixSocket,
    ],
  },
  {
    does: "socket of raw packets",
    calls: [call("socket", AF_PACKET, RAW, 0), call("socket", AF_INET, RAW, 1)],
    events: ["socket family=packet type=raw", "socket family=inet type=raw protocol=1"],
  },
  {
    does: "a packet to an address that calls itself one of Unix",
    by: "root",
    calls: [
      socket(AF_PACKET, DATAGRAM),
      // A struct sockaddr_ll, whose family no part of the kernel looks at: protocol, number of the loopback interface, hardware address.
      call("sendto", result(0), "x", 1, 0, struct([2, AF_UNIX], [2, 8], [4, 1], [2, 0], [2, 0x600], [8, 0]), 20),
    ],
    events: ["socket family=packet type=dgram", "send family=packet type=dgram address=0800*"],
  },
  {
    does: "a raw socket bound to an address that calls itself one of version six",
    by: "root",
    calls: [
      must(call("socket", AF_INET, RAW, 1)),
      withAddress("bind", result(0), Buffer.concat([inet([127, 0, 0, 1], 0, AF_INET6), Buffer.alloc(12, 7)])),
    ],
    events: ["socket family=inet type=raw", "bind family=inet type=raw address=127.0.0.1:0"],
  },
  {
    does: "bind to a port and listen",
    calls: [socket(AF_INET, STREAM), withAddress("bind", result(0), local(0)), call("listen", result(0), 5)],
    events: [
      inetSocket,
      "bind family=inet type=stream address=127.0.0.1:0",
      "listen family=inet type=stream address=127.0.0.1:$own",
    ],
  },
  {
    does: "bind of version six",
    calls: [socket(AF_INET6, DATAGRAM), withAddress("bind", result(0), inet6("1", 0))],
    events: ["socket family=inet6 type=dgram", "bind family=inet6 type=dgram address=[::1]:0"],
  },
  {
    does: "listen without bind",
    calls: [socket(AF_INET, STREAM), call("listen", result(0), 5)],
    events: [inetSocket, "listen address=0.0.0.0:0"],
  },
  {
    does: "bind to a path then connect and accept",
    calls: [
      socket(AF_UNIX, STREAM),
      withAddress("bind", result(0), unix("dir/../new\0rubbish")),
      call("listen", result(0), 5),
      socket(AF_UNIX, STREAM),
      withAddress("connect", result(3), unix("dirlink/../new\0")),
      call("accept", result(0), 0, 0),
    ],
    events: [
      unixSocket,
      "bind family=unix type=stream address=./new",
      "listen family=unix type=stream address=./new",
      "connect family=unix type=stream address=./new",
      "accept family=unix type=stream address=./new",
    ],
  },
  {
    does: "accept4 without a connection",
    calls: [
      socket(AF_UNIX, STREAM | NONBLOCK),
      must(withAddress("bind", result(0), unix("\0isoline-sensor-test-a"))),
      call("listen", result(0), 5),
      call("accept4", result(0), 0, 0, 0),
    ],
    events: [
      unixSocket,
      "bind address=@isoline-sensor-test-a",
      "listen address=@isoline-sensor-test-a",
      "accept address=@isoline-sensor-test-a",
    ],
  },
  {
    does: "bind to an automatic name",
    calls: [socket(AF_UNIX, STREAM), withAddress("bind", result(0), unix("")), call("listen", result(0), 5)],
    events: [unixSocket, "bind family=unix address=@autobind", "listen family=unix address=$autobind"],
  },
  {
    does: "bind to a path that fails",
    calls: [
      socket(AF_UNIX, STREAM),
      withAddress("bind", result(0), unix("file")),
      withAddress("bind", result(0), unix("none/new")),
      withAddress("bind", result(0), unix("dangling")),
    ],
    events: [unixSocket],
  },
  {
    does: "bind to a path without the right",
    by: "user",
    calls: [socket(AF_UNIX, STREAM), withAddress("bind", result(0), unix("foreign/new"))],
    events: [unixSocket],
  },
  {
    does: "bind of netlink",
    calls: [
      socket(AF_NETLINK, RAW),
      withAddress("bind", result(0), netlink(0, 1)),
      sendto(result(0), netlink(0, 0)),
      withAddress("connect", result(0), netlink(7, 0)),
    ],
    events: [
      "socket family=netlink type=raw",
      "bind family=netlink address=kernel:1",
      "send family=netlink address=kernel:0",
      "connect family=netlink address=peer:0",
    ],
  },
  {
    does: "connect",
    calls: [
      socket(AF_INET, STREAM),
      withAddress("connect", result(0), local(PORT)),
      socket(AF_INET6, DATAGRAM),
      withAddress("connect", result(2), inet6("ffff7f000001", PORT)),
    ],
    events: [
      inetSocket,
      "connect family=inet type=stream address=127.0.0.1:9",
      "socket family=inet6",
      "connect family=inet6 type=dgram address=[::ffff:7f00:1]:9",
    ],
  },
  {
    does: "connect without a listener",
    calls: [socket(AF_INET, DATAGRAM), call("connect", result(0), Buffer.alloc(16), 16)],
    events: [datagrams],
  },
  {
    does: "connect that fails",
    calls: [
      socket(AF_UNIX, STREAM),
      withAddress("connect", result(0), unix("none")),
      withAddress("connect", result(0), unix("file")),
      withAddress("connect", result(0), unix("dir")),
      withAddress("connect", 99, local(PORT)),
      must(call("open", "file", 0)),
      withAddress("connect", result(5), local(PORT)),
      call("connect", result(0), UNMAPPED, 16),
      call("connect", result(0), local(PORT), 500),
      call("connect", result(0), local(PORT), 1),
      call("listen", 99, 1),
      call("accept", result(5), 0, 0),
    ],
    events: [unixSocket, "open path=./file"],
  },
  {
    does: "send to an address in every way",
    calls: [
      socket(AF_INET, DATAGRAM),
      sendto(result(0), local(PORT)),
      message(4096, inet([127, 0, 0, 2], PORT)),
      call("sendmsg", result(0), at(4096), 0),
      message(8192, inet([127, 0, 0, 3], PORT)),
      message(8192 + 64, inet([127, 0, 0, 4], PORT)),
      call("sendmmsg", result(0), at(8192), 2, 0),
      call("sendmmsg", result(0), at(8192), 0, 0),
    ],
    events: [
      datagrams,
      "send family=inet type=dgram address=127.0.0.1:9",
      "send family=inet type=dgram address=127.0.0.2:9",
      "send family=inet type=dgram address=127.0.0.3:9",
      "send family=inet type=dgram address=127.0.0.4:9",
    ],
  },
  {
    does: "send to an address of a greater length",
    calls: [
      socket(AF_INET, DATAGRAM),
      message(4096, local(PORT), 200),
      call("sendmsg", result(0), at(4096), 0),
      call("sendto", result(0), "x", 1, 0, local(PORT), 200),
    ],
    events: [datagrams, "send family=inet type=dgram address=127.0.0.1:9"],
  },
  {
    does: "send to an address of no family",
    calls: [socket(AF_INET, DATAGRAM), sendto(result(0), local(PORT, AF_UNSPEC))],
    events: [datagrams, "send family=inet type=dgram address=127.0.0.1:9"],
  },
  {
    does: "send with an address of no family that IPv6 ignores",
    calls: [
      socket(AF_INET6, DATAGRAM),
      withAddress("connect", result(0), inet6("1", PORT)),
      sendto(result(0), unspecified6),
      message(4096, unspecified6),
      call("sendmsg", result(0), at(4096), 0),
      message(8192, unspecified6),
      call("sendmmsg", result(0), at(8192), 1, 0),
    ],
    events: ["socket family=inet6 type=dgram", "connect family=inet6 type=dgram address=[::1]:9"],
  },
  {
    does: "send to the connected address",
    calls: [
      must(call("socketpair", AF_UNIX, STREAM, 0, at(0))),
      call("sendto", int(0), "x", 1, 0, 0, 0),
      message(4096, Buffer.alloc(0)),
      put(4096, 8, 0),
      call("sendmsg", int(0), at(4096), 0),
    ],
    events: [unixSocket],
  },
  {
    does: "send to a path",
    calls: [
      socket(AF_UNIX, DATAGRAM),
      must(withAddress("bind", result(0), unix("new"))),
      sendto(result(0), unix("new")),
      sendto(result(0), unix("none")),
      sendto(result(0), unix("file")),
    ],
    events: [
      "socket family=unix type=dgram",
      "bind family=unix type=dgram address=./new",
      "send family=unix type=dgram address=./new",
    ],
  },
  {
    does: "connect to a path without the right",
    by: "user",
    calls: [socket(AF_UNIX, STREAM), withAddress("connect", result(0), unix("foreign/socket"))],
    events: [unixSocket],
  },
  {
    does: "socket that only one thread has",
    calls: [
      inThread(
        must(call("unshare", CLONE_FILES)),
        socket(AF_INET, DATAGRAM),
        withAddress("connect", result(1), local(PORT)),
      ),
    ],
    events: [datagrams, "connect family=inet type=dgram address=127.0.0.1:9"],
  },
  {
    does: "socket of a process whose first thread has ended",
    calls: [
      inLooseThread(
        nap(100),
        socket(AF_INET, DATAGRAM),
        withAddress("connect", result(0), local(PORT)),
        call("open", "file", 0),
      ),
      call("exit", 0),
    ],
    events: [datagrams, "connect family=inet type=dgram address=127.0.0.1:9", "open path=./file"],
  },
];
