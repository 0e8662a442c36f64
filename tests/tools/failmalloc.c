/* SPDX-License-Identifier: Apache-2.0
 *
 * A library to be preloaded: lets one allocation of a program fail, or all from one on. With it a test shows that every
 * allocation of ours, and of the libraries that we link with, may fail without a crash and without half an output.
 *
 *   FAILMALLOC_AT=n      the n-th allocation (from 1) fails; 0 or not set: none
 *   FAILMALLOC_ALL=1     ... and every one behind it
 *   FAILMALLOC_COUNT=F   at the end the number of allocations is written to file F
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Atomic unsigned long seen;
static unsigned long fail_at;
static bool fail_all;
static const char *count_file;

/* glibc's own names for its allocator: no dlsym, which allocates itself. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t align, size_t size);

__attribute__((constructor)) static void start(void)
{
	const char *at = getenv("FAILMALLOC_AT");

	fail_all = getenv("FAILMALLOC_ALL") != NULL;
	count_file = getenv("FAILMALLOC_COUNT");
	fail_at = at ? strtoul(at, NULL, 10) : 0;
	atomic_store(&seen, 0);
}

/* Wherever the program leaves from: its destructors run also where it closes stdout itself. */
__attribute__((destructor)) static void stop(void)
{
	char text[32];
	int fd, len;

	if (!count_file)
		return;
	fd = open(count_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	len = snprintf(text, sizeof(text), "%lu\n", atomic_load(&seen));
	if (len > 0 && write(fd, text, (size_t)len) != len)
		_exit(99);
	close(fd);
}

static bool fails(void)
{
	unsigned long now = atomic_fetch_add(&seen, 1) + 1;

	if (!fail_at || now < fail_at || (now > fail_at && !fail_all))
		return false;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}

void *memalign(size_t align, size_t size)
{
	return fails() ? NULL : __libc_memalign(align, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	return fails() ? NULL : __libc_memalign(align, size);
}

int posix_memalign(void **p, size_t align, size_t size)
{
	void *got;

	if (fails())
		return ENOMEM;
	got = __libc_memalign(align, size);
	if (!got)
		return ENOMEM;
	*p = got;
	return 0;
}

/* Locked memory comes from here (libsodium). File mappings of the loader are not ours to count. */
void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	static void *(*real)(void *, size_t, int, int, int, off_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "mmap");
	if ((flags & MAP_ANONYMOUS) && fails())
		return MAP_FAILED;
	return real(addr, len, prot, flags, fd, offset);
}
