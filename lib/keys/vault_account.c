/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the account's token comes from; see vault_account.h. kustomize-controller: internal/decryptor/decryptor.go (SetAuthOptions); fluxcd/pkg:
 * auth/generic/provider.go
 */
#include "keys/vault_account.h"

#include "keys/key_host.h"
#include "keys/vault_address.h"

#define POD_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

enum { PATH_LEN_MAX = 4096 };

static const char *named_file(const struct vault_account *account)
{
	return key_host_variable(account->ring->host, "KRM_SOPS_VAULT_JWT_FILE");
}

static int check_audience(const struct vault_account *account, const struct account_claims *claims,
			  struct err *err)
{
	if (account_claims_for(claims, account->address))
		return 0;
	return err_set(err, ERR_POLICY, "it is not meant for this address (its audience)");
}

/* The cluster has made a token for this address. */
static void on_made(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct vault_account *account =
		(struct vault_account *)(void *)((char *)wait -
						 offsetof(struct vault_account, wait));
	CLEAN_ACCOUNT_CLAIMS struct account_claims claims = ACCOUNT_CLAIMS_INIT;
	struct span token = why ? SPAN_NULL : account_token_text(account->made);
	struct err own = ERR_INIT;

	if (!why && (account_claims_read(token, &claims, &own) < 0 ||
		     check_audience(account, &claims, &own) < 0)) {
		(void)err_wrap(&own, "the token that the cluster has made");
		why = &own;
	}
	account->have(account, http, token, &claims, why);
}

static void ask_cluster(struct vault_account *account, struct http *http, struct account *whose)
{
	const struct key_host *host = account->ring->host;
	struct err why = ERR_INIT;

	if (account_token_for(whose, account->address, &account->made, &why) < 0) {
		account->have(account, http, SPAN_NULL, NULL, &why);
		return;
	}
	account->wait = (struct token_wait){.ready = on_made};
	token_want(account_token_cache(account->made), http, host->clock(host->cookie),
		   &account->wait);
}

/* The account that the pod's token is of, which the cluster is asked about instead. */
static int find_own(struct vault_account *account, const struct account_claims *claims,
		    struct err *err)
{
	struct keyring *ring = account->ring;
	struct span namespace, name;

	if (account->own)
		return 0;
	if (account_claims_subject(claims, &namespace, &name, err) < 0)
		return -1;
	return account_new(&ring->pool, ring->host, namespace, name, &account->own, err);
}

/* A token that lies in a file. *ret_ask: it is meant for somebody else, and the cluster can make one that is not. */
static int read_file(struct vault_account *account, const char *path, struct secret_pool *pool,
		     struct span *ret_token, struct account_claims *claims, bool *ret_ask,
		     struct err *err)
{
	const struct key_host *host = account->ring->host;
	bool is_pods = path == account->pod_file;

	if (host->read_file(host->cookie, path, pool, ret_token, err) < 0)
		return -1;
	*ret_token = vault_trim(*ret_token);
	if (account_claims_read(*ret_token, claims, err) < 0)
		return -1;
	*ret_ask = is_pods && host->cluster && !account_claims_for(claims, account->address);
	if (*ret_ask)
		return find_own(account, claims, err);
	return is_pods ? check_audience(account, claims, err) : 0;
}

static void use_file(struct vault_account *account, struct http *http, const char *path)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_ACCOUNT_CLAIMS struct account_claims claims = ACCOUNT_CLAIMS_INIT;
	struct err why = ERR_INIT;
	struct span token;
	bool ask = false;

	if (read_file(account, path, &pool, &token, &claims, &ask, &why) < 0) {
		(void)err_wrap(&why, "service account token '%s'", text_quote(span_str(path)).text);
		account->have(account, http, SPAN_NULL, NULL, &why);
	} else if (ask) {
		ask_cluster(account, http, account->own);
	} else {
		account->have(account, http, token, &claims, NULL);
	}
}

void vault_account_want(struct vault_account *account, struct http *http)
{
	const char *named = named_file(account);

	if (!named && account->ring->account)
		ask_cluster(account, http, account->ring->account);
	else
		use_file(account, http, named ? named : account->pod_file);
}

/* KRM_SOPS_SERVICE_ACCOUNT: where else the pod's account is mounted, as krm-sops reads it for the cluster itself. */
int vault_account_init(struct vault_account *account, struct err *err)
{
	struct keyring *ring = account->ring;
	const char *said = key_host_variable(ring->host, "KRM_SOPS_SERVICE_ACCOUNT");
	CLEAN_BUF struct buf path = BUF_INIT(PATH_LEN_MAX);
	struct span kept;

	buf_printf(&path, "%s/token", said ? said : POD_FOLDER);
	buf_add_char(&path, 0);
	if (buf_check(&path, err) < 0 || secret_dup(&ring->pool, buf_span(&path), &kept, err) < 0)
		return -1;
	account->pod_file = (const char *)kept.data;
	return 0;
}

void vault_account_release(struct vault_account *account)
{
	account_release(account->own);
}
