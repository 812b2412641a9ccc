/** Changes for everything that reads NATS JetStream: one message each, which the server keeps and does not keep twice. */
import { jetstream, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, credsAuthenticator, type NatsConnection, nanos } from "@nats-io/transport-node";
import { changeDocument } from "./document.ts";
import type { Receiver } from "./receiver.ts";

export interface NatsSettings {
  /** Separated by commas; all of them `tls://…`, or none. */
  readonly servers: string;
  /** Of the messages; the stream that keeps them is made if there is none for it. */
  readonly subject: string;
  /** The content of a file of credentials. */
  readonly credentials: Uint8Array | undefined;
  /** Certificates in PEM that the servers' lead to; undefined: those that Node knows. */
  readonly ca: string | undefined;
}

const PATIENCE_MS = 10_000;
const STREAM = "ISOLINE_CHANGES";
/** Of the stream that is made here, so that it does not fill the server. */
const KEPT_MESSAGES = 1_000_000;
/** Twice as long as the longest wait between two tries: the server's own two minutes are shorter than that. */
const KNOWS_IDS_MS = 600_000;

async function knowLonger({ streams }: JetStreamManager): Promise<void> {
  const { config } = await streams.info(STREAM);
  if (config.duplicate_window < nanos(KNOWS_IDS_MS))
    await streams.update(STREAM, { duplicate_window: nanos(KNOWS_IDS_MS) });
}

export function nats({ servers, subject, credentials, ca }: NatsSettings): Receiver {
  const addresses = servers.split(",").map((one) => one.trim());
  // The client passes over what stands before an address, and asks for no TLS by itself.
  const tls = addresses.some((one) => /^tls:/i.test(one)) && { tls: ca === undefined ? {} : { ca } };
  let connection: NatsConnection | undefined;
  const connected = async () => {
    if (connection !== undefined && !connection.isClosed()) return connection;
    connection = await connect({
      servers: addresses,
      timeout: PATIENCE_MS,
      maxReconnectAttempts: 0,
      name: "isoline verifier",
      ...tls,
      ...(credentials !== undefined && { authenticator: credsAuthenticator(credentials) }),
    });
    const manager = await jetstreamManager(connection);
    const there = await manager.streams.find(subject).catch(() => undefined);
    if (there === undefined)
      await manager.streams.add({
        ...{ name: STREAM, subjects: [subject], max_msgs: KEPT_MESSAGES },
        duplicate_window: nanos(KNOWS_IDS_MS),
      });
    // One that an earlier version made. Where these credentials may not change it, changes come all the same.
    else if (there === STREAM) await knowLonger(manager).catch(() => {});
    return connection;
  };
  return {
    name: "nats",
    send: async (rows) => {
      try {
        const stream = jetstream(await connected(), { timeout: PATIENCE_MS });
        // Acknowledged one by one: what comes after a message that was not kept is sent again with it.
        await Promise.all(
          rows.map((row) => {
            const message = JSON.stringify({ id: row.id, tenant: row.tenant, ...changeDocument(row) });
            return stream.publish(subject, message, { msgID: `isoline-${row.id}` });
          }),
        );
      } catch (fault) {
        // The next try looks for the stream anew: it may have been removed, or JetStream was not ready to make it.
        await connection?.close().catch(() => {});
        connection = undefined;
        throw fault;
      }
    },
    close: async () => {
      await connection?.close();
    },
  };
}
