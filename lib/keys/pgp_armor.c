/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenPGP's armor; see pgp_armor.h. A BEGIN line, header lines with a colon, an empty line, base64, a checksum that may be missing
 * (go-crypto writes none where it is told so), an END line. gnupg: g10/armor.c. What is decoded lies in the pool and nowhere else.
 *
 * Differs: gpg passes over characters that are not base64, some with a warning, over "=" in excess, over what follows the checksum in its line,
 * and over all from a "-" on. RFC 9580, 6: base64 is that of RFC 4648. Test: differs_refuses_damaged_pgp_armor
 * Differs: gpg wants a line to end behind the checksum. Test: differs_needs_nothing_behind_the_checksum
 * Differs: where no checksum and no "=" is before it, gpg takes the END line for base64. Test: differs_needs_no_checksum_of_armor
 */
#include "keys/pgp_armor.h"

#include "base/text.h"

static const struct span BEGIN = {(const uint8_t *)"-----BEGIN PGP ", 15};
static const struct span END = {(const uint8_t *)"-----END PGP ", 13};
static const struct span DASHES = {(const uint8_t *)"-----", 5};

enum {
	CRC_INIT = 0xb704ce,
	CRC_POLY = 0x864cfb,
	CRC_LEN = 3, /* bytes; four characters behind a '=' */
};

static bool blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Takes the next line off the text, without the white space at its end. */
static struct span next_line(struct span *text)
{
	size_t end = span_find(*text, 0, '\n');
	struct span line = span_sub(*text, 0, end);

	*text = span_from(*text, end + (end < text->len));
	while (line.len > 0 && blank(line.data[line.len - 1]))
		line.len--;
	return line;
}

/* "-----BEGIN PGP MESSAGE-----" and its like. What is between tells nothing of what the bytes are, but these are the words that gpg takes. */
static bool is_mark(struct span line, struct span start)
{
	static const char *const labels[] = {"MESSAGE", "PRIVATE KEY BLOCK", "PUBLIC KEY BLOCK",
					     "SECRET KEY BLOCK", "ARMORED FILE"};
	size_t i;

	if (!span_starts(line, start) || !span_ends(line, DASHES) ||
	    line.len < start.len + DASHES.len)
		return false;
	line = span_sub(line, start.len, line.len - start.len - DASHES.len);
	for (i = 0; i < ARRAY_LEN(labels); i++) {
		if (span_is(line, labels[i]))
			return true;
	}
	return false;
}

static int cut_short(struct err *err)
{
	return err_set(err, ERR_FORMAT, "PGP armor is cut short");
}

/* Past the header lines and the empty line behind them. */
static int skip_headers(struct span *text, struct err *err)
{
	struct span line;

	for (;;) {
		if (text->len == 0)
			return cut_short(err);
		line = next_line(text);
		if (line.len == 0)
			return 0;
		if (span_find(line, 0, ':') == line.len)
			return err_set(err, ERR_FORMAT, "PGP armor has a malformed header line");
	}
}

static uint32_t crc24(struct span bytes)
{
	uint32_t crc = CRC_INIT;
	size_t i;
	int bit;

	for (i = 0; i < bytes.len; i++) {
		crc ^= (uint32_t)bytes.data[i] << 16;
		for (bit = 0; bit < 8; bit++) /* no branch on what may be a secret */
			crc = (crc << 1) ^ (CRC_POLY & (0 - ((crc >> 23) & 1)));
		crc &= 0xffffff;
	}
	return crc;
}

/* The line "=XXXX". */
static int check_crc(struct span line, struct span bytes, struct err *err)
{
	CLEAN_BUF struct buf given = BUF_INIT(CRC_LEN);
	uint32_t crc = crc24(bytes);

	if (line.len != 5 || base64_decode(BASE64_GO, span_from(line, 1), &given) < 0 ||
	    given.len != CRC_LEN)
		return err_set(err, ERR_FORMAT, "PGP armor has a malformed checksum");
	if (given.data[0] != crc >> 16 || given.data[1] != (crc >> 8 & 0xff) ||
	    given.data[2] != (crc & 0xff))
		return err_set(err, ERR_FORMAT, "the checksum of PGP armor is wrong");
	return 0;
}

static int decode(struct span body, struct secret_pool *pool, struct span *ret_bytes,
		  struct err *err)
{
	struct err why = ERR_INIT;

	if (base64_secret_spaced(body, pool, ret_bytes, &why) == 0 && ret_bytes->len)
		return 0;
	if (why.code && why.code != ERR_FORMAT) {
		*err = why;
		return -1;
	}
	return err_set(err, ERR_FORMAT, "PGP armor has malformed base64");
}

/* From behind the BEGIN line to behind the checksum, or the END line where there is none. What follows a checksum is not looked at, as in gpg:
 * the bytes are all there. */
static int read_block(struct span *text, struct secret_pool *pool, struct span *ret_bytes,
		      struct err *err)
{
	struct span body, line;

	if (skip_headers(text, err) < 0)
		return -1;
	body = *text;
	do {
		if (text->len == 0)
			return cut_short(err);
		body.len = (size_t)(text->data - body.data);
		line = next_line(text);
		while (line.len > 0 && blank(line.data[0]))
			line = span_from(line, 1);
	} while (!span_starts(line, SPAN("-")) && !span_starts(line, SPAN("=")));
	if (line.data[0] == '-' && !is_mark(line, END))
		return err_set(err, ERR_FORMAT, "PGP armor ends with no END line");
	if (decode(body, pool, ret_bytes, err) < 0)
		return -1;
	return line.data[0] == '=' ? check_crc(line, *ret_bytes, err) : 0;
}

int pgp_armor_next(struct span *text, struct secret_pool *pool, struct span *ret_bytes,
		   struct err *err)
{
	while (text->len > 0) {
		if (is_mark(next_line(text), BEGIN))
			return read_block(text, pool, ret_bytes, err) < 0 ? -1 : 1;
	}
	return 0;
}
