/* SPDX-License-Identifier: Apache-2.0
 *
 * The Flux object that a build is asked for, and its source object, as the cluster has them.
 */
#ifndef FLUX_CLUSTER_H
#define FLUX_CLUSTER_H

#include "cluster.h"
#include "flux_object.h"

/* The Kustomization ns/name, and what its sourceRef names unless with_source is false. Errors: ERR_UNREACHABLE where one of them is not there,
 * ERR_UNSUPPORTED for a source of another kind, ERR_FORMAT, those of cluster_get(). */
int flux_cluster_read(struct cluster *cluster, const char *name, const char *ns, bool with_source,
		      struct flux_object *ret_object, struct err *err) NODISCARD;

#endif
