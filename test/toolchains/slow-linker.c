/*
 * A linker that takes its time: copies a program to where it is told to, and between its two halves waits until a process writes
 * to a pipe.
 *
 *   ld OUTPUT INPUT [PIPE]
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char bytes[1 << 22];

int main(int count, char **words) {
  int in = open(words[2], O_RDONLY);
  long size = read(in, bytes, sizeof bytes);
  int out = open(words[1], O_RDWR | O_CREAT | O_TRUNC, 0755);
  if (in < 0 || size <= 0 || out < 0 || write(out, bytes, size / 2) != size / 2) return 1;
  if (count > 3) {
    char one;
    int pipe = open(words[3], O_RDONLY);
    if (pipe < 0 || read(pipe, &one, 1) != 1) return 2;
    close(pipe);
  }
  if (write(out, bytes + size / 2, size - size / 2) != size - size / 2) return 3;
  return close(out);
}
