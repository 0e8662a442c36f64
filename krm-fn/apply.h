/* SPDX-License-Identifier: Apache-2.0
 *
 * The edits that one decrypted piece makes in the text of its object: opened values in their places, metadata cut out, base64 as kustomize
 * writes it.
 */
#ifndef APPLY_H
#define APPLY_H

#include "find.h"
#include "splice.h"

#include "decrypt.h"

/* Before the run: cuts the `sops` entry, or the sops_* keys of a dotenv. Errors: as splice_remove(), with the label. */
int apply_removals(struct splice *splice, const struct find_hit *hit, struct err *err) NODISCARD;

/* After the run: puts the plain values in, in the text and in the tree, which look the same then. New strings live in arena. Errors: as
 * splice_scalar(), with label and path. */
int apply_result(struct splice *splice, struct arena *arena, const struct find_hit *hit,
		 const struct decrypt_job *job, struct err *err) NODISCARD;

/* base64 as kustomize's generators write it: from 72 characters on in lines of 70, each with its line break. The name's hash is made over this
 * text (T19). kustomize: kyaml/yaml/datamap.go */
void apply_base64_wrapped(struct span bytes, struct buf *out);

#endif
