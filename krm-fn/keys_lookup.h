/* SPDX-License-Identifier: Apache-2.0
 *
 * One search for a decryption Secret, shared by the kinds of places: keys_folder.c, keys_manifest.c, keys_cluster.c; keys_secret.c runs them in order.
 */
#ifndef KEYS_LOOKUP_H
#define KEYS_LOOKUP_H

#include "item.h"
#include "keys.h"

#include "keys/kube_name.h"

struct keys_lookup {
	const struct keys_where *where;
	const struct policy *policy;
	struct keyring *ring;
	struct span namespace, name;       /* namespace may be a null span */
	char label[2 * KUBE_NAME_MAX + 2]; /* "NAMESPACE/NAME" */
	struct buf places;                 /* where it was not, for the message */
	bool found;                        /* and imported */
};

/* Each looks in its place and imports what it finds; 0 also where the Secret is not there. */
int keys_look_in_folder(struct keys_lookup *lookup, struct err *err) NODISCARD;
int keys_look_in_flat(struct keys_lookup *lookup, struct err *err) NODISCARD;
int keys_look_in_manifest(struct keys_lookup *lookup, const char *path, struct err *err) NODISCARD;
int keys_look_in_items(struct keys_lookup *lookup, struct err *err) NODISCARD;
int keys_look_in_cluster(struct keys_lookup *lookup, struct err *err) NODISCARD;

/* Imports the data keys of a Secret that was found. from_input: it came inside the function's input. */
int keys_lookup_import(struct keys_lookup *lookup, const struct doc_node *secret, bool from_input,
		       struct err *err) NODISCARD;

/* Remembers a place where it was not: what it is and, unless NULL, its path. */
void keys_lookup_not_in(struct keys_lookup *lookup, const char *what, const char *path);

/* Reads a key file or manifest whole, at most what ret takes. Errors: ERR_SYSTEM, ERR_NOT_FOUND, ERR_LIMIT, ERR_NOMEM. */
int keys_lookup_read(int dir, const char *name, struct buf *ret, struct err *err) NODISCARD;

#endif
