/* SPDX-License-Identifier: Apache-2.0
 *
 * What a build will want when kustomize is done: the data keys of the objects in the encrypted files that its kustomizations name as resources, and in the
 * manifests of --substitute-from. They are asked for together with those of the sources (flux_open.h), so that a run waits for its key services once.
 *
 * A guess, and nothing more: what can not be read, or opened, is told by what comes out of kustomize, or not at all where it does not come out.
 */
#ifndef FLUX_AHEAD_H
#define FLUX_AHEAD_H

#include "config.h"
#include "flux_sources.h"

#include "decrypt.h"

enum {
	FLUX_AHEAD_MAX =
		16 * 1024 * 1024, /* bytes of such files; what is beyond is asked for later */
};

struct flux_ahead_file;

struct flux_ahead {
	struct flux_ahead_file *files; /* the latest first */
	size_t count;                  /* of what is wanted */
};

#define FLUX_AHEAD_INIT        \
	{                      \
		.files = NULL, \
	}

/* Reads the files of sources->sealed, and the manifests `vars`, which must outlive it. ERR_NOMEM. */
int flux_ahead_read(struct flux_ahead *ahead, const struct flux_sources *sources, struct span vars,
		    struct err *err) NODISCARD;

/* Makes ahead->count jobs, of which only the data keys are asked for. They point into it. */
void flux_ahead_add_jobs(const struct flux_ahead *ahead, struct decrypt_job *jobs);

void flux_ahead_release(struct flux_ahead *ahead);

#endif
