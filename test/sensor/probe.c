/*
 * Makes the system calls that its arguments name, one after the other, and writes their results to standard output.
 *
 *   call NR ARG… ;        a system call           must        the next call must succeed, or the program ends
 *   int80 NR ARG… ;       the same by `int $0x80` put AT SIZE ARG   an integer into the scratch memory
 *   poke AT TEXT          bytes into the scratch memory; link AT TO stores the address of another place in it
 *   fork … end            in a child, waited for  spawn … end  in a child that stays until its parent is gone
 *   leave … end           in a child that is left to itself
 *   vfork … end           the same with memory shared, the parent stopped meanwhile
 *   clone FLAGS … end     in a child of clone(2)  thread … end  in another thread, joined; loose … end  not waited for
 *   times N … end         again and again
 *   hold                  waits for the end of the parent;      nap MS waits
 *   post N, wait N        lets a thread or process that waits for N go on, whatever it executes; each N is waited for once
 *
 *   ARG   number · =text (address of a string) · xHEX (address of bytes) · ^text (a string at the very end of a page)
 *         @KHEX (bytes in memory of another kind: w write-only, s memfd_secret, z page at address 0, and half in a
 *         readable and half in a write-only page: r that one first, b the other)
 *         &AT (address in the scratch memory) · $N (result of the Nth call of this process) · %AT (int32 in it) · ! (an
 *         address where nothing is) · #pid #ppid #pgid #tid
 *
 * Called as `run FILE` it executes the cases that the file lists: NUL-terminated fields, a case is NAME PROGRAM ARG… and an empty
 * field. Each runs in a directory with the name of the case.
 *
 * None of its own calls is mediated, so a case makes exactly the events of its script. Linked statically.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Newer than the headers of some distributions (arch/x86/entry/syscalls/syscall_64.tbl). */
enum { MEMFD_SECRET = 447 };

static unsigned char scratch[65536] __attribute__((aligned(4096)));
static long results[64];
static int count;
static ino_t first_directory;
extern char **environ;

static void say(const char *format, const char *what, long value) {
  char line[128];
  int length = snprintf(line, sizeof line, format, what, value);
  if (write(1, line, (size_t)length) < 0) _exit(99);
}

/* Named by the directory in which the program began, so that cases do not meet. */
static int semaphore(const char *number) {
  key_t key = (key_t)((first_directory << 4 | strtoul(number, 0, 10)) & 0x7fffffff);
  return semget(key, 1, IPC_CREAT | 0600);
}

static void post(const char *number) {
  struct sembuf up = {0, 1, 0};
  semop(semaphore(number), &up, 1);
}

static void wait_for_post(const char *number) {
  struct sembuf down = {0, -1, 0};
  int id = semaphore(number);
  semop(id, &down, 1);
  semctl(id, 0, IPC_RMID);
}

static void *bytes(const char *hex) {
  size_t length = strlen(hex) / 2;
  unsigned char *out = malloc(length + 1);
  for (size_t i = 0; i < length; i++) {
    unsigned value;
    sscanf(hex + 2 * i, "%2x", &value);
    out[i] = (unsigned char)value;
  }
  return out;
}

static char *at_page_end(const char *text) {
  size_t length = strlen(text) + 1;
  size_t whole = (length + 4095) / 4096 * 4096;
  char *pages = mmap(0, whole + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + whole, 4096);
  return memcpy(pages + whole - length, text, length);
}

/* Two pages, with the second half of the bytes in the second one if they lie in both. */
static char *in_memory(char kind, const char *hex) {
  size_t length = strlen(hex) / 2, before = kind == 'r' || kind == 'b' ? length / 2 : 4096;
  int fd = kind == 's' ? (int)syscall(MEMFD_SECRET, 0) : -1;
  if (kind == 's' && (fd < 0 || ftruncate(fd, 8192))) _exit(95);
  int how = (kind == 's' ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS) | (kind == 'z' ? MAP_FIXED : 0);
  char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, how, fd, 0);
  if (pages == MAP_FAILED) _exit(95);
  if (fd >= 0) close(fd);
  char *from = kind == 'z' ? pages : pages + 4096 - before;
  memcpy(from, bytes(hex), length);
  if (kind == 'w' || kind == 'b') mprotect(pages, 4096, PROT_WRITE);
  if (kind == 'w' || kind == 'r') mprotect(pages + 4096, 4096, PROT_WRITE);
  if (kind == 'b') mprotect(pages + 4096, 4096, PROT_READ);
  return from;
}

