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
import { type Mapping, mapRound, mapShared, PROT_READ, PROT_WRITE } from "../abi/memory.ts";
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

/** The memory of a ring, as long as it is mapped. */
interface Mapped {
  readonly bytes: Buffer;
  readonly consumer: BigUint64Array;
  readonly producer: BigUint64Array;
  readonly words: Int32Array;
}

export class RingReader {
  readonly #mappings: readonly Mapping[];
  /** Undefined once it is closed: a touch of the memory would end the process then. */
  #memory: Mapped | undefined;
  readonly #size: number;
  #position: number;
  /** The position up to which records have been peeked at. */
  #glanced = 0;

  /** `data` continues with its beginning behind the `size` bytes of the ring. All three are unmapped by `close`. */
  constructor(consumer: Mapping, producer: Mapping, data: Mapping, size: number) {
    this.#mappings = [consumer, producer, data];
    this.#memory = {
      bytes: Buffer.from(data.bytes),
      consumer: new BigUint64Array(consumer.bytes, 0, 1),
      producer: new BigUint64Array(producer.bytes, 0, 1),
      words: new Int32Array(data.bytes),
    };
    this.#size = size;
    this.#position = Number(Atomics.load(this.#mapped.consumer, 0));
  }

  /** Maps a ring buffer of this size in bytes. */
  static of({ fd, name }: BpfMap, size: number): RingReader {
    const consumer = mapShared(fd, PAGE, PROT_READ | PROT_WRITE, 0);
    const producer = mapShared(fd, PAGE, PROT_READ, PAGE);
    const data = mapRound(fd, size, Math.min(size, LARGEST), 2 * PAGE);
    if (consumer && producer && data) return new RingReader(consumer, producer, data, size);
    const errno = lastErrno();
    for (const mapping of [consumer, producer, data]) mapping?.unmap();
    throw new LinuxError("bpf-unavailable", `the ring buffer ${name} cannot be mapped (errno ${errno})`);
  }

  /** The data, followed by its beginning again. It is asked for at each use, and not kept: nothing of it is left after `close`. */
  get bytes(): Buffer {
    return this.#mapped.bytes;
  }

  get #mapped(): Mapped {
    if (this.#memory === undefined)
      throw new LinuxError("sensor-lost", "the ring buffer was read after it had been closed. Please report this");
    return this.#memory;
  }

  /** Gives the memory back. From now on every use is refused. */
  close(): void {
    this.#memory = undefined;
    for (const mapping of this.#mappings) mapping.unmap();
  }

  /** Whether a committed record is waiting to be consumed. */
  get hasMore(): boolean {
    const { producer, words } = this.#mapped;
    if (this.#position >= Number(Atomics.load(producer, 0))) return false;
    return Atomics.load(words, (this.#position % this.#size) / 4) >>> 0 < BUSY;
  }

  /** Consumes committed records, at most `limit`, and returns their number. */
  drain(onRecord: OnRecord, limit = Number.POSITIVE_INFINITY): number {
    let records = 0;
    while (records < limit) {
      // Read once for each round: records that arrive later are consumed in the next round.
      const end = Number(Atomics.load(this.#mapped.producer, 0));
      if (this.#position >= end) return records;
      while (this.#position < end && records < limit) {
        const next = this.#recordAt(this.#position, end, onRecord);
        if (next === undefined) return records;
        records += next.records;
        this.#position = next.position;
        Atomics.store(this.#mapped.consumer, 0, BigInt(this.#position));
      }
    }
    return records;
  }

  /** Passes the records committed since the last peek to `visit`; they are still consumed later. */
  glance(onRecord: OnRecord): void {
    const end = Number(Atomics.load(this.#mapped.producer, 0));
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
    const word = Atomics.load(this.#mapped.words, place / 4) >>> 0;
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
