/* Repeats the open of a path whose target is changed meanwhile, and counts how often it got what is off contour.
 * 
 *   opens string DIRECTORY TRIES   a thread flips the text of the path between "permitted" and "forbidden"
 *   opens create DIRECTORY TRIES   the same, for a path at which a file is created
 *   opens name DIRECTORY TRIES     the text stays; `opens flip` changes its target, from outside the namespace
 *   opens absent DIRECTORY TRIES   the same, and `opens come` changes its target
 *   opens come DIRECTORY PID       makes DIRECTORY/link lead to one, to nothing, and to the other until that process is gone
 *   opens flip DIRECTORY PID       exchanges the links DIRECTORY/link and DIRECTORY/spare until that process is gone
 * 
 * Prints `WON opened REFUSED`. An open fails in other ways as well: the link leads to nothing for a while. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[4096];
static size_t name_at;
static volatile int over;

static void *flip_text(void *unused) {
  for (unsigned round = 0; !over; round++) {
    memcpy(path + name_at, round & 1 ? "permitted" : "forbidden", 9);
    __asm__ volatile("" ::: "memory");
    for (volatile unsigned wait = 0; wait < round % 2000; wait++);
  }
  return unused;
}

static void flip_names(const char *directory, pid_t until) {
  if (chdir(directory)) exit(1);
  while (kill(until, 0) == 0 || errno == EPERM) renameat2(AT_FDCWD, "link", AT_FDCWD, "spare", RENAME_EXCHANGE);
}

static void make_names(const char *directory, pid_t until) {
  if (chdir(directory)) exit(1);
  for (unsigned round = 0; kill(until, 0) == 0 || errno == EPERM; round++) {
    unlink("link");
    for (volatile unsigned wait = 0; wait < round % 4000; wait++);
    symlink(round & 1 ? "permitted" : "forbidden", "link");
    for (volatile unsigned wait = 0; wait < round % 3000; wait++);
  }
}

int main(int count, char **words) {
  if (count < 4) return 1;
  const char *how = words[1], *directory = words[2];
  long tries = atol(words[3]), won = 0, opened = 0, refused = 0;
  if (!strcmp(how, "flip")) {
    flip_names(directory, tries);
    return 0;
  }
  if (!strcmp(how, "come")) {
    make_names(directory, tries);
    return 0;
  }
  int creates = !strcmp(how, "create"), named = !strcmp(how, "name") || !strcmp(how, "absent");
  name_at = snprintf(path, sizeof path, "%s/", directory);
  strcpy(path + name_at, "permitted");
  char forbidden_name[4096];
  snprintf(forbidden_name, sizeof forbidden_name, "%s/forbidden", directory);
  struct stat forbidden = {0}, got;
  stat(forbidden_name, &forbidden);
  pthread_t other;
  if (!named && tries > 1) pthread_create(&other, NULL, flip_text, NULL);
  for (long each = 0; each < tries; each++) {
    if (named) strcpy(path + name_at, "link");
    int fd = open(path, creates ? O_CREAT | O_WRONLY | O_EXCL : O_RDONLY, 0600);
    if (fd < 0) {
      refused += errno == EPERM || errno == EACCES;
      continue;
    }
    opened++;
    if (creates) {
      char link[64], at[4096];
      snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
      ssize_t length = readlink(link, at, sizeof at - 1);
      at[length < 0 ? 0 : length] = 0;
      won += strstr(at, "forbidden") != NULL;
      unlink(strstr(at, "/permitted") ? at : "");
    } else {
      fstat(fd, &got);
      won += got.st_ino == forbidden.st_ino;
    }
    close(fd);
  }
  over = 1;
  printf("%ld %ld %ld\n", won, opened, refused);
  return 0;
}
