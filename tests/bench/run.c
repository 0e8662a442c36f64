/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures whole processes: starts each of some commands in turn (interleaved, so that a slow moment hits all alike), as often as
 * asked, and prints for each the median and 90th percentile of wall time, the CPU time and the peak memory.
 *
 * It stays small on purpose: a child's ru_maxrss begins with what its parent had, so a runner in Python would report Python.
 *
 *   run ROUNDS [-i STDIN_FILE] -- CMD ARG... [-- CMD ARG...]...
 *
 * One line for each command: "median_us p90_us cpu_us peak_kib". The commands' stdout goes to /dev/null. A command that fails ends the
 * measurement: a fast failure is no result.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_MAX = 16, ROUNDS_MAX = 100000 };

struct command {
	char **argv;
	int64_t *wall; /* microseconds, one a round */
	int64_t cpu;   /* microseconds in all */
	long peak;     /* KiB */
};

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t cpu_us(const struct rusage *u)
{
	return (int64_t)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000 + u->ru_utime.tv_usec +
	       u->ru_stime.tv_usec;
}

static int once(struct command *c, const char *input, int64_t *ret_wall)
{
	struct rusage usage;
	int64_t start = now_us();
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		int in = open(input, O_RDONLY), out = open("/dev/null", O_WRONLY);

		if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0)
			_exit(126);
		execvp(c->argv[0], c->argv);
		_exit(127);
	}
	while (wait4(pid, &status, 0, &usage) < 0) {
		if (errno != EINTR)
			return -1;
	}
	*ret_wall = now_us() - start;
	c->cpu += cpu_us(&usage);
	if (usage.ru_maxrss > c->peak)
		c->peak = usage.ru_maxrss;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "run: '%s' ended with status %d\n", c->argv[0],
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		return -1;
	}
	return 0;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static struct command commands[COMMANDS_MAX];
	const char *input = "/dev/null";
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
	size_t n = 0;
	int i = 2;

	if (i + 1 < argc && strcmp(argv[i], "-i") == 0) {
		input = argv[i + 1];
		i += 2;
	}
	for (; i < argc && n < COMMANDS_MAX; i++) {
		if (strcmp(argv[i], "--") != 0)
			continue;
		argv[i] = NULL;
		commands[n].argv = argv + i + 1;
		commands[n].wall = calloc((size_t)(rounds > 0 ? rounds : 1), sizeof(int64_t));
		if (!commands[n].wall)
			return 1;
		n++;
	}
	if (rounds < 1 || rounds > ROUNDS_MAX || n == 0) {
		fprintf(stderr,
			"usage: run ROUNDS [-i STDIN_FILE] -- CMD ARG... [-- CMD ARG...]...\n");
		return 2;
	}
	for (long r = 0; r < rounds; r++) {
		for (size_t c = 0; c < n; c++) {
			if (once(&commands[c], input, &commands[c].wall[r]) < 0)
				return 1;
		}
	}
	for (size_t c = 0; c < n; c++) {
		qsort(commands[c].wall, (size_t)rounds, sizeof(int64_t), by_size);
		printf("%lld %lld %lld %ld\n", (long long)commands[c].wall[rounds / 2],
		       (long long)commands[c].wall[rounds * 9 / 10],
		       (long long)(commands[c].cpu / rounds), commands[c].peak);
	}
	return 0;
}
