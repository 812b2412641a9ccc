/*
 * Tries to act on its supervisor, in every way that reaches another process. Prints one line for each:
 * NAME and "done", or NAME and the number of the error.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t supervisor, thread;

static void say(const char *name, long result)
{
	int error = errno;

	if (result >= 0)
		printf("%s done\n", name);
	else
		printf("%s %d\n", name, error);
	fflush(stdout);
}

/* A thread of the supervisor that is not its first: /proc has its number, but does not list it. */
static pid_t other_thread(void)
{
	char path[64];

	for (pid_t found = supervisor + 1; found < supervisor + 1000; found++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d", supervisor, found);
		if (access(path, F_OK) == 0)
			return found;
	}
	return -1;
}

static void open_below(const char *name, pid_t of, const char *entry, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/%d/%s", of, entry);
	say(name, open(path, flags));
}

static void look(void)
{
	open_below("mem", supervisor, "mem", O_RDWR);
	open_below("mem-of-thread", thread, "mem", O_RDONLY);
	open_below("environ", supervisor, "environ", O_RDONLY);
	open_below("maps", supervisor, "maps", O_RDONLY);
	open_below("directory", supervisor, "", O_PATH | O_DIRECTORY);
	open_below("descriptors", supervisor, "fd", O_RDONLY | O_DIRECTORY);
	open_below("descriptor", supervisor, "fd/0", O_RDONLY);
	open_below("root", supervisor, "root/etc/hostname", O_RDONLY);
	open_below("working-directory", supervisor, "cwd/.", O_RDONLY | O_DIRECTORY);
	open_below("task", supervisor, "task", O_RDONLY | O_DIRECTORY);
	open_below("oom", supervisor, "oom_score_adj", O_WRONLY);
	open_below("status", supervisor, "status", O_RDONLY);
	open_below("stat", supervisor, "stat", O_RDONLY);
	open_below("cmdline", supervisor, "cmdline", O_RDONLY);
	if (!chdir("/proc")) {
		char path[64];

		snprintf(path, sizeof(path), "%d/../%d/mem", supervisor, supervisor);
		say("relative", open(path, O_RDONLY));
	}
}

static void trace(void)
{
	char bytes[8] = "";
	struct iovec own = { bytes, 8 }, their = { (void *)0x10000, 8 };

	say("attach", ptrace(PTRACE_ATTACH, supervisor, 0, 0));
	say("seize", ptrace(PTRACE_SEIZE, supervisor, 0, 0));
	say("seize-thread", ptrace(PTRACE_SEIZE, thread, 0, 0));
	say("traceme", ptrace(PTRACE_TRACEME, 0, 0, 0));
	say("read-memory", process_vm_readv(supervisor, &own, 1, &their, 1, 0));
	say("write-memory", process_vm_writev(supervisor, &own, 1, &their, 1, 0));
	say("perf", syscall(SYS_perf_event_open, (long[16]){ 0x7000000001 }, supervisor, -1, -1, 0));
}

/* A connection to the control socket of this supervisor, found among all that exist. */
static int find_peer(void)
{
	char directory[64] = "/run/isoline";
	struct sockaddr_un address = { AF_UNIX };
	struct ucred credentials;
	socklen_t length = sizeof(credentials);
	struct dirent *entry;
	DIR *entries;
	int own;

	if (getuid() != 0)
		snprintf(directory, sizeof(directory), "/tmp/isoline-%d", getuid());
	entries = opendir(directory);
	if (!entries)
		return -1;
	while ((entry = readdir(entries))) {
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory, entry->d_name);
		own = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(own, (struct sockaddr *)&address, sizeof(address)))
			continue;
		if (!getsockopt(own, SOL_SOCKET, SO_PEERCRED, &credentials, &length) && credentials.pid == supervisor)
			return own;
		close(own);
	}
	closedir(entries);
	return -1;
}

/* Landlock rules of its own, which refuse nothing that it does: from then on the supervisor makes none of its calls. */
static long rule_itself(void)
{
	long rules = syscall(444, (unsigned long[]){ 1 << 9 }, 8, 0);

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(446, rules, 0);
}

/*
 * A pidfd by its handle: those of processes are numbers that are counted up (since Linux 6.14), and this one began after the supervisor.
 * With Landlock rules of its own, its calls are not made by the supervisor. Returns -2 where it cannot be tried.
 */
static int by_handle(void)
{
	struct { unsigned bytes; int type; unsigned long number; char rest[120]; } handle = { 128 };
	int own = syscall(SYS_pidfd_open, getpid(), 0), mount, pidfd;
	char path[64], text[512];
	long error = EPERM;

	if (rule_itself() < 0 || syscall(SYS_name_to_handle_at, own, "", &handle, &mount, AT_EMPTY_PATH) < 0)
		return -2;
	for (int tries = 0; tries < 3000 && handle.number > 0; tries++, handle.number--) {
		pidfd = syscall(SYS_open_by_handle_at, own, &handle, 0);
		if (pidfd < 0) {
			error = errno;
			continue;
		}
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
		int info = open(path, O_RDONLY);
		ssize_t length = read(info, text, sizeof(text) - 1);

		text[length > 0 ? length : 0] = 0;
		snprintf(path, sizeof(path), "\nPid:\t%d\n", supervisor);
		if (strstr(text, path))
			return pidfd;
		close(info), close(pidfd);
	}
	errno = error;
	return -1;
}

