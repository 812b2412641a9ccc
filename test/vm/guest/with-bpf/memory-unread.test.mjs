/** A request names an owner in memory that the kernel can read and the BPF programs cannot: it is lost, and refused when enforcing. */
import { deepEqual, equal } from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cwd, EPERM, isoline, report } from "../asking.mjs";
import { withoutPrograms as skip } from "../bpf-programs.mjs";

const PAGE = 4096;
/** A file is mapped, and no page of it is touched before F_SETOWN_EX and FIOSETOWN read the owner there. Prints the errno of both, or 0. */
const SCRIPT = `
import _socket, ctypes, mmap, os
file = os.open("owner", os.O_RDONLY)
libc = ctypes.CDLL(None, use_errno=True)
answers = []
for ask, request in (libc.fcntl, 15), (libc.ioctl, 0x8901):
    memory = mmap.mmap(file, 4096, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    end = _socket.socket(1, 1, 0)
    answers.append(0 if ask(end.fileno(), request, ctypes.c_void_p(address)) == 0 else ctypes.get_errno())
print(*answers)
`;
const python = ["python3", "-I", "-S", "-B", "-c", SCRIPT];

test("the owner of a descriptor's signals, in a page that nothing has touched", { skip }, () => {
  // F_OWNER_PID of process 1; the same bytes are the number of process 1.
  writeFileSync(join(cwd, "owner"), Buffer.concat([Buffer.from(Uint32Array.of(1, 1).buffer), Buffer.alloc(PAGE - 8)]));
  const learnt = isoline(
    "learn",
    "--sensor",
    "bpf",
    "-q",
    "-o",
    "owner.contour",
    "--report",
    "owner.json",
    "--",
    ...python,
  );
  equal(learnt.stdout, "0 0\n", learnt.stderr);
  const enforced = ["run", "owner.contour", "--sensor", "bpf", "--enforce", "-q", "--report", "refused.json"];
  equal(isoline(...enforced, "--", ...python).stdout, `${EPERM} ${EPERM}\n`);
  for (const file of ["owner.json", "refused.json"])
    deepEqual(report(file).incomplete, [{ reason: "the kernel could not tell of an event", count: 2 }]);
});
