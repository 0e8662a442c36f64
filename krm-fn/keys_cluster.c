/* SPDX-License-Identifier: Apache-2.0
 *
 * A decryption Secret in the cluster; see keys.h. Its namespace lies beside others, so somebody outside the input has to have named it.
 */
#include "keys_lookup.h"

#include "cluster.h"

#include "base/text.h"

int keys_look_in_cluster(struct keys_lookup *lookup, struct err *err)
{
	CLEAN_CLUSTER_OBJECT struct cluster_object object = CLUSTER_OBJECT_INIT;
	struct cluster *cluster = lookup->where->cluster;
	bool found = false;

	if (!lookup->namespace.len) {
		(void)err_set(err, ERR_USAGE, "secretRef '%s' has no namespace to look in",
			      lookup->label);
		return err_hint(err,
				"give the functionConfig a metadata.namespace, or say --namespace");
	}
	if (cluster_get(cluster, &cluster_secret, lookup->where->ns, lookup->namespace,
			lookup->name, &object, &found, err) < 0)
		return -1;
	if (found)
		return keys_lookup_import(lookup, cluster_tree(&object), false, err);
	keys_lookup_not_in(lookup, cluster_called(cluster).text, NULL);
	return 0;
}
