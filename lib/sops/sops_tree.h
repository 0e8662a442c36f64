/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over a document: each leaf's place decides whether it is ciphertext, what is gets opened in place, and the plain values go
 * into the MAC on the way. sops: sops.go (Decrypt, walkBranch); sops-format.md sections 1 to 3
 *
 * Nothing is decrypted because it looks encrypted, and nothing in an encrypted place gets through because it does not: only null, the
 * empty string, and comments, which no MAC covers and which are kept as they are where they do not open. An item of a build is another
 * matter (`merged`): patches have put values there, and whoever wants to know which were never encrypted looks at the source.
 */
#ifndef SOPS_SOPS_TREE_H
#define SOPS_SOPS_TREE_H

#include "sops/sops_mac.h"
#include "sops/sops_rule.h"

struct sops_tree {
	/* in */
	struct doc_node *first; /* a branch, whose metadata has been taken out */
	bool siblings;          /* and those after it: a document's branches */
	bool only_encrypted;    /* mac_only_encrypted */
	bool merged; /* a build has gone over it. Differs: values in the clear in encrypted places are kept */
	const struct sops_rule *rule;
	struct sops_value_opener *opener; /* with the data key set */
	struct sops_mac *mac;             /* started; the caller checks it afterwards */
	/* out */
	size_t warnings; /* comments that should be ciphertext and did not open */
};

/* Opened values get the flag DOC_OPENED. Errors, with the path in front ("stringData.token"), never the value: ERR_VALUE (a leaf that does
 * not open, cleartext in an encrypted place, a key that is not a string), ERR_LIMIT, ERR_NOMEM. The tree is half open then. */
int sops_tree_open(struct sops_tree *tree, struct err *err) NODISCARD;

#endif
