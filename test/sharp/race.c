/* One thread repeats a call, while another changes its argument.
 * 
 *   race open TRIES PATH OTHER       opens a path; both of 7 bytes at most
 *   race fifo TRIES PATH OTHER       opens a FIFO; both of 7 bytes at most
 *   race exec TRIES PATH OTHER       executes it in a child, by its path
 *   race name TRIES NAME OTHER       executes ./many in a child, with this argv[0]
 *   race connect TRIES PORT OTHER    connects to a port of 127.0.0.1
 * 
 * Writes how often it got the one, the other, and neither; and in how many of the last the program began, and did not come to its end. The
 * other file begins with an 's' (for secret); the other program ends with status 7. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the kernel reads: a path, or the first eight bytes of a struct sockaddr_in, which decide. */
static struct {
  _Atomic unsigned long word;
  unsigned long zero;
} argument;
static _Atomic int over;
static unsigned long choices[3];
static long begun;

static void *flip(void *unused) {
  (void)unused;
  for (unsigned turn = 0; !over; turn++) {
    argument.word = choices[turn & 1];
    /* Long enough for the sensor's reading and its answer to fall on either side. */
    for (volatile int pause = 0; pause < 500; pause++) {}
  }
  return 0;
}

/* Each returns 0 for the one, 1 for the other, 2 for neither. */

static int by_open(void) {
  int fd = (int)syscall(SYS_open, &argument, O_RDONLY);
  if (fd < 0) return 2;
  char first = 0;
  int other = read(fd, &first, 1) == 1 && first == 's';
  close(fd);
  return other;
}

/* For reading and writing: so no open waits for another. */
static int by_fifo(void) {
  struct stat got, one, other;
  int fd = (int)syscall(SYS_open, &argument, O_RDWR | O_NONBLOCK);
  if (fd < 0) return 2;
  fstat(fd, &got);
  stat((char *)&choices[0], &one);
  stat((char *)&choices[1], &other);
  close(fd);
  return got.st_ino == one.st_ino ? 0 : got.st_ino == other.st_ino ? 1 : 2;
}

static int execute(const void *path, void *name) {
  int status = 0, pid = vfork();
  if (pid == 0) {
    void *argv[] = {name, 0};
    syscall(SYS_execve, path, argv, argv + 1);
    _exit(99);
  }
  waitpid(pid, &status, 0);
  begun += status != 0 && !(WIFEXITED(status) && (WEXITSTATUS(status) == 7 || WEXITSTATUS(status) == 99));
  return status == 0 ? 0 : WEXITSTATUS(status) == 7 ? 1 : 2;
}

static int by_exec(void) { return execute(&argument, "x"); }

static int by_name(void) { return execute("./many", &argument); }

static int by_connect(void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  struct linger at_once = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  int result = 2;
  if (syscall(SYS_connect, fd, &argument, 16) == 0) {
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    getpeername(fd, (struct sockaddr *)&peer, &size);
    result = peer.sin_port != ((struct sockaddr_in *)&choices[0])->sin_port;
  }
  close(fd);
  return result;
}

int main(int count, char **word) {
  if (count == 1) return 0;
  if (count != 5) return 2;
  int (*attempt)(void) = word[1][0] == 'o' ? by_open : word[1][0] == 'f' ? by_fifo : word[1][0] == 'e' ? by_exec : word[1][0] == 'n' ? by_name : by_connect;
  for (int i = 0; i < 2; i++) {
    if (attempt == by_connect) {
      struct sockaddr_in address = {AF_INET, htons((unsigned short)atoi(word[3 + i])), {htonl(INADDR_LOOPBACK)}, {0}};
      memcpy(&choices[i], &address, 8);
    } else strncpy((char *)&choices[i], word[3 + i], 7);
  }
  argument.word = choices[0];
  long tries = atol(word[2]), results[3] = {0};
  pthread_t flipper;
  pthread_create(&flipper, 0, flip, 0);
  for (long i = 0; i < tries; i++) results[attempt()]++;
  over = 1;
  pthread_join(flipper, 0);
  printf("{\"one\":%ld,\"other\":%ld,\"nothing\":%ld,\"begun\":%ld}\n", results[0], results[1], results[2], begun);
  return 0;
}
