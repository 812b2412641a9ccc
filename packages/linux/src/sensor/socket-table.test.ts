import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { escapeBytes } from "@isoline/core/event";
import { afterEach, describe, expect, it } from "vitest";
import { abstractlyNamed, answeringAt, OWN_NETWORK } from "./socket-table.ts";

/** The same network by a path that only the tables answer for. */
const BY_TABLES = "/proc/thread-self/net";

describe("sockets that may answer", () => {
  const open: { close(): unknown }[] = [];
  afterEach(() => {
    for (const each of open.splice(0)) each.close();
  });

  async function listening(host: string): Promise<number> {
    const server: Server = createServer(() => undefined).listen(0, host);
    open.push(server);
    await once(server, "listening");
    return (server.address() as { port: number }).port;
  }

  const asked = ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.0.0.2"];
  it.each([
    ["127.0.0.1", ["127.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0"]],
    ["0.0.0.0", ["127.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0", "127.0.0.2"]],
    ["::1", ["[::1]"]],
    ["::", asked],
  ])("are the same asked for and in the tables: bound to %s", async (host, reaching) => {
    const port = await listening(host);
    const found = asked.filter((each) => answeringAt(OWN_NETWORK, "stream", each, port)?.length === 1);
    expect(found).toEqual(reaching);
    for (const each of asked)
      expect(answeringAt(OWN_NETWORK, "stream", each, port)).toEqual(answeringAt(BY_TABLES, "stream", each, port));
  });

  it("are not those that only have a connection with this port", async () => {
    const port = await listening("127.0.0.1");
    const client = connect(port, "127.0.0.1");
    open.push({ close: () => client.destroy() });
    await once(client, "connect");
    expect(answeringAt(OWN_NETWORK, "stream", "127.0.0.1", port)).toHaveLength(1);
    expect(answeringAt(OWN_NETWORK, "stream", "127.0.0.1", (client.address() as { port: number }).port)).toEqual([]);
  });

  it("receive datagrams, connected or not", async () => {
    const socket = createSocket("udp4");
    open.push(socket);
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const { port } = socket.address();
    const found = answeringAt(OWN_NETWORK, "dgram", "127.0.0.1", port);
    expect(found).toHaveLength(1);
    expect(found).toEqual(answeringAt(BY_TABLES, "dgram", "127.0.0.1", port));
  });

  it.each([
    ["as they are", `isoline-${process.pid}-Xy7`],
    ["with blanks and other letters", `a b  ä-${process.pid}`],
    ["with a NUL", `a\0b-${process.pid}`],
  ])("by an abstract name are the one that listens, and not the ends of its connections: %s", async (_, name) => {
    // libuv may fill a name up with NULs.
    const names = [name, name.padEnd(107 - Buffer.byteLength(name) + name.length, "\0")].map(
      (each) => `@${escapeBytes(Buffer.from(each))}`,
    );
    const found = () => names.flatMap((each) => abstractlyNamed(OWN_NETWORK, each) ?? []);
    const server = createServer(() => undefined).listen(`\0${name}`);
    open.push(server);
    await once(server, "listening");
    expect(found()).toHaveLength(1);
    const client = connect(`\0${name}`);
    open.push({ close: () => client.destroy() });
    await once(server, "connection");
    expect(found()).toHaveLength(1);
    expect(abstractlyNamed(OWN_NETWORK, `@x${names[0]}`)).toEqual([]);
  });

  it("are not known by a name with a line break, which the table does not keep together", () => {
    expect(abstractlyNamed(OWN_NETWORK, "@a\\x0ab")).toBeUndefined();
  });

  it("are not known where there is no such network", () => {
    expect(answeringAt("/proc/1/no-network", "stream", "127.0.0.1", 80)).toBeUndefined();
  });

  const TCP =
    "  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n";
  const UNIX = "0000000000000000: 00000002 00000000 00010000 0001 01 4712 @name\n";
  const MOST_BYTES = 8 * 1024 * 1024;

  /** What is found where one table is longer than all the others by so many bytes. */
  function foundBeside(long: string, bytes: number) {
    const directory = mkdtempSync(join(tmpdir(), "isoline-tables-"));
    const rest = `${" ".repeat(99)}\n`.repeat(Math.ceil(bytes / 100));
    const tables = { tcp: TCP, tcp6: "", unix: UNIX };
    for (const [table, lines] of Object.entries(tables))
      writeFileSync(join(directory, table), `header\n${table === long ? rest : ""}${lines}`);
    const stream = answeringAt(directory, "stream", "127.0.0.1", 0x1f90);
    const name = abstractlyNamed(directory, "@name");
    rmSync(directory, { recursive: true });
    return { stream, name };
  }

  it("are not known where a table is so long that it is not read to its end", () => {
    expect(foundBeside("", 0)).toEqual({ stream: [4711], name: [4712] });
    expect(foundBeside("tcp", MOST_BYTES / 2)).toEqual({ stream: [4711], name: [4712] });
    expect(foundBeside("tcp", MOST_BYTES)).toEqual({ stream: undefined, name: [4712] });
    expect(foundBeside("tcp6", MOST_BYTES)).toEqual({ stream: undefined, name: [4712] });
    expect(foundBeside("unix", MOST_BYTES)).toEqual({ stream: [4711], name: undefined });
  });
});
