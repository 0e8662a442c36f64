/* SPDX-License-Identifier: Apache-2.0
 *
 * The middle of the function and of `filter`: objects in, the text that they stand in out again with its ciphertexts replaced.
 *
 *   find ─► sources of the MACs ─► decrypt_run, all at once ─► edits ─► look for what is left ─► text
 */
#ifndef TRANSFORM_H
#define TRANSFORM_H

#include "report.h"
#include "session.h"

struct transform {
	/* in */
	struct session *session;
	const struct config *config;
	struct span text; /* the source of the items' offsets */
	struct doc *doc;  /* owns the items */
	struct doc_node *const *items;
	size_t count;
	/* What is known of the files that the objects may come from, for the search for their MACs' sources; NULL: nothing. */
	const struct stage_index *index;
	bool mac_warns;  /* a wrong MAC is told, and no error: `build` shows what Flux applies */
	bool every_kind; /* ciphertext may be left nowhere, whatever the object is: `build` */
	bool left_warns; /* ciphertext that is left is told, but for what Flux refuses to apply: --compat=flux */
	/* out */
	struct report report; /* what went wrong, with all bad items */
};

/* Appends the text with everything decrypted to out; NULL: only the items are wanted. -1: the report has at least one entry, and nothing is to be printed. The items are
 * decrypted in place either way; what is new in them lives in doc. */
int transform_run(struct transform *transform, struct buf *out) NODISCARD;

/* mode: validate. Nothing is decrypted; -1 where anything in scope is ciphertext. */
int transform_validate(struct transform *transform) NODISCARD;

void transform_release(struct transform *transform);

#endif
