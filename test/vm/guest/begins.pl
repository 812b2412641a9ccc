# Asks an agent to begin a namespace for itself, and does what its arguments say, one after the other: what came of each is a line.
use strict;
use warnings;
no warnings 'exec';
use threads;
use POSIX ();
use Socket;
$| = 1;
$SIG{PIPE} = 'IGNORE';
my ($socket, @steps) = @ARGV;
my $kept;

# The first answer of the agent that is not about a launch.
sub asked {
  my ($question) = @_;
  socket(my $agent, AF_UNIX, SOCK_STREAM, 0) or return "no socket $!";
  connect($agent, pack_sockaddr_un($socket)) or return "no connection " . ($! + 0);
  syswrite $agent, "$question\n";
  my $said = '';
  while (sysread $agent, my $piece, 65536) {
    $said .= $piece;
    last if $said =~ /"say":"(?:begun|refused|answer)".*\n/;
  }
  $kept = $agent if $question =~ /"ask":"begin"/;
  chomp $said;
  return $said;
}

sub reads { open(my $file, '<', $_[0]) ? 0 : $! + 0 }

sub line { print "$_[0]\n" }

my %does = (
  # PR_SET_NO_NEW_PRIVS
  privileges => sub { syscall(157, 38, 1, 0, 0, 0) },
  ask => sub { line(asked($_[0])) },
  # The request is made, and nothing is waited for.
  hurry => sub {
    socket(my $agent, AF_UNIX, SOCK_STREAM, 0);
    connect($agent, pack_sockaddr_un($socket));
    syswrite $agent, "$_[0]\n";
    $kept = $agent;
  },
  read => sub { line("read " . reads($_[0])) },
  child => sub {
    my $child = fork;
    POSIX::_exit(reads($_[0])) if $child == 0;
    waitpid $child, 0;
    line('child ' . ($? >> 8));
  },
  wait => sub { select(undef, undef, undef, 0.02) until -e $_[0] },
  # A child that does nothing, to the end of this process.
  idle => sub {
    my $child = fork;
    return line("idle $child") if $child;
    sleep 1 while getppid() != 1;
    POSIX::_exit(0);
  },
  thread => sub { threads->create(sub { sleep 5 })->detach },
  # The rest is done by a child that this process traces (PTRACE_TRACEME).
  traced => sub {
    my $child = fork;
    if ($child) { waitpid $child, 0; POSIX::_exit(0) }
    syscall(101, 0, 0, 0, 0);
  },
  # Forks for two seconds; each child lives for a moment.
  forks => sub {
    local $SIG{CHLD} = 'IGNORE';
    for (1 .. 40) {
      my $child = fork;
      if (defined $child && $child == 0) { select(undef, undef, undef, 0.2); POSIX::_exit(0) }
      select(undef, undef, undef, 0.05);
    }
  },
  becomes => sub { exec '/usr/bin/sleep', $_[0] },
  exec => sub { exec '/usr/bin/cat', $_[0]; line('exec ' . ($! + 0)) },
);
while (@steps) {
  my ($does, $what) = splice @steps, 0, 2;
  $does{$does}->($what);
}
