/* SPDX-License-Identifier: Apache-2.0
 *
 * The files that a command line names: each by itself, or all below a folder (walk.h). For verbs that look at a repository.
 */
#ifndef PATHS_H
#define PATHS_H

#include "base/buf.h"

enum {
	PATHS_FILES_MAX = 10 * 1000 * 1000,     /* files of one folder given */
	PATHS_TREE_FILE_MAX = 64 * 1024 * 1024, /* bytes of a file in a folder: Flux reads 5 MiB */
};

struct path_file {
	const char *shown; /* as the user would write it */
	const char *path;  /* absolute, without links; "-" for stdin */
	struct span text;  /* a null span where it is binary or was not read */
	bool binary;       /* a NUL in its first WALK_TEXT_LOOK bytes */
	bool named;        /* on the command line itself: a link then is followed */
	const struct err *
		unread; /* a file or folder below a folder that could not be read, and why; NULL: it was */
};

/* 0 to go on, -1 with err filled to end. */
typedef int paths_visit(void *cookie, const struct path_file *file, struct err *err);

/* Visits the file `arg`, all files below the folder `arg`, or stdin for "-". `.sops.yaml` is left out in folders. Errors: ERR_USAGE where arg is not
 * there, ERR_SYSTEM where it can not be read, ERR_LIMIT, ERR_NOMEM, the visitor's. */
int paths_each(const char *arg, paths_visit *visit, void *cookie, struct err *err) NODISCARD;

/* Takes argv[*at] where it is `flag` ("--output json" or "--output=json") and moves *at behind it. 1: taken; 0: it is another; -1: ERR_USAGE. */
int paths_take_flag(int argc, char **argv, int *at, const char *flag, const char **ret_value,
		    struct err *err) NODISCARD;

/* --output: text or json. Errors: ERR_USAGE. */
int paths_output(const char *word, bool *ret_json, struct err *err) NODISCARD;

/* --config: its absolute path, malloc'ed. Errors: ERR_USAGE. */
int paths_config(const char *arg, char **ret_path, struct err *err) NODISCARD;

#endif
