/* SPDX-License-Identifier: Apache-2.0
 *
 * mode: generate. Encrypted files below the root become objects of the build: whole manifests (`files`), and Secrets put together of files,
 * binary files and dotenvs (`secretFrom`), as in KSOPS (krm-and-flux.md 3.1). The bytes are the author's own, so their MACs are checked.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "report.h"
#include "session.h"

enum {
	GENERATE_FILES_MAX = 10 * 1000,       /* files that one config names */
	GENERATE_FILE_MAX = 64 * 1024 * 1024, /* bytes of one file: far above what etcd takes */
	GENERATE_INPUT_MAX =
		256 * 1024 * 1024, /* bytes of all files: a list may name one file often */
	GENERATE_TEXT_MAX = 1024 * 1024 * 1024, /* bytes that come out in all */
};

/* Appends a ResourceList with the objects to out. -1: the report has at least one entry, and nothing is to be printed. */
int generate_run(struct session *session, const struct config *config,
		 struct doc_node *const *items, size_t count, struct report *report,
		 struct buf *out) NODISCARD;

#endif
