/* SPDX-License-Identifier: Apache-2.0
 *
 * The PGP key service: armor, packets, session key, data, for each request. The fingerprint that stands beside `enc` is not asked: as in sops
 * and gpg, what counts is whom the message names. Where it names nobody (gpg -R) each key is tried. sops: pgp/keysource.go (Decrypt)
 */
#include "keys/key_pgp.h"

#include "base/text.h"
#include "base/wipe.h"
#include "keys/key_gpg.h"
#include "keys/pgp_armor.h"
#include "keys/pgp_data.h"

#include <stdio.h>

enum {
	SCRATCH_USES = 64,           /* messages that share one piece of scratch memory, */
	SCRATCH_ENC_MAX = 16 * 1024, /* none of which is longer */
	NAMED_MAX = 3,               /* key ids that a message of ours names */
};

/* What the messages of one batch share. */
struct batch {
	struct pgp_keys *keys;
	struct crypto_rsa_ready *
		*ready;              /* of each key, in the list's order; NULL where not yet made */
	struct secret_pool *numbers; /* of these */
	struct secret_pool *scratch; /* of some messages */
	struct secret_pool
		*attempt; /* of one key on one message, which may be tried with a thousand */
};

/* A message taken apart. */
struct message {
	struct pgp_wrapped *wrapped;
	size_t count;
	struct pgp_packet data;
};

static bool same_key(const struct pgp_secret *a, const struct pgp_secret *b)
{
	return a->own.len && a->own.version == b->own.version &&
	       memcmp(a->own.bytes, b->own.bytes, sizeof(a->own.bytes)) == 0 && a->kind == b->kind;
}

int key_pgp_add(struct pgp_keys *keys, struct pgp_secret *list, struct err *err)
{
	struct pgp_secret **at, *next;

	for (; list; list = next) {
		next = list->next;
		for (at = &keys->list; *at && !same_key(*at, list); at = &(*at)->next)
			;
		if (*at)
			continue;
		if (keys->count == KEY_PGP_KEYS_MAX)
			return err_set(err, ERR_LIMIT, "more than %d PGP secret keys",
				       KEY_PGP_KEYS_MAX);
		list->next = NULL;
		*at = list;
		keys->count++;
	}
	return 0;
}

static int malformed(struct err *err)
{
	return err_set(err, ERR_FORMAT, "malformed PGP message");
}

/* The bytes of the one block in enc. */
static int unwrap_armor(struct span enc, struct secret_pool *pool, struct span *ret_bytes,
			struct err *err)
{
	struct err ignored = ERR_INIT; /* what is wrong with a second one */
	struct span more;
	int status;

	if (enc.len > KEY_PGP_ENC_MAX)
		return err_set(err, ERR_LIMIT, "a PGP message of more than %d bytes",
			       KEY_PGP_ENC_MAX);
	if (pgp_armor_none(enc)) {
		*ret_bytes = enc;
		return 0;
	}
	status = pgp_armor_next(&enc, pool, ret_bytes, err);
	if (status == 0)
		return err_set(err, ERR_FORMAT, "not a PGP message");
	if (status < 0)
		return -1;
	if (pgp_armor_next(&enc, pool, &more, &ignored) > 0)
		return err_set(err, ERR_FORMAT, "more than one PGP message");
	return ignored.code == ERR_NOMEM ? err_nomem(err) : 0;
}

static int add_wrapped(struct message *message, struct span body, struct secret_pool *pool,
		       struct err *err)
{
	if (!message->wrapped)
		message->wrapped = (struct pgp_wrapped *)(void *)secret_alloc(
			pool, KEY_PGP_WRAPPED_MAX * sizeof(*message->wrapped), err);
	if (!message->wrapped)
		return -1;
	if (message->count == KEY_PGP_WRAPPED_MAX)
		return err_set(err, ERR_LIMIT, "a PGP message with more than %d recipients",
			       KEY_PGP_WRAPPED_MAX);
	if (pgp_wrapped_read(body, &message->wrapped[message->count], err) < 0)
		return -1;
	message->count++;
	return 0;
}

/* Session keys, then the data, then nothing. Differs: gpg prints a message that is not encrypted, and passes over packets that do not belong before one
 * that is. Tests: differs_refuses_pgp_that_is_not_encrypted, differs_refuses_packets_out_of_place */
static int read_message(struct span packets, struct secret_pool *pool, struct message *message,
			struct err *err)
{
	struct pgp_packet packet;
	int status;