static void handle(void)
{
	int pidfd = by_handle();

	if (pidfd == -2)
		puts("pidfd-by-handle none");
	else
		say("pidfd-by-handle", pidfd);
	fflush(stdout);
}

static void descriptors(void)
{
	int pidfd = -1, own;
	socklen_t length = sizeof(pidfd);

	say("pidfd", syscall(SYS_pidfd_open, supervisor, 0));
	say("pidfd-of-thread", syscall(SYS_pidfd_open, thread, O_EXCL));
	/* The socket appears a moment after the workload has begun. */
	for (int tries = 0; (own = find_peer()) < 0 && errno != EPERM && tries < 500; tries++)
		usleep(10000);
	say("pidfd-of-peer", own < 0 ? -1 : getsockopt(own, SOL_SOCKET, 77, &pidfd, &length));
}

static void signals(void)
{
	siginfo_t info = { .si_code = SI_QUEUE };
	struct f_owner_ex group = { F_OWNER_PGRP, getpgrp() };
	int pair[2], number = supervisor;

	say("kill", kill(supervisor, SIGTERM));
	say("stop", kill(supervisor, SIGSTOP));
	say("tkill", syscall(SYS_tkill, thread, SIGKILL));
	say("tgkill", syscall(SYS_tgkill, supervisor, thread, SIGKILL));
	say("queue", syscall(SYS_rt_sigqueueinfo, supervisor, SIGUSR1, &info));
	say("group", kill(0, SIGKILL));
	say("group-stop", kill(-getpgrp(), SIGSTOP));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return;
	say("owner", fcntl(pair[0], F_SETOWN, supervisor));
	say("owner-ex", fcntl(pair[0], F_SETOWN_EX, &(struct f_owner_ex){ F_OWNER_TID, thread }));
	say("owner-group", fcntl(pair[0], F_SETOWN_EX, &group));
	say("owner-request", ioctl(pair[0], 0x8901, &number));
}

/* The supervisor's user by another number, in a user namespace; where there can be none, as if it were refused. */
static int priority_of_mapped(void)
{
	char line[32];
	int length = snprintf(line, sizeof(line), "5 %d 1", getuid()), map, result;

	if (unshare(CLONE_NEWUSER) < 0 || (map = open("/proc/self/uid_map", O_WRONLY)) < 0 || write(map, line, length) != length) {
		errno = EPERM;
		return -1;
	}
	return setpriority(PRIO_USER, 5, 19);
}

static void adjust(void)
{
	struct rlimit limit = { 0, 0 };
	struct sched_param parameter = { 0 };
	cpu_set_t processors;

	sched_getaffinity(0, sizeof(processors), &processors);
	say("limit", prlimit(supervisor, RLIMIT_NOFILE, &limit, 0));
	say("priority", setpriority(PRIO_PROCESS, supervisor, 19));
	say("priority-thread", setpriority(PRIO_PROCESS, thread, 19));
	say("priority-group", setpriority(PRIO_PGRP, 0, 19));
	say("priority-user", setpriority(PRIO_USER, 0, 19));
	/* PR_SCHED_CORE: CREATE is 1, SHARE_TO 2; of a thread 0, a process 1, a group 2 (linux/prctl.h). */
	say("core", prctl(62, 2, supervisor, 1, 0));
	say("core-thread", prctl(62, 2, thread, 0, 0));
	say("core-group", prctl(62, 1, 0, 2, 0));
	say("core-group-of-member", prctl(62, 1, getpid(), 2, 0));
	say("scheduler", sched_setscheduler(supervisor, 5, &parameter));
	say("affinity", sched_setaffinity(thread, sizeof(processors), &processors));
	say("io-priority", syscall(SYS_ioprio_set, 1, supervisor, 0x6000));
	say("priority-mapped", priority_of_mapped());
}

int main(int count, char **arguments)
{
	int status;
	pid_t child;

	if (count < 2) {
		socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 });
		puts("peace");
		/* With the rules on the contour, the ways that need them are open where it is enforced. */
		rule_itself();
		return 0;
	}
	supervisor = getppid();
	child = fork();
	if (child == 0) {
		thread = other_thread();
		if (strcmp(arguments[1], "look") == 0)
			look();
		else if (strcmp(arguments[1], "trace") == 0)
			trace();
		else if (strcmp(arguments[1], "descriptors") == 0)
			descriptors();
		else if (strcmp(arguments[1], "handle") == 0)
			handle();
		else if (strcmp(arguments[1], "signals") == 0)
			signals();
		else
			adjust();
		_exit(0);
	}
	/* Only for a child of the supervisor: a child of this process would have this process as its tracer. */
	if (strcmp(arguments[1], "trace") == 0)
		say("traceme-first", ptrace(PTRACE_TRACEME, 0, 0, 0));
	waitpid(child, &status, 0);
	puts("end");
	return 0;
}
