/* SPDX-License-Identifier: Apache-2.0
 *
 * The keyring; see keyring.h. The age service is made by the first identity, so a ring without identities has none.
 */
#include "keys/keyring.h"

#include "base/text.h"
#include "keys/account.h"
#include "keys/age_keyfile.h"
#include "keys/age_recipient.h"
#include "keys/age_ssh.h"
#include "keys/key_age.h"

int keyring_add_service(struct keyring *ring, const struct keyservice *service, void *cookie,
			struct err *err)
{
	if (ring->count == KEYRING_SERVICES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d key services", KEYRING_SERVICES_MAX);
	ring->services[ring->count].service = service;
	ring->services[ring->count].cookie = cookie;
	ring->count++;
	return 0;
}

bool keyring_has(const struct keyring *ring, enum sops_key_type type)
{
	size_t i;

	for (i = 0; i < ring->count; i++) {
		if (ring->services[i].service->type == type)
			return true;
	}
	return false;
}

/* What a document calls its recipients is its own word: the identity itself is what a bound on age keys must hold for. */
static int is_allowed(struct keyring *ring, const struct age_identity *identity, bool *ret_allowed,
		      struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_RECIPIENT_MAX);
	struct sops_key key = {.type = SOPS_KEY_AGE};
	struct err no = ERR_INIT;

	*ret_allowed = true;
	if (!ring->allowed)
		return 0;
	if (age_recipient_add(identity, &text, err) < 0 || buf_check(&text, err) < 0)
		return -1;
	key.id = buf_span(&text);
	if (ring->allowed(ring->allowed_cookie, &key, &no) == 0)
		return 0;
	if (no.code != ERR_POLICY) {
		*err = no;
		return -1;
	}
	*ret_allowed = false;
	(void)err_wrap(&no, "an identity is left out");
	keyring_note(ring, no.msg);
	return 0;
}

int keyring_drop_refused(struct keyring *ring, struct age_identity **list, struct err *err)
{
	while (*list) {
		bool allowed;

		if (is_allowed(ring, *list, &allowed, err) < 0)
			return -1;
		if (allowed)
			list = &(*list)->next;
		else
			*list = (*list)->next;
	}
	return 0;
}

static int add_identities(struct keyring *ring, struct age_identity *list, struct err *err)
{
	struct age_keys *keys = ring->age;

	if (keyring_drop_refused(ring, &list, err) < 0)
		return -1;
	if (!list)
		return 0;
	if (!keys) {
		keys = (struct age_keys *)(void *)secret_alloc(&ring->pool, sizeof(*keys), err);
		if (!keys || keyring_add_service(ring, &key_age_service, keys, err) < 0)
			return -1;
		ring->age = keys;
	}
	return key_age_add(keys, list, err);
}

static void note_empty(struct keyring *ring, const char *source)
{
	struct err text = ERR_INIT;

	(void)err_set(&text, ERR_NO_KEY, "no age identities in '%s'",
		      text_quote(span_str(source)).text);
	keyring_note(ring, text.msg);
}

static int add_keyfile(struct keyring *ring, struct span text, enum age_keyfile_rule rule,
		       const char *source, struct err *err)
{
	struct age_identity *list = NULL;

	if (age_keyfile_parse(text, rule, &ring->pool, &list, err) < 0 ||
	    add_identities(ring, list, err) < 0)
		return err_wrap(err, "age identities of '%s'", text_quote(span_str(source)).text);
	if (!list)
		note_empty(ring, source);
	return 0;
}

int keyring_add_age(struct keyring *ring, struct span identities, const char *source,
		    struct err *err)
{
	return add_keyfile(ring, identities, AGE_KEYFILE_LINES, source, err);
}

int keyring_add_age_words(struct keyring *ring, struct span identities, const char *source,
			  struct err *err)
{
	return add_keyfile(ring, identities, AGE_KEYFILE_WORDS, source, err);
}

int keyring_add_ssh(struct keyring *ring, struct span pem, const char *source, struct err *err)
{
	struct age_identity *identity;

	if (age_ssh_parse(pem, &ring->pool, &identity, err) < 0 ||
	    add_identities(ring, identity, err) < 0)
		return err_wrap(err, "SSH key of '%s'", text_quote(span_str(source)).text);
	return 0;
}

void keyring_renew(const struct keyring *ring, struct http *http)
{
	size_t i;

	for (i = 0; i < ring->count; i++) {
		if (ring->services[i].service->renew)
			ring->services[i].service->renew(ring->services[i].cookie, http);
	}
}

size_t keyring_age_count(const struct keyring *ring)
{
	return ring->age ? ring->age->count : 0;
}

void keyring_note(struct keyring *ring, const char *clause)
{
	size_t before = ring->notes.len;

	if (before)
		buf_add_str(&ring->notes, "; ");
	buf_add_str(&ring->notes, clause);
	if (!ring->notes.bad)
		return;
	ring->notes.bad = ERR_NONE;
	buf_cut(&ring->notes, before);
}

void keyring_release(struct keyring *ring)
{
	if (!ring)
		return;
	while (ring->count > 0) {
		ring->count--;
		ring->services[ring->count].service->close(ring->services[ring->count].cookie);
	}
	account_release(ring->account);
	secret_pool_release(&ring->pool);
	buf_release(&ring->notes);
	*ring = (struct keyring)KEYRING_INIT;
}
