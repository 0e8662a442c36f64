/* SPDX-License-Identifier: Apache-2.0
 *
 * The files that Flux decrypts before it builds: what the kustomizations of a tree name in secretGenerator files and envs and in the paths of patches.
 * First all of them are found, then all are opened together, then written back, into the copy (stage.h).
 * kustomize-controller: internal/decryptor/decryptor.go (DecryptSources); krm-and-flux.md 4.8
 */
#ifndef FLUX_SOURCES_H
#define FLUX_SOURCES_H

#include "confine.h"
#include "flux_generate.h"
#include "stage_index.h"

enum {
	FLUX_SOURCE_FILE_MAX =
		5 * 1024 * 1024,       /* bytes of one file, encrypted or not: Flux's limit */
	FLUX_SOURCES_MAX = 100 * 1000, /* files, and folders, of one build */
};

/* A file that is to be decrypted. Its text lives in the list. */
struct flux_source {
	char *path; /* relative to the root */
	struct buf text;
	enum doc_format format;
};

struct flux_sources {
	struct arena arena;
	struct confine root;             /* the copy; clamped */
	const struct stage_index *index; /* what is known of it; NULL: nothing */
	bool remote;                     /* names that are fetched from elsewhere are allowed */
	/* out */
	struct flux_source *list;
	size_t count, cap;
	const char **
		sealed; /* files named as resources that hold ciphertext, as far as `index` knows */
	size_t sealed_count, sealed_cap;
	const char **notes; /* what stays encrypted for now, one line each */
	size_t note_count, note_cap;
	/* the walk's own */
	struct flux_seen *files, *folders; /* by device and inode */
	size_t file_count, file_cap, folder_count, folder_cap;
	char **stack;
	size_t depth, stack_cap;
};

#define FLUX_SOURCES_INIT                                                             \
	{                                                                             \
		.arena = ARENA_INIT((size_t)256 * 1024 * 1024), .root = CONFINE_INIT, \
	}
#define CLEAN_FLUX_SOURCES CLEANUP(flux_sources_release)

/* Finds them, from the folder `path` on. root must be set. decrypt: read what is named; else look only for what is fetched from elsewhere. Errors:
 * "error decrypting sources: ..." with ERR_NOT_FOUND, ERR_FORMAT, ERR_LIMIT; ERR_POLICY for what is remote; ERR_NOMEM. */
int flux_sources_find(struct flux_sources *sources, const char *path, bool decrypt, struct err *err)
	NODISCARD;

/* The one kustomization file of a folder. ret_path: relative to the root, in the arena; NULL where there is none. Errors: ERR_FORMAT for two, or for one that
 * is no regular file. */
int flux_sources_kustomization(struct flux_sources *sources, const char *folder, char **ret_path,
			       struct err *err) NODISCARD;

void flux_sources_release(struct flux_sources *sources);

/* Two paths to one, cleaned as Go's filepath.Join does it. In arena. NULL: ERR_NOMEM, ERR_LIMIT. */
char *flux_path_join(struct arena *arena, const char *folder, struct span path, struct err *err)
	NODISCARD;

#endif
