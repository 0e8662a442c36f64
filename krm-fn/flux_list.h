/* SPDX-License-Identifier: Apache-2.0
 *
 * A kustomization for a folder without one: all YAML files below it, and for a folder with a kustomization of its own that folder, in the order of Go's
 * filepath.Walk. fluxcd/pkg: kustomize/kustomize_generator.go (scanManifests)
 */
#ifndef FLUX_LIST_H
#define FLUX_LIST_H

#include "stage.h"

#include "doc/doc.h"

/* Looks into the copy; doc gets the kustomization as a branch. NULL: errors of walk.h, ERR_NOMEM. */
struct doc_node *flux_list(const struct stage *stage, const char *folder, struct doc *doc,
			   struct err *err) NODISCARD;

#endif
