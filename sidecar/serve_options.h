/* SPDX-License-Identifier: Apache-2.0
 *
 * What `krm-sops serve` is told on its command line. All of it is the operator's.
 */
#ifndef SERVE_OPTIONS_H
#define SERVE_OPTIONS_H

#include "options.h"

enum {
	SERVE_LISTENS_MAX = 64,            /* sockets, one a tenant */
	SERVE_WORKERS_MAX = 64,            /* of one socket */
	SERVE_WORKERS_ALL = 256,           /* of all sockets */
	SERVE_WORKERS = 2,                 /* of one socket, where nothing is said: a core each */
	SERVE_BODY_MAX = 64 * 1024 * 1024, /* bytes of one request: a large cluster's build */
	SERVE_CONNECTIONS = 64,            /* at once, of one worker: a thread each */
	SERVE_REQUEST_MS = 60 * 1000,      /* that one request may take in all */
	SERVE_RECYCLE = 100 * 1000,   /* requests after which a worker is replaced by a fresh one */
	SERVE_TTL_MAX = 24 * 60 * 60, /* seconds */
};

struct serve_listen {
	const char *path;   /* of the Unix socket */
	const char *keyset; /* its name in the operator's policy; NULL: the keys of the options */
};

struct serve_options {
	struct options keys; /* --keys and the like */
	struct serve_listen listens[SERVE_LISTENS_MAX];
	size_t listen_count;
	const char *group;   /* --group: who else may connect; NULL: nobody */
	const char *aws_kms; /* --aws-kms HOST:PORT; NULL: no such door */
	const char *
		kms_pair; /* --aws-kms-key FILE: AWS shared credentials that requests to it are signed with */
	const char *audit; /* --audit FILE; NULL: stderr */
	const char *
		probe; /* --probe live|ready: ask the sidecar that listens there, and do not serve */
	int workers;
	int connections;
	int request_ms;
	int recycle; /* requests; 0: never */
	int ttl;     /* --data-key-ttl, seconds; 0: no cache */
	size_t body_max;
	bool require_mlock;
	char *owned[SERVE_LISTENS_MAX]; /* copies that the listens point into */
};

#define SERVE_OPTIONS_INIT                                                                        \
	{                                                                                         \
		.keys = OPTIONS_INIT, .workers = SERVE_WORKERS, .connections = SERVE_CONNECTIONS, \
		.request_ms = SERVE_REQUEST_MS, .recycle = SERVE_RECYCLE,                         \
		.body_max = SERVE_BODY_MAX,                                                       \
	}
#define CLEAN_SERVE_OPTIONS CLEANUP(serve_options_release)

/* Errors: ERR_USAGE, ERR_NOMEM. */
int serve_options_parse(int argc, char **argv, struct serve_options *options, struct err *err)
	NODISCARD;

void serve_options_release(struct serve_options *options);

#endif
