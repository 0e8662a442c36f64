/* SPDX-License-Identifier: Apache-2.0
 *
 * The kustomization that Flux builds: the one in spec.path, or one that lists what is there, with the fields of the Flux object put into it. Works on
 * trees only. fluxcd/pkg: kustomize/kustomize_generator.go
 */
#ifndef FLUX_GENERATE_H
#define FLUX_GENERATE_H

#include "flux_spec.h"

/* In the order in which kustomize looks for them. */
#define FLUX_KUSTOMIZATION_NAMES 3
extern const char *const flux_kustomization_names[FLUX_KUSTOMIZATION_NAMES];

struct flux_generate {
	const struct flux_spec *spec; /* object NULL: nothing is put in but the order */
	bool created;                 /* there was none: the tree came from flux_generate_new() */
	/* Is there something at that path, relative to spec.path? For ignoreMissingComponents. */
	bool (*exists)(const void *cookie, struct span path);
	const void *cookie;
};

/* Puts the fields into `root`, a map that doc owns. What is copied from the spec still belongs to its document. Errors: ERR_FORMAT, ERR_POLICY (a
 * component that is not local), ERR_NOMEM. */
int flux_generate(const struct flux_generate *generate, struct doc *doc, struct doc_node *root,
		  struct err *err) NODISCARD;

/* A kustomization with these resources, as a branch of doc; none: Flux's placeholder. NULL: ERR_NOMEM. */
struct doc_node *flux_generate_new(struct doc *doc, const struct span *resources, size_t count,
				   struct err *err) NODISCARD;

/* Does the path name something that is fetched from elsewhere? */
bool flux_is_remote(struct span path);

#endif