static long argument(char *word) {
  switch (word[0]) {
    case '=': return (long)(word + 1);
    case 'x': return (long)bytes(word + 1);
    case '^': return (long)at_page_end(word + 1);
    case '@': return (long)in_memory(word[1], word + 2);
    case '&': return (long)(scratch + strtoul(word + 1, 0, 0));
    case '$': return results[atoi(word + 1)];
    case '%': return *(int *)(scratch + strtoul(word + 1, 0, 0));
    case '!': return 16;
    case '#':
      if (!strcmp(word, "#pid")) return getpid();
      if (!strcmp(word, "#ppid")) return getppid();
      if (!strcmp(word, "#pgid")) return getpgrp();
      return syscall(SYS_gettid);
    default: return (long)strtoull(word, 0, 0);
  }
}

static long by_interrupt(const long *a) {
  long result;
  __asm__ volatile("push %%rbx\n\tmov %2, %%ebx\n\tint $0x80\n\tpop %%rbx"
                   : "=a"(result)
                   : "0"(a[0]), "r"((int)a[1]), "c"(a[2]), "d"(a[3]), "S"(a[4]), "D"(a[5])
                   : "memory", "r8", "r9", "r10", "r11");
  return (int)result;
}

static char **end_of(char **word) {
  for (int depth = 1; *word; word++) {
    static const char *const openers[] = {"times", "fork", "vfork", "spawn", "leave", "clone", "thread", "loose"};
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) depth += !strcmp(*word, openers[i]);
    if (!strcmp(*word, "end") && --depth == 0) return word;
  }
  return word;
}

static void interpret(char **word, char **end);

struct stretch {
  char **from, **to;
};

static void *in_thread(void *stretch) {
  interpret(((struct stretch *)stretch)->from, ((struct stretch *)stretch)->to);
  return 0;
}

static int in_child(void *stretch) {
  in_thread(stretch);
  _exit(0);
}

static void wait_for(long pid, int flags) {
  int status = 0;
  if (waitpid((pid_t)pid, &status, flags) < 0) return;
  if (WIFSIGNALED(status)) say("%s %ld\n", "signal", WTERMSIG(status));
  else say("%s %ld\n", "exit", WEXITSTATUS(status));
}

static char **one_call(char **word, int must) {
  int interrupt = !strcmp(*word, "int80");
  char *name = word[1];
  long a[7] = {0};
  int n = 0;
  for (word++; strcmp(*word, ";") && n < 7; word++) a[n++] = argument(*word);
  errno = 0;
  long result = interrupt ? by_interrupt(a) : syscall(a[0], a[1], a[2], a[3], a[4], a[5], a[6]);
  if (!interrupt && result == -1 && errno) result = -errno;
  results[count++ % 64] = result;
  if (result < 0 && result > -4096) say("%s: errno %ld\n", name, -result);
  else say("%s: ok\n", name, 0);
  if (must && result < 0) _exit(77);
  return word;
}

