/* Makes a file on an overlay, maps it for writing, closes it, and maps it as code, twice. In between, a byte of it is changed
 * through the first mapping (`mapped-overlay WAY change`) or not. WAY is how the file is made: without a name, which it gets
 * afterwards (`unnamed`), or by a process that has rules of its own (`restricted`). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "map-as-code.h"

static int made(const char *way) {
  uint64_t make_socket = 1 << 9;
  char self[32];
  int fd;

  if (strcmp(way, "unnamed")) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    syscall(SYS_landlock_restrict_self, syscall(SYS_landlock_create_ruleset, &make_socket, 8, 0), 0);
    return open("code", O_RDWR | O_CREAT | O_EXCL, 0755);
  }
  fd = open(".", O_RDWR | O_TMPFILE, 0755);
  snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
  linkat(AT_FDCWD, self, AT_FDCWD, "code", AT_SYMLINK_FOLLOW);
  return fd;
}

int main(int count, char **words) {
  int fd = made(words[1]);
  ftruncate(fd, 4096);
  char *bytes = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  bytes[4095] = 0; /* from now on a write to this page changes no time */
  usleep(50000);   /* and its last change is old enough to count */
  const char *first = map_as_code("code");
  if (count > 2) bytes[4095] = 1;
  const char *second = map_as_code("code");
  printf("%s %s\n", first, second);
  return 0;
}
