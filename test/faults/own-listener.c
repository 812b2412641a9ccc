/* After its supervisor has ended: decides about its own calls, by a filter of its own whose listener another process answers.
 * 
 *   own-listener          waits until a mediated call fails with ENOSYS, then tries
 *   own-listener once     tries nothing: to learn
 *
 * Writes `listener N` (0, or the errno) and `opened N` for the file `secret`. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The descriptor of the listener, and whether all is over: shared by both processes. */
static volatile int *listener, *over;

/* Shares the descriptors, and has no filter but the supervisor's. */
static int answer(void *unused)
{
	struct seccomp_notif call;

	(void)unused;
	while (!*over) {
		struct pollfd waits = { *listener, POLLIN };
		if (*listener < 0 || poll(&waits, 1, 10) < 1) {
			usleep(1000);
			continue;
		}
		call = (struct seccomp_notif){ 0 };
		if (ioctl(*listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0)
			ioctl(*listener, SECCOMP_IOCTL_NOTIF_SEND,
			      &(struct seccomp_notif_resp){ call.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE });
	}
	return 0;
}

int main(int count, char **word)
{
	(void)word;
	static char stack[65536];
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, rules };
	int fd = 0;

	listener = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	over = listener + 1;
	*listener = -1;
	clone(answer, stack + sizeof(stack), CLONE_FILES | SIGCHLD, 0);
	write(1, "ready\n", 6);
	for (int time = 0; time < 3000 && (fd >= 0 || errno != ENOSYS); time += count > 1 ? 3000 : 1) {
		usleep(10000);
		fd = syscall(SYS_openat, AT_FDCWD, "known", O_RDONLY);
		if (fd >= 0)
			close(fd);
	}
	if (count > 1)
		return *over = 1, 0;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	dprintf(1, "listener %d\n", fd < 0 ? errno : 0);
	*listener = fd;
	dprintf(1, "opened %d\n", syscall(SYS_openat, AT_FDCWD, "secret", O_RDONLY) >= 0 ? 0 : errno);
	*over = 1;
	return 0;
}
