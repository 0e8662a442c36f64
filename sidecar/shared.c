/* SPDX-License-Identifier: Apache-2.0
 *
 * The page that all processes of the sidecar share; see shared.h.
 */
#include "shared.h"

#include <sys/mman.h>
#include <time.h>

struct shared *shared_new(struct err *err)
{
	void *page = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		(void)err_errno(err, "shared memory");
		return NULL;
	}
	return page;
}

int64_t shared_clock(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
