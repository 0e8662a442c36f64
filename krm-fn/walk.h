/* SPDX-License-Identifier: Apache-2.0
 *
 * A walk over the files below a root: no link is followed, `.git` is left out, only regular files are shown, within limits. What the root
 * of a run is says confine.h.
 */
#ifndef WALK_H
#define WALK_H

#include "base/buf.h"
#include "base/err.h"

enum {
	WALK_DEPTH_MAX =
		64, /* folders below the start: real trees stay below 20; bounds the open descriptors */
	WALK_PATH_MAX = 4096, /* bytes of a path, as PATH_MAX */
};

/* A regular file of the walk. walk_read() opens it below the open folder, no link is followed. */
struct walk_file {
	const char *path; /* relative to the walk's root */
	const char *name; /* its last part */
	int dir;          /* the open folder */
	bool link;        /* a symbolic link; only with walk_options.links */
};

/* Tells what to do next: WALK_ON, WALK_STOP (the walk ends, no error), or -1 with err filled. */
enum walk_next { WALK_ERROR = -1, WALK_ON = 0, WALK_STOP = 1 };
typedef enum walk_next walk_visit(void *cookie, const struct walk_file *file, struct err *err);

struct walk_options {
	const char *root; /* absolute */
	const char *
		start; /* relative to root, NULL or "": root. Files below start come first, then those of its parent, ... up to root */
	size_t files_max; /* files shown; past it the walk ends and *ret_limit is set */
	bool links;       /* show symbolic links too; they are still not followed */
};

/* Names are sorted, files before folders, so that two runs see the same order. What can not be opened, or lies too deep, is skipped and
 * counted in *ret_skipped; the root must open. ret_limit and ret_skipped may be NULL. Errors: ERR_NOT_FOUND, ERR_SYSTEM, ERR_NOMEM, or the visitor's. */
int walk_tree(const struct walk_options *options, walk_visit *visit, void *cookie, bool *ret_limit,
	      size_t *ret_skipped, struct err *err) NODISCARD;

/* Reads the whole file, at most max bytes. text_only: not one with a NUL in its first WALK_TEXT_LOOK bytes; ret is then empty and 1 comes back.
 * Errors: ERR_LIMIT, ERR_SYSTEM, ERR_NOMEM, ERR_NOT_FOUND (also where it has become something else than a regular file). */
int walk_read(const struct walk_file *file, size_t max, bool text_only, struct buf *ret,
	      struct err *err) NODISCARD;

enum { WALK_TEXT_LOOK = 8000 /* bytes in which a NUL tells a file that is no text, as in Git */ };

#endif
