/* SPDX-License-Identifier: Apache-2.0
 *
 * What generators' configs ask for, taken apart and checked: a list of files to read, and the Secrets that some of them go into. One plan takes
 * any number of configs, so that all files are opened and all data keys fetched together.
 */
#ifndef GENERATE_PLAN_H
#define GENERATE_PLAN_H

#include "config.h"

enum generate_use {
	GENERATE_MANIFEST, /* files: objects as they are */
	GENERATE_TEXT,     /* secretFrom[].files: a value of stringData */
	GENERATE_BINARY,   /* secretFrom[].binaryFiles: a value of data */
	GENERATE_ENVS,     /* secretFrom[].envs: values of stringData */
	GENERATE_SOURCE,   /* envs of a SopsSecretGenerator: values of data */
};

struct generate_file {
	enum generate_use use;
	const char *path;
	struct span key;   /* TEXT, BINARY */
	size_t secret;     /* which of the plan's; SIZE_MAX: MANIFEST */
	const char *field; /* "spec.secretFrom[2].files[0]", for messages before it is open */
	const char *label; /* ... and behind */
	const char *parse; /* ... and where its text is no dotenv */
};

struct generate_pair {
	struct span key, value;
};

struct generate_pairs {
	struct generate_pair *at;
	size_t count;
};

struct generate_secret {
	struct span name, ns, type;
	struct generate_pairs labels, annotations;
	bool data_always; /* `data` is printed where it is empty, too */
};

struct generate_plan {
	struct arena arena;
	struct generate_file *files; /* in the order of the configs; a later value of a key wins */
	size_t file_count, file_cap;
	struct generate_secret *secrets;
	size_t secret_count, secret_cap;
	bool sorted; /* what comes out is put in the order of KSOPS's SDK */
};

#define GENERATE_PLAN_INIT                         \
	{                                          \
		.arena = ARENA_INIT(DOC_INPUT_MAX) \
	}
#define CLEAN_GENERATE_PLAN CLEANUP(generate_plan_release)

/* Adds what one config asks for. The config's document must outlive the plan. Errors: ERR_USAGE with the field's path, ERR_LIMIT, ERR_NOMEM. */
int generate_plan_add(struct generate_plan *plan, const struct config *config, struct err *err)
	NODISCARD;

void generate_plan_release(struct generate_plan *plan);

#endif
