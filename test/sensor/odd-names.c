/* Odd names and attributes: each call with its result, for comparison with the results without a supervisor. To be run in an
 * empty directory. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* An expression, so that calls that belong together stand in one line. */
#define TRY(call) \
  ({ \
    errno = 0; \
    long got = (call); \
    printf("%s: %s\n", #call, got < 0 ? strerrorname_np(errno) : "done"); \
  })

#define FCHMODAT2 452
#define rename2(from, to, flags) syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags)

static char longest[256], longer[257], large[65537];

static void tell(const char *path) {
  struct stat s = {0};
  lstat(path, &s);
  printf("  %s: %o, %d links\n", path, s.st_mode, (int)s.st_nlink);
}

static void slashes_and_links(void) {
  TRY(mkdir(longest, 0755)), TRY(mkdir(longer, 0755)), TRY(rmdir(longest)), TRY(rmdir(longer));
  TRY(mkdir("link-to-dir/", 0755)), TRY(mkdir("dangling", 0755)), TRY(mkdir("dangling/", 0755));
  TRY(rmdir("link-to-dir/")), TRY(rmdir("link-to-dir")), TRY(unlink("link-to-dir/")), TRY(unlink("link/"));
  TRY(rename("link-to-dir/", "x")), TRY(rename("link-to-dir", "x")), TRY(rename("x", "link-to-dir"));
  TRY(rename("link/", "x")), TRY(rename("dir", "link-to-dir/")), TRY(rename("dir", "x/")), TRY(rename("x/", "dir"));
  TRY(link("link", "x")), tell("x"), TRY(unlink("x"));
  TRY(linkat(AT_FDCWD, "link", AT_FDCWD, "x", AT_SYMLINK_FOLLOW)), tell("x"), TRY(rename("x", "file")), TRY(unlink("x"));
  TRY(mkdir("dir//sub//", 0755)), TRY(rmdir("dir/sub/.")), TRY(rmdir("dir/sub/..")), TRY(rmdir("dir/sub//"));
  TRY(mkdir("./dir/../dir/./sub", 0755)), TRY(rmdir("dir/../dir/sub")), TRY(mkdir("dir/..", 0));
  TRY(mkdir("...", 0755)), TRY(rmdir("...")), TRY(mkdir("a\nb", 0700)), TRY(rmdir("a\nb"));
}

static void by_other_ways(void) {
  TRY(rename("dir", "/proc/self/cwd/x")), TRY(rename("/proc/self/cwd/x", "dir"));
  TRY(mkdir("/proc/self/cwd/x", 0750)), tell("x"), TRY(rmdir("/proc/thread-self/cwd/x"));
  TRY(chmod("/proc/self/cwd/file", 0600)), tell("file"), TRY(truncate("/proc/self/exe", 0));
  int path = open("dir", O_PATH), dir = open("dir", O_RDONLY), file = open("file", O_RDONLY);
  TRY(mkdirat(path, "x", 0711)), TRY(unlinkat(path, "x", AT_REMOVEDIR)), TRY(mkdirat(dir, "../x", 0711));
  TRY(unlinkat(dir, "../x", AT_REMOVEDIR)), TRY(mkdirat(file, "x", 0)), TRY(mkdirat(99, "x", 0));
  TRY(unlinkat(dir, "", AT_REMOVEDIR)), TRY(unlinkat(dir, ".", AT_REMOVEDIR)), TRY(unlinkat(dir, "x", ~0));
  TRY(fchmod(AT_FDCWD, 0)), TRY(syscall(FCHMODAT2, AT_FDCWD, "link", 0600, AT_SYMLINK_NOFOLLOW));
  TRY(rename2("plain", "fifo", 2)), TRY(mknod("fifo", S_IFIFO | 0644, 99)), TRY(rename2("file", "fifo", 2)), tell("file");
  TRY(rename2("fifo", "file", 2)), TRY(rename2("fifo", "file", 5)), TRY(rename2("dir", "dir/x/y", 0));
  TRY(rename("dir/..", "x")), TRY(rename(".", "x")), TRY(mknod("x", S_IFLNK, 0)), TRY(mknod("x", 0170000, 0));
}

static void attributes(void) {
  TRY(setxattr("file", "user.large", large, 65536, 0)), TRY(setxattr("file", "user.large", large, 65537, 0));
  TRY(setxattr("file", "user.some", large, 3000, 0)), TRY(getxattr("file", "user.some", 0, 0) - 3000);
  TRY(setxattr("file", "user.none", 0, 0, 0)), TRY(setxattr("file", "user.", large, 1, 0));
  TRY(setxattr("file", "other.a", large, 1, 0)), TRY(setxattr("file", longer, large, 1, 0));
  TRY(setxattr("link", "user.b", "v", 1, 0)), TRY(lsetxattr("link", "user.b", "v", 1, 0));
  TRY(lsetxattr("link", "trusted.b", "v", 1, 0)), TRY(setxattr("file", "user.c", "v", 1, XATTR_REPLACE));
  TRY(setxattr("file", "user.c", "v", 1, 3)), TRY(setxattr("file", "system.posix_acl_access", "\2\0\0\0", 4, 0));
  TRY(chown("file", -1, -1)), TRY(chmod("file", 06755)), TRY(chown("file", getuid(), getgid())), tell("file");
  TRY(truncate("file", 1L << 62)), TRY(truncate("file", 5000)), TRY(truncate("link", 1)), TRY(truncate("dir", 0));
  char *page = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page + 4096, 4096);
  strcpy(page + 4094, "x");
  TRY(mkdir(page + 4094, 0755)), TRY(rmdir(page + 4094));
  page[4095] = 'x';
  TRY(mkdir(page + 4095, 0755)), TRY(setxattr("file", "user.e", page + 4090, 6, 0));
  TRY(setxattr("file", "user.e", page + 4090, 7, 0));
}

static void in_removed_and_deep(void) {
  mkdir("gone", 0755), chdir("gone");
  TRY(rmdir("../gone")), TRY(mkdir("x", 0755)), TRY(mkdir(".", 0755)), TRY(mkdir("../x", 0755)), TRY(unlink("x"));
  TRY(symlink("a", "b")), TRY(rename("../file", "file")), TRY(rmdir(".")), TRY(chmod(".", 0700));
  chdir("..");
  TRY(rmdir("x"));
  for (int i = 0; i < 40; i++) mkdir(longest, 0755), chdir(longest);
  TRY(mkdir("bottom", 0755)), TRY(rmdir("bottom")), TRY(chmod(".", 0711));
  for (int i = 0; i < 40; i++) {
    chdir("..");
    if (rmdir(longest) < 0) printf("level %d: %s\n", i, strerrorname_np(errno));
  }
}

int main(void) {
  memset(longest, 'd', 255), memset(longer, 'e', 256);
  mkdir("dir", 0755), close(open("file", O_CREAT | O_WRONLY, 0644));
  symlink("dir", "link-to-dir"), symlink("file", "link"), symlink("nowhere", "dangling");
  slashes_and_links(), by_other_ways(), attributes(), in_removed_and_deep();
  return 0;
}
