/* SPDX-License-Identifier: Apache-2.0
 *
 * The messages of sops's key service (sops: keyservice/keyservice.proto): a DecryptRequest becomes a wrapped key as it stands in a document, so that a stock
 * `sops decrypt --keyservice unix://...` is served like everybody else. Bytes in, bytes out.
 */
#ifndef GRPC_KEY_H
#define GRPC_KEY_H

#include "sops/sops_meta.h"

enum {
	GRPC_MESSAGE_MAX = 1024 * 1024, /* bytes: an `enc` is some thousand */
	GRPC_PREFIX = 5,                /* bytes before a message: compressed or not, length */
};

enum grpc_status {
	GRPC_OK = 0,
	GRPC_INVALID_ARGUMENT = 3,
	GRPC_NOT_FOUND = 5,
	GRPC_PERMISSION_DENIED = 7,
	GRPC_RESOURCE_EXHAUSTED = 8,
	GRPC_UNIMPLEMENTED = 12,
	GRPC_INTERNAL = 13,
	GRPC_UNAVAILABLE = 14,
};

/* Reads the one message of a request's body, prefix included. Spans of ret_key point into body; an encryption context is made in doc.
 * Errors: ERR_FORMAT, ERR_UNSUPPORTED (compressed; a type of key that there is not), ERR_NOMEM. */
int grpc_key_read(struct span body, struct doc *doc, struct sops_key *ret_key, struct err *err)
	NODISCARD;

/* Appends a DecryptResponse with its prefix. */
void grpc_key_write(struct span plaintext, struct buf *out);

/* How the client is told of an error. */
enum grpc_status grpc_key_status(enum err_code code);

#endif
