/* SPDX-License-Identifier: Apache-2.0
 *
 * A build without keys: stand-ins in the place of what is encrypted. A stand-in looks like a ciphertext, so that `krm-sops check` refuses what has one, and
 * opens with no key. For checks of pull requests that may not see keys.
 */
#ifndef FLUX_PLACEHOLDER_H
#define FLUX_PLACEHOLDER_H

#include "find.h"
#include "manifests.h"

#define FLUX_PLACEHOLDER "ENC[AES256_GCM,data:placeholder,iv:placeholder,tag:placeholder,type:str]"

/* Appends the document as it would be decrypted, with stand-ins. Errors: ERR_FORMAT, ERR_EMIT, ERR_NOMEM. */
int flux_placeholder_text(struct span text, enum doc_format in_format, enum doc_format out_format,
			  struct buf *out, struct err *err) NODISCARD;

/* The same for the objects of a build, in place; ret_changed[i] for branch i. */
int flux_placeholder_objects(struct manifests *manifests, bool *ret_changed, struct err *err)
	NODISCARD;

/* How many bytes at the end of a name are the hash that kustomize adds, with its dash; 0: none. */
size_t flux_placeholder_hash(struct span name);

/* Appends text (a build's output) to out with "-placeholder" in the place of the hashes of names that depend on what nobody has opened, and where these names are
 * referred to. Errors: ERR_FORMAT, ERR_NOMEM. */
int flux_placeholder_names(struct span text, struct buf *out, struct err *err) NODISCARD;

#endif
