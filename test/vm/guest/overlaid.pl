# Acts on files in the directory `merged`, and prints the results. With `own`, creates an overlay there first, in a mount
# namespace of its own; with `nothing`, ends at once.
use strict;
use warnings;
use Fcntl;

my ($unshare, $mount) = (272, 165);
my ($new_mounts, $private) = (0x20000, 0x44000);

sub mounted { my ($source, $at, $type, $flags, $data) = @_; syscall($mount, $source, $at, $type, $flags, $data) == 0 or die "mount: $!" }

my $word = $ARGV[0] // "";
exit 0 if $word eq "nothing";
if ($word eq "own") {
  syscall($unshare, $new_mounts) == 0 or die "unshare: $!";
  mounted("none", "/", "none", $private, "");
  mounted("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work");
}
my @acts = (
  read => sub { sysopen(my $file, "merged/file", O_RDONLY) },
  list => sub { opendir(my $directory, "merged/directory") },
  write => sub { sysopen(my $file, "merged/file", O_WRONLY) },
  append => sub { sysopen(my $file, "merged/other", O_WRONLY | O_APPEND) },
  create => sub { sysopen(my $file, "merged/new", O_CREAT | O_EXCL | O_WRONLY) },
  truncate => sub { truncate("merged/longer", 1) },
  chmod => sub { chmod 0600, "merged/file" },
  chown => sub { chown 1, 1, "merged/file" },
  times => sub { utime 1, 1, "merged/file" },
  mkdir => sub { mkdir "merged/made" },
  rmdir => sub { rmdir "merged/empty" },
  symlink => sub { symlink "file", "merged/link" },
  link => sub { link "merged/file", "merged/again" },
  rename => sub { rename "merged/other", "merged/moved" },
  unlink => sub { unlink "merged/gone" },
  # In a mount namespace of its own the file is gone before any other process can read it.
  $word eq "own" ? () : (execute => sub { my $answer = system { "merged/program" } "program"; $answer == 0 }),
);
while (my ($name, $act) = splice @acts, 0, 2) {
  $! = 0;
  my $done = $act->();
  syswrite STDOUT, "$name " . ($done ? 0 : $! + 0) . "\n";
}
