/* SPDX-License-Identifier: Apache-2.0
 *
 * One run's policy, root and keys; see session.h.
 */
#include "session.h"

#include "command.h"
#include "item.h"
#include "keys_lookup.h"

#include "base/text.h"
#include "keys/account.h"
#include "keys/kube_name.h"

static void use_sidecar(struct session *session)
{
	if (!session->options.socket || session->remote)
		return;
	session->socket.path = session->options.socket;
	session->sidecar = (struct key_remote){
		.label = "krm-sops", .cookie = &session->socket, .exchange = socket_keys_ask};
	session->remote = &session->sidecar;
}

int session_open(struct session *session, struct err *err)
{
	if (!session->has_policy && policy_load(&session->policy, err) < 0)
		return -1;
	policy_guard(&session->policy, &session->ring);
	use_sidecar(session);
	if (session->elder) {
		session->ring.http = session->elder->ring.http;
		session->ring.host = session->elder->ring.host;
	} else if (!session->remote && host_open(&session->host, &session->options,
						 &session->policy, &session->ring, err) < 0) {
		return -1;
	}
	/* Who serves others does not wait for an API server, and has no network of its own where another lends it. */
	if (!session->has_policy && !session->elder && !session->remote)
		cluster_init(&session->cluster, &session->options, &session->policy,
			     &session->host);
	if (cluster_at_hand(&session->cluster))
		host_use_cluster(&session->host, &session->cluster);
	session->open = true;
	return 0;
}

int session_start(struct session *session, const struct config *config, struct err *err)
{
	if (!session->open && session_open(session, err) < 0)
		return -1;
	return policy_mac(&session->policy, config->mac, &session->mac, err);
}

int session_root(struct session *session, struct err *err)
{
	if (session->confine.fd >= 0)
		return 0;
	return confine_open_root(session->options.root, &session->confine, err);
}

static int ambient(struct session *session, struct err *err)
{
	if (keys_ambient(&session->ring, err) < 0)
		return -1;
	if (!session->elder)
		keys_ambient_forget();
	return 0;
}

