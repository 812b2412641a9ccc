/* A library that leaves a mark in the working directory when it is loaded; with HARMLESS it does not. */
#include <fcntl.h>
#include <unistd.h>

int answer(void) { return 42; }

__attribute__((constructor)) static void loaded(void) {
#ifndef HARMLESS
  int fd = open("log", O_WRONLY | O_APPEND);
  if (fd >= 0 && write(fd, "spied\n", 6) != 6) _exit(1);
  close(fd);
#endif
}
