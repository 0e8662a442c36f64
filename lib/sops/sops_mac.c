/* SPDX-License-Identifier: Apache-2.0
 *
 * The running MAC; see sops_mac.h. SHA-512 is libsodium's: it is there without the start-up time of OpenSSL's.
 */
#include "sops/sops_mac.h"

#include "base/text.h"
#include "base/wipe.h"
#include "doc/scalar.h"

#include <sodium.h>
#include <stdlib.h>

enum {
	HASH_LEN = SOPS_MAC_LEN / 2,
	NUMBER_MAX = 2048, /* bytes: a float without exponent has at most 1,078 characters */
};

/* SHA-256 of "sops": so a MAC over encrypted values only never equals one over all. sops: sops.go (MACOnlyEncryptedInitialization) */
static const uint8_t only_encrypted_start[] = {
	0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34,
	0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b, 0x97, 0x5b, 0x3b, 0xf4, 0x4f,
	0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
};

struct sops_mac {
	crypto_hash_sha512_state sha512;
	struct buf number; /* a leaf that is not a string, as text */
};

int sops_mac_new(struct sops_mac **ret_mac, struct err *err)
{
	struct sops_mac *mac = calloc(1, sizeof(*mac));

	if (!mac)
		return err_nomem(err);
	mac->number.limit = NUMBER_MAX;
	*ret_mac = mac;
	return 0;
}

static void feed(struct sops_mac *mac, struct span bytes)
{
	if (bytes.len)
		(void)crypto_hash_sha512_update(&mac->sha512, bytes.data, bytes.len);
}

void sops_mac_start(struct sops_mac *mac, bool only_encrypted)
{
	(void)crypto_hash_sha512_init(&mac->sha512);
	if (only_encrypted)
		feed(mac, span_of(only_encrypted_start, sizeof(only_encrypted_start)));
}

int sops_mac_add(struct sops_mac *mac, const struct doc_node *leaf, struct err *err)
{
	struct buf *number = &mac->number;

	buf_reset(number);
	switch (leaf->kind) {
	case DOC_STRING:
		feed(mac, leaf->str);
		return 0;
	case DOC_INT:
		scalar_add_int(leaf->integer, number);
		break;
	case DOC_FLOAT:
		scalar_add_float(leaf->number, FLOAT_MAC, number);
		break;
	case DOC_BOOL:
		buf_add_str(number, leaf->boolean ? "True" : "False");
		break;
	case DOC_TIME:
		if (!scalar_add_time(&leaf->time, TIME_NANO, number))
			return err_set(err, ERR_VALUE, "a time that can not be written");
		break;
	default:
		return 0;
	}
	if (buf_check(number, err) < 0)
		return -1;
	feed(mac, buf_span(number));
	return 0;
}

static int finish(struct sops_mac *mac, struct buf *ret_hex, struct err *err)
{
	uint8_t hash[HASH_LEN];
	CLEAN_WIPE(hash);

	(void)crypto_hash_sha512_final(&mac->sha512, hash);
	hex_encode(span_of(hash, sizeof(hash)), true, ret_hex);
	return buf_check(ret_hex, err);
}

/* The MAC is bound to the time of last change, written anew: whole seconds, Z for no offset. */
static int open_stored(struct sops_mac *mac, const struct sops_meta *meta,
		       struct sops_value_opener *opener, struct doc_node *ret_stored,
		       struct err *err)
{
	struct buf *aad = &mac->number;

	if (!meta->mac.len)
		return err_set(err, ERR_MAC, "the document has no MAC");
	buf_reset(aad);
	if (!scalar_add_time(&meta->lastmodified, TIME_WHOLE, aad))
		return err_set(err, ERR_MAC, "its 'lastmodified' can not be written");
	if (buf_check(aad, err) < 0 ||
	    sops_value_open(opener, meta->mac, buf_span(aad), ret_stored, err) < 0) {
		if (err->code == ERR_VALUE)
			err->code = ERR_MAC;
		return err_wrap(err, "the MAC can not be opened");
	}
	return 0;
}

int sops_mac_check(struct sops_mac *mac, const struct sops_meta *meta,
		   struct sops_value_opener *opener, struct err *err)
{
	CLEAN_BUF struct buf hex = BUF_INIT(SOPS_MAC_LEN);
	struct doc_node stored = {.kind = DOC_NULL};

	if (finish(mac, &hex, err) < 0 || open_stored(mac, meta, opener, &stored, err) < 0)
		return -1;
	if (stored.kind != DOC_STRING || stored.str.len != hex.len ||
	    sodium_memcmp(stored.str.data, hex.data, hex.len) != 0)
		return err_set(err, ERR_MAC, "MAC mismatch: the document was changed");
	return 0;
}

bool sops_mac_opens(struct sops_mac *mac, const struct sops_meta *meta,
		    struct sops_value_opener *opener)
{
	struct doc_node stored = {.kind = DOC_NULL};
	struct err err = ERR_INIT;

	return open_stored(mac, meta, opener, &stored, &err) == 0 && stored.kind == DOC_STRING;
}

void sops_mac_free(struct sops_mac *mac)
{
	if (!mac)
		return;
	buf_release(&mac->number);
	wipe_free(mac, sizeof(*mac));
}