static void interpret(char **word, char **end) {
  int must = 0;
  for (; word < end; word++) {
    if (!strcmp(*word, "must")) {
      must = 1;
      continue;
    }
    if (!strcmp(*word, "call") || !strcmp(*word, "int80")) {
      word = one_call(word, must);
    } else if (!strcmp(*word, "poke")) {
      unsigned char *to = scratch + strtoul(word[1], 0, 0);
      if (word[2][0] == 'x') memcpy(to, bytes(word[2] + 1), strlen(word[2] + 1) / 2);
      else strcpy((char *)to, word[2] + 1);
      word += 2;
    } else if (!strcmp(*word, "link")) {
      long target = argument(word[2]);
      memcpy(scratch + strtoul(word[1], 0, 0), &target, 8);
      word += 2;
    } else if (!strcmp(*word, "put")) {
      long value = argument(word[3]);
      memcpy(scratch + strtoul(word[1], 0, 0), &value, strtoul(word[2], 0, 0));
      word += 3;
    } else if (!strcmp(*word, "nap")) {
      struct timespec time = {0, atol(*++word) * 1000000};
      nanosleep(&time, 0);
    } else if (!strcmp(*word, "post")) {
      post(*++word);
    } else if (!strcmp(*word, "wait")) {
      wait_for_post(*++word);
    } else if (!strcmp(*word, "hold")) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != 1) pause();
    } else {
      char *kind = *word;
      /* Run by a script, with its path as an argument. */
      if (strchr(kind, '/') || !strcmp(kind, "argument") || !strcmp(kind, "two  arguments")) continue;
      long flags = strcmp(kind, "clone") && strcmp(kind, "times") ? 0 : strtol(*++word, 0, 0);
      struct stretch inner = {word + 1, end_of(word + 1)};
      if (!strcmp(kind, "times")) {
        for (long i = 0; i < flags; i++) interpret(inner.from, inner.to);
      } else if (!strcmp(kind, "vfork")) {
        int pid = vfork();
        if (pid == 0) in_child(&inner);
        wait_for(pid, 0);
      } else if (!strcmp(kind, "thread") || !strcmp(kind, "loose")) {
        static struct stretch kept;
        pthread_t thread;
        kept = inner;
        pthread_create(&thread, 0, in_thread, &kept);
        if (!strcmp(kind, "thread")) pthread_join(thread, 0);
      } else if (!strcmp(kind, "clone")) {
        char *stack = malloc(65536);
        int pid = clone(in_child, stack + 65536, (int)flags | SIGCHLD, &inner);
        if (pid < 0) say("%s: errno %ld\n", "clone", errno);
        else wait_for(pid, __WALL);
      } else {
        int stays = !strcmp(kind, "spawn"), ready[2];
        if (pipe(ready)) _exit(98);
        int pid = fork();
        if (pid == 0) {
          if (stays) prctl(PR_SET_PDEATHSIG, SIGKILL);
          close(ready[0]);
          close(ready[1]);
          in_child(&inner);
        }
        close(ready[1]);
        char nothing;
        if (read(ready[0], &nothing, 1)) _exit(98);
        close(ready[0]);
        if (stays) results[count++ % 64] = pid;
        else if (strcmp(kind, "leave")) wait_for(pid, 0);
      }
      word = inner.to;
    }
    must = 0;
  }
}

static int run(const char *list) {
  int fd = open(list, O_RDONLY);
  struct stat stat;
  if (fd < 0 || fstat(fd, &stat) < 0) return 97;
  char *text = malloc((size_t)stat.st_size + 1);
  if (read(fd, text, (size_t)stat.st_size) != stat.st_size) return 97;
  close(fd);
  for (char *field = text; field < text + stat.st_size; field++) {
    char *words[1024], *name = field;
    int n = 0;
    for (field += strlen(field) + 1; *field && n < 1023; field += strlen(field) + 1) words[n++] = field;
    words[n] = 0;
    say("== %s\n", name, 0);
    int done[2], nothing;
    if (pipe(done)) return 97;
    int pid = fork();
    if (pid == 0) {
      fcntl(done[1], F_DUPFD, 500);
      close(done[0]);
      close(done[1]);
      if (chdir(name) == 0) execve(words[0], words, environ);
      say("%s: not started, errno %ld\n", name, errno);
      _exit(96);
    }
    close(done[1]);
    wait_for(pid, 0);
    /* Any process left of the case has the other end: its descendants must not be seen in the next case. */
    if (read(done[0], &nothing, 1)) return 97;
    close(done[0]);
  }
  return 0;
}

int main(int n, char **word) {
  if (n == 3 && !strcmp(word[1], "run")) return run(word[2]);
  /* A call that blocks for good ends here, as a visible failure. */
  alarm(60);
  struct stat directory = {0};
  stat(".", &directory);
  first_directory = directory.st_ino;
  interpret(word + 1, word + n);
  return 0;
}
