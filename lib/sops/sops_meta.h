/* SPDX-License-Identifier: Apache-2.0
 *
 * The `sops` block of a document: who may open it, how its leaves were chosen, its MAC. Every layout (map, flattened dotenv and
 * INI) is read into one struct. sops: stores/stores.go, stores/flatten.go
 */
#ifndef SOPS_SOPS_META_H
#define SOPS_SOPS_META_H

#include "doc/doc.h"

enum sops_key_type {
	SOPS_KEY_KMS,
	SOPS_KEY_GCP_KMS,
	SOPS_KEY_HCKMS,
	SOPS_KEY_AZURE_KV,
	SOPS_KEY_HC_VAULT,
	SOPS_KEY_PGP,
	SOPS_KEY_AGE,
	SOPS_KEY_TYPES
};

/* One entry of a key list: a wrapped data key (or share) and who can open it. */
struct sops_key {
	struct sops_key *next;
	enum sops_key_type type;
	struct span enc; /* the wrapped key, as text: armor, base64, vault string */
	/* What names the key, for messages and for the key service; all may point to nothing but the first two of their type. */
	struct span
		id; /* age: recipient; pgp: fp; kms: arn; gcp_kms: resource_id; hckms: key_id; azure_kv: name; hc_vault: key_name */
	struct span address;            /* azure_kv: vault_url; hc_vault: vault_address */
	struct span path;               /* hc_vault: engine_path; azure_kv: version */
	struct span role, profile;      /* kms: role, aws_profile */
	const struct doc_node *context; /* kms: encryption context, a DOC_MAP of strings; or NULL */
	struct span created_at;
};

struct sops_group {
	struct sops_group *next;
	struct sops_key *
		keys; /* in sops's list order: kms, gcp_kms, hckms, azure_kv, hc_vault, pgp, age, each in file order */
	size_t count;
};

enum sops_rule_kind {
	SOPS_RULE_UNENCRYPTED_SUFFIX, /* the default, with "_unencrypted" */
	SOPS_RULE_ENCRYPTED_SUFFIX,
	SOPS_RULE_UNENCRYPTED_REGEX,
	SOPS_RULE_ENCRYPTED_REGEX,
	SOPS_RULE_UNENCRYPTED_COMMENT_REGEX,
	SOPS_RULE_ENCRYPTED_COMMENT_REGEX,
};

struct sops_meta {
	struct sops_group *groups;
	size_t group_count;
	int64_t shamir_threshold;
	enum sops_rule_kind rule;
	struct span rule_text;
	bool mac_only_encrypted;
	struct span mac; /* the ENC[...] text; null span where absent or empty */
	struct doc_time lastmodified;
	struct span lastmodified_text;
	struct span version;
};

/* Takes the metadata out of doc (which was read as `format`) and parses it. Everything in ret_meta lives in doc's arena.
 * Errors: ERR_FORMAT ("sops metadata not found" where there is none), ERR_NOMEM. sops-format.md section 4. */
int sops_meta_take(struct doc *doc, enum doc_format format, struct sops_meta *ret_meta,
		   struct err *err) NODISCARD;

/* The same for a tree whose metadata is already a map: a whole Kubernetes item. `block` is the value of its `sops` key, which the caller
 * takes out itself. Extra nodes are made in doc's arena. */
int sops_meta_parse(struct doc *doc, struct doc_node *block, struct sops_meta *ret_meta,
		    struct err *err) NODISCARD;

/* "kms", "age", ...: the name of the list in the metadata. */
const char *sops_key_type_name(enum sops_key_type type);

#endif
