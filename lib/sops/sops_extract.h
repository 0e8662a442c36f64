/* SPDX-License-Identifier: Apache-2.0
 *
 * `--extract '["key"][0]'`: one value out of a decrypted document. sops: cmd/sops/main.go (parseTreePath), sops.go (Truncate),
 * cmd/sops/decrypt.go (extract); sops-format.md 6.2
 */
#ifndef SOPS_SOPS_EXTRACT_H
#define SOPS_SOPS_EXTRACT_H

#include "doc/doc.h"

/* Is path one that sops reads? Asked before anything is decrypted. Errors: ERR_EXTRACT. */
int sops_extract_check(const char *path, struct err *err) NODISCARD;

/* Appends what path names in doc's first branch to out: a map as a document (with the branches after the first), a string as its bytes, the
 * rest as a value of the format. The empty path is the whole document. doc is changed. Errors: ERR_EXTRACT (path), ERR_FORMAT (nothing
 * there), ERR_EMIT (the format has no such value), as doc_write(). */
int sops_extract_write(struct doc *doc, const char *path, enum doc_format format,
		       const struct doc_style *style, struct buf *out, struct err *err) NODISCARD;

#endif
