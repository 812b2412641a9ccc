/**
 * A compiled BPF object: it is opened, its constants are set, it is loaded and attached.
 *
 * The programs stay attached as long as this process holds their links, or longer if the links are pinned.
 */
import { complaints, lastErrno } from "../abi/libbpf.ts";
import { viewOf } from "../abi/memory.ts";
import { LinuxError } from "../error.ts";
import { debug } from "./debug.ts";
import { BpfMap, calls, numberOf } from "./map.ts";

type Pointer = bigint & { readonly __points: "libbpf" };

export class BpfObject {
  readonly #object: Pointer;
  readonly #links = new Map<string, Pointer>();

  private constructor(object: Pointer) {
    this.#object = object;
  }

  /** Reads an object file. Nothing is loaded into the kernel yet. */
  static open(path: string): BpfObject {
    const object = pointer(calls().bpf_object__open_file(path, null));
    if (object === undefined)
      throw new LinuxError("bpf-unavailable", `${path} cannot be opened as a BPF object (errno ${lastErrno()})`);
    return new BpfObject(object);
  }

  /** Number of possible processors: a per-CPU map returns one value for each. */
  static processors(): number {
    return calls().libbpf_num_possible_cpus() as number;
  }

  /** Sets the first bytes of a section of constants (`.rodata…`); only before loading. */
  setConstants(section: string, bytes: Buffer): void {
    const size = Buffer.alloc(8);
    const place = pointer(calls().bpf_map__initial_value(this.#map(section), size));
    if (place === undefined || Number(size.readBigUInt64LE(0)) < bytes.length)
      throw new LinuxError("bpf-unavailable", `the BPF object has no ${section} of ${bytes.length} bytes`);
    new Uint8Array(viewOf(place, bytes.length)).set(bytes);
  }

  /** Loads the programs; the kernel verifies them. */
  load(): void {
    const result = calls().bpf_object__load(this.#object) as number;
    if (result < 0) throw refused(`the kernel refuses to load the BPF programs (errno ${-result})`);
  }

  /** Attaches every program; throws at the first that cannot be attached. */
  attach(): void {
    for (let program = this.#next(null); program !== undefined; program = this.#next(program)) {
      const name = calls().bpf_program__name(program) as string;
      const link = pointer(calls().bpf_program__attach(program));
      if (link === undefined) throw refused(`the BPF program ${name} cannot be attached (errno ${lastErrno()})`);
      this.#links.set(name, link);
    }
  }

  /**
   * Pins the attached programs and these maps, so that they outlive this process: one file for each below a directory of a bpf
   * file system.
   */
  pin(directory: string, maps: readonly string[]): void {
    const check = (result: unknown, what: string) => {
      if ((result as number) < 0)
        throw new LinuxError("bpf-unavailable", `the BPF ${what} cannot be pinned (errno ${-(result as number)})`);
    };
    for (const [name, link] of this.#links)
      check(calls().bpf_link__pin(link, `${directory}/${name}`), `program ${name}`);
    for (const name of maps) check(calls().bpf_map__pin(this.#map(name), `${directory}/${name}`), `map ${name}`);
  }

  /** The kernel ids of the maps and programs; after loading. */
  numbers(): { readonly maps: readonly number[]; readonly programs: readonly number[] } {
    const maps: number[] = [];
    for (let map = this.#nextMap(null); map !== undefined; map = this.#nextMap(map))
      maps.push(numberOf(calls().bpf_map__fd(map) as number));
    const programs: number[] = [];
    for (let program = this.#next(null); program !== undefined; program = this.#next(program))
      programs.push(numberOf(calls().bpf_program__fd(program) as number));
    return { maps, programs };
  }

  map(name: string): BpfMap {
    return new BpfMap(name, calls().bpf_map__fd(this.#map(name)) as number);
  }

  /** Detaches links that are not pinned, and releases the programs and maps that no other process holds. */
  close(): void {
    for (const link of this.#links.values()) calls().bpf_link__destroy(link);
    this.#links.clear();
    calls().bpf_object__close(this.#object);
  }

  #next(program: Pointer | null): Pointer | undefined {
    return pointer(calls().bpf_object__next_program(this.#object, program));
  }

  #nextMap(map: Pointer | null): Pointer | undefined {
    return pointer(calls().bpf_object__next_map(this.#object, map));
  }

  #map(name: string): Pointer {
    const map = pointer(calls().bpf_object__find_map_by_name(this.#object, name));
    if (map === undefined) throw new LinuxError("bpf-unavailable", `the BPF object has no map ${name}`);
    return map;
  }
}

/** With what libbpf said as the cause: the verifier's log, where the kernel did not take a program. */
function refused(message: string): LinuxError {
  const log = complaints();
  debug(log);
  return new LinuxError("bpf-unavailable", message, { cause: log });
}

function pointer(value: unknown): Pointer | undefined {
  if (value === null || value === undefined) return undefined;
  const address = BigInt(value as number | bigint);
  return address === 0n ? undefined : (address as Pointer);
}
