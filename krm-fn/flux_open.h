/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens the files that flux_sources.h has found, all data keys together, and writes them into the copy.
 */
#ifndef FLUX_OPEN_H
#define FLUX_OPEN_H

#include "flux_sources.h"
#include "report.h"
#include "session.h"
#include "stage.h"

#include "decrypt.h"

struct flux_open {
	struct decrypt_job *jobs;
	struct span *opened,
		*closed; /* what each was made to and what it was: for kustomize_redact() */
	size_t count;
};

#define FLUX_OPEN_INIT        \
	{                     \
		.jobs = NULL, \
	}

/* -1: the report says why, or err where it is empty. A wrong MAC is a warning unless the session demands it. */
int flux_open_sources(struct flux_open *open, struct session *session, const struct config *config,
		      const struct stage *stage, const struct flux_sources *sources,
		      struct report *report, struct err *err) NODISCARD;

void flux_open_release(struct flux_open *open);

#endif
