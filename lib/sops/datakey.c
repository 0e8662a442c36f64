/* SPDX-License-Identifier: Apache-2.0
 *
 * Data keys for many documents; see datakey.h. Here: what becomes of the answers, and what the user is told where they were not enough.
 */
#include "sops/datakey.h"

#include "base/text.h"
#include "sops/datakey_ask.h"
#include "sops/datakey_memo.h"
#include "sops/shamir.h"

#include <stdlib.h>

enum {
	TOLD_MAX = ERR_MSG_MAX - 1024, /* bytes of the clauses about attempts: before them
					  stands which document it is, behind them the notes */
	NOTES_TOLD_MAX = 512,          /* bytes of the ring's notes */
	SHARES_USUAL = 16,             /* groups that fit without an allocation */
};

/* "hc_vault 'https://vault.example/v1/transit/keys/dev'": as sops names a key. */
static void add_name(const struct sops_key *key, struct buf *out)
{
	CLEAN_BUF struct buf name = BUF_INIT(ERR_MSG_MAX);

	buf_add_str(out, sops_key_type_name(key->type));
	switch (key->type) {
	case SOPS_KEY_HC_VAULT:
		buf_add_span(&name, key->address);
		buf_add_str(&name, "/v1/");
		buf_add_span(&name, key->path);
		buf_add_str(&name, "/keys/");
		buf_add_span(&name, key->id);
		break;
	case SOPS_KEY_AZURE_KV:
		buf_add_span(&name, key->address);
		buf_add_str(&name, "/keys/");
		buf_add_span(&name, key->id);
		buf_add_char(&name, '/');
		buf_add_span(&name, key->path);
		break;
	default:
		buf_add_span(&name, key->id);
	}
	buf_add_str(out, " '");
	buf_add_str(out, text_quote(buf_span(&name)).text);
	buf_add_str(out, "'");
}

static const char *missing_service(enum sops_key_type type)
{
	switch (type) {
	case SOPS_KEY_AGE:
		return "no age identity is configured";
	case SOPS_KEY_PGP:
		return "no pgp key is configured";
	default:
		return "no key service for this type is configured";
	}
}

/* What the answers of a group that stayed closed add up to. */
struct reasons {
	bool unreachable, denied, policy;
	const char *hint;
};

/* A clause for each attempt, as many as have room. */
struct told {
	struct buf text;
	size_t count, more;
};

/* Between two clauses a line may end (err.h). */
static void tell(const struct sops_key *key, const char *why, struct told *told)
{
	CLEAN_BUF struct buf clause = BUF_INIT(ERR_MSG_MAX);

	if (told->count)
		buf_add_str(&clause, "; \n");
	add_name(key, &clause);
	buf_add_str(&clause, ": ");
	buf_add_str(&clause, why);
	told->count++;
	if (told->more || told->text.len + clause.len > TOLD_MAX)
		told->more++;
	else
		buf_add_span(&told->text, buf_span(&clause));
}

/* A key that no service was there to ask for: the policy may be why. */
static void tell_unasked(const struct sops_key *key, const struct keyring *ring,
			 struct reasons *reasons, struct told *told)
{
	struct err no = ERR_INIT;

	if (!ring->allowed || ring->allowed(ring->allowed_cookie, key, &no) == 0) {
		tell(key, missing_service(key->type), told);
		if (key->type == SOPS_KEY_AGE)
			reasons->hint = ring->no_age_hint;
		return;
	}
	reasons->policy = reasons->policy || no.code == ERR_POLICY;
	tell(key, no.msg, told);
}

static void tell_group(const struct datakey_group *group, const struct keyring *ring,
		       struct reasons *reasons, struct told *told)
{
	size_t i;

	for (i = 0; i < group->count; i++) {
		const struct datakey_ask *ask = group->candidates[i];

		tell(ask->request.key, ask->request.why, told);
		reasons->unreachable = reasons->unreachable || ask->request.code == ERR_UNREACHABLE;
		reasons->denied = reasons->denied || ask->request.code == ERR_DENIED;
		reasons->policy = reasons->policy || ask->request.code == ERR_POLICY;
		if (ask->hint)
			reasons->hint = ask->hint;
	}
	for (i = 0; i < group->key_count; i++) {
		const struct datakey_wrapped *wrapped = group->keys[i];

		if (!wrapped->count)
			tell_unasked(wrapped->key, ring, reasons, told);
	}
}

/* Worth another try only where the unreachable ones could be enough. */
static enum err_code code_of(const struct reasons *all, bool retry)
{
	if (retry)
		return ERR_UNREACHABLE;
	if (all->policy)
		return ERR_POLICY;
	return all->denied ? ERR_DENIED : ERR_NO_KEY;
}

