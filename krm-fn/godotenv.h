/* SPDX-License-Identifier: Apache-2.0
 *
 * The dotenv dialect of KSOPS's `envs`: that of the Go package godotenv 1.5.1, with quotes, `export`, comments, escapes and $VARIABLES of
 * earlier lines. Neither kustomize's dialect nor that of sops. godotenv: parser.go
 */
#ifndef GODOTENV_H
#define GODOTENV_H

#include "base/arena.h"
#include "base/buf.h"

struct godotenv_entry {
	struct span key, value; /* in the arena */
};

struct godotenv {
	struct arena arena;
	struct godotenv_entry *entries; /* in order of their first mention; the last value counts */
	size_t count, cap;
};

enum {
	GODOTENV_ENTRIES_MAX = 10 * 1000, /* a Secret has 1 MiB; names are compared one by one */
	GODOTENV_VALUE_MAX = 64 * 1024 * 1024, /* bytes of one value: stops A=$B$B B=$C$C ... */
};

#define GODOTENV_INIT                                           \
	{                                                       \
		.arena = ARENA_INIT((size_t)1024 * 1024 * 1024) \
	}
#define CLEAN_GODOTENV CLEANUP(godotenv_release)

/* Errors: ERR_FORMAT with the line, never its text; ERR_LIMIT, ERR_NOMEM. Differs: a name that is empty or no
 * key of a Secret ([-._a-zA-Z0-9]) is refused, as is a last line without `=` or `:`. */
int godotenv_parse(struct span text, struct godotenv *ret_env, struct err *err) NODISCARD;

void godotenv_release(struct godotenv *env);

#endif
