/* SPDX-License-Identifier: Apache-2.0
 *
 * The MAC policy of a run (design.md, "MAC policy"). Documents inside values are checked as they are, by their own jobs. Whole items and
 * dotenvs taken apart are not what was encrypted any more: their sources are looked for by sops.mac (source.h) and checked in jobs beside
 * theirs. What has no source is told once, or is an error with `mac: verify`.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "find.h"
#include "report.h"
#include "session.h"
#include "source.h"

#include "decrypt.h"

struct verify_want {
	size_t hit;   /* which hit; its job has the same index */
	size_t job;   /* the job that checks the source; SIZE_MAX: none */
	bool job_own; /* the first want of that job */
};

struct verify {
	struct arena arena;
	struct source_want *wants;
	struct verify_want *facts; /* beside wants */
	size_t count;
	size_t *found; /* room to sort those that have a source */
	struct source_files files;
	const char *root; /* that was searched; NULL: none was */
};

#define VERIFY_INIT                                                                \
	{                                                                          \
		.arena = ARENA_INIT(SOURCE_ARENA_MAX), .files = SOURCE_FILES_INIT, \
	}
#define CLEAN_VERIFY CLEANUP(verify_release)

/* Looks for the sources of the hits, which must not be decrypted yet. index: what is known of files, used where it is about those below the root; NULL: nothing.
 * Errors: those of session_root() and source_find(). */
int verify_find(struct verify *verify, struct session *session, const struct stage_index *index,
		const struct find *find, struct err *err) NODISCARD;

/* Adds a job for each source to jobs, behind the `count` that are there; there must be room for as many again. Returns the new count. */
size_t verify_add_jobs(struct verify *verify, struct decrypt_job *jobs, size_t count);

/* Tells what came of it. warn: what is wrong is a note, too, and no error. */
void verify_report(const struct verify *verify, const struct session *session,
		   const struct find *find, const struct decrypt_job *jobs, bool warn,
		   struct report *report);

void verify_release(struct verify *verify);

#endif
