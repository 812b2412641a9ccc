/**
 * libbpf, called through koffi. It is loaded on first use: only the bpf sensor needs it.
 *
 * Pointers are bigints, and 0 for NULL. Functions that return an int return a negative errno on failure.
 */
import koffi from "koffi";
import { viewOf } from "./memory.ts";

type Call = (...args: unknown[]) => unknown;

/** `libbpf_print_fn_t`: level, format, and the arguments, which x86-64 hands over by their address. */
const print = koffi.proto("isoline_libbpf_print", "int", ["int", "void *", "void *"]);
const formatCall = koffi.load(null).func("vsnprintf", "int", ["void *", "size_t", "void *", "void *"]);

const declarations = {
  bpf_object__open_file: ["void *", ["str", "void *"]],
  bpf_object__load: ["int", ["void *"]],
  bpf_object__close: ["void", ["void *"]],
  bpf_object__next_program: ["void *", ["void *", "void *"]],
  bpf_object__find_map_by_name: ["void *", ["void *", "str"]],
  bpf_program__name: ["str", ["void *"]],
  bpf_program__attach: ["void *", ["void *"]],
  bpf_link__destroy: ["int", ["void *"]],
  bpf_link__pin: ["int", ["void *", "str"]],
  bpf_map__fd: ["int", ["void *"]],
  bpf_program__fd: ["int", ["void *"]],
  bpf_object__next_map: ["void *", ["void *", "void *"]],
  bpf_obj_get_info_by_fd: ["int", ["int", "void *", "void *"]],
  bpf_map__pin: ["int", ["void *", "str"]],
  bpf_obj_get: ["int", ["str"]],
  bpf_map_create: ["int", ["int", "str", "uint32", "uint32", "uint32", "void *"]],
  bpf_map_get_fd_by_id: ["int", ["uint32"]],
  bpf_prog_get_fd_by_id: ["int", ["uint32"]],
  bpf_map_get_next_key: ["int", ["int", "void *", "void *"]],
  bpf_map__initial_value: ["void *", ["void *", "void *"]],
  bpf_map_lookup_elem: ["int", ["int", "void *", "void *"]],
  bpf_map_update_elem: ["int", ["int", "void *", "void *", "uint64"]],
  bpf_map_delete_elem: ["int", ["int", "void *"]],
  libbpf_set_print: ["void *", ["isoline_libbpf_print *"]],
  libbpf_num_possible_cpus: ["int", []],
  libbpf_find_vmlinux_btf_id: ["int", ["str", "int"]],
  bpf_prog_load: ["int", ["int", "str", "str", "void *", "size_t", "void *"]],
} as const satisfies Record<string, readonly [result: string, parameters: readonly string[]]>;

type Libbpf = Record<keyof typeof declarations, Call>;

/** The library's file name since libbpf 1.0 (Debian's package is libbpf1). */
const FILE = "libbpf.so.1";

let loaded: Libbpf | undefined;
let failure: string | undefined;

/** libbpf's functions, or the reason why it could not be loaded. */
export function libbpf(): Libbpf | string {
  if (loaded) return loaded;
  if (failure !== undefined) return failure;
  try {
    const library = koffi.load(FILE);
    loaded = Object.fromEntries(
      Object.entries(declarations).map(([name, [result, parameters]]) => [
        name,
        library.func(name, result, [...parameters]) as unknown as Call,
      ]),
    ) as Libbpf;
    // libbpf prints its diagnostics to stderr otherwise, which is also the workload's stderr.
    loaded.libbpf_set_print(koffi.register(take, koffi.pointer(print)));
    return loaded;
  } catch (fault) {
    failure = fault instanceof Error ? fault.message : String(fault);
    return failure;
  }
}

/** What libbpf says, up to so many characters; of more, the end. */
const MOST_SAID = 1 << 20;
/** libbpf.h, `enum libbpf_print_level`: warnings, and what is said while all goes well. */
const INFORMATION = 1;
/** `va_list` (System V ABI, AMD64, 3.5.7): used up by being read, so each reading has a copy. */
const ARGUMENTS_BYTES = 24;

let said = "";

function take(level: number, format: bigint, list: bigint): number {
  if (level >= INFORMATION) return 0;
  const copied = () => Buffer.from(new Uint8Array(viewOf(list, ARGUMENTS_BYTES)));
  const length = formatCall(null, 0, format, copied()) as number;
  const text = Buffer.alloc(length + 1);
  formatCall(text, text.length, format, copied());
  said = `${said}${text.toString("utf8", 0, length)}`.slice(-MOST_SAID);
  return 0;
}

/** What libbpf complained about since it was asked last: of programs that the kernel does not take, the verifier's log. */
export function complaints(): string {
  const all = said;
  said = "";
  return all;
}

/** errno of the last call; must be read right after it. */
export function lastErrno(): number {
  return koffi.errno();
}
