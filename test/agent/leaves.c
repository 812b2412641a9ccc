/* leaves SOCKET ORDER [LAST]: has an agent begin a namespace whose launch fails when a thread here has the filter already. LAST is said
 * when the agent has the listener; without it the connection is closed. The thread says as which error its mediated calls fail then. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

static volatile int listener;

static void *filtered(void *unused) {
  struct sock_filter asks[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {.len = sizeof asks / sizeof *asks, .filter = asks};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  int fd;
  while ((fd = syscall(SYS_openat, AT_FDCWD, "/etc/hostname", O_RDONLY)) >= 0) {
    close(fd);
    usleep(20000);
  }
  printf("%s\n", strerror(errno));
  fflush(stdout);
  _exit(0);
  return unused;
}

/* Reads until a line has come with this in it. */
static void await(int agent, const char *word) {
  static char said[1 << 20];
  static size_t length;
  while (strstr(said, word) == NULL) {
    ssize_t got = read(agent, said + length, sizeof said - 1 - length);
    if (got <= 0) {
      fprintf(stderr, "the agent said only: %s\n", said);
      _exit(1);
    }
    length += got;
  }
}

int main(int count, char **words) {
  if (count < 3) return 125;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, words[1], sizeof address.sun_path - 1);
  int agent = socket(AF_UNIX, SOCK_STREAM, 0);
  if (connect(agent, (struct sockaddr *)&address, sizeof address) < 0) return 125;
  dprintf(agent, "%s\n", words[2]);
  await(agent, "\"launch\"");
  pthread_t thread;
  if (pthread_create(&thread, NULL, filtered, NULL) != 0) return 125;
  while (listener == 0) usleep(1000);
  dprintf(agent, "{\"say\":\"filtered\",\"listener\":%d}\n", listener);
  await(agent, "\"taken\"");
  close(listener);
  if (count > 3) dprintf(agent, "%s\n", words[3]);
  else close(agent);
  pthread_join(thread, NULL);
  return 0;
}
