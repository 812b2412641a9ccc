/**
 * A BPF ring buffer read in place, from memory that the kernel shares with the supervisor.
 *
 *   consumer page   u64 position up to which the supervisor has read               written by the supervisor
 *   producer page   u64 position up to which records have been reserved            written by the kernel
 *   data            record │ record │ record │ …   its beginning mapped again      written by the kernel
 *                   └ u32 length, bit 31 busy, bit 30 discarded │ u32 page │ bytes, padded to 8
 *
 * Positions only grow; modulo the size of the data they are offsets in it. The beginning is mapped again behind the end, so a
 * record that begins near the end can be read past it.
 *
 * Memory order (kernel/bpf/ringbuf.c): the kernel publishes the producer position with smp_store_release after it has marked
 * the record busy, clears the busy bit with xchg after it has filled the record, and reads the consumer position with
 * smp_load_acquire before it overwrites consumed records. So this file loads both words with acquire and stores the consumer
 * position with release; `Atomics` has only sequential consistency, which implies both. Each BPF program decides whether the
 * kernel wakes the supervisor when it submits a record (bpf/wake-reader.h).
 */
import { lastErrno } from "../abi/libbpf.ts";
import { mapRound, mapShared, PROT_READ, PROT_WRITE } from "../abi/memory.ts";
import { LinuxError } from "../error.ts";
import type { BpfMap } from "./map.ts";

const PAGE = 4096;
const BUSY = 0x8000_0000;
const DISCARDED = 0x4000_0000;
const HEADER = 8;
/** More than the largest record of the BPF programs (bpf/record.h: a record and two paths). */
const LARGEST = 65_536;

/** Called for each record with the position of its bytes in `RingReader.bytes`. They are valid during the call only. */
export type OnRecord = (offset: number, length: number) => void;

export class RingReader {
  /** The data, followed by its beginning again. */
  readonly bytes: Buffer;
  readonly #consumer: BigUint64Array;
  readonly #producer: BigUint64Array;
  readonly #words: Int32Array;
  readonly #size: number;
  #position: number;
  /** The position up to which records have been peeked at. */
  #glanced = 0;

  /** `data` continues with its beginning behind the `size` bytes of the ring. */
  constructor(consumer: ArrayBuffer, producer: ArrayBuffer, data: ArrayBuffer, size: number) {
    this.#consumer = new BigUint64Array(consumer, 0, 1);
    this.#producer = new BigUint64Array(producer, 0, 1);
    this.#words = new Int32Array(data);
    this.bytes = Buffer.from(data);
    this.#size = size;
    this.#position = Number(Atomics.load(this.#consumer, 0));
  }

  /** Maps a ring buffer of this size in bytes. */
  static of({ fd, name }: BpfMap, size: number): RingReader {
    const consumer = mapShared(fd, PAGE, PROT_READ | PROT_WRITE, 0);
    const producer = mapShared(fd, PAGE, PROT_READ, PAGE);
    const data = mapRound(fd, size, Math.min(size, LARGEST), 2 * PAGE);
    if (!consumer || !producer || !data)
      throw new LinuxError("bpf-unavailable", `the ring buffer ${name} cannot be mapped (errno ${lastErrno()})`);
    return new RingReader(consumer, producer, data, size);
  }

  /** Whether a committed record is waiting to be consumed. */
  get hasMore(): boolean {
    if (this.#position >= Number(Atomics.load(this.#producer, 0))) return false;
    return Atomics.load(this.#words, (this.#position % this.#size) / 4) >>> 0 < BUSY;
  }

  /** Consumes committed records, at most `limit`, and returns their number. */
  drain(onRecord: OnRecord, limit = Number.POSITIVE_INFINITY): number {
    let records = 0;
    while (records < limit) {
      // Read once for each round: records that arrive later are consumed in the next round.
      const end = Number(Atomics.load(this.#producer, 0));
      if (this.#position >= end) return records;
      while (this.#position < end && records < limit) {
        const next = this.#recordAt(this.#position, end, onRecord);
        if (next === undefined) return records;
        records += next.records;
        this.#position = next.position;
        Atomics.store(this.#consumer, 0, BigInt(this.#position));
      }
    }
    return records;
  }

  /** Passes the records committed since the last peek to `visit`; they are still consumed later. */
  glance(onRecord: OnRecord): void {
    const end = Number(Atomics.load(this.#producer, 0));
    for (let at = Math.max(this.#glanced, this.#position); at < end; at = this.#glanced) {
      const next = this.#recordAt(at, end, onRecord);
      if (next === undefined) return;
      this.#glanced = next.position;
    }
  }

  /**
   * Visits the record at a position, unless it was discarded, and returns the position of the next; undefined while it is being
   * filled.
   */
  #recordAt(
    position: number,
    end: number,
    onRecord: OnRecord,
  ): { readonly records: 0 | 1; readonly position: number } | undefined {
    const place = position % this.#size;
    const word = Atomics.load(this.#words, place / 4) >>> 0;
    if (word >= BUSY) return undefined;
    const length = word % DISCARDED;
    const isWhole = length <= this.#size - HEADER && length <= end - position - HEADER;
    if (!isWhole || place + HEADER + length > this.bytes.length) throw torn(length, this.#size);
    const isThere = word < DISCARDED;
    if (isThere) onRecord(place + HEADER, length);
    return { records: isThere ? 1 : 0, position: position + ((HEADER + length + 7) & ~7) };
  }
}

function torn(length: number, size: number): LinuxError {
  return new LinuxError(
    "sensor-lost",
    `the ring buffer holds a record of ${length} bytes, which is impossible in a ring of ${size}; nothing after it can be read. Please report this`,
  );
}