/* Without a secretRef, the operator's manifest says itself which Secrets it holds: all of them are meant. */
static int keys_of_manifest(struct session *session, const struct keys_where *where,
			    const char *path, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)DOC_INPUT_MAX + 1);
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct doc_node *secret;

	if (command_read(path, &text, err) < 0)
		return -1;
	if (doc_read(DOC_YAML, buf_span(&text), &doc, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
	for (secret = doc.first; secret; secret = secret->next) {
		if (item_is_secret(secret) &&
		    keys_of_secret_ref(&session->ring, where, &session->policy,
				       item_namespace(secret), item_name(secret), err) < 0)
			return -1;
	}
	return 0;
}

static int keys_of_operator(struct session *session, const struct keys_where *where,
			    struct err *err)
{
	struct keys_where one = *where;
	size_t i;

	/* A mounted Secret has no name of its own; this one is for messages. */
	one.folder = NULL;
	one.cluster = NULL;
	one.manifest_count = 0;
	if (where->flat && keys_of_secret_ref(&session->ring, &one, &session->policy, SPAN_NULL,
					      SPAN("keys-flat"), err) < 0)
		return -1;
	one.flat = NULL;
	for (i = 0; i < where->manifest_count; i++) {
		one.manifests = &where->manifests[i];
		one.manifest_count = 1;
		if (keys_of_manifest(session, &one, where->manifests[i], err) < 0)
			return -1;
	}
	if (!session->no_ambient && ambient(session, err) < 0)
		return -1;
	if (where->folder)
		session->ring.no_age_hint = "--keys is for a secretRef, and there is none; one "
					    "Secret's folder is named by --keys-flat DIR";
	return 0;
}

/* Which Secret is meant is told to the process that has the keys; whether it may be used is that one's to say. */
static int keys_of_remote(struct session *session, const struct config *config, struct err *err)
{
	struct buf *name = &session->remote_secret;

	if (config->secret.data) {
		buf_add_span(name, config->ns.len || !session->options.ns
					   ? config->ns
					   : span_str(session->options.ns));
		buf_add_char(name, '/');
		buf_add_span(name, config->secret);
		if (buf_check(name, err) < 0)
			return err_wrap(err, "secretRef");
	}
	session->remote->secret = buf_span(name);
	return key_remote_add(&session->ring, session->remote, err);
}

/* Flux's --sops-age-secret: named by the operator, so that its namespace is the one whose keys may be used, and never out of the function's
 * input. */
static int keys_of_global_age(struct session *session, const struct keys_where *where,
			      struct err *err)
{
	struct span name = span_str(session->options.global_age);
	size_t slash = span_find(name, 0, '/');
	char ns[KUBE_NAME_MAX + 1];
	struct keys_where global = *where;

	if (slash == name.len || slash > KUBE_NAME_MAX)
		return err_set(err, ERR_USAGE, "'--global-age' is not NAMESPACE/NAME");
	memcpy(ns, name.data, slash);
	ns[slash] = '\0';
	global.ns = ns;
	global.items = NULL;
	global.item_count = 0;
	global.age_only = true;
	return keys_of_secret_ref(&session->ring, &global, &session->policy, span_str(ns),
				  span_from(name, slash + 1), err);
}

/* Flux asks the clouds and Vault in the name of that ServiceAccount, of the config's own namespace. Which ones there are, and what they are elsewhere, is in
 * the cluster. Differs: without it, it is only noted, and the machine's own identity serves. Test: differs_accounts_need_the_cluster */
static int use_account(struct session *session, const struct config *config, struct err *err)
{
	const char *usual = session->options.default_account;
	struct span name = config->service_account, ns = config->ns;
	struct err text = ERR_INIT;

	if (!name.len && usual)
		name = span_str(usual);
	if (!name.len)
		return 0;
	if (!cluster_at_hand(&session->cluster)) {
		(void)err_set(&text, ERR_NO_KEY,
			      "serviceAccountName '%s' is not looked up without --cluster, the "
			      "clouds' services are asked with this process's own credentials",
			      text_quote(name).text);
		keyring_note(&session->ring, text.msg);
		return 0;
	}
	if (!ns.len && session->options.ns)
		ns = span_str(session->options.ns);
	if (!kube_name_valid(name) || !kube_name_valid(ns))
		return err_set(err, ERR_USAGE,
			       "serviceAccountName '%s/%s' is not a name of a ServiceAccount",
			       text_quote(ns).text, text_quote(name).text);
	if (account_new(&session->ring.pool, session->ring.host, ns, name, &session->ring.account,
			err) < 0)
		return -1;
	/* It matters only where a document wants it. */
	if (policy_namespace_allowed(&session->policy, ns, session->options.ns, true, &text) < 0)
		account_refuse(session->ring.account, &text);
	return 0;
}

/* Read before the network is asked for keys, as one question can not wait for another there. */
static int use_vault_config(struct session *session, struct err *err)
{
	struct cluster *cluster = cluster_at_hand(&session->cluster) ? &session->cluster : NULL;

	if (!session->options.vault_config_map || session->remote || session->elder)
		return 0;
	if (vault_config_load(&session->options, cluster, &session->vault, err) < 0)
		return -1;
	host_use_vault_config(&session->host, &session->vault);
	return 0;
}

int session_keys(struct session *session, const struct config *config,
		 struct doc_node *const *items, size_t count, struct err *err)
{
	const struct keys_where where = {
		.folder = session->options.keys,
		.flat = session->options.keys_flat,
		.manifests = session->options.key_secrets,
		.manifest_count = session->options.key_secret_count,
		.items = (const struct doc_node *const *)items,
		.item_count = count,
		.cluster = cluster_at_hand(&session->cluster) ? &session->cluster : NULL,
		.ns = session->options.ns,
	};

	if (session->has_keys)
		return 0;
	if ((!session->ring.account && use_account(session, config, err) < 0) ||
	    use_vault_config(session, err) < 0)
		return -1;
	if (session->remote) {
		if (keys_of_remote(session, config, err) < 0)
			return -1;
	} else if (config->secret.data) {
		if (keys_of_secret_ref(&session->ring, &where, &session->policy, config->ns,
				       config->secret, err) < 0 ||
		    keys_network(&session->ring, true, err) < 0)
			return -1;
	} else if (session->options.global_age) {
		if (keys_of_global_age(session, &where, err) < 0 || ambient(session, err) < 0)
			return -1;
	} else if (keys_of_operator(session, &where, err) < 0) {
		return -1;
	}
	session->has_keys = true;
	return 0;
}

void session_release(struct session *session)
{
	keyring_release(&session->ring);
	cluster_release(&session->cluster);
	socket_keys_close(&session->socket);
	buf_release(&session->remote_secret);
	if (session->has_policy)
		session->policy = (struct policy)POLICY_INIT;
	host_release(&session->host);
	policy_release(&session->policy);
	vault_config_release(&session->vault);
	confine_close(&session->confine);
}
