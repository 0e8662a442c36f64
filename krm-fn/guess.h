/* SPDX-License-Identifier: Apache-2.0
 *
 * The format of an encrypted file whose name does not say it: `db.yml.enc`, `secrets.enc`. sops takes all of these for binary and fails.
 */
#ifndef GUESS_H
#define GUESS_H

#include "doc/doc.h"

/* The format of the encrypted document `content` that stands in a file of that name. The suffix decides where it is one that sops knows.
 * Differs: else sops takes binary; here a document that looks like sops's binary form is binary, then earlier suffixes decide
 * (x.yml.enc), then the place of the metadata, then binary. */
enum doc_format guess_format(struct span name, struct span content);

#endif
