/* SPDX-License-Identifier: Apache-2.0
 *
 * Is this file of a repository encrypted by sops, and as what does it read? For verbs that go over files which nobody has named as such.
 */
#ifndef SOPS_FILE_H
#define SOPS_FILE_H

#include "doc/doc.h"

/* A look for words, before the cost of reading: false for what has nothing to do with sops. */
bool sops_file_maybe(struct span text);

/* Reads it as what its name says, or where that says nothing as what it turns out to be. 0: a document with metadata; 1: none, or not readable (then
 * ret_why has a code); -1: ERR_NOMEM, in ret_why. ret_doc must be DOC_INIT. */
int sops_file_read(const char *path, struct span text, struct doc *ret_doc,
		   enum doc_format *ret_format, struct err *ret_why) NODISCARD;

/* Without doubt an encrypted file by its text, though it could not be read as what its name says. */
bool sops_file_was(const char *path, struct span text);

/* Does the branch have the metadata of sops, and not only something called so? */
bool sops_file_has_metadata(const struct doc_node *branch, enum doc_format format);

/* One document to sops, all of whose branches have one MAC, as sops writes it. Else each branch is a document of its own, as kustomize and Flux take
 * a stream. */
bool sops_file_is_one(const struct doc *doc, enum doc_format format);

#endif
