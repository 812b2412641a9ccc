/* Opens a file by a path whose text lies at an odd address above 2^53, which only five-level page tables reach:
 *   high plain PATH   from its own arguments
 *   high far PATH     from above; an address that was rounded to a double shows "./PATH" instead */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FAR (1ul << 55)

int main(int count, char **words)
{
	char *path = words[2];
	int fd;

	if (!strcmp(words[1], "far")) {
		char *page = mmap((void *)FAR, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page != (char *)FAR)
			return 77;
		page[64] = '.';
		path = strcpy(page + 65, words[2]);
	}
	fd = open(path, O_RDONLY);
	printf("%s\n", fd < 0 ? "refused" : "opened");
	return 0;
}
