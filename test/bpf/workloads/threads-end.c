/* Processes whose threads end at once, on all processors; then one more act. */
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 2500
#define THREADS 6

static pthread_barrier_t together;

static void *end(void *unused)
{
	pthread_barrier_wait(&together);
	_exit(0);
}

static void begin_and_end(void)
{
	pthread_t thread;

	pthread_barrier_init(&together, 0, THREADS);
	for (int more = 1; more < THREADS; more++)
		if (pthread_create(&thread, 0, end, 0))
			_exit(1);
	end(0);
}

int main(void)
{
	for (int process = 0; process < PROCESSES; process++) {
		int status;
		pid_t child = fork();

		if (child == 0)
			begin_and_end();
		if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
			return 1;
	}
	return open("/etc/hostname", O_RDONLY) < 0;
}
