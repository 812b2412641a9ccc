/*
 * Acts of a hostile workload whose contour holds nothing but `peace`. Each says what came of it, a line each: its name and "won", or
 * "lost" with the number of the error. What an attack needs first is part of `peace`, so that the attack itself is what is refused.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <arpa/inet.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static int port;
/* A listener of this program's own, which it does not connect to in peace. */
static struct sockaddr_in listens = { AF_INET, 0, { 0 } };

/* What is behind the descriptor is the secret. */
static int is_secret(int fd)
{
	char text[7] = "";

	if (fd < 0)
		return 0;
	if (pread(fd, text, 6, 0) == 6 && !strcmp(text, "secret"))
		return 1;
	errno = EILSEQ;
	return 0;
}

static void say(const char *name, int won)
{
	int error = errno;

	if (won)
		printf("%s won\n", name);
	else
		printf("%s lost %d\n", name, error);
	fflush(stdout);
}

/* Whether this is said in a child's output. */
static int is_said(const char *words, void (*by)(int fd), int fd)
{
	char text[64] = "";
	int ends[2], status;
	pid_t child;

	fflush(stdout);
	if (pipe(ends))
		return 0;
	child = fork();
	if (child == 0) {
		dup2(ends[1], 1);
		by(fd);
		_exit(errno);
	}
	close(ends[1]);
	for (size_t length = 0; length < sizeof(text) - 1;) {
		ssize_t more = read(ends[0], text + length, sizeof(text) - 1 - length);

		if (more <= 0)
			break;
		length += more;
	}
	close(ends[0]);
	waitpid(child, &status, 0);
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return strstr(text, words) != 0;
}

static void peace(void)
{
	struct sockaddr_in there = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
	int status, fd = open("file", O_RDONLY), directory = open(".", O_RDONLY | O_DIRECTORY), talk = socket(AF_INET, SOCK_DGRAM, 0);

	sendto(talk, "x", 1, 0, (void *)&there, sizeof(there));
	close(open("log", O_WRONLY | O_APPEND));
	mmap(0, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	socketpair(AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0 });
	if (!fork())
		_exit(ptrace(PTRACE_TRACEME, 0, 0, 0));
	wait(&status);
	close(directory);
	close(socket(AF_INET6, SOCK_DGRAM, 0));
	close(open("secret", O_PATH));
	close(open(".", O_PATH | O_DIRECTORY));
	close(open(".", O_TMPFILE | O_RDWR, 0600));
	talk = socket(AF_INET, SOCK_STREAM, 0);
	listens.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bind(talk, (void *)&listens, sizeof(listens));
	listen(talk, 5);
	getsockname(talk, (void *)&listens, &(socklen_t){ sizeof(listens) });
}

/* A filter of our own that answers before the supervisor is asked: it can only take away. */
static void filter_trace(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };
	struct user_regs_struct registers;
	static const char path[] = "secret";
	int status;
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			_exit(99);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
			_exit(errno);
		raise(SIGSTOP);
		_exit(is_secret(syscall(SYS_getppid)) ? 200 : errno);
	}
	waitpid(child, &status, 0);
	while (WIFSTOPPED(status)) {
		ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP);
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
			ptrace(PTRACE_GETREGS, child, 0, &registers);
			registers.orig_rax = SYS_open;
			registers.rdi = (long)path;
			registers.rsi = O_RDONLY;
			ptrace(PTRACE_SETREGS, child, 0, &registers);
		}
		ptrace(PTRACE_CONT, child, 0, 0);
		waitpid(child, &status, 0);
	}
	errno = WEXITSTATUS(status);
	say("filter-trace", WIFEXITED(status) && errno == 200);
}

static void user_dispatch(void)
{
	static char selector = 0;
	int set = prctl(59, 1, 0, 0, &selector);

	say("user-dispatch", set == 0 && is_secret(open("secret", O_RDONLY)));
}

static void seccomp_modes(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	say("second-listener", syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program) >= 0);
	syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
	say("allow-on-top", is_secret(open("secret", O_RDONLY)));
}

