/* SPDX-License-Identifier: Apache-2.0
 *
 * Key sets; see keeper_keys.h.
 */
#include "keeper_keys.h"

#include "report.h"
#include "serve_options.h"

#include "base/text.h"
#include "keys/kube_name.h"

#include <stdlib.h>
#include <string.h>

struct keeper_ring {
	struct keeper_ring *next;
	struct session session;
	char secret[]; /* "NAMESPACE/NAME", or "" */
};

struct keeper_set {
	const char *name;                   /* NULL: the keys of the options */
	const struct policy_key_set *bound; /* NULL likewise */
	struct options options;
	struct keeper_ring *rings;
	size_t ring_count;
};

static int set_up(struct keeper_keys *keys, struct keeper_set *set,
		  const struct serve_options *options, const char *name, struct err *err)
{
	set->name = name;
	set->options = options->keys;
	if (!name)
		return 0;
	set->bound = policy_key_set(&keys->policy, name);
	if (!set->bound) {
		(void)err_set(err, ERR_USAGE, "serve: the operator's policy has no key set '%s'",
			      text_quote(span_str(name)).text);
		return err_hint(err,
				"'keySets: {%s: {folder: /keys/%s}}' below 'spec' in " POLICY_PATH
				", or in the file that KRM_SOPS_POLICY names",
				text_quote(span_str(name)).text, text_quote(span_str(name)).text);
	}
	set->options = (struct options)OPTIONS_INIT;
	set->options.keys_flat = set->bound->folder;
	return 0;
}

/* "NAMESPACE/NAME" taken apart, as functionConfig has it. */
static void set_config(struct span secret, struct config *config)
{
	size_t slash = span_find(secret, 0, '/');

	if (!secret.len)
		return;
	config->ns = span_sub(secret, 0, slash < secret.len ? slash : 0);
	config->secret = span_from(secret, slash < secret.len ? slash + 1 : 0);
}

static int load(struct keeper_keys *keys, struct keeper_set *set, struct keeper_ring *ring,
		struct err *err)
{
	struct config config = CONFIG_INIT;
	struct session *session = &ring->session;

	set_config(span_str(ring->secret), &config);
	session->options = set->options;
	session->policy = keys->policy; /* lent: session_release() leaves it alone */
	session->has_policy = true;
	session->elder = &keys->all;
	session->no_ambient = set->bound && !set->bound->ambient;
	if (session_start(session, &config, err) < 0)
		return -1;
	if (set->bound)
		policy_guard_set(set->bound, &session->ring);
	return session_keys(session, &config, NULL, 0, err);
}

static void release(struct keeper_ring *ring)
{
	session_release(&ring->session);
	free(ring);
}

static int add_ring(struct keeper_keys *keys, struct keeper_set *set, struct span secret,
		    struct keeper_ring **ret_ring, struct err *err)
{
	struct keeper_ring *ring;

