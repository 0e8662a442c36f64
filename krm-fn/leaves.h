/* SPDX-License-Identifier: Apache-2.0
 *
 * A walk over the leaves of a document as it lies in its file, before decryption: each with its path and with what the document's own rule
 * says of its place. For the comparison of an item with its source, and for `check`.
 */
#ifndef LEAVES_H
#define LEAVES_H

#include "sops/sops_rule.h"

struct leaf {
	const struct doc_node *node; /* a scalar, a comment, or an empty map or list */
	/* The map keys on the way, joined with dots, which the cipher binds a value to: list positions do not count. Dots in keys are escaped, so
	 * that equal paths are equal. */
	struct span path;
	struct span shown; /* for messages: with list positions, "spec.env[2].value" */
	bool encrypted;    /* the rule says so; false without a rule */
};

enum { LEAVES_PATH_MAX = 1024 * 1024 /* bytes of one path: DOC_DEPTH_MAX keys of a kilobyte */ };

/* 0 to go on, -1 with err filled to end. The leaf's spans live as long as the call. */
typedef int leaves_visit(void *cookie, const struct leaf *leaf, struct err *err);

/* Visits every leaf of branch in order; `sops` at its top (dotenv: what begins with sops_) is the caller's to take out before. rule may be NULL.
 * Errors: the visitor's, ERR_LIMIT, ERR_NOMEM. */
int leaves_walk(const struct doc_node *branch, const struct sops_rule *rule, leaves_visit *visit,
		void *cookie, struct err *err) NODISCARD;

/* True where the leaf is a string that is a whole ciphertext. */
bool leaf_is_token(const struct doc_node *node);

/* True for null and the empty string: what an encrypted value looks like that somebody has emptied. */
bool leaf_is_empty(const struct doc_node *node);

#endif
