/* Ends one thread of another process, which the process cannot handle: the thread is made to call exit(2) itself.
 * 
 *   end-thread TID */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 10000 };

static int stopped(pid_t thread, struct user_regs_struct *registers)
{
	return !ptrace(PTRACE_INTERRUPT, thread, 0, 0) && waitpid(thread, 0, __WALL) >= 0 &&
	       !ptrace(PTRACE_GETREGS, thread, 0, registers);
}

int main(int count, char **arguments)
{
	struct user_regs_struct registers = {.orig_rax = -1};
	pid_t thread = count > 1 ? atoi(arguments[1]) : 0;
	int fails = ptrace(PTRACE_SEIZE, thread, 0, 0) != 0;

	/* It is stopped where it waits in a call: the two bytes before its instruction pointer are an instruction that makes a call. */
	for (int tries = 0; !fails && tries < TRIES; tries++) {
		fails = !stopped(thread, &registers);
		if (fails || (long long)registers.orig_rax >= 0)
			break;
		fails = ptrace(PTRACE_CONT, thread, 0, 0) != 0 || usleep(1000) != 0;
	}
	if (fails || (long long)registers.orig_rax < 0) {
		perror("end-thread");
		return 1;
	}
	registers.rip -= 2;
	registers.rax = SYS_exit;
	registers.orig_rax = -1;
	registers.rdi = 0;
	return ptrace(PTRACE_SETREGS, thread, 0, &registers) || ptrace(PTRACE_DETACH, thread, 0, 0);
}
