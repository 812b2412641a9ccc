/* end-thread TID: has a thread that waits in the kernel end itself, as a fault beneath its runtime would: nothing in its process is told. */
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

/* Of the instruction that makes a system call; a thread that waits in one is behind it. */
#define CALL_BYTES 2

int main(int count, char **words) {
  if (count < 2) return 125;
  int thread = atoi(words[1]);
  struct user_regs_struct registers;
  if (ptrace(PTRACE_ATTACH, thread, 0, 0) < 0 || waitpid(thread, 0, __WALL) < 0) return 1;
  if (ptrace(PTRACE_GETREGS, thread, 0, &registers) < 0) return 2;
  registers.rip -= CALL_BYTES;
  registers.orig_rax = -1;
  registers.rax = SYS_exit;
  registers.rdi = 0;
  if (ptrace(PTRACE_SETREGS, thread, 0, &registers) < 0 || ptrace(PTRACE_CONT, thread, 0, 0) < 0) return 3;
  return waitpid(thread, 0, __WALL) < 0;
}
