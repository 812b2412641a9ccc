/**
 * How the reader of the ring waits for more: until it is woken, or for a moment only.
 *
 * The BPF programs do not wake a reader that is awake, except for a record that cannot wait (bpf/wake-reader.h). The descriptor of
 * the ring is readable whenever there is something to read; so waits are edge-triggered, and end only when woken.
 *
 * Memory order: the reader stores that it sleeps, and then looks at the ring once more. `Atomics` orders both for every
 * processor, as the exchange by which the kernel commits a record does on the other side (kernel/bpf/ringbuf.c,
 * bpf_ringbuf_commit).
 */
import { type Mapping, mapShared, PROT_READ, PROT_WRITE } from "../../abi/memory.ts";
import { close, epollAdd, epollCreate, epollWait } from "../../abi/libc.ts";
import { LinuxError } from "../../error.ts";
import type { BpfMap } from "../../libbpf/map.ts";

/** As many as `MOST_NAMESPACES` in `bpf/maps.h`, of eight bytes each. */
const BYTES = 8 * 1024;
/** linux/eventpoll.h */
const EPOLLIN = 1;
const EPOLLET = 0x8000_0000;

export class Rest {
  readonly #mapping: Mapping;
  /** Undefined once it is closed: a touch of the memory would end the process then. */
  #memory: Int32Array | undefined;
  readonly #at: number;
  readonly #epoll: number;

  /** `place` is that of the namespace in the map, `ring` the descriptor of its ring. */
  constructor(sleepers: BpfMap, place: number, ring: number) {
    const mapping = mapShared(sleepers.fd, BYTES, PROT_READ | PROT_WRITE, 0);
    const epoll = epollCreate();
    if (!mapping || epoll < 0 || epollAdd(epoll, ring, EPOLLIN | EPOLLET) < 0) {
      mapping?.unmap();
      if (epoll >= 0) close(epoll);
      throw new LinuxError("bpf-unavailable", "the ring buffer cannot be waited for");
    }
    this.#mapping = mapping;
    this.#memory = new Int32Array(mapping.bytes);
    this.#epoll = epoll;
    this.#at = 2 * place;
  }

  /** Waits for so many milliseconds, or until a record cannot wait; a negative errno if interrupted. */
  nap(milliseconds: number): number {
    return epollWait(this.#epoll, milliseconds);
  }

  /** Waits for any record, for so many milliseconds at most; does not wait if there `isMore` to read. */
  sleep(milliseconds: number, isMore: () => boolean): number {
    Atomics.store(this.#sleepers, this.#at, 1);
    const woken = isMore() ? 1 : epollWait(this.#epoll, milliseconds);
    Atomics.store(this.#sleepers, this.#at, 0);
    return woken;
  }

  get #sleepers(): Int32Array {
    if (this.#memory === undefined)
      throw new LinuxError("sensor-lost", "a namespace that had been left was waited for. Please report this");
    return this.#memory;
  }

  close(): void {
    if (this.#memory === undefined) return;
    this.#memory = undefined;
    this.#mapping.unmap();
    close(this.#epoll);
  }
}
