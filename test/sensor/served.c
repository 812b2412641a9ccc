/* Serves a file system by /dev/fuse that never answers.
 * 
 *   served                  looks up a name in it itself; prints the result of each step
 *   served around COMMAND   runs a command beside it, which looks up "name" in it */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/fuse.h>

static char request[1 << 17];

static int say(const char *name, long result)
{
	if (result < 0)
		printf("%s errno %d\n", name, errno);
	else
		printf("%s done\n", name);
	fflush(stdout);
	return result < 0;
}

static void answer(int device, const void *body, size_t size)
{
	struct fuse_in_header *in = (void *)request;
	struct {
		struct fuse_out_header head;
		char body[256];
	} out = { { sizeof(out.head) + size, 0, in->unique } };

	memcpy(out.body, body, size);
	write(device, &out, out.head.len);
}

static void serve(int device)
{
	struct fuse_in_header *in = (void *)request;
	struct fuse_init_out init = { .major = 7, .minor = 31, .max_write = 4096 };

	printf("server %d\n", getpid());
	fflush(stdout);
	while (read(device, request, sizeof(request)) > 0) {
		if (in->opcode == FUSE_INIT)
			answer(device, &init, sizeof(init));
		if (in->opcode == FUSE_LOOKUP) {
			say("asked", 0);
			close(1);
			close(2);
		}
	}
}

int main(int count, char **arguments)
{
	char options[128];
	pid_t server;
	int device = open("/dev/fuse", O_RDWR);

	say("device", device);
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	say("type", mount("served", "dir", "fuse.served", 0, options));
	say("type-by-descriptor", syscall(SYS_fsopen, "fuse", 0));
	/* A network block device, whose server is told by netlink: the device need not be opened. */
	say("disk", mount("disk", "dir", "ext4", MS_RDONLY, 0));
	if (device < 0)
		return 0;
	server = fork();
	if (server == 0) {
		serve(device);
		_exit(0);
	}
	close(device);
	if (count > 2)
		execvp(arguments[2], arguments + 2);
	else
		say("open", open("dir/name", O_RDONLY));
	return 0;
}
