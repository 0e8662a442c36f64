/* SPDX-License-Identifier: Apache-2.0
 *
 * The age key service: armor, header, file key, payload, for each request. The recipient that stands beside `enc` is not asked: as in
 * sops, what counts is whom the file was encrypted to. Binary age files are refused, sops reads armor only. age identities of its own
 * kinds are tried before SSH keys. sops: age/keysource.go (Decrypt); age: age.go (decryptHdr)
 */
#include "keys/key_age.h"

#include "base/buf.h"
#include "keys/age.h"
#include "keys/age_armor.h"
#include "keys/age_recipient.h"

enum {
	OWN_SHOWN = 3,    /* identities that a hint names */
	OWN_LEN_MAX = 62, /* bytes of one: an X25519 recipient whole */
};

static bool same_identity(const struct age_identity *a, const struct age_identity *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case AGE_X25519:
		return memcmp(a->x25519.public, b->x25519.public, AGE_POINT_LEN) == 0;
	case AGE_HYBRID:
		return memcmp(a->hybrid->curve.public, b->hybrid->curve.public, AGE_POINT_LEN) == 0;
	case AGE_SSH_ED25519:
	case AGE_SSH_RSA:
		return span_eq(a->ssh.key.wire, b->ssh.key.wire);
	case AGE_KINDS:
		break;
	}
	return false;
}

/* Behind the last that is tried before it. Public keys tell identities apart, so no secret is compared. */
static int insert(struct age_keys *keys, struct age_identity *identity, struct err *err)
{
	struct age_identity **at = &keys->identities, *old;

	for (old = keys->identities; old; old = old->next) {
		if (same_identity(old, identity))
			return 0;
	}
	if (keys->count == KEY_AGE_IDENTITIES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d age identities",
			       KEY_AGE_IDENTITIES_MAX);
	while (*at && age_identity_native(*at) >= age_identity_native(identity))
		at = &(*at)->next;
	identity->next = *at;
	*at = identity;
	keys->count++;
	return 0;
}

int key_age_add(struct age_keys *keys, struct age_identity *list, struct err *err)
{
	struct age_identity *next;

	keys->own = NULL;
	for (; list; list = next) {
		next = list->next;
		if (insert(keys, list, err) < 0)
			return -1;
	}
	return 0;
}

/* Recipients of SSH and hybrid keys are long: what they begin with tells them apart. */
static void add_own(const struct age_identity *identity, struct buf *out)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_RECIPIENT_MAX);
	struct err none = ERR_INIT;

	if (age_recipient_add(identity, &text, &none) < 0)
		return;
	buf_add_span(out, span_sub(buf_span(&text), 0, OWN_LEN_MAX));
	if (text.len > OWN_LEN_MAX)
		buf_add_str(out, "...");
}

/* Without memory for it there is none. */
static const char *own_hint(struct age_keys *keys, struct secret_pool *pool)
{
	CLEAN_BUF struct buf text = BUF_INIT(ERR_HINT_MAX);
	const struct age_identity *identity = keys->identities;
	struct err none = ERR_INIT;
	struct span copy;
	size_t shown;

	if (keys->own || !identity)
		return keys->own;
	buf_add_str(&text, keys->count > 1 ? "the age keys at hand are for "
					   : "the age key at hand is for ");
	for (shown = 0; identity && shown < OWN_SHOWN; identity = identity->next, shown++) {
		buf_add_str(&text, shown ? ", " : "");
		add_own(identity, &text);
	}
	if (identity)
		buf_printf(&text, " and %zu more", keys->count - shown);
	buf_add_str(&text, ": another environment's?");
	buf_add_char(&text, 0);
	if (buf_check(&text, &none) == 0 && secret_dup(pool, buf_span(&text), &copy, &none) == 0)
		keys->own = (const char *)copy.data;
	return keys->own;
}

/* What went wrong with one request stays with it; only what would hit all others too ends the batch. */
static int verdict(struct key_request *request, enum key_verdict verdict, const struct err *why,
		   struct err *err)
{
	size_t len = strnlen(why->msg, sizeof(request->why) - 1);

	if (why->code == ERR_NOMEM)
		return err_nomem(err);
	request->verdict = verdict;
	request->code = why->code;
	memcpy(request->why, why->msg, len);
	request->why[len] = '\0';
	return 0;
}

int key_age_try(struct age_keys *keys, struct secret_pool *pool, struct key_request *request,
		struct err *err)
{
	CLEAN_BUF struct buf file = BUF_INIT(KEY_AGE_ENC_MAX);
	struct err why = ERR_INIT;
	enum age_class class;

	if (age_armor_decode(request->key->enc, &file, &why) < 0)
		return verdict(request, KEY_FAILED, &why, err);
	class = age_open(buf_span(&file), keys->identities, KEY_AGE_OPENED_MAX, pool,
			 &request->opened, &why);
	if (class == AGE_NO_MATCH)
		request->hint = own_hint(keys, pool);
	if (class != AGE_OPENED)
		return verdict(request, class == AGE_NO_MATCH ? KEY_NOT_MINE : KEY_FAILED, &why,
			       err);
	request->verdict = KEY_OPENED;
	return 0;
}

static int open_all(void *cookie, struct secret_pool *pool, struct key_request *requests, size_t n,
		    struct err *err)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (key_age_try(cookie, pool, &requests[i], err) < 0)
			return -1;
	}
	return 0;
}

/* All that there is lies in the keyring's pool. */
static void close_none(void *cookie)
{
}

const struct keyservice key_age_service = {
	.name = "age",
	.type = SOPS_KEY_AGE,
	.offline = true,
	.open = open_all,
	.close = close_none,
};