	while ((status = pgp_packet_next(&packets, pool, &packet, err)) > 0) {
		if (pgp_packet_idle(&packet))
			continue;
		if (message->data.tag)
			return malformed(err);
		switch (packet.tag) {
		case PGP_PKESK:
			if (add_wrapped(message, packet.body, pool, err) < 0)
				return -1;
			break;
		case PGP_SEIPD:
		case PGP_AEAD:
			message->data = packet;
			break;
		case PGP_SKESK: /* for a passphrase: nobody is asked for one */
			break;
		case PGP_ENCRYPTED:
			return err_set(err, ERR_FORMAT,
				       "a PGP message without integrity protection");
		default:
			return malformed(err);
		}
	}
	if (status < 0)
		return -1;
	return message->data.tag ? 0 : malformed(err);
}

/* The RSA key made ready, once in a batch. */
static int make_ready(struct batch *batch, const struct pgp_secret *key, size_t index,
		      struct err *err)
{
	if (key->kind != PGP_RSA || batch->ready[index])
		return 0;
	batch->ready[index] = crypto_rsa_ready(&key->rsa, batch->numbers, err);
	return batch->ready[index] ? 0 : -1;
}

static int open_with(struct batch *batch, const struct message *message,
		     const struct pgp_wrapped *wrapped, const struct pgp_secret *key, size_t index,
		     struct span *ret_plain, struct err *err)
{
	struct pgp_session session;
	CLEAN_WIPE(session);
	struct span packets;

	if (make_ready(batch, key, index, err) < 0 ||
	    pgp_session_open(wrapped, key, batch->ready[index], &session, err) < 0 ||
	    pgp_data_open(&message->data, &session, batch->attempt, &packets, err) < 0)
		return -1;
	return pgp_data_literal(packets, batch->attempt, ret_plain, err);
}

/* "no PGP secret key for 7EB35608DE833498, EB94192003034E11" */
static int nobody(const struct message *message, struct err *err)
{
	CLEAN_BUF struct buf ids = BUF_INIT(256);
	size_t i;

	for (i = 0; i < message->count && i < NAMED_MAX; i++) {
		const struct pgp_wrapped *wrapped = &message->wrapped[i];

		buf_add_str(&ids, i ? ", " : "");
		hex_encode(span_sub(wrapped->to, 0, PGP_FINGERPRINT_MAX), true, &ids);
		if (!wrapped->to.len)
			buf_add_str(&ids, "anybody");
	}
	if (message->count > NAMED_MAX)
		buf_add_str(&ids, ", ...");
	if (buf_check(&ids, err) < 0)
		return -1;
	return err_set(err, ERR_NO_KEY, "no PGP secret key for %.*s", (int)ids.len,
		       (const char *)ids.data);
}

/* KEY_OPENED, or err is set.
 * Differs: gpg ends with an error where one of several keys does not fit, though it opens the message with another. And it knows nothing of RFC
 * 9580, and tries a hidden recipient's RSA only with keys of the same of RSA's three numbers. Here tries are counted. Tests:
 * differs_opens_with_the_key_that_fits, differs_opens_what_rfc_9580_has, differs_takes_hidden_rsa_by_any_number, differs_pgp_tries_are_bounded */
static enum key_verdict open_message(struct batch *batch, const struct message *message,
				     struct span *ret_plain, struct err *err)
{
	const struct pgp_secret *key;
	struct err first = ERR_INIT;
	size_t tries = 0, index, i;

	for (i = 0; i < message->count; i++) {
		const struct pgp_wrapped *wrapped = &message->wrapped[i];

		index = 0;
		for (key = batch->keys->list; key; key = key->next, index++) {
			struct err why = ERR_INIT;

			if (!pgp_wrapped_fits(wrapped, key))
				continue;
			if (tries++ == KEY_PGP_TRIES_MAX) {
				(void)err_set(err, ERR_LIMIT,
					      "a PGP message that more than %d keys may be for",
					      KEY_PGP_TRIES_MAX);
				return KEY_FAILED;
			}
			if (open_with(batch, message, wrapped, key, index, ret_plain, &why) == 0)
				return KEY_OPENED;
			secret_pool_release(batch->attempt);
			if (why.code == ERR_NOMEM) {
				*err = why;
				return KEY_FAILED;
			}
			/* one that names nobody and does not open is not for us; what GnuPG could open is told before what nobody can */
			if ((why.code == ERR_UNSUPPORTED && first.code != ERR_UNSUPPORTED) ||
			    (!first.code && (wrapped->to.len || why.code != ERR_VALUE)))
				first = why;
		}
	}
	if (first.code) {
		*err = first;
		return KEY_FAILED;
	}
	(void)nobody(message, err);
	return KEY_NOT_MINE;
}

