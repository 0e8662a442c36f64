/* SPDX-License-Identifier: Apache-2.0
 *
 * Vault's login by a Kubernetes service account, as Flux does it: the account's token is shown to the address that the entry names, and a Vault token
 * comes back, kept till its lease ends. kustomize-controller: internal/decryptor/decryptor.go
 */
#ifndef KEYS_VAULT_LOGIN_H
#define KEYS_VAULT_LOGIN_H

#include "keys/keyring.h"
#include "keys/token_cache.h"
#include "keys/vault_setup.h"

struct vault_login; /* at one address; lies in the ring's pool */

/* True where the operator wants it: KRM_SOPS_VAULT_LOGIN is set, to the path ("auth/kubernetes/login"), or there is a list of instances, each with its own. Then
 * no other ambient token is used. */
bool vault_login_wanted(const struct keyring *ring);

/* The login at an address that was allowed, made when first asked for; *list holds all. The role is KRM_SOPS_VAULT_ROLE, else NAMESPACE_ACCOUNT. The
 * account's token is that of KRM_SOPS_VAULT_JWT_FILE; else one of the ring's account, made by the cluster for this address; else the pod's own where it is
 * meant for this address (its audience), else one that the cluster makes for the pod's account. ERR_POLICY also where no path is known. setup must outlive it.
 * Errors: those of the file, ERR_FORMAT, ERR_POLICY, ERR_NOMEM. */
int vault_login_at(struct keyring *ring, struct span address, const struct vault_setup *setup,
		   struct vault_login **list, struct vault_login **ret_login, struct err *err)
	NODISCARD;

/* Who wants the token waits for it here. */
struct token_cache *vault_login_cache(struct vault_login *login);

/* As keyservice.renew, of all in the list. */
void vault_login_renew(struct vault_login *list, struct http *http);

/* The token, once the cache says that it is there; until the next one comes. */
struct span vault_login_token(const struct token_cache *cache);

/* Frees what lies outside of the pool. */
void vault_login_release(struct vault_login *list);

#endif
