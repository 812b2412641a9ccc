/** Sockets and their peers. */
import { call, must, result, type Script } from "../../sensor/script.ts";
import { DATAGRAM, departure, inet, inetSocket, STREAM, succeeded, unix, unixSocket } from "../baseline.ts";
import type { Deviation } from "../deviation.ts";
import type { Place } from "../place.ts";

const AF_INET6 = 10;
const AF_NETLINK = 16;
const NONBLOCK = 0o4000;
const RAW = 3;
/** `struct sockaddr_in6`: port 9 of ::1. */
const LOOPBACK6 = Buffer.from(`0a000009${"00".repeat(19)}01${"00".repeat(4)}`, "hex");

const connected = (socket: Script, address: (place: Place) => Buffer): [Script, (place: Place) => Script] => [
  socket,
  (place) => call("connect", result(1), address(place), address(place).length),
];

export const network: readonly Deviation[] = [
  departure(
    {
      learnt: "a TCP connection is made",
      departs: "a connection to another port of the same address is made",
      acts: ["connect family=inet type=stream address=127.0.0.1:"],
      happened: succeeded("connect"),
    },
    ...connected(inetSocket(STREAM), (place) => inet(place.words.get("new-port"))),
  ),
  departure(
    {
      learnt: "TCP connections are made over IPv4",
      departs: "a TCP connection is made over IPv6",
      acts: ["socket family=inet6", "connect family=inet6 type=stream address=[::1]:9"],
    },
    must(call("socket", AF_INET6, STREAM | NONBLOCK, 0)),
    call("connect", result(1), LOOPBACK6, LOOPBACK6.length),
  ),
  departure(
    {
      learnt: "a Unix socket is connected to",
      departs: "another Unix socket is connected to",
      acts: ["connect family=unix type=stream address="],
      happened: succeeded("connect"),
    },
    ...connected(unixSocket(STREAM), (place) => unix(place.words.get("new-socket"))),
  ),
  departure(
    {
      learnt: "a Unix socket is connected to by its path",
      departs: "a connection to an abstract socket is tried",
      acts: ["connect family=unix type=stream address=@isoline-sharp"],
    },
    ...connected(unixSocket(STREAM), () => unix("\0isoline-sharp")),
  ),
  departure(
    {
      learnt: "a datagram is sent",
      departs: "a datagram is sent to another port",
      acts: ["send family=inet type=dgram address=127.0.0.1:"],
      happened: succeeded("sendto"),
    },
    inetSocket(DATAGRAM),
    (place) => call("sendto", result(1), "x", 1, 0, inet(place.words.get("new-udp")), 16),
  ),
  departure(
    {
      learnt: "a datagram is sent to a port of this machine that the kernel chose",
      departs: "a datagram is sent to another such port",
      acts: [],
      because: "a server answers clients at ports that differ each time; see `ephemeral-port` in [the lens](lens.md)",
      happened: succeeded("sendto"),
    },
    inetSocket(DATAGRAM),
    (place) => call("sendto", result(1), "x", 1, 0, inet(place.words.get("new-udp-any")), 16),
  ),
  departure(
    {
      learnt: "a port is bound",
      departs: "another port is bound",
      acts: ["bind family=inet type=stream address=127.0.0.1:"],
      happened: succeeded("bind"),
    },
    inetSocket(STREAM),
    (place) => call("bind", result(1), inet(place.words.get("new-free")), 16),
  ),
  departure(
    {
      learnt: "a socket listens at a fixed port",
      departs: "a socket listens at a port that the kernel chooses",
      acts: ["listen family=inet type=stream"],
      happened: succeeded("listen"),
    },
    inetSocket(STREAM),
    call("listen", result(1), 1),
  ),
  departure(
    {
      learnt: "a socket listens",
      departs: "it also accepts a connection",
      acts: ["accept family=inet type=stream"],
    },
    must(call("socket", 2, STREAM | NONBLOCK, 0)),
    (place) => must(call("bind", result(1), inet(place.words.get("known-free")), 16)),
    must(call("listen", result(1), 1)),
    call("accept4", result(1), 0, 0, 0),
  ),
  departure(
    {
      learnt: "sockets of the internet are made",
      departs: "a socket to the kernel is made (netlink)",
      acts: ["socket family=netlink"],
      happened: succeeded("socket"),
    },
    call("socket", AF_NETLINK, RAW, 0),
  ),
];
