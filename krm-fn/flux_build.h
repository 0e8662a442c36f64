/* SPDX-License-Identifier: Apache-2.0
 *
 * What Flux applies for a Kustomization, without Flux:
 *
 *   the artifact's files ─► a copy in memory (stage.h) ─► Flux's kustomization (flux_generate.h) ─► decrypted files (flux_sources.h, flux_open.h) ─► kustomize
 *   ─► decrypted objects (transform.h) ─► substitution, commonMetadata (flux_finish.h)
 */
#ifndef FLUX_BUILD_H
#define FLUX_BUILD_H

#include "build_diff.h"
#include "flux_spec.h"
#include "kustomize.h"
#include "report.h"
#include "session.h"
#include "stage.h"

enum { FLUX_BUILD_OUTPUT_MAX = 1024 * 1024 * 1024 /* bytes, as DECRYPT_OUTPUT_MAX */ };

struct flux_build {
	/* in */
	struct session *session;
	const struct config *config;
	const struct flux_spec *spec; /* object NULL: the kustomization in `folder` as it is */
	const char *root;             /* absolute: the repository */
	const char *folder;           /* relative to it: spec.path */
	struct span ignore;           /* of the source object */
	const char *const *substitute_from; /* files with ConfigMaps and Secrets */
	size_t substitute_from_count;
	const char *kustomize; /* --kustomize, or NULL */
	enum stage_mode stage;
	bool remote;                   /* --allow-remote */
	bool compat_flux;              /* what Flux lets through is told, and no error */
	bool placeholder;              /* no keys: stand-ins (flux_placeholder.h) */
	bool lax;                      /* variables that are not there are empty */
	struct build_secrets *secrets; /* gets every text that is opened; NULL: nobody wants them */
	/* out */
	struct report report; /* what went wrong; where it is empty err says it */
};

/* Appends the objects to out. -1: the report or err says why, and nothing is to be printed. */
int flux_build_run(struct flux_build *build, struct buf *out, struct err *err) NODISCARD;

#endif
