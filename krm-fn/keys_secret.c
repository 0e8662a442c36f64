/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds the Secret that a decryption secretRef names: a folder, a mounted Secret, a manifest, the function's own input, the cluster; see keys.h. The name
 * and the namespace come from Git; where is looked, and for which namespaces, comes from the operator.
 */
#include "keys_lookup.h"

#include "base/text.h"
#include "keys/kube_name.h"

#include <stdio.h>

enum { PLACES_MAX = 512 /* bytes that a message shows of where was looked */ };

static void lookup_release(struct keys_lookup *lookup)
{
	buf_release(&lookup->places);
}

void keys_lookup_not_in(struct keys_lookup *lookup, const char *what, const char *path)
{
	if (lookup->places.len)
		buf_add_str(&lookup->places, ", ");
	buf_add_str(&lookup->places, what);
	if (path)
		buf_printf(&lookup->places, " '%s'", text_quote(span_str(path)).text);
}

static int look(struct keys_lookup *lookup, struct err *err)
{
	const struct keys_where *where = lookup->where;
	size_t i;

	if (where->folder && keys_look_in_folder(lookup, err) < 0)
		return -1;
	if (!lookup->found && where->flat && keys_look_in_flat(lookup, err) < 0)
		return -1;
	for (i = 0; i < where->manifest_count && !lookup->found; i++) {
		if (keys_look_in_manifest(lookup, where->manifests[i], err) < 0)
			return -1;
	}
	if (!lookup->found && keys_look_in_items(lookup, err) < 0)
		return -1;
	return lookup->found || !where->cluster ? 0 : keys_look_in_cluster(lookup, err);
}

static int not_found(const struct keys_lookup *lookup, struct err *err)
{
	const bool asked = lookup->places.len != 0;

	/* In the cluster it may be made any moment: Flux tries again, too. */
	(void)err_set(err, lookup->where->cluster ? ERR_UNREACHABLE : ERR_NO_KEY,
		      "decryption Secret '%s' not found: %s%.*s", lookup->label,
		      asked ? "it is not in " : "nothing says where it lies",
		      (int)lookup->places.len, asked ? (const char *)lookup->places.data : "");
	return err_hint(
		err,
		"--keys-flat DIR (KRM_SOPS_KEYS_FLAT), a folder with age.agekey or sops.asc in it; "
		"--keys DIR (KRM_SOPS_KEYS), with such folders as DIR/NAMESPACE/NAME; --key-secret "
		"FILE, a manifest; --cluster; without a secretRef keys come from SOPS_AGE_KEY_FILE "
		"and the like");
}

int keys_of_secret_ref(struct keyring *ring, const struct keys_where *where,
		       const struct policy *policy, struct span namespace, struct span name,
		       struct err *err)
{
	CLEANUP(lookup_release)
	struct keys_lookup lookup = {
		.where = where,
		.policy = policy,
		.namespace = namespace,
		.name = name,
		.places = BUF_INIT(PLACES_MAX),
		.ring = ring,
	};

	if (!namespace.len && where->ns)
		lookup.namespace = span_str(where->ns);
	if (!kube_name_valid(name) || (lookup.namespace.len && !kube_name_valid(lookup.namespace)))
		return err_set(err, ERR_USAGE, "secretRef '%s/%s' is not a name of a Secret",
			       text_quote(lookup.namespace).text, text_quote(name).text);
	snprintf(lookup.label, sizeof(lookup.label), "%.*s%s%.*s", (int)lookup.namespace.len,
		 lookup.namespace.len ? (const char *)lookup.namespace.data : "",
		 lookup.namespace.len ? "/" : "", (int)name.len, (const char *)name.data);
	if (look(&lookup, err) < 0)
		return -1;
	return lookup.found ? 0 : not_found(&lookup, err);
}
