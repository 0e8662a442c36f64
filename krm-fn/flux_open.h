/* SPDX-License-Identifier: Apache-2.0
 *
 * Opens the files that flux_sources.h has found, all data keys together, and writes them into the copy. Where services have to be waited for, the keys that
 * the build will want later are asked for at the same time (flux_ahead.h).
 */
#ifndef FLUX_OPEN_H
#define FLUX_OPEN_H

#include "flux_ahead.h"
#include "report.h"
#include "session.h"
#include "stage.h"

#include "decrypt.h"
#include "sops/datakey_memo.h"

struct flux_open {
	struct span vars;         /* in: manifests that are opened later, with keys of their own */
	struct decrypt_job *jobs; /* of the sources, and behind them those of `ahead` */
	size_t job_count;
	struct span *opened,
		*closed; /* what each was made to and what it was: for kustomize_redact() */
	size_t count;    /* of the sources */
	struct flux_ahead ahead;
	struct datakey_memo
		memo; /* of what was asked; the ring's till the release, where it has one */
	struct keyring *ring;
};

#define FLUX_OPEN_INIT                                               \
	{                                                            \
		.ahead = FLUX_AHEAD_INIT, .memo = DATAKEY_MEMO_INIT, \
	}

/* Sets all but `vars`. -1: the report says why, or err where it is empty. A wrong MAC is a warning unless the session demands it. */
int flux_open_sources(struct flux_open *open, struct session *session, const struct config *config,
		      const struct stage *stage, const struct flux_sources *sources,
		      struct report *report, struct err *err) NODISCARD;

/* Before the session's ring is released. */
void flux_open_release(struct flux_open *open);

#endif
