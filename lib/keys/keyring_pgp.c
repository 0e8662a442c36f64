/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenPGP keys into a keyring; see keyring.h. What the text holds is copied into the ring's pool as it is decoded; what we can not use in this
 * process is left to GnuPG, which gets the whole text.
 */
#include "base/text.h"
#include "keys/key_gpg.h"
#include "keys/key_pgp.h"
#include "keys/keyring.h"
#include "keys/pgp_armor.h"

/* All keys of a text. */
static int read_text(struct span text, struct secret_pool *pool, struct pgp_found *found,
		     struct err *err)
{
	struct span bytes;
	int status;

	if (pgp_armor_none(text)) {
		/* the keys will point into it */
		if (secret_dup(pool, text, &bytes, err) < 0)
			return -1;
		return pgp_key_read(bytes, pool, found, err);
	}
	while ((status = pgp_armor_next(&text, pool, &bytes, err)) > 0) {
		if (pgp_key_read(bytes, pool, found, err) < 0)
			return -1;
	}
	return status;
}

/* Is the key in the operator's list by one of its names? The document's own word does not count. */
static int is_allowed(const struct keyring *ring, const struct pgp_secret *key, bool *ret_allowed,
		      struct err *err)
{
	const struct pgp_fingerprint *const prints[] = {&key->primary, &key->own};
	size_t i, whole;

	*ret_allowed = true;
	if (!ring->allowed)
		return 0;
	for (i = 0; i < ARRAY_LEN(prints); i++) {
		const struct span print = span_of(prints[i]->bytes, prints[i]->len);
		const struct span id = span_of(pgp_key_id(prints[i]), PGP_KEY_ID_LEN);

		for (whole = 0; print.len && whole < 2; whole++) {
			CLEAN_BUF struct buf text = BUF_INIT(2 * PGP_FINGERPRINT_MAX);
			struct sops_key name = {.type = SOPS_KEY_PGP};
			struct err no = ERR_INIT;

			hex_encode(whole ? print : id, true, &text);
			if (buf_check(&text, err) < 0)
				return -1;
			name.id = buf_span(&text);
			if (ring->allowed(ring->allowed_cookie, &name, &no) == 0)
				return 0;
			if (no.code != ERR_POLICY) {
				*err = no;
				return -1;
			}
		}
	}
	*ret_allowed = false;
	return 0;
}

static int note(struct keyring *ring, const struct pgp_secret *key, const char *what,
		struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(256);

	buf_add_str(&text, "PGP key ");
	hex_encode(span_of(key->own.bytes, key->own.len), true, &text);
	buf_printf(&text, " %s", what);
	buf_add_char(&text, 0);
	if (buf_check(&text, err) < 0)
		return -1;
	keyring_note(ring, (const char *)text.data);
	return 0;
}

/* Takes out what the policy refuses. */
static int drop_refused(struct keyring *ring, struct pgp_secret **list, struct err *err)
{
	bool allowed;

	while (*list) {
		if (is_allowed(ring, *list, &allowed, err) < 0)
			return -1;
		if (allowed) {
			list = &(*list)->next;
			continue;
		}
		if (note(ring, *list, "is left out: not allowed by the operator's policy", err) < 0)
			return -1;
		*list = (*list)->next;
	}
	return 0;
}

static int add_list(struct keyring *ring, struct pgp_secret *list, struct err *err)
{
	struct pgp_keys *keys = ring->pgp;

	if (!keys) {
		keys = (struct pgp_keys *)(void *)secret_alloc(&ring->pool, sizeof(*keys), err);
		if (!keys || keyring_add_service(ring, &key_pgp_service, keys, err) < 0)
			return -1;
		keys->ring = ring;
		ring->pgp = keys;
	}
	return key_pgp_add(keys, list, err);
}

/* The text may be wanted again: where one key is for GnuPG alone, it gets all. */
static int keep_text(struct keyring *ring, struct span text, const char *source, struct err *err)
{
	struct pgp_text *kept =
		(struct pgp_text *)(void *)secret_alloc(&ring->pool, sizeof(*kept), err);
	struct span name;

	if (!kept || secret_dup(&ring->pool, text, &kept->keys, err) < 0 ||
	    secret_dup(&ring->pool, span_of(source, strlen(source) + 1), &name, err) < 0)
		return -1;
	kept->source = (const char *)name.data;
	kept->next = ring->pgp->texts;
	ring->pgp->texts = kept;
	return 0;
}

static int hand_over(struct keyring *ring, const struct pgp_secret *list, struct err *err)
{
	struct err no = ERR_INIT;

	for (; list && list->kind != PGP_FOREIGN; list = list->next)
		;
	if (!list && !ring->gpg)
		return 0;
	if (key_pgp_hand_over(ring->pgp, &no) == 0)
		return 0;
	if (no.code != ERR_UNSUPPORTED || !list) {
		*err = no;
		return -1;
	}
	ring->needs_gpg = true;
	return note(ring, list, no.msg, err);
}

static int add_text(struct keyring *ring, struct span text, const char *source,
		    struct pgp_secret **ret_list, struct err *err)
{
	struct pgp_found found = {.list = NULL};

	if (read_text(text, &ring->pool, &found, err) < 0)
		return -1;
	if (found.keys == 0)
		return err_set(err, ERR_FORMAT, "no PGP key found");
	*ret_list = found.list;
	if (drop_refused(ring, &found.list, err) < 0)
		return -1;
	if (!found.list)
		return 0;
	if (add_list(ring, found.list, err) < 0 || keep_text(ring, text, source, err) < 0)
		return -1;
	return hand_over(ring, ring->pgp->list, err);
}

int keyring_add_pgp(struct keyring *ring, struct span keys, const char *source, struct err *err)
{
	struct pgp_secret *list = NULL;
	struct err text = ERR_INIT;

	if (add_text(ring, keys, source, &list, err) < 0)
		return err_wrap(err, "PGP keys of '%s'", text_quote(span_str(source)).text);
	if (!list) {
		(void)err_set(&text, ERR_NO_KEY, "no PGP secret keys in '%s'",
			      text_quote(span_str(source)).text);
		keyring_note(ring, text.msg);
	}
	return 0;
}
