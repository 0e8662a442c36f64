/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator's policy: the bounds, kept outside Git, on what functionConfig, Flux objects and documents may ask for. Git can only
 * tighten it. What passes a bound is ERR_POLICY (exit status 77).
 *
 *   apiVersion: krm-sops.dev/v1alpha1
 *   kind: Policy
 *   spec:
 *     mac: auto                       # the lowest MAC mode: ignore, auto or verify
 *     namespaces: [flux-system]       # whose keys may be used, where keys lie by namespace
 *     keys:                           # which keys a document may ask for, by type; a type that is not named: any; []: none
 *       age: [age1...]
 *       kms: ["arn:aws:kms:eu-central-1:111122223333:*"]
 *     vault: {addresses: ["https://vault.example.com:8200"]}
 *     aws: {roles: ["arn:aws:iam::111122223333:role/decrypt-*"], credentialProcess: false}
 *     azure: {cli: false}             # may az be run for a token
 *     cluster: {execPlugins: false}   # may a kubeconfig's plugins be run
 *     limits: {files: 20000, bytes: 268435456}
 *     keySets:                        # of the sidecar: krm-sops serve --listen unix:///PATH=team-a
 *       team-a:
 *         folder: /keys/team-a        # a mounted key Secret
 *         ambient: false              # also the keys and cloud credentials of the sidecar's own environment
 *         keys: {age: [age1...]}      # as above; both must allow a key
 *         peers: {uids: [999], gids: []}   # who may connect beside our own uid
 *
 * A list entry is a text that must be equal, or ends in `*` and stands for all that begin so. A Vault address has no `*`, the name of a
 * key on a server (azure_kv, hc_vault) none in its host.
 */
#ifndef POLICY_H
#define POLICY_H

#include "keys/keyring.h"

#define POLICY_PATH "/etc/krm-sops/policy.yaml"

enum {
	POLICY_FILE_MAX = 1024 * 1024, /* bytes of a policy file: thousands of entries */
};

/* From the loosest to the strictest: design.md, "MAC policy". */
enum policy_mac { POLICY_MAC_IGNORE, POLICY_MAC_AUTO, POLICY_MAC_VERIFY };

/* A list of allowed texts. `given` false: the policy has no such list. */
struct policy_list {
	bool given;
	struct span *entries;
	size_t count;
};

/* Whose keys a socket of the sidecar opens, and who may ask it. */
struct policy_key_set {
	struct policy_key_set *next;
	const struct policy *policy; /* set by policy_key_set() */
	const char *name, *folder;   /* folder NULL: none */
	bool ambient;
	struct policy_list keys[SOPS_KEY_TYPES];
	uint32_t *uids, *gids;
	size_t uid_count, gid_count;
};

struct policy {
	struct arena arena;
	struct policy_key_set *key_sets;
	const char *path; /* where it was read from; NULL: the built-in defaults */
	enum policy_mac mac;
	struct policy_list namespaces;
	struct policy_list keys[SOPS_KEY_TYPES];
	struct policy_list vault_addresses, aws_roles;
	bool aws_process;            /* credential_process of an AWS profile may be run */
	bool azure_cli;              /* az may be run */
	bool cluster_exec;           /* exec plugins of a kubeconfig may be run */
	size_t files_max, bytes_max; /* of one search for sources (source.h) */
};

/* The built-in defaults: mac auto, no lists, the limits of source.h. */
#define POLICY_INIT                                                                   \
	{                                                                             \
		.arena = ARENA_INIT(16 * POLICY_FILE_MAX), .mac = POLICY_MAC_AUTO,    \
		.files_max = POLICY_FILES_DEFAULT, .bytes_max = POLICY_BYTES_DEFAULT, \
	}
#define CLEAN_POLICY CLEANUP(policy_release)

enum {
	POLICY_FILES_DEFAULT =
		100 * 1000, /* files seen: a large monorepo; a walk of it takes a second */
	POLICY_BYTES_DEFAULT =
		256 * 1024 * 1024, /* bytes read: as much as one input may have (DOC_INPUT_MAX) */
};

/* Reads the file that KRM_SOPS_POLICY names, else POLICY_PATH, else keeps the defaults. ret_policy must be POLICY_INIT.
 * A file that KRM_SOPS_POLICY names must be there. Errors: ERR_NOT_FOUND, ERR_SYSTEM, ERR_LIMIT, ERR_NOMEM; ERR_FORMAT for what the schema
 * does not have (with line); ERR_POLICY where group or others may write to the file. */
int policy_load(struct policy *ret_policy, struct err *err) NODISCARD;

/* The same from bytes; `path` names them in messages and must outlive the policy. */
int policy_parse(struct span text, const char *path, struct policy *ret_policy, struct err *err)
	NODISCARD;

/* Wipes and frees. NULL is fine. */
void policy_release(struct policy *policy);

/* "ignore", "auto", "verify"; and back, false where it is none of these. */
const char *policy_mac_name(enum policy_mac mode);
bool policy_mac_parse(struct span name, enum policy_mac *ret_mode);

/* The MAC mode of a run. `asked` is the text that Git asks for (functionConfig), a null span where it does not say: then `auto`, or what the
 * policy demands above it. Errors: ERR_USAGE for an unknown word, ERR_POLICY for one below the policy's. */
int policy_mac(const struct policy *policy, struct span asked, enum policy_mac *ret_mode,
	       struct err *err) NODISCARD;

/* May the keys of that namespace be used? `ours` is what --namespace or KRM_SOPS_NAMESPACE says, or NULL. It must be `ours` where that is
 * given and in the policy's list where there is one. by_folder: the keys lie by namespace, so one of both must be given. ERR_POLICY
 * with a hint that says what to add. */
int policy_namespace_allowed(const struct policy *policy, struct span namespace, const char *ours,
			     bool by_folder, struct err *err) NODISCARD;

/* May a document ask for this key? Compared is its name as `sops` prints it (key_text.h), without an AWS role or an SSH key's comment; fingerprints
 * in any case. For age, where that name is the document's own word, the ring asks for each identity too.
 * Errors: ERR_POLICY, ERR_NOMEM. */
int policy_key_allowed(const struct policy *policy, const struct sops_key *key, struct err *err)
	NODISCARD;

/* Makes the ring ask policy_key_allowed() before a wrapped key is handed to any service. The policy must outlive the ring's use. */
void policy_guard(const struct policy *policy, struct keyring *ring);

/* The key set of that name, or NULL. policy must not be moved after. */
const struct policy_key_set *policy_key_set(struct policy *policy, const char *name);

/* As policy_guard(), with the bounds of the set besides. */
void policy_guard_set(const struct policy_key_set *set, struct keyring *ring);

/* May a process of that uid and gid use the set? Its own lists only; the caller allows itself. */
bool policy_peer_allowed(const struct policy_key_set *set, uint32_t uid, uint32_t gid);

/* May a token be sent to this Vault address, may this AWS role be taken on? Only what the policy says: design.md has further rules for
 * addresses where it is silent, which the key services know. *ret_given (may be NULL): the policy has such a list. Errors: ERR_POLICY. */
int policy_vault_allowed(const struct policy *policy, struct span address, bool *ret_given,
			 struct err *err) NODISCARD;
int policy_role_allowed(const struct policy *policy, struct span role, struct err *err) NODISCARD;

#endif
