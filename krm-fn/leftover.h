/* SPDX-License-Identifier: Apache-2.0
 *
 * Nothing encrypted gets through in silence: after the run, what is in scope may hold neither a whole ciphertext token nor a sops.mac.
 * Differs: Flux applies
 * it, but for a Secret with `sops`. In scope (design.md): an item with a top-level `sops`, before or after, or with a merge key (`<<`), which may bring anything; every data and stringData value of a Secret, base64 undone, and
 * a sops_mac key in it; all strings of the kinds that the config names; all of every object where the caller says so.
 */
#ifndef LEFTOVER_H
#define LEFTOVER_H

#include "doc/doc.h"

struct leftover_scope {
	const struct span *kinds; /* beyond Secret */
	size_t kind_count;
	struct span
		stand_in; /* a token that is none, as where nothing is decrypted; else a null span */
	bool string_data; /* documents in stringData were asked to be decrypted: no hint to ask for it */
};

/* Looks through one item. whole: it had a top-level `sops`, or all of it is in scope whatever its kind, with the binaryData of a ConfigMap. 0: nothing is left; 1: err says what and where (ERR_VALUE, the field's path in front);
 * -1: ERR_NOMEM, ERR_LIMIT. Items that a decrypt: disabled annotation excepts are the caller's to leave out. */
int leftover_find(const struct doc_node *item, bool whole, const struct leftover_scope *scope,
		  struct err *err) NODISCARD;

/* True where text holds a whole token: ENC[AES256_GCM,data:...,iv:...,tag:...,type:...] on one line. */
bool leftover_has_token(struct span text);

#endif
