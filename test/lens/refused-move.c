/*
 * Writes a file aside and moves it over one of a random name, which it then reads. Told to attack, it first takes from itself the right
 * to move files, so that the kernel refuses the move, and the name is still that of a file that was there before.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ASIDE "d/f81d4fae-7dec-11d0-a765-00a0c91e6b01"

static void write_aside(void)
{
	int file = open(ASIDE, O_CREAT | O_EXCL | O_WRONLY, 0600);
	if (write(file, "own", 3) != 3)
		puts("cannot write");
	close(file);
}

static void read_out(const char *name)
{
	char text[64];
	int file = open(name, O_RDONLY);
	long length = file < 0 ? -1 : read(file, text, sizeof text);
	printf("%.*s\n", length < 0 ? 7 : (int)length, length < 0 ? "refused" : text);
}

static void give_up(unsigned long long right)
{
	struct landlock_ruleset_attr rules = { .handled_access_fs = right };
	int fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules.handled_access_fs, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) != 0)
		puts("no landlock");
}

int main(int count, char **words)
{
	if (count > 1) {
		write_aside();
		give_up(LANDLOCK_ACCESS_FS_REMOVE_FILE);
		puts(rename(ASIDE, words[1]) == 0 ? "moved" : "not moved");
		read_out(words[1]);
		return 0;
	}
	for (int times = 0; times < 2; times++) {
		write_aside();
		rename(ASIDE, "d/0e02b2c3-58cc-4372-a567-0e02b2c3d479");
	}
	read_out("d/0e02b2c3-58cc-4372-a567-0e02b2c3d479");
	/* So that the contour has such rules. */
	give_up(LANDLOCK_ACCESS_FS_MAKE_SOCK);
	return 0;
}
