/* SPDX-License-Identifier: Apache-2.0
 *
 * What the sidecar answers over HTTP/1.1 on its Unix sockets (docs/api.md, docs/openapi.yaml). Runs in a worker, which has no key and no file system: it
 * reads the documents, asks the keeper for their data keys, and answers with plaintext or with one line of what is wrong.
 */
#ifndef API_H
#define API_H

#include "http_door.h"
#include "policy.h"
#include "shared.h"

enum api_route {
	API_OTHER, /* not found, not allowed */
	API_RESOURCELIST,
	API_DECRYPT,
	API_FILTER,
	API_UNWRAP,
	API_KMS,    /* the KMS door */
	API_STATUS, /* healthz, readyz, metrics */
	API_ROUTES
};

struct api {
	int line;       /* to the keeper: exchange_line.worker */
	int timeout_ms; /* for the keeper's answer */
	const struct policy *policy;
	const struct shared *shared;
	const struct shared_worker *own; /* of it */
};

/* Fills the exchange's answer. Returns which route it was. */
enum api_route api_answer(const struct api *api, struct http_exchange *exchange);

/* "resourcelist", ...: a label of metrics. */
const char *api_route_name(enum api_route route);

#endif