static void by_descriptor(void)
{
	char path[64];
	int held, made;

	held = open("secret", O_PATH);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	say("path-only-reopened", held >= 0 && is_secret(open(path, O_RDONLY)));
	say("path-only-linked", held >= 0 && !linkat(AT_FDCWD, path, AT_FDCWD, "linked-again", AT_SYMLINK_FOLLOW));
	held = open(".", O_PATH | O_DIRECTORY);
	say("path-only-at", held >= 0 && is_secret(syscall(SYS_openat2, held, "secret", (long[3]){ 0 }, 24L)));
	say("link-of-task", is_secret(open("/proc/thread-self/cwd/secret", O_RDONLY)));
	say("root-of-task", is_secret(open("/proc/self/task/../root/proc/self/cwd/secret", O_RDONLY)));
	made = open(".", O_TMPFILE | O_RDWR, 0600);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", made);
	say("unnamed-linked", made >= 0 && !linkat(AT_FDCWD, path, AT_FDCWD, "made-by-link", AT_SYMLINK_FOLLOW));
	say("linked-to-log", !link("secret", "linked"));
	held = open("file", O_RDONLY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	made = open(path, O_RDWR);
	say("reopened-for-writing", made >= 0 && write(made, "overwritten", 11) == 11);
	made = open("log", O_WRONLY | O_APPEND);
	say("punched", made >= 0 && !fallocate(made, 3, 0, 4096));
	say("flags-of-file", made >= 0 && !ioctl(made, 0x40086602, &(long){ 0x40 }));
	say("attribute-of-open", made >= 0 && !fsetxattr(made, "user.mark", "x", 1, 0));
	say("times-of-open", made >= 0 && !futimens(made, (struct timespec[2]){ { 1, 0 }, { 1, 0 } }));
	say("mode-of-open", made >= 0 && !fchmod(made, 0777));
}

static void handles(void)
{
	struct { unsigned bytes; int type; char value[128]; } handle = { 128 };
	int mount, directory = open(".", O_RDONLY | O_DIRECTORY), own = syscall(SYS_pidfd_open, getpid(), 0);

	say("handle-of-file", !syscall(SYS_name_to_handle_at, AT_FDCWD, "secret", &handle, &mount, 0) &&
				      is_secret(syscall(SYS_open_by_handle_at, directory, &handle, O_RDONLY)));
	/* File systems that are mounted nowhere: -10002 is that of processes, -10003 that of namespaces (linux/fcntl.h). */
	handle.bytes = 128;
	say("handle-of-process", !syscall(SYS_name_to_handle_at, own, "", &handle, &mount, AT_EMPTY_PATH) &&
					 syscall(SYS_open_by_handle_at, -10002, &handle, 0) >= 0);
	handle.bytes = 128;
	say("handle-of-namespace",
	    !syscall(SYS_name_to_handle_at, AT_FDCWD, "/proc/self/ns/uts", &handle, &mount, AT_SYMLINK_FOLLOW) &&
		    syscall(SYS_open_by_handle_at, -10003, &handle, 0) >= 0);
}

static void mounts(void)
{
	int fd = syscall(SYS_open_tree, AT_FDCWD, ".", 1 | O_CLOEXEC);

	say("tree-copied", fd >= 0);
	say("tree-attributes", !syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, (long[4]){ 0, 1, 0, 0 }, 32L));
	fd = syscall(SYS_fsopen, "tmpfs", 0);
	say("file-system-made", fd >= 0);
	say("picked", syscall(SYS_fspick, AT_FDCWD, "/", 0) >= 0);
	say("moved-over", !mount(".", ".", 0, MS_BIND, 0));
	say("own-user-namespace", !unshare(CLONE_NEWUSER));
	say("own-mounts", !unshare(CLONE_NEWNS));
	say("own-time", !unshare(CLONE_NEWTIME));
	say("own-groups", !unshare(CLONE_NEWCGROUP));
}

