/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that a document or a functionConfig names are opened below one root and nowhere else: `..`, absolute paths and symbolic links
 * that lead out are refused (Differs: KSOPS opens them), also when the tree changes under us. The kernel does it (openat2 with RESOLVE_BENEATH); where it can not, a
 * walk does that holds every folder on the way open (design.md, "Paths").
 */
#ifndef CONFINE_H
#define CONFINE_H

#include "base/buf.h"

#include <limits.h>

struct confine {
	int fd;              /* the root folder; -1: none */
	char root[PATH_MAX]; /* its absolute path, without links */
	char below
		[PATH_MAX]; /* the working directory, relative to it; "" where they are the same or it lies outside */
	bool outside; /* the working directory is not below the root: relative paths begin at the root */
	bool clamp; /* the root is all there is, as in Flux: `..` stays in it and absolute paths begin at it */
};

#define CONFINE_INIT      \
	{                 \
		.fd = -1, \
	}
#define CLEAN_CONFINE CLEANUP(confine_close)

/* Finds and opens the root: `given` (--root) where not NULL; under Argo CD the working directory without ARGOCD_APP_SOURCE_PATH; the Git
 * toplevel around the working directory; else the working directory. Errors: ERR_NOT_FOUND, ERR_SYSTEM. */
int confine_open_root(const char *given, struct confine *ret, struct err *err) NODISCARD;

/* The same for what lies at or above the folder `from` (absolute, without links), which is taken for the working directory. */
int confine_find_root(const char *given, const char *from, struct confine *ret, struct err *err)
	NODISCARD;

/* A root that is all there is: the open folder fd, which is taken over. `shown` is what messages call it. */
void confine_clamp(int fd, const char *shown, struct confine *ret);

/* Opens a file or folder below the root for reading. `path` is relative to the working directory, or absolute. `flags` are open(2) flags to add
 * (O_DIRECTORY; with `clamp` O_WRONLY | O_TRUNC too). Returns the descriptor, or -1: ERR_POLICY for a path that leaves the root, ERR_NOT_FOUND, ERR_SYSTEM. The message names the path. */
int confine_open(const struct confine *confine, const char *path, int flags, struct err *err)
	NODISCARD;

/* Reads a regular file whole, at most max bytes (ERR_LIMIT). */
int confine_read(const struct confine *confine, const char *path, size_t max, struct buf *ret,
		 struct err *err) NODISCARD;

void confine_close(struct confine *confine);

#ifdef KRMSOPS_TEST
extern bool confine_no_openat2; /* tests of the walk: act as if the kernel had no openat2 */
#endif

#endif
