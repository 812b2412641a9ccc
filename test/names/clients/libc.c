/* Looks a host up and connects, with the resolver of the C library that it is linked with: PROGRAM NAME PORT. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int count, char **words) {
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
  if (count < 3 || getaddrinfo(words[1], words[2], &hints, &found)) return puts("not found"), 2;
  for (; found; found = found->ai_next) {
    int fd = socket(found->ai_family, found->ai_socktype, 0);
    if (connect(fd, found->ai_addr, found->ai_addrlen) == 0) return puts("connected"), 0;
    close(fd);
  }
  return puts("not connected"), 1;
}
