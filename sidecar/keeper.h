/* SPDX-License-Identifier: Apache-2.0
 *
 * The keeper: the one process of the sidecar that has keys. It answers questions about wrapped keys (keys/unwrap.h) that come over the lines of the
 * sockets, and never sees a document. It is made by fork, reads its keys, and is replaced by a new one when these change.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include "serve_options.h"

#include <stddef.h>

struct shared_keeper;

enum {
	KEEPER_READY = 'R', /* the byte it writes to its control when it has its keys */
	KEEPER_GO =
		'G', /* the byte that it then waits for: the one before it has been told to go */
};

struct keeper_start {
	const struct serve_options *options;
	struct shared_keeper *shared;
	const int *lines;           /* exchange_line.keeper, one a key set */
	const char *const *sockets; /* their names, for the audit */
	size_t line_count;
	/* A socket pair's end. When it is closed on the other side, the keeper takes no more questions, answers those that it has, and ends. */
	int control;
};

/* The whole life of the process; returns its exit status. What is wrong with the keys is printed. */
int keeper_run(const struct keeper_start *start);

#endif
