/* SPDX-License-Identifier: Apache-2.0
 *
 * The public side of an age identity; see age_recipient.h. Bech32 as in BIP 173, without its limit on length. age: x25519.go, pq.go (String)
 */
#include "keys/age_recipient.h"

#include "base/text.h"

enum {
	CHECKSUM_LEN = 6, /* characters of Bech32's checksum */
	TYPE_MAX = 32,    /* bytes of "ssh-ed25519" and the like */
};

static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};

/* Feeds one value of five bits to the checksum. */
static uint32_t step(uint32_t sum, uint8_t value)
{
	uint32_t top = sum >> 25;
	size_t i;

	sum = (sum & 0x1ffffff) << 5 ^ value;
	for (i = 0; i < ARRAY_LEN(generator); i++) {
		if (top >> i & 1)
			sum ^= generator[i];
	}
	return sum;
}

static void put(struct buf *out, uint32_t *sum, uint8_t value)
{
	static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

	*sum = step(*sum, value);
	buf_add_char(out, (uint8_t)digits[value]);
}

/* `bytes` below the prefix, whose letters are lower case. */
static void add_bech32(const char *prefix, struct span bytes, struct buf *out)
{
	uint32_t sum = 1, bits = 0;
	int have = 0;
	size_t i;

	for (i = 0; prefix[i]; i++)
		sum = step(sum, (uint8_t)prefix[i] >> 5);
	sum = step(sum, 0);
	for (i = 0; prefix[i]; i++)
		sum = step(sum, (uint8_t)prefix[i] & 31);
	buf_add_str(out, prefix);
	buf_add_char(out, '1');
	for (i = 0; i < bytes.len; i++) {
		bits = (bits << 8 | bytes.data[i]) & 0xfff;
		for (have += 8; have >= 5; have -= 5)
			put(out, &sum, bits >> (have - 5) & 31);
	}
	if (have)
		put(out, &sum, (uint8_t)(bits << (5 - have) & 31));
	for (i = 0; i < CHECKSUM_LEN; i++)
		sum = step(sum, 0);
	sum ^= 1;
	for (i = 0; i < CHECKSUM_LEN; i++) {
		uint32_t unused = 1;

		put(out, &unused, sum >> 5 * (CHECKSUM_LEN - 1 - i) & 31);
	}
}

/* "TYPE BASE64", where the wire form begins with the type's length and text. */
static int add_ssh(struct span wire, struct buf *out, struct err *err)
{
	size_t len = 0, i;

	for (i = 0; i < 4 && i < wire.len; i++)
		len = len << 8 | wire.data[i];
	if (wire.len < 4 || len > TYPE_MAX || len > wire.len - 4)
		return err_set(err, ERR_BUG, "the public half of an SSH key");
	buf_add_span(out, span_sub(wire, 4, len));
	buf_add_char(out, ' ');
	base64_encode(wire, true, out);
	return 0;
}

int age_recipient_add(const struct age_identity *identity, struct buf *out, struct err *err)
{
	uint8_t hybrid[MLKEM_PUBLIC_LEN + AGE_POINT_LEN];

	switch (identity->kind) {
	case AGE_X25519:
		add_bech32("age", span_of(identity->x25519.public, AGE_POINT_LEN), out);
		return 0;
	case AGE_HYBRID:
		mlkem_key_public(&identity->hybrid->mlkem, hybrid);
		memcpy(hybrid + MLKEM_PUBLIC_LEN, identity->hybrid->curve.public, AGE_POINT_LEN);
		add_bech32("age1pq", span_of(hybrid, sizeof(hybrid)), out);
		return 0;
	default:
		return add_ssh(identity->ssh.key.wire, out, err);
	}
}
