/* SPDX-License-Identifier: Apache-2.0
 *
 * The variables of spec.postBuild: `substituteFrom` out of manifests that were given, else out of the cluster, then `substitute`, which wins.
 * fluxcd/pkg: kustomize/kustomize_varsub.go
 */
#ifndef FLUX_VARS_H
#define FLUX_VARS_H

#include "cluster.h"
#include "flux_spec.h"

enum { FLUX_VARS_MAX = 10 * 1000 };

struct flux_var {
	struct span name, value;
	bool secret; /* out of a Secret */
};

struct flux_vars {
	struct arena arena;
	struct flux_var *list;
	size_t count;
};

#define FLUX_VARS_INIT                                         \
	{                                                      \
		.arena = ARENA_INIT((size_t)256 * 1024 * 1024) \
	}
#define CLEAN_FLUX_VARS CLEANUP(flux_vars_release)

/* Where ConfigMaps and Secrets of `substituteFrom` are. */
struct flux_vars_places {
	struct doc_node *const *items; /* that were given */
	size_t count;
	struct cluster *cluster; /* asked for what is not among them; NULL: never */
	const char *ours;        /* --namespace */
};

/* Errors: ERR_NOT_FOUND for one that is not there and not optional (ERR_UNREACHABLE where the cluster was asked), ERR_FORMAT for a name that is none and for
 * base64 that is none, those of cluster_get(), ERR_NOMEM. */
int flux_vars_load(const struct flux_spec *spec, const struct flux_vars_places *places,
		   struct flux_vars *ret_vars, struct err *err) NODISCARD;

/* An envsubst_lookup; cookie is the variables. */
bool flux_vars_lookup(const void *cookie, struct span name, struct span *ret_value);

void flux_vars_release(struct flux_vars *vars);

#endif
