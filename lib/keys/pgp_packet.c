/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenPGP packets; see pgp_packet.h. Bodies in parts and those without an end of their own are for data only, as in gpg.
 * Differs: gpg passes over packets of the type 0. Test: differs_refuses_reserved_packets
 */
#include "keys/pgp_packet.h"

enum {
	MPI_BITS_MAX = 16384, /* as in gpg (MAX_EXTERN_MPI_BITS), and what OpenSSL takes */
};

static bool is_data(uint8_t tag)
{
	return tag == PGP_COMPRESSED || tag == PGP_ENCRYPTED || tag == PGP_LITERAL ||
	       tag == PGP_SEIPD || tag == PGP_AEAD;
}

static int malformed(struct err *err)
{
	return err_set(err, ERR_FORMAT, "malformed PGP packet");
}

int pgp_take(struct span *body, size_t len, struct span *ret_bytes)
{
	if (len > body->len)
		return -1;
	*ret_bytes = span_sub(*body, 0, len);
	*body = span_from(*body, len);
	return 0;
}

int pgp_take_byte(struct span *body, uint8_t *ret_byte)
{
	struct span one;

	if (pgp_take(body, 1, &one) < 0)
		return -1;
	*ret_byte = one.data[0];
	return 0;
}

/* A number of `count` bytes, at most four. */
static int take_number(struct span *body, size_t count, uint32_t *ret_number)
{
	struct span bytes;
	uint32_t number = 0;
	size_t i;

	if (pgp_take(body, count, &bytes) < 0)
		return -1;
	for (i = 0; i < count; i++)
		number = number << 8 | bytes.data[i];
	*ret_number = number;
	return 0;
}

int pgp_take_u32(struct span *body, uint32_t *ret_number)
{
	return take_number(body, 4, ret_number);
}

int pgp_take_mpi(struct span *body, struct span *ret_number)
{
	struct span number;
	uint32_t bits;

	if (take_number(body, 2, &bits) < 0 || bits > MPI_BITS_MAX ||
	    pgp_take(body, (bits + 7) / 8, &number) < 0)
		return -1;
	while (number.len > 0 && number.data[0] == 0)
		number = span_from(number, 1);
	*ret_number = number;
	return 0;
}

int pgp_take_short(struct span *body, struct span *ret_bytes)
{
	uint8_t len;

	if (pgp_take_byte(body, &len) < 0 || len == 0 || len == 0xff)
		return -1;
	return pgp_take(body, len, ret_bytes);
}

size_t pgp_cipher_key_len(uint8_t cipher)
{
	switch (cipher) {
	case PGP_AES128:
		return 16;
	case PGP_AES192:
		return 24;
	case PGP_AES256:
		return 32;
	default:
		return 0;
	}
}

/* A length in the new format. *ret_more: it is that of a part, and more follow. */
static int take_length(struct span *rest, uint32_t *ret_len, bool *ret_more)
{
	uint8_t first, second;

	*ret_more = false;
	if (pgp_take_byte(rest, &first) < 0)
		return -1;
	if (first < 192) {
		*ret_len = first;
		return 0;
	}
	if (first < 224) {
		if (pgp_take_byte(rest, &second) < 0)
			return -1;
		*ret_len = ((uint32_t)(first - 192) << 8) + second + 192;
		return 0;
	}
	if (first == 255)
		return pgp_take_u32(rest, ret_len);
	*ret_len = (uint32_t)1 << (first & 0x1f);
	*ret_more = true;
	return 0;
}

/* Finds the end of the parts first: so one piece of memory takes them all, and none is asked for that the input does not fill. */
static int join_parts(struct span *rest, uint32_t first, struct secret_pool *pool,
		      struct span *ret_body, struct err *err)
{
	struct span walk = *rest, part;
	size_t total = 0, at = 0, count;
	uint32_t len = first;
	bool more = true, last;
	uint8_t *joined;

	for (count = 0;; count++) {
		if (count == PGP_PARTS_MAX)
			return err_set(err, ERR_LIMIT, "a PGP packet of more than %d parts",
				       PGP_PARTS_MAX);
		if (pgp_take(&walk, len, &part) < 0)
			return malformed(err);
		total += len;
		if (!more)
			break;
		if (take_length(&walk, &len, &more) < 0)
			return malformed(err);
	}
	joined = secret_alloc(pool, total, err);
	if (!joined)
		return -1;
	len = first;
	for (last = false;; last = !more) {
		if (pgp_take(rest, len, &part) < 0)
			return malformed(err);
		if (part.len)
			memcpy(joined + at, part.data, part.len);
		at += part.len;
		if (last)
			break;
		if (take_length(rest, &len, &more) < 0)
			return malformed(err);
	}
	*ret_body = span_of(joined, total);
	return 0;
}

static int new_format(struct span *rest, uint8_t tag, struct secret_pool *pool,
		      struct span *ret_body, struct err *err)
{
	uint32_t len;
	bool more;

	if (take_length(rest, &len, &more) < 0)
		return malformed(err);
	if (more)
		return is_data(tag) ? join_parts(rest, len, pool, ret_body, err) : malformed(err);
	return pgp_take(rest, len, ret_body) < 0 ? malformed(err) : 0;
}

static int old_format(struct span *rest, uint8_t tag, unsigned kind, struct span *ret_body,
		      struct err *err)
{
	uint32_t len;

	if (kind == 3) { /* to the end of the input */
		if (!is_data(tag))
			return malformed(err);
		*ret_body = *rest;
		*rest = span_from(*rest, rest->len);
		return 0;
	}
	if (take_number(rest, (size_t)1 << kind, &len) < 0 || pgp_take(rest, len, ret_body) < 0)
		return malformed(err);
	return 0;
}

int pgp_packet_next(struct span *rest, struct secret_pool *pool, struct pgp_packet *ret_packet,
		    struct err *err)
{
	struct pgp_packet packet;
	uint8_t head;
	int status;

	if (rest->len == 0)
		return 0;
	if (pgp_take_byte(rest, &head) < 0 || !(head & 0x80))
		return malformed(err);
	if (head & 0x40) {
		packet.tag = head & 0x3f;
		status = new_format(rest, packet.tag, pool, &packet.body, err);
	} else {
		packet.tag = head >> 2 & 0x0f;
		status = old_format(rest, packet.tag, head & 3, &packet.body, err);
	}
	if (status < 0)
		return -1;
	if (packet.tag == 0 || (packet.tag == PGP_MARKER && !span_is(packet.body, "PGP")))
		return malformed(err);
	*ret_packet = packet;
	return 1;
}
