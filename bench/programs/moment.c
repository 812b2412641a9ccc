/* Prints the time of its first instruction in main, in nanoseconds of CLOCK_MONOTONIC: when a workload begins to run. */
#include <stdio.h>
#include <time.h>

int main(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  printf("%lld\n", time.tv_sec * 1000000000LL + time.tv_nsec);
  return 0;
}
