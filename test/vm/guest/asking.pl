# Does what a pipe tells it to, line by line, and prints the results. A signal is handled at once, in the middle of a call.
use strict;
use warnings;
use Fcntl qw(O_CREAT O_EXCL O_WRONLY);
use POSIX ();

# Opens a directory, 0 or the errno.
sub look { opendir(my $directory, $_[0]) ? 0 : $! + 0 }

# Asks the approver at a socket; ECONNRESET where it closes the connection without a word.
sub question {
  my ($approver) = @_;
  local $SIG{PIPE} = 'IGNORE';
  syswrite $approver, "GET /questions HTTP/1.1\r\nhost: inside\r\n\r\n";
  sysread($approver, my $heard, 4096) ? 0 : 104;
}

# A child that lives as long as this process, and how often SIGCONT was passed on to it.
my ($child, $lives, $passed);

# To the child that lives beside this process, and from it.
my ($asks, $answers, $beside);

# Some memory, at the same address in each child.
my $page = 'x' x 64;
my $address = unpack 'L!', pack 'P', $page;

my %acts = (
  make => sub { sysopen(my $file, $_[0], O_CREAT | O_EXCL | O_WRONLY) ? 0 : $! + 0 },
  list => \&look,
  # Sets the name of the machine.
  name => sub { syscall(170, $_[0], length $_[0]) ? $! + 0 : 0 },
  # The same in a child.
  child => sub {
    my $child = fork;
    POSIX::_exit(look($_[0])) if $child == 0;
    waitpid $child, 0;
    $? >> 8;
  },
  # Begins a child that lives as long as this process.
  beside => sub {
    pipe(my $asked, $asks);
    pipe($answers, my $answer);
    return 0 if $beside = fork;
    close $asks;
    while (my $path = readline $asked) {
      chomp $path;
      syswrite $answer, look($path) . "\n";
    }
    POSIX::_exit(0);
  },
  # Has that child open a directory.
  twin => sub {
    syswrite $asks, "$_[0]\n";
    readline($answers) + 0;
  },
  # Reads the memory of that child: process_vm_readv.
  peek => sub {
    my $to = 'y' x 8;
    syscall(310, $beside, pack('P L!', $to, 8), 1, pack('L! L!', $address, 8), 1, 0) < 0 ? $! + 0 : 0;
  },
  # So many children, one after the other, each of which ends at once.
  forks => sub {
    for (1 .. $_[0]) {
      my $child = fork;
      return $! + 0 unless defined $child;
      POSIX::_exit(0) if $child == 0;
      waitpid $child, 0;
    }
    0;
  },
  # From now on SIGCONT is passed on, as an init does with every signal.
  pass => sub {
    $passed = 0;
    pipe(my $end, $lives);
    $child = fork;
    if ($child == 0) {
      close $lives;
      readline $end;
      POSIX::_exit(0);
    }
    my $pass = POSIX::SigAction->new(sub { $passed += kill('CONT', $child) });
    POSIX::sigaction(POSIX::SIGCONT(), $pass) ? 0 : $! + 0;
  },
  passed => sub { $passed },
  # The same without being woken.
  continue => sub { kill('CONT', $child) ? 0 : $! + 0 },
  # The same so often that its records fill a ring; the result is how often it failed.
  flood => sub { scalar grep { look($_[0]) } 1 .. 3500 },
  reach => sub {
    socket(my $approver, 1, 1, 0) or return $! + 0;
    connect($approver, pack('S a108', 1, $_[0])) or return $! + 0;
    question($approver);
  },
  # The same by a connection that a child has made, which has ended since.
  left => sub {
    socket(my $approver, 1, 1, 0) or return $! + 0;
    my $child = fork;
    if ($child == 0) {
      connect($approver, pack('S a108', 1, $_[0]));
      select(undef, undef, undef, 1);
      POSIX::_exit(0);
    }
    waitpid $child, 0;
    question($approver);
  },
  # Begins again, as another program of the same file.
  become => sub { exec $^X, $_[0] or $! + 0 },
);
POSIX::sigaction(
  POSIX::SIGUSR1(),
  POSIX::SigAction->new(sub { syswrite STDOUT, "handled " . (-e "made" ? "after" : "before") . "\n" }),
);
open(my $told, '<', 'told') or die $!;
syswrite STDOUT, "ready $$\n";
while (my $line = <$told>) {
  my ($act, $path) = split ' ', $line;
  syswrite STDOUT, "$act $path " . $acts{$act}->($path) . "\n";
}
