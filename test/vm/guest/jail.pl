# Steps into a jail and does there what is to be known of that jail alone; told to skip the step, does the same outside.
use strict;
use warnings;
use Socket;

my ($kind, $step, $place, $port) = @ARGV;
my ($MOUNT, $UNSHARE, $NEW_MOUNTS, $NEW_NETWORK, $BIND, $PRIVATE) = (165, 272, 0x20000, 0x40000000, 0x1000, 0x44000);

sub must { die "$_[0]: $!\n" if $_[1] < 0 }

my %steps = (
  root => sub { chroot 'jail' or die "chroot: $!\n"; chdir '/' },
  mounts => sub {
    my ($none, $root, $jail) = ('none', '/', 'jail/inner');
    must('unshare', syscall($UNSHARE, $NEW_MOUNTS));
    must('private', syscall($MOUNT, $none, $root, $none, $PRIVATE, 0));
    must('bind', syscall($MOUNT, $jail, $place, $none, $BIND, 0));
  },
  network => sub { must('unshare', syscall($UNSHARE, $NEW_NETWORK)) },
);

sub look {
  open(my $file, '<', "$place/config") or return 'errno ' . ($! + 0) . "\n";
  readline $file;
}

sub reach {
  socket(my $socket, PF_INET, SOCK_STREAM, 0) or return 'errno ' . ($! + 0) . "\n";
  connect($socket, sockaddr_in($port, inet_aton('127.0.0.1'))) ? "reached\n" : 'errno ' . ($! + 0) . "\n";
}

$steps{$kind}->() if $step eq 'step';
print $kind eq 'network' ? reach() : look();
