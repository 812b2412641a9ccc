/* Repeats a call while its argument is changed, and counts the results.
 * 
 *   attacker ACT FLIP TRIES [PREFIX]
 *                               in a directory with `good` and `evil`, each with an object `n` in it or without; before each path
 *                               comes the prefix, of at most 16 letters
 *   attacker mark FILE          gives it the attribute that marks it
 *   attacker way                changes the link `way` between both directories, until it is killed
 * 
 * FLIP is what changes meanwhile:
 *   string      the path in memory, by another thread           descriptor   the file of a descriptor, by another thread
 *   directory   the working directory, by another thread        way          a link on the path, by a process outside
 *   nothing     (to learn: acts on the good object, and undoes the evil one)
 * 
 * Unmediated calls read the result of an act. Each act is undone, so that every try finds the same objects. Writes
 * {"good":N,"evil":N,"nothing":N}: evil is how often the race was won. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* At most seven bytes of path change in one store. What comes before them stays. */
static struct {
  char before[16];
  union {
    _Atomic unsigned long word;
    char text[8];
  };
} path;
static const char *names[2] = {"good/n", "evil/n"};
static int directories[2], files[2], target = -1;
static _Atomic int over;

static int there(const char *name) { struct stat s; return lstat(name, &s) == 0; }
static struct stat look(const char *name) { struct stat s = {0}; lstat(name, &s); return s; }

/* Acts by path. */
static void do_mkdir(const char *p) { mkdir(p, 0755); }
static void do_rmdir(const char *p) { rmdir(p); }
static void do_mkfifo(const char *p) { mknod(p, S_IFIFO | 0644, 0); }
static void do_mkfile(const char *p) { mknod(p, S_IFREG | 0644, 0); }
static void do_symlink(const char *p) { symlink("x", p); }
static void do_link(const char *p) { link("source", p); }
static void do_unlink(const char *p) { unlink(p); }
static void do_rename(const char *p) { rename(p, "moved"); }
static void undo_rename(const char *p) { rename("moved", p); }
static void do_chmod(const char *p) { chmod(p, 0600); }
static void undo_chmod(const char *p) { chmod(p, 0644); }
static void do_chown(const char *p) { chown(p, 1, -1); }
static void undo_chown(const char *p) { chown(p, 0, -1); }
static void do_truncate(const char *p) { truncate(p, 0); }
/* By descriptor, which is not mediated: truncating and extending a file, or setting its times, needs one call. */
static void undo_by_writing(const char *p) { pwrite(files[strstr(p, "evil") != 0], "text\n", 5, 0); }
static const struct timespec early[2] = {{1, 0}, {1, 0}};
static void do_utimens(const char *p) { utimensat(AT_FDCWD, p, early, 0); }
static void do_setxattr(const char *p) { setxattr(p, "trusted.race", "x", 1, 0); }
static void do_removexattr(const char *p) { removexattr(p, "trusted.race"); }

/* The same by descriptor: `p` only names the object to undo. */
static int meant(const char *p) { return p == path.text ? target : files[strstr(p, "evil") != 0]; }
static void do_fchmod(const char *p) { fchmod(meant(p), 0600); }
static void undo_fchmod(const char *p) { fchmod(meant(p), 0644); }
static void do_fchown(const char *p) { fchown(meant(p), 1, -1); }
static void undo_fchown(const char *p) { fchown(meant(p), 0, -1); }
static void do_futimens(const char *p) { futimens(meant(p), early); }
static void do_fsetxattr(const char *p) { fsetxattr(meant(p), "trusted.race", "x", 1, 0); }
static void do_fremovexattr(const char *p) { fremovexattr(meant(p), "trusted.race"); }

static int is_there(const char *p) { return there(p); }
static int is_gone(const char *p) { return !there(p); }
static int is_closed(const char *p) { return (look(p).st_mode & 077) == 0; }
static int is_anothers(const char *p) { return look(p).st_uid == 1; }
static int is_empty(const char *p) { return look(p).st_size == 0; }
static int is_early(const char *p) { return look(p).st_mtime == 1; }
static int is_marked(const char *p) { char c; return getxattr(p, "trusted.race", &c, 1) == 1; }