	if (set->ring_count == KEEPER_RINGS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d secretRefs", KEEPER_RINGS_MAX);
	if (secret.len && memchr(secret.data, 0, secret.len))
		return err_set(err, ERR_USAGE, "secretRef '%s' is not a name of a Secret",
			       text_quote(secret).text);
	ring = calloc(1, sizeof(*ring) + secret.len + 1);
	if (!ring)
		return err_nomem(err);
	ring->session = (struct session)SESSION_INIT;
	if (secret.len)
		memcpy(ring->secret, secret.data, secret.len);
	if (load(keys, set, ring, err) < 0) {
		release(ring);
		return -1;
	}
	ring->next = set->rings;
	set->rings = ring;
	set->ring_count++;
	*ret_ring = ring;
	return 0;
}

/* What would need a program, which the keeper can not start, is said before somebody misses it. */
static void tell_ring(const struct keeper_set *set, const struct keeper_ring *ring)
{
	if (ring->session.ring.needs_gpg)
		report_note("%s%s%s: a PGP key with a passphrase or of another algorithm than RSA "
			    "and Curve25519 is not used, as it needs GnuPG and a sidecar starts no "
			    "program",
			    set->name ? "key set '" : "the keys", set->name ? set->name : "",
			    set->name ? "'" : "");
}

static void tell_all(const struct keeper_keys *keys)
{
	static const char *const commands[] = {"SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_CMD"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		if (getenv(commands[i]))
			report_note("%s is not run: a sidecar starts no program", commands[i]);
	}
	if (keys->policy.aws_process || keys->policy.azure_cli)
		report_note("the policy's '%s' has no effect: a sidecar starts no program",
			    keys->policy.aws_process ? "aws.credentialProcess" : "azure.cli");
}

static int open_all(struct keeper_keys *keys, const struct serve_options *options, struct err *err)
{
	if (policy_load(&keys->policy, err) < 0)
		return -1;
	keys->all.options = options->keys;
	keys->all.policy = keys->policy;
	keys->all.has_policy = true;
	if (session_open(&keys->all, err) < 0)
		return -1;
	keys->all.host.table.run = NULL;
	keys->all.host.table.no_programs = true;
	return 0;
}

struct http *keeper_keys_http(const struct keeper_keys *keys)
{
	return keys->all.ring.http;
}

void keeper_keys_hang_up(struct keeper_keys *keys)
{
	http_free(keys->all.host.http);
	keys->all.host.http = NULL;
}

int keeper_keys_load(struct keeper_keys *keys, const struct serve_options *options, struct err *err)
{
	struct keeper_ring *ring;
	size_t i;

	if (open_all(keys, options, err) < 0)
		return -1;
	keys->sets = calloc(options->listen_count + 1, sizeof(*keys->sets));
	if (!keys->sets)
		return err_nomem(err);
	keys->count = options->listen_count + (options->aws_kms != NULL);
	for (i = 0; i < keys->count; i++) {
		const char *name = i < options->listen_count ? options->listens[i].keyset : NULL;

		if (set_up(keys, &keys->sets[i], options, name, err) < 0 ||
		    add_ring(keys, &keys->sets[i], SPAN_NULL, &ring, err) < 0)
			return name ? err_wrap(err, "key set '%s'", text_quote(span_str(name)).text)
				    : -1;
		tell_ring(&keys->sets[i], ring);
	}
	tell_all(keys);
	keys_ambient_forget();
	return 0;
}

/* A mounted Secret answers to every name: one ring does for all of them. */
static struct keeper_ring *flat_ring(const struct keeper_set *set, struct span secret)
{
	struct keeper_ring *ring = set->rings;
	struct config config = CONFIG_INIT;

	set_config(secret, &config);
	if (set->options.keys || !set->options.keys_flat || !kube_name_valid(config.secret) ||
	    (config.ns.len && !kube_name_valid(config.ns)))
		return NULL;
	while (ring && !ring->secret[0])
		ring = ring->next;
	return ring;
}

int keeper_keys_ring(struct keeper_keys *keys, size_t set, struct span secret,
		     struct keyring **ret_ring, struct err *err)
{
	struct keeper_ring *ring = keys->sets[set].rings;

	while (ring && !span_is(secret, ring->secret))
		ring = ring->next;
	if (!ring)
		ring = flat_ring(&keys->sets[set], secret);
	if (!ring && add_ring(keys, &keys->sets[set], secret, &ring, err) < 0)
		return -1;
	*ret_ring = &ring->session.ring;
	return 0;
}

const char *keeper_keys_name(const struct keeper_keys *keys, size_t set)
{
	return keys->sets[set].name;
}

size_t keeper_keys_count(const struct keeper_keys *keys)
{
	const struct keeper_ring *ring;
	size_t i, n = 0;

	for (i = 0; i < keys->count; i++) {
		for (ring = keys->sets[i].rings; ring; ring = ring->next)
			n += keyring_age_count(&ring->session.ring) + ring->session.ring.count;
	}
	return n;
}

bool keeper_keys_locked(const struct keeper_keys *keys)
{
	const struct keeper_ring *ring;
	size_t i;

	for (i = 0; i < keys->count; i++) {
		for (ring = keys->sets[i].rings; ring; ring = ring->next) {
			if (ring->session.ring.pool.unlocked)
				return false;
		}
	}
	return true;
}

void keeper_keys_renew(const struct keeper_keys *keys)
{
	struct http *http = keeper_keys_http(keys);
	const struct keeper_ring *ring;
	size_t i;

	for (i = 0; i < keys->count; i++) {
		http_serve(http, i);
		for (ring = keys->sets[i].rings; ring; ring = ring->next)
			keyring_renew(&ring->session.ring, http);
	}
}

void keeper_keys_release(struct keeper_keys *keys)
{
	struct keeper_ring *ring;
	size_t i;

	for (i = 0; keys->sets && i < keys->count; i++) {
		while (keys->sets[i].rings) {
			ring = keys->sets[i].rings;
			keys->sets[i].rings = ring->next;
			release(ring);
		}
	}
	free(keys->sets);
	session_release(&keys->all);
	policy_release(&keys->policy);
	*keys = (struct keeper_keys)KEEPER_KEYS_INIT;
}