static enum key_verdict try(struct batch *batch, struct span enc, struct secret_pool *pool,
			    struct span *ret_opened, struct err *err)
{
	struct message message = {.count = 0};
	enum key_verdict verdict;
	struct span bytes, plain;

	if (unwrap_armor(enc, batch->scratch, &bytes, err) < 0 ||
	    read_message(bytes, batch->scratch, &message, err) < 0)
		return KEY_FAILED;
	verdict = open_message(batch, &message, &plain, err);
	if (verdict != KEY_OPENED)
		return verdict;
	if (plain.len == 0 || plain.len > KEY_PGP_OPENED_MAX)
		(void)err_set(err, ERR_FORMAT, "a PGP message that holds %zu bytes", plain.len);
	else if (secret_dup(pool, plain, ret_opened, err) == 0)
		return KEY_OPENED;
	return KEY_FAILED;
}

int key_pgp_hand_over(const struct pgp_keys *keys, struct err *err)
{
	const struct pgp_text *text;

	for (text = keys->texts; text; text = text->next) {
		if (key_gpg_add(keys->ring, text->keys, text->source, err) < 0)
			return -1;
	}
	return 0;
}

/* One that we can not open though it is for us. Where GnuPG is in the ring already it will be asked by the ring's user. */
static int ask_gnupg(struct pgp_keys *keys, struct secret_pool *pool, struct key_request *request,
		     struct err *err)
{
	struct keyring *ring = keys->ring;
	struct err no = ERR_INIT;
	size_t i;

	if (ring->gpg && !keys->late)
		return 0;
	keys->late = true;
	if (key_pgp_hand_over(keys, &no) < 0)
		return no.code == ERR_NOMEM ? err_nomem(err) : 0;
	for (i = 0; i < ring->count; i++) {
		if (ring->services[i].cookie == ring->gpg)
			return ring->services[i].service->open(ring->gpg, pool, request, 1, err);
	}
	return 0;
}

/* What went wrong with one request stays with it; only what would hit all others too ends the batch. */
static int answer(struct batch *batch, struct secret_pool *pool, struct key_request *request,
		  struct err *err)
{
	struct err why = ERR_INIT;

	request->verdict = try(batch, request->key->enc, pool, &request->opened, &why);
	if (why.code == ERR_NOMEM)
		return err_nomem(err);
	request->code = why.code;
	snprintf(request->why, sizeof(request->why), "%.*s", KEY_WHY_MAX - 1, why.msg);
	if (request->verdict == KEY_FAILED && request->code == ERR_UNSUPPORTED)
		return ask_gnupg(batch->keys, pool, request, err);
	return 0;
}

static int open_all(void *cookie, struct secret_pool *pool, struct key_request *requests, size_t n,
		    struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool numbers = SECRET_POOL_INIT;
	CLEAN_SECRET_POOL struct secret_pool scratch = SECRET_POOL_INIT;
	CLEAN_SECRET_POOL struct secret_pool attempt = SECRET_POOL_INIT;
	struct crypto_rsa_ready *ready[KEY_PGP_KEYS_MAX] = {NULL};
	struct batch batch = {cookie, ready, &numbers, &scratch, &attempt};
	int status = 0;
	size_t i;

	for (i = 0; i < n && status == 0; i++) {
		status = answer(&batch, pool, &requests[i], err);
		if (i % SCRATCH_USES == SCRATCH_USES - 1 || requests[i].verdict != KEY_OPENED ||
		    requests[i].key->enc.len > SCRATCH_ENC_MAX) {
			secret_pool_release(&scratch);
			secret_pool_release(&attempt);
		}
	}
	for (i = 0; i < batch.keys->count; i++)
		crypto_rsa_done(ready[i]);
	return status;
}

/* All that there is lies in the keyring's pool. */
static void close_none(void *cookie)
{
}

const struct keyservice key_pgp_service = {
	.name = "pgp",
	.type = SOPS_KEY_PGP,
	.offline = true,
	.open = open_all,
	.close = close_none,
};