/* Options by which a packet goes elsewhere first than its address says. */
static void routed(void)
{
	struct sockaddr_in there = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
	unsigned char route[8] = { 131, 7, 4, 127, 9, 9, 9, 0 };
	char control[CMSG_SPACE(8)] = "";
	static char long_control[512 * CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec part = { "gone", 4 };
	struct msghdr message = { &there, sizeof(there), &part, 1, control, sizeof(control), 0 };
	struct msghdr much = { &there, sizeof(there), &part, 1, long_control, sizeof(long_control), 0 };
	struct cmsghdr *option = CMSG_FIRSTHDR(&message);
	int talk = socket(AF_INET, SOCK_DGRAM, 0);

	*option = (struct cmsghdr){ CMSG_LEN(8), IPPROTO_IP, IP_RETOPTS };
	memcpy(CMSG_DATA(option), route, 8);
	say("routed-by-message", sendmsg(talk, &message, 0) == 4);
	/* Behind more than is ever needed. */
	for (struct cmsghdr *each = CMSG_FIRSTHDR(&much); (char *)each < long_control + sizeof(long_control) - CMSG_SPACE(8);
	     each = (void *)((char *)each + CMSG_SPACE(sizeof(int)))) {
		*each = (struct cmsghdr){ CMSG_LEN(sizeof(int)), IPPROTO_IP, IP_TTL };
		*(int *)CMSG_DATA(each) = 64;
	}
	memcpy(long_control + sizeof(long_control) - CMSG_SPACE(8), control, CMSG_SPACE(8));
	say("routed-by-long-message", sendmsg(talk, &much, 0) == 4);
	say("routed-by-one-of-several", sendmmsg(talk, &(struct mmsghdr){ much }, 1, 0) == 1);
	message.msg_name = 0;
	message.msg_namelen = 0;
	say("routed-by-option", !setsockopt(talk, IPPROTO_IP, IP_OPTIONS, route, 8) &&
					sendto(talk, "gone", 4, 0, (void *)&there, sizeof(there)) == 4);
	talk = socket(AF_INET6, SOCK_DGRAM, 0);
	/* A segment routing header (type 4) with one segment, RFC 8754. */
	say("routed-by-header", talk >= 0 && !setsockopt(talk, IPPROTO_IPV6, 57, (char[24]){ 0, 2, 4, 0 }, 24));
}

static void sockets(void)
{
	struct sockaddr_in there = { AF_INET, htons(port + 1), { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_un name = { AF_UNIX, "\0isoline-attack" };
	int talk = socket(AF_INET, SOCK_STREAM, 0);

	say("fast-open", talk >= 0 && sendto(talk, "x", 1, MSG_FASTOPEN, (void *)&listens, sizeof(listens)) >= 0);
	say("multipath", socket(AF_INET, SOCK_STREAM, 262) >= 0);
	say("raw", socket(AF_INET, SOCK_RAW, 255) >= 0);
	say("packets", socket(AF_PACKET, SOCK_RAW, 0) >= 0);
	say("crypto", socket(38, SOCK_SEQPACKET, 0) >= 0);
	say("machines", socket(40, SOCK_STREAM, 0) >= 0);
	say("netlink", socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
	say("express", socket(44, SOCK_RAW, 0) >= 0);
	talk = socket(AF_UNIX, SOCK_STREAM, 0);
	say("abstract-name", talk >= 0 && !bind(talk, (void *)&name, 18));
	say("datagram-elsewhere", (talk = socket(AF_INET, SOCK_DGRAM, 0)) >= 0 && !connect(talk, (void *)&there, sizeof(there)));
}

static void exec_of_memory(int fd)
{
	execveat(fd, "", (char *[]){ "sh", 0 }, (char *[]){ 0 }, AT_EMPTY_PATH);
}

/* Opens by the numbers of 32-bit programs. A kernel without these ends the process. */
static void old_call(int unused)
{
	long result;
	char text[7] = "";
	char *low = mmap((void *)0x10000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (low == MAP_FAILED)
		return;
	strcpy(low, "secret");
	asm volatile("int $0x80" : "=a"(result) : "a"(5), "b"(0x10000), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	errno = -result;
	if (result >= 0 && read(result, text, 6) == 6)
		write(1, text, 6);
}

static void kernel(void)
{
	int memory;

	say("key", syscall(SYS_add_key, "user", "isoline", "x", 1L, -3) >= 0);
	say("key-asked", syscall(SYS_request_key, "user", "isoline", "callout", -3) >= 0);
	say("quota", !syscall(SYS_quotactl_fd, open(".", O_RDONLY | O_DIRECTORY), 0x800001 << 8, 0, 0));
	say("file-attributes", !syscall(469, AT_FDCWD, "log", (long[5]){ 0x40 }, 24L, 0));
	say("image-exchanged", !prctl(PR_SET_MM, PR_SET_MM_EXE_FILE, open("file", O_RDONLY), 0, 0));
	memory = memfd_create("m", 0);
	write(memory, "#!/bin/sh\necho ran\n", 19);
	say("exec-of-memory", is_said("ran\n", exec_of_memory, memory));
	say("made-executable", mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
	say("ring", syscall(SYS_io_uring_setup, 1, (char[120]){ 0 }) >= 0);
	say("old-call", is_said("secret", old_call, -1));
}

/* A crash writes a file, and nothing calls for it. */
static void core(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY });
		raise(SIGQUIT);
	}
	waitpid(child, &status, 0);
	say("core", WCOREDUMP(status));
}

/* A process that shares memory, descriptors and directories goes where the contour leads nowhere. */
static int sharer(void *unused)
{
	return chdir("jail");
}

static void sharing(void)
{
	static char stack[65536];
	int status;
	pid_t child = clone(sharer, stack + sizeof(stack), CLONE_FS | CLONE_FILES | CLONE_VM | SIGCHLD, 0);

	waitpid(child, &status, 0);
	say("directory-of-another", is_secret(open("file", O_RDONLY)));
}

int main(int count, char **arguments)
{
	port = count > 1 ? atoi(arguments[1]) : 9;
	peace();
	if (count < 3)
		return 0;
	void (*all[])(void) = { by_descriptor, handles, routed, sockets, kernel, core, mounts, filter_trace, user_dispatch, sharing,
				seccomp_modes };
	for (unsigned at = 0; at < sizeof(all) / sizeof(*all); at++) {
		pid_t child = fork();
		if (child == 0) {
			all[at]();
			_exit(0);
		}
		waitpid(child, 0, 0);
	}
	return 0;
}