static size_t needed(const struct sops_meta *meta)
{
	if (meta->group_count < 2)
		return 1;
	return meta->shamir_threshold > 2 ? (size_t)meta->shamir_threshold : 2;
}

static void told_release(struct told *told)
{
	buf_release(&told->text);
}

/* How many have had no room, and what was wrong with the places that keys come from. */
static void tell_rest(struct told *told, struct span notes)
{
	if (told->more)
		buf_printf(&told->text, "; \n%zu more", told->more);
	if (!notes.len)
		return;
	told->count++;
	buf_add_str(&told->text, "; \n");
	buf_add_span(&told->text, span_sub(notes, 0, NOTES_TOLD_MAX));
	if (notes.len > NOTES_TOLD_MAX)
		buf_add_str(&told->text, "...");
}

static int fail(const struct datakey_group *groups, const struct sops_meta *meta, size_t opened,
		const struct keyring *ring, struct err *err)
{
	CLEANUP(told_release) struct told told = {.text = BUF_INIT(ERR_MSG_MAX)};
	struct reasons all = {.hint = NULL};
	size_t g, maybe = 0;

	for (g = 0; g < meta->group_count; g++) {
		struct reasons own = {.hint = NULL};

		if (groups[g].opened)
			continue;
		tell_group(&groups[g], ring, &own, &told);
		maybe += own.unreachable;
		all.denied = all.denied || own.denied;
		all.policy = all.policy || own.policy;
		all.hint = own.hint ? own.hint : all.hint;
	}
	tell_rest(&told, buf_span(&ring->notes));
	(void)err_set(err, code_of(&all, maybe && opened + maybe >= needed(meta)), "%s%.*s",
		      told.count > 1 ? "\n" : "", (int)told.text.len, (const char *)told.text.data);
	if (all.hint)
		(void)err_hint(err, "%s", all.hint);
	if (meta->group_count > 1)
		return err_wrap(err, "%zu of %zu key groups open, %zu needed", opened,
				meta->group_count, needed(meta));
	return err_wrap(err, "no key opens it");
}

static int combine(const struct datakey_group *groups, size_t count, size_t opened,
		   struct keyring *ring, struct span *ret_key, struct err *err)
{
	struct span usual[SHARES_USUAL], *shares = usual, *more = NULL;
	uint8_t *secret;
	size_t g, n = 0;
	int r = -1;

	if (opened > SHARES_USUAL) {
		more = calloc(opened, sizeof(*more));
		if (!more)
			return err_nomem(err);
		shares = more;
	}
	for (g = 0; g < count; g++) {
		if (groups[g].opened)
			shares[n++] = groups[g].opened->request.opened;
	}
	secret = secret_alloc(&ring->pool, shares[0].len ? shares[0].len : 1, err);
	if (secret && shamir_combine(shares, n, secret, err) == 0) {
		*ret_key = span_of(secret, shares[0].len - 1);
		r = 0;
	}
	free(more);
	return r;
}

static int settle(const struct datakey_group *groups, const struct sops_meta *meta,
		  struct keyring *ring, struct span *ret_key, struct err *err)
{
	size_t g, opened = 0;
	struct span key;

	for (g = 0; g < meta->group_count; g++)
		opened += groups[g].opened != NULL;
	if (opened < needed(meta))
		return fail(groups, meta, opened, ring, err);
	if (meta->group_count == 1)
		key = groups[0].opened->request.opened;
	else if (combine(groups, meta->group_count, opened, ring, &key, err) < 0)
		return -1;
	/* Differs: sops takes 16 and 24 bytes for AES-128 and AES-192. */
	if (key.len != DATAKEY_LEN)
		return err_set(err, ERR_VALUE, "its data key has %zu bytes, not %d", key.len,
			       DATAKEY_LEN);
	*ret_key = key;
	return 0;
}

int datakey_open(struct datakey_want *wants, size_t n, struct keyring *ring, const char *order,
		 struct err *err)
{
	CLEAN_DATAKEY_PLAN struct datakey_plan plan = DATAKEY_PLAN_INIT;
	const struct datakey_group *groups;
	struct err own;
	size_t i;

	if (datakey_plan_make(&plan, wants, n, ring, order, err) < 0)
		return -1;
	if (ring->memo)
		datakey_memo_recall(ring->memo, &plan);
	if (datakey_ask_all(&plan, err) < 0 ||
	    (ring->memo && datakey_memo_keep(ring->memo, &plan, err) < 0))
		return -1;
	groups = plan.groups;
	for (i = 0; i < n; groups += wants[i].meta->group_count, i++) {
		if (settle(groups, wants[i].meta, ring, &wants[i].key, &own) == 0)
			continue;
		wants[i].err = malloc(sizeof(own));
		if (!wants[i].err)
			return err_nomem(err);
		*wants[i].err = own;
	}
	return 0;
}
