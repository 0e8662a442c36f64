/* SPDX-License-Identifier: Apache-2.0
 *
 * What a generator's config asks for, taken apart and checked: a list of files to read, and the Secrets that some of them go into.
 */
#ifndef GENERATE_PLAN_H
#define GENERATE_PLAN_H

#include "config.h"

enum generate_use {
	GENERATE_MANIFEST, /* files: objects as they are */
	GENERATE_TEXT,     /* secretFrom[].files: a value of stringData */
	GENERATE_BINARY,   /* secretFrom[].binaryFiles: a value of data */
	GENERATE_ENVS,     /* secretFrom[].envs: values of stringData */
};

struct generate_file {
	enum generate_use use;
	const char *path;
	struct span key; /* TEXT, BINARY */
	size_t secret;   /* which of the plan's; SIZE_MAX: MANIFEST */
	char field[48];  /* "spec.secretFrom[2].files[0]", for messages */
};

struct generate_secret {
	const struct doc_node *metadata; /* a map with a name; checked */
	struct span type;
};

struct generate_plan {
	struct arena arena;
	struct generate_file *files; /* in the order of the config; a later value of a key wins */
	size_t file_count;
	struct generate_secret *secrets;
	size_t secret_count;
};

#define GENERATE_PLAN_INIT                         \
	{                                          \
		.arena = ARENA_INIT(DOC_INPUT_MAX) \
	}
#define CLEAN_GENERATE_PLAN CLEANUP(generate_plan_release)

/* Errors: ERR_USAGE with the field's path, ERR_LIMIT, ERR_NOMEM. */
int generate_plan(const struct config *config, struct generate_plan *ret_plan, struct err *err)
	NODISCARD;

void generate_plan_release(struct generate_plan *plan);

#endif
