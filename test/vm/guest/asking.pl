# Does what a pipe tells it to, line by line, and says how it went. A signal is handled at once, in the middle of a call.
use strict;
use warnings;
use Fcntl qw(O_CREAT O_EXCL O_WRONLY);
use POSIX ();

POSIX::sigaction(
  POSIX::SIGUSR1(),
  POSIX::SigAction->new(sub { syswrite STDOUT, "handled " . (-e "made" ? "after" : "before") . "\n" }),
);
open(my $told, '<', 'told') or die $!;
syswrite STDOUT, "ready $$\n";
while (my $line = <$told>) {
  my ($act, $path) = split ' ', $line;
  my $done = $act eq "make" ? sysopen(my $file, $path, O_CREAT | O_EXCL | O_WRONLY) : opendir(my $directory, $path);
  syswrite STDOUT, "$act $path " . ($done ? 0 : $! + 0) . "\n";
}
