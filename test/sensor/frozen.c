/* Freezes a file system, and has the kernel write the result of a call into a file of it: what writes there waits for the thaw.
 * 
 *   frozen DIRECTORY sent    how much of a datagram was sent (sendmmsg)
 *   frozen DIRECTORY peer    the descriptor of a process (SO_PEERPIDFD)
 * 
 * Meanwhile the program opens another file, thaws the file system, and says what became of all of it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
static struct mapped {
  struct mmsghdr message;
  int value;
  socklen_t length;
} *mapped;

int main(int count, char **word) {
  if (count != 3 || chdir(word[1])) return 2;
  int directory = open(".", O_RDONLY), file = open("mapped", O_RDWR | O_CREAT, 0600), told[2], status = -1;
  if (pipe(told) || ftruncate(file, 4096)) return 3;
  mapped = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  /* The arguments lie there from before: what is written after the freeze is the result alone. */
  static struct iovec part = {"x", 1};
  static struct sockaddr_in to = {AF_INET};
  to.sin_port = htons(9), to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  mapped->message = (struct mmsghdr){{&to, sizeof to, &part, 1}}, mapped->length = sizeof mapped->value;
  int datagrams = socket(AF_INET, SOCK_DGRAM, 0), pair[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  if (ioctl(directory, FIFREEZE, 0)) return 4;
  pid_t child = fork();
  if (child == 0) {
    int is_sent = !strcmp(word[2], "sent");
    long result = is_sent ? sendmmsg(datagrams, &mapped->message, 1, 0)
                          : getsockopt(pair[0], SOL_SOCKET, SO_PEERPIDFD, &mapped->value, &mapped->length);
    _exit(result < 0 ? errno : 0);
  }
  sleep(1);
  int other = open("/dev/null", O_RDONLY);
  printf("another open: %d\n", other >= 0);
  fflush(stdout);
  ioctl(directory, FITHAW, 0);
  waitpid(child, &status, 0);
  printf("%s: %d\n", word[2], WEXITSTATUS(status));
  return 0;
}
