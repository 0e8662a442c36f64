/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process without keys asks one that has them: wrapped data keys there, data keys back. The only words between the two, so that the one
 * with the keys never sees a user's document, only the `enc` entries of its metadata. Bytes in, bytes out; who carries them is another's
 * business (a socket pair in the sidecar, HTTP on its socket for clients).
 *
 *   request:  "KSQ1" u32 body   body: secret label u32 n, n times: u8 type, id address path role profile enc, u32 m, m times: name value
 *   reply:    "KSR1" u32 body   body: u32 n, n times: u8 verdict, u8 code, why key
 *
 * Numbers are big-endian; a text is its u32 length and its bytes. Both ends are of one version; what is not exactly this is refused.
 */
#ifndef KEYS_UNWRAP_H
#define KEYS_UNWRAP_H

#include "keys/keyservice.h"

enum {
	UNWRAP_HEAD = 8,                    /* bytes of the head: magic and length */
	UNWRAP_BODY_MAX = 64 * 1024 * 1024, /* bytes: a hundred thousand keys of the usual size */
	UNWRAP_KEYS_MAX = 100 * 1000,
	UNWRAP_TEXT_MAX = 1024 * 1024, /* bytes of one text: as much as etcd takes in one object */
	UNWRAP_CONTEXT_MAX = 64,  /* pairs of one encryption context: KMS takes 8 KiB of them */
	UNWRAP_OPENED_MAX = 4096, /* bytes of a data key or share */
};

struct unwrap_request {
	struct span
		secret; /* "NAMESPACE/NAME" of a secretRef; empty: the keys that are there without one */
	struct span
		label; /* what the asking side calls its document, for the audit: untrusted text */
	struct sops_key *keys; /* an array; spans point into the body */
	size_t count;
};

/* How many bytes the body has, from the first UNWRAP_HEAD bytes of a frame. Errors: ERR_FORMAT, ERR_LIMIT. */
int unwrap_head(struct span head, bool reply, size_t *ret_body, struct err *err) NODISCARD;

/* Appends a whole frame. What was refused shows in buf_check(out). */
void unwrap_put_request(struct span secret, struct span label, const struct key_request *requests,
			size_t n, struct buf *out);
void unwrap_put_reply(const struct key_request *requests, size_t n, struct buf *out);

/* Appends the frame around a reply's body that came from elsewhere. */
void unwrap_frame_reply(struct span body, struct buf *out);

/* Reads a body. doc owns what is made for it; the body must outlive the request. Errors: ERR_FORMAT, ERR_LIMIT, ERR_NOMEM. */
int unwrap_get_request(struct span body, struct doc *doc, struct unwrap_request *ret_request,
		       struct err *err) NODISCARD;

/* Sets the verdicts of the n requests that were asked; keys are copied into the pool. Errors as above. */
int unwrap_get_reply(struct span body, struct secret_pool *pool, struct key_request *requests,
		     size_t n, struct err *err) NODISCARD;

#endif
