/* Threads that open files at once, each file once: `threads DIRECTORY`. Prints how many opens there were, and each errno of a
 * failed one. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define THREADS 8
#define FILES 24

static const char *directory;
static int failed[1024];

static void *open_files(void *first)
{
	char path[4096];

	for (int file = 0; file < FILES; file++) {
		snprintf(path, sizeof(path), "%s/%d", directory, (int)(intptr_t)first * FILES + file);
		int fd = open(path, O_RDONLY);

		if (fd < 0)
			__atomic_fetch_add(&failed[errno & 1023], 1, __ATOMIC_RELAXED);
		else
			close(fd);
	}
	return 0;
}

int main(int count, char **words)
{
	pthread_t threads[THREADS];

	if (count != 2)
		return 2;
	directory = words[1];
	for (intptr_t thread = 0; thread < THREADS; thread++)
		if (pthread_create(&threads[thread], 0, open_files, (void *)thread))
			return 1;
	for (int thread = 0; thread < THREADS; thread++)
		pthread_join(threads[thread], 0);
	printf("%d opens\n", THREADS * FILES);
	for (int number = 0; number < 1024; number++)
		if (failed[number])
			printf("errno %d: %d\n", number, failed[number]);
	return 0;
}
