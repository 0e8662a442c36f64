/* SPDX-License-Identifier: Apache-2.0
 *
 * What a worker is at; see busy.h.
 */
#include "busy.h"

/* Under the lock, so that what was found out last is told last. */
static void tell(struct busy *busy)
{
	int64_t least = 0;
	size_t i;

	for (i = 0; i < busy->count; i++) {
		if (!least || busy->began[i] < least)
			least = busy->began[i];
	}
	*busy->told = least;
}

void busy_begin(struct busy *busy, int64_t now)
{
	(void)pthread_mutex_lock(&busy->lock);
	if (busy->count < BUSY_MAX)
		busy->began[busy->count++] = now;
	tell(busy);
	(void)pthread_mutex_unlock(&busy->lock);
}

void busy_end(struct busy *busy, int64_t began)
{
	size_t i = 0;

	(void)pthread_mutex_lock(&busy->lock);
	while (i < busy->count && busy->began[i] != began)
		i++;
	if (i < busy->count)
		busy->began[i] = busy->began[--busy->count];
	tell(busy);
	(void)pthread_mutex_unlock(&busy->lock);
}
