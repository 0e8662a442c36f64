/* SPDX-License-Identifier: Apache-2.0
 *
 * What a worker is at: when each of the requests began that are being worked on, and so how long the one takes that takes longest. The supervisor ends a
 * worker with one that takes longer than one may.
 */
#ifndef BUSY_H
#define BUSY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { BUSY_MAX = 1024 /* at once: a thread each */ };

struct busy {
	_Atomic int64_t *told; /* when the oldest began that is left; 0: there is none */
	pthread_mutex_t lock;
	size_t count;
	int64_t began[BUSY_MAX]; /* milliseconds, in no order */
};

/* Made with it. */
#define BUSY_INIT(where)                                            \
	{                                                           \
		.told = (where), .lock = PTHREAD_MUTEX_INITIALIZER, \
	}

/* A request begins, and one that began then ends. One beyond the limit is not minded. */
void busy_begin(struct busy *busy, int64_t now);
void busy_end(struct busy *busy, int64_t began);

#endif