static const struct act {
  const char *name;
  void (*act)(const char *), (*undo)(const char *);
  int (*happened)(const char *);
} acts[] = {
  {"mkdir", do_mkdir, do_rmdir, is_there},
  {"rmdir", do_rmdir, do_mkdir, is_gone},
  {"mknod", do_mkfifo, do_unlink, is_there},
  {"symlink", do_symlink, do_unlink, is_there},
  {"link", do_link, do_unlink, is_there},
  {"unlink", do_unlink, do_mkfile, is_gone},
  {"rename", do_rename, undo_rename, is_gone},
  {"truncate", do_truncate, undo_by_writing, is_empty},
  {"chmod", do_chmod, undo_chmod, is_closed},
  {"chown", do_chown, undo_chown, is_anothers},
  {"utimens", do_utimens, undo_by_writing, is_early},
  {"setxattr", do_setxattr, do_removexattr, is_marked},
  {"fchmod", do_fchmod, undo_fchmod, is_closed},
  {"fchown", do_fchown, undo_fchown, is_anothers},
  {"futimens", do_futimens, undo_by_writing, is_early},
  {"fsetxattr", do_fsetxattr, do_fremovexattr, is_marked},
};

static unsigned long word_of(const char *text) {
  unsigned long word = 0;
  memcpy(&word, text, strlen(text));
  return word;
}

static const char *flip;

static void *flipper(void *unused) {
  (void)unused;
  unsigned long words[2] = {word_of(names[0]), word_of(names[1])};
  for (unsigned turn = 0; !over; turn++) {
    if (flip[0] == 's') path.word = words[turn & 1];
    if (flip[0] == 'd' && flip[1] == 'e') dup2(files[turn & 1], target);
    if (flip[0] == 'd' && flip[1] == 'i') fchdir(directories[turn & 1]);
    /* Long enough for the supervisor's reading and its answer to fall on either side. */
    for (volatile int pause = 0; pause < 500; pause++) {}
  }
  return 0;
}

static int change_way(void) {
  for (unsigned turn = 0;; turn++) {
    unlink("next");
    symlink(turn & 1 ? "evil" : "good", "next");
    rename("next", "way");
  }
}

int main(int count, char **word) {
  if (count == 2) return change_way();
  if (count == 3) return setxattr(word[2], "trusted.race", "x", 1, 0);
  if (count != 4 && count != 5) return 2;
  size_t before = count == 5 ? strlen(word[4]) : 0;
  if (before > sizeof path.before) return 2;
  char *given = (char *)&path + sizeof path.before - before;
  if (before > 0) memcpy(given, word[4], before);
  const struct act *act = acts;
  while (strcmp(act->name, word[1]) != 0)
    if (++act == acts + sizeof acts / sizeof *acts) return 3;
  flip = word[2];
  long tries = atol(word[3]), came[3] = {0};
  /* This thread and the flipping thread share the working directory, so the results are read by absolute paths. */
  static char whole[2][4200];
  for (int i = 0; i < 2; i++) {
    char directory[5] = {0};
    memcpy(directory, names[i], 4);
    directories[i] = open(directory, O_PATH | O_DIRECTORY);
    if (strchr("ftu", word[1][0]) != 0) files[i] = open(names[i], O_RDWR);
    snprintf(whole[i], sizeof *whole, "%s/%s", realpath(".", 0), names[i]);
  }
  if (word[1][0] == 'f') target = dup(files[0]);
  int by_directory = strcmp(flip, "directory") == 0, plain = strcmp(flip, "nothing") == 0;
  path.word = word_of(flip[0] == 'w' ? "way/n" : by_directory ? "n" : names[0]);
  if (plain) act->undo(whole[1]);
  if (by_directory) fchdir(directories[0]);
  pthread_t thread;
  if (!plain) pthread_create(&thread, 0, flipper, 0);
  for (long i = 0; i < tries; i++) {
    act->act(given);
    int result = 2;
    for (int which = 0; which < 2; which++) {
      if (!act->happened(whole[which])) continue;
      result = which;
      act->undo(whole[which]);
    }
    came[result]++;
  }
  over = 1;
  if (!plain) pthread_join(thread, 0);
  printf("{\"good\":%ld,\"evil\":%ld,\"nothing\":%ld}\n", came[0], came[1], came[2]);
  return 0;
}
