/**
 * Frames: the only thing that crosses a wire once both ends have agreed on keys. docs/spec/wire.md
 *
 *   u32 length of what follows the head ‖ u64 sequence ‖ ciphertext ‖ 16 bytes tag          integers big endian
 *
 * ChaCha20-Poly1305 (RFC 8439) with one key for each direction. The nonce is 4 zero bytes and the sequence, which each end counts
 * by itself, from 0; the head is authenticated with the rest. So a frame is valid in one session, in one direction, at one place.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { lost, refused } from "./faults.ts";
import { type Deadline, readWhole, type Transport, writeWhole } from "./stream.ts";

/** The most that one frame carries. */
export const MOST_BYTES = 1024 * 1024;

/** What begins a session is as long as the head of a frame, and would be the head of one that is too long. */
export const MAGIC = "isoline wire";

const CIPHER = "chacha20-poly1305";
const HEAD = 12;
const TAG = 16;
const NONCE = 12;

/** The keys of one end, 32 bytes each. */
export interface Keys {
  readonly sends: Buffer;
  readonly receives: Buffer;
}

export class Frames {
  readonly #transport: Transport;
  readonly #keys: Keys;
  #sent = 0n;
  #received = 0n;

  constructor(transport: Transport, keys: Keys) {
    this.#transport = transport;
    this.#keys = keys;
  }

  /** Sends one frame. */
  send(content: Uint8Array, until: Deadline): void {
    if (content.length > MOST_BYTES)
      throw refused(`a frame has at most ${MOST_BYTES} bytes, and ${content.length} were to be sent`);
    const head = headOf(content.length + TAG, this.#sent);
    const cipher = createCipheriv(CIPHER, this.#keys.sends, nonceOf(this.#sent), { authTagLength: TAG });
    cipher.setAAD(head, { plaintextLength: content.length });
    const ciphertext = cipher.update(content);
    cipher.final();
    this.#sent += 1n;
    writeWhole(this.#transport, Buffer.concat([head, ciphertext, cipher.getAuthTag()]), until);
  }

  /** Receives the next frame. Its length is checked before anything of that length is allocated. */
  receive(until: Deadline): Buffer {
    const head = Buffer.alloc(HEAD);
    readWhole(this.#transport, head, until);
    // A port of virtio-serial does not tell of an other end that went and came back at once.
    if (this.#transport.unread !== undefined && head.toString("latin1") === MAGIC) {
      this.#transport.unread(head);
      throw lost("the other end began another session");
    }
    const length = head.readUInt32BE(0);
    const sequence = head.readBigUInt64BE(4);
    if (length < TAG || length > MOST_BYTES + TAG)
      throw refused(`expected a frame of at most ${MOST_BYTES} bytes, got one of ${length - TAG}`);
    if (sequence !== this.#received)
      throw refused(`expected frame ${this.#received}, got frame ${sequence}: frames were repeated, left out or mixed`);
    const body = Buffer.alloc(length);
    readWhole(this.#transport, body, until);
    const content = this.#opened(head, body);
    this.#received += 1n;
    return content;
  }

  close(): void {
    this.#transport.close();
  }

  #opened(head: Buffer, body: Buffer): Buffer {
    const at = body.length - TAG;
    const decipher = createDecipheriv(CIPHER, this.#keys.receives, nonceOf(this.#received), { authTagLength: TAG });
    decipher.setAAD(head, { plaintextLength: at });
    decipher.setAuthTag(body.subarray(at));
    try {
      const content = decipher.update(body.subarray(0, at));
      decipher.final();
      return content;
    } catch (fault) {
      throw refused(`frame ${this.#received} was altered on its way, or is another session's`, fault);
    }
  }
}

function headOf(length: number, sequence: bigint): Buffer {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(length, 0);
  head.writeBigUInt64BE(sequence, 4);
  return head;
}

function nonceOf(sequence: bigint): Buffer {
  const nonce = Buffer.alloc(NONCE);
  nonce.writeBigUInt64BE(sequence, 4);
  return nonce;
}
