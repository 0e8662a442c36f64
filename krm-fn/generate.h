/* SPDX-License-Identifier: Apache-2.0
 *
 * mode: generate. Encrypted files below the root become objects of the build: whole manifests (`files`), and Secrets put together of files,
 * binary files and dotenvs (`secretFrom`), as in KSOPS (krm-and-flux.md 3.1). The bytes are the author's own, so their MACs are checked.
 *
 *   configs ─► generate_plan ─► files ─► decrypt_run, all at once ─► objects ─► ResourceList, or a stream of documents
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "generate_plan.h"
#include "report.h"
#include "session.h"

enum {
	GENERATE_FILES_MAX = 10 * 1000,       /* files that the configs name */
	GENERATE_FILE_MAX = 64 * 1024 * 1024, /* bytes of one file: far above what etcd takes */
	GENERATE_INPUT_MAX =
		256 * 1024 * 1024, /* bytes of all files: a list may name one file often */
	GENERATE_TEXT_MAX = 1024 * 1024 * 1024, /* bytes that come out in all */
};

struct generate_input {
	struct doc_node *const *items; /* the function's own input, where keys may be */
	size_t count;
	bool stream; /* YAML documents come out, in the order of the configs; else a ResourceList */
};

/* Appends what the plan asks for to out; config says where the keys are. -1: the report has at least one entry, and nothing is to be printed. */
int generate_run(struct session *session, const struct config *config,
		 const struct generate_plan *plan, const struct generate_input *input,
		 struct report *report, struct buf *out) NODISCARD;

#endif
