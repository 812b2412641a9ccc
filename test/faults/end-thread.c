/* Ends one thread of another process, which the process cannot handle: the thread is made to call exit(2) itself.
 * 
 *   end-thread TID */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

int main(int count, char **arguments)
{
	struct user_regs_struct registers;
	pid_t thread = count > 1 ? atoi(arguments[1]) : 0;

	if (ptrace(PTRACE_SEIZE, thread, 0, 0) || ptrace(PTRACE_INTERRUPT, thread, 0, 0) || waitpid(thread, 0, __WALL) < 0 ||
	    ptrace(PTRACE_GETREGS, thread, 0, &registers)) {
		perror("end-thread");
		return 1;
	}
	/* The thread waits in a call, so the two bytes before its instruction pointer are an instruction that makes a call. */
	registers.rip -= 2;
	registers.rax = SYS_exit;
	registers.orig_rax = -1;
	registers.rdi = 0;
	return ptrace(PTRACE_SETREGS, thread, 0, &registers) || ptrace(PTRACE_DETACH, thread, 0, 0);
}
