/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory that all processes of the sidecar share; see shared.h. What is mapped anew from a memfd that is sealed against writing can not be made
 * writable again, not by mprotect() either; what was mapped before the seal, the own part, stays as it is. Kernels before 5.1 do not have that seal:
 * there the others' parts are only not written to by mistake.
 */
#include "shared.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NAME "krm-sops-counters"
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

_Static_assert(sizeof(struct shared_worker) == SHARED_PART &&
		       sizeof(struct shared) == (size_t)(SHARED_SLOTS_MAX + 2) * SHARED_PART,
	       "parts are whole pages");

struct shared *shared_new(int *ret_fd, struct err *err)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(NAME, flags | MFD_NOEXEC_SEAL);
	void *memory = MAP_FAILED;

	/* Some systems have no other; older kernels do not know it. */
	if (fd < 0)
		fd = memfd_create(NAME, flags);
	if (fd >= 0 && ftruncate(fd, sizeof(struct shared)) == 0)
		memory = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			      0);
	if (memory == MAP_FAILED) {
		(void)err_errno(err, "shared memory");
		if (fd >= 0)
			(void)close(fd);
		return NULL;
	}
	(void)fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	(void)fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
	*ret_fd = fd;
	return memory;
}

/* Maps it anew, in its place. */
static int only_read(struct shared *shared, int fd, size_t from, size_t to)
{
	if (from == to || mmap((char *)shared + from, to - from, PROT_READ, MAP_SHARED | MAP_FIXED,
			       fd, (off_t)from) != MAP_FAILED)
		return 0;
	return -1;
}

int shared_keep(struct shared *shared, int fd, const void *own, struct err *err)
{
	size_t at = (size_t)((const char *)own - (const char *)shared);

	if (only_read(shared, fd, 0, at) < 0 ||
	    only_read(shared, fd, at + SHARED_PART, sizeof(*shared)) < 0)
		return err_errno(err, "shared memory");
	return 0;
}

int64_t shared_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
