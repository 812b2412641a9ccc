/** A BPF map by its descriptor: values of a fixed size under keys of a fixed size, as raw bytes. */
import { libbpf } from "../abi/libbpf.ts";
import { LinuxError } from "../error.ts";

const ANY = 0n;

export class BpfMap {
  readonly name: string;
  readonly fd: number;

  constructor(name: string, fd: number) {
    this.name = name;
    this.fd = fd;
  }

  /** Reads the value of a key into `value`; false if there is none. */
  lookup(key: Buffer, value: Buffer): boolean {
    return (calls().bpf_map_lookup_elem(this.fd, key, value) as number) === 0;
  }

  /** Sets the value of a key; false if the map is full. */
  update(key: Buffer, value: Buffer): boolean {
    return (calls().bpf_map_update_elem(this.fd, key, value, ANY) as number) === 0;
  }

  /** Removes a key; false if it was not there. */
  delete(key: Buffer): boolean {
    return (calls().bpf_map_delete_elem(this.fd, key) as number) === 0;
  }
}

/** libbpf's functions, certainly there: whoever has a map got it through them. */
export function calls(): Exclude<ReturnType<typeof libbpf>, string> {
  const found = libbpf();
  if (typeof found === "string") throw new LinuxError("bpf-unavailable", `libbpf cannot be loaded (${found})`);
  return found;
}
