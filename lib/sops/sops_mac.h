/* SPDX-License-Identifier: Apache-2.0
 *
 * The MAC of a document: SHA-512 over the plain values in order, with nothing between them, as upper-case hex, itself encrypted like a
 * value and bound to the time of last change. sops: sops.go (Decrypt, ToBytes); sops-format.md section 3
 */
#ifndef SOPS_SOPS_MAC_H
#define SOPS_SOPS_MAC_H

#include "sops/sops_meta.h"
#include "sops/sops_value.h"

enum { SOPS_MAC_LEN = 128 /* hex digits */ };

/* A running hash; one serves many documents, one after the other. */
struct sops_mac;

/* Errors: ERR_NOMEM. */
int sops_mac_new(struct sops_mac **ret_mac, struct err *err) NODISCARD;

/* Begins a document. */
void sops_mac_start(struct sops_mac *mac, bool only_encrypted);

/* Adds a leaf's plain value; null and comments add nothing. Errors: ERR_VALUE for a time that RFC 3339 can not say. */
int sops_mac_add(struct sops_mac *mac, const struct doc_node *leaf, struct err *err) NODISCARD;

/* Ends the document, opens the MAC of its metadata and compares in constant time. Errors: ERR_MAC (none there, does not open, is another);
 * no message shows either hash, as they tell about the plaintext. */
int sops_mac_check(struct sops_mac *mac, const struct sops_meta *meta,
		   struct sops_value_opener *opener, struct err *err) NODISCARD;

/* Is the MAC of the metadata at least one that was made with this data key, though of another document? */
bool sops_mac_opens(struct sops_mac *mac, const struct sops_meta *meta,
		    struct sops_value_opener *opener);

/* NULL is fine. */
void sops_mac_free(struct sops_mac *mac);

static inline void sops_mac_freep(struct sops_mac **mac)
{
	sops_mac_free(*mac);
}
#define CLEAN_SOPS_MAC CLEANUP(sops_mac_freep)

#endif
