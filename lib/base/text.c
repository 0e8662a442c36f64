/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64, hex, UTF-8 and quoting; see text.h.
 */
#include "base/text.h"

#include "base/wipe.h"

#include <stdio.h>

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { B64_BAD = 0xff };

/* The value of a base64 digit without a table look-up that depends on it: these bytes are often ciphertext, sometimes keys. */
static uint8_t digit_value(uint8_t c)
{
	uint8_t value = B64_BAD;

	value = (c >= 'A' && c <= 'Z') ? (uint8_t)(c - 'A') : value;
	value = (c >= 'a' && c <= 'z') ? (uint8_t)(c - 'a' + 26) : value;
	value = (c >= '0' && c <= '9') ? (uint8_t)(c - '0' + 52) : value;
	value = c == '+' ? 62 : value;
	value = c == '/' ? 63 : value;
	return value;
}

enum { BLOCK = 16 /* digits at a time */ };

/* What a processor adds and compares in one step; where it can not, the compiler takes it apart. */
typedef uint8_t digit_block __attribute__((vector_size(BLOCK)));

/* The same of a block: each comparison is all ones where it holds. Of what is no digit the value is B64_BAD. */
static digit_block digit_values(digit_block c)
{
	digit_block upper = (digit_block)(c >= 'A') & (digit_block)(c <= 'Z');
	digit_block lower = (digit_block)(c >= 'a') & (digit_block)(c <= 'z');
	digit_block number = (digit_block)(c >= '0') & (digit_block)(c <= '9');
	digit_block plus = (digit_block)(c == '+'), slash = (digit_block)(c == '/');

	return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (number & (c - '0' + 52)) |
	       (plus & 62) | (slash & 63) | ~(upper | lower | number | plus | slash);
}

/* The plain digits that text begins with, in fours, 3 bytes written for each: most of any text. How many digits were taken. */
static size_t decode_fours(struct span text, uint8_t *to)
{
	uint8_t value[BLOCK];
	digit_block block = {0};
	size_t at, i, n;

	for (at = 0; text.len - at >= 4;) {
		n = text.len - at < BLOCK ? (text.len - at) & ~(size_t)3 : BLOCK;
		if (n == BLOCK)
			memcpy(&block, text.data + at, BLOCK);
		else
			memcpy(&block, text.data + at, n);
		block = digit_values(block);
		memcpy(value, &block, BLOCK);
		for (i = 0; i < n; i += 4, at += 4) {
			if ((value[i] | value[i + 1] | value[i + 2] | value[i + 3]) & 0x80)
				goto done;
			*to++ = (uint8_t)(value[i] << 2 | value[i + 1] >> 4);
			*to++ = (uint8_t)(value[i + 1] << 4 | value[i + 2] >> 2);
			*to++ = (uint8_t)(value[i + 2] << 6 | value[i + 3]);
		}
	}
done:
	wipe(value, sizeof(value)); /* they can be a key's */
	return at;
}

/* No text of these bytes decodes to more: line breaks and padding at its end make nothing. Exact where it has none within, so that a buffer
 * may be limited to what is wanted. */
static size_t decoded_max(struct span text)
{
	size_t n = text.len;

	while (n &&
	       (text.data[n - 1] == '=' || text.data[n - 1] == '\n' || text.data[n - 1] == '\r'))
		n--;
	return n / 4 * 3 + n % 4 * 3 / 4;
}

int base64_decode(enum base64_rule rule, struct span text, struct buf *out)
{
	size_t start = out->len;
	uint8_t *to = buf_room(out, decoded_max(text));
	uint32_t group = 0;
	unsigned have = 0, pad = 0;
	size_t i, n;

	if (!to)
		return 0; /* what stuck is told by buf_check */
	i = decode_fours(text, to);
	n = i / 4 * 3;
	for (; i < text.len; i++) {
		uint8_t c = text.data[i], value;

		if (rule == BASE64_GO && (c == '\r' || c == '\n'))
			continue;
		if (c == '=' && rule != BASE64_RAW_STRICT) {
			pad++;
			if (have + pad > 4 || have < 2)
				goto bad;
			continue;
		}
		value = digit_value(c);
		if (value == B64_BAD || pad)
			goto bad;
		group = group << 6 | value;
		if (++have == 4) {
			to[n++] = (uint8_t)(group >> 16);
			to[n++] = (uint8_t)(group >> 8);
			to[n++] = (uint8_t)group;
			have = 0;
			group = 0;
		}
	}
	if (have == 1 || (rule != BASE64_RAW_STRICT && have && have + pad != 4) || (!have && pad))
		goto bad;
	if (have == 2) {
		if (rule != BASE64_GO && (group & 0xf))
			goto bad;
		to[n++] = (uint8_t)(group >> 4);
	} else if (have == 3) {
		if (rule != BASE64_GO && (group & 0x3))
			goto bad;
		to[n++] = (uint8_t)(group >> 10);
		to[n++] = (uint8_t)(group >> 2);
	}
	out->len += n;
	return 0;
bad:
	out->len += n;
	buf_cut(out, start);
	return -1;
}

int base64_secret(enum base64_rule rule, struct span text, struct secret_pool *pool,
		  struct span *ret_bytes, struct err *err)
{
	size_t room = decoded_max(text);
	uint8_t *bytes = secret_alloc(pool, room ? room : 1, err);
	struct buf out = {.data = bytes, .cap = room, .limit = room};

	if (!bytes)
		return -1;
	/* It never grows, so it never leaves the pool. */
	if (base64_decode(rule, text, &out) < 0)
		return err_set(err, ERR_FORMAT, "it is not base64");
	*ret_bytes = buf_span(&out);
	return 0;
}

int base64_secret_spaced(struct span text, struct secret_pool *pool, struct span *ret_bytes,
			 struct err *err)
{
	uint8_t *chars = secret_alloc(pool, text.len + 1, err);
	size_t i, n = 0;
	int status;

	if (!chars)
		return -1;
	for (i = 0; i < text.len; i++) {
		if (text.data[i] != ' ' && text.data[i] != '\t')
			chars[n++] = text.data[i];
	}
	status = base64_secret(BASE64_GO, span_of(chars, n), pool, ret_bytes, err);
	wipe(chars, n);
	return status;
}

void base64_encode(struct span bytes, bool padded, struct buf *out)
{
	size_t i = 0, n = 0, left;
	uint8_t *to = buf_room(out, bytes.len / 3 * 4 + 4);

	if (!to)
		return;
	for (; bytes.len - i >= 3; i += 3) {
		uint32_t group = (uint32_t)bytes.data[i] << 16 | (uint32_t)bytes.data[i + 1] << 8 |
				 bytes.data[i + 2];

		to[n++] = (uint8_t)base64_alphabet[group >> 18];
		to[n++] = (uint8_t)base64_alphabet[group >> 12 & 63];
		to[n++] = (uint8_t)base64_alphabet[group >> 6 & 63];
		to[n++] = (uint8_t)base64_alphabet[group & 63];
	}
	left = bytes.len - i;
	if (left) {
		uint32_t group = (uint32_t)bytes.data[i] << 16 |
				 (left == 2 ? (uint32_t)bytes.data[i + 1] << 8 : 0);

		to[n++] = (uint8_t)base64_alphabet[group >> 18];
		to[n++] = (uint8_t)base64_alphabet[group >> 12 & 63];
		if (left == 2)
			to[n++] = (uint8_t)base64_alphabet[group >> 6 & 63];
		else if (padded)
			to[n++] = '=';
		if (padded)
			to[n++] = '=';
	}
	out->len += n;
}

int base64url_decode(struct span text, struct buf *out)
{
	CLEAN_BUF struct buf plain = BUF_INIT(text.len);
	size_t i;

	for (i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (c == '+' || c == '/')
			return -1;
		if (c != '\r' && c != '\n')
			buf_add_char(&plain, c == '-' ? '+' : c == '_' ? '/' : c);
	}
	if (plain.bad) {
		out->bad = plain.bad;
		return 0;
	}
	return base64_decode(BASE64_RAW_STRICT, buf_span(&plain), out);
}

void base64url_encode(struct span bytes, struct buf *out)
{
	size_t i = out->len;

	base64_encode(bytes, false, out);
	for (; i < out->len; i++) {
		if (out->data[i] == '+')
			out->data[i] = '-';
		else if (out->data[i] == '/')
			out->data[i] = '_';
	}
}

void hex_encode(struct span bytes, bool upper, struct buf *out)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	size_t i;

	for (i = 0; i < bytes.len; i++) {
		buf_add_char(out, (uint8_t)digits[bytes.data[i] >> 4]);
		buf_add_char(out, (uint8_t)digits[bytes.data[i] & 15]);
	}
}

size_t utf8_next(struct span s, size_t at, uint32_t *ret_code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t c = s.data[at];
	size_t len, i;
	uint32_t code;

	if (c < 0x80) {
		*ret_code = c;
		return 1;
	}
	len = c >= 0xf8 ? 0 : c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 0;
	if (!len || len > s.len - at)
		return 0;
	code = c & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((s.data[at + i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s.data[at + i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return len;
}

void utf8_add(uint32_t code, struct buf *out)
{
	if (code < 0x80) {
		buf_add_char(out, (uint8_t)code);
	} else if (code < 0x800) {
		buf_add_char(out, (uint8_t)(0xc0 | code >> 6));
		buf_add_char(out, (uint8_t)(0x80 | (code & 63)));
	} else if (code < 0x10000) {
		buf_add_char(out, (uint8_t)(0xe0 | code >> 12));
		buf_add_char(out, (uint8_t)(0x80 | (code >> 6 & 63)));
		buf_add_char(out, (uint8_t)(0x80 | (code & 63)));
	} else {
		buf_add_char(out, (uint8_t)(0xf0 | code >> 18));
		buf_add_char(out, (uint8_t)(0x80 | (code >> 12 & 63)));
		buf_add_char(out, (uint8_t)(0x80 | (code >> 6 & 63)));
		buf_add_char(out, (uint8_t)(0x80 | (code & 63)));
	}
}

bool ascii_only(struct span s)
{
	size_t i = 0;
	uint64_t word;

	for (; s.len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, s.data + i, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			return false;
	}
	for (; i < s.len; i++) {
		if (s.data[i] & 0x80)
			return false;
	}
	return true;
}

bool utf8_valid(struct span s)
{
	uint32_t code;
	size_t at, len;

	if (ascii_only(s))
		return true;
	for (at = 0; at < s.len; at += len) {
		len = utf8_next(s, at, &code);
		if (!len)
			return false;
	}
	return true;
}

/* Characters that could forge or hide a part of a line: controls, what changes direction or ends a line, what is not seen, and what looks as a
 * font likes. Unicode: Cc, Cf, Zl, Zp, Co and Default_Ignorable_Code_Point. */
static bool is_treacherous(uint32_t code)
{
	static const uint32_t ranges[][2] = {
		{0, 0x1f},          {0x7f, 0xa0},       {0xad, 0xad},       {0x34f, 0x34f},
		{0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},
		{0x890, 0x891},     {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x17b4, 0x17b5},
		{0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
		{0x3164, 0x3164},   {0xe000, 0xf8ff},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
		{0xffa0, 0xffa0},   {0xfff0, 0xffff},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
		{0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(ranges) && ranges[i][0] <= code; i++) {
		if (code <= ranges[i][1])
			return true;
	}
	return false;
}

struct quoted text_quote(struct span s)
{
	struct quoted q;
	size_t at, n = 0, len;
	uint32_t code;

	for (at = 0; at < s.len; at += len) {
		if (at >= TEXT_QUOTE_MAX) {
			memcpy(q.text + n, "...", 3);
			n += 3;
			break;
		}
		len = utf8_next(s, at, &code);
		if (len && code != '\'' && code != '\\' && !is_treacherous(code)) {
			memcpy(q.text + n, s.data + at, len);
			n += len;
			continue;
		}
		len = 1;
		n += (size_t)snprintf(q.text + n, 5, "\\x%02x", s.data[at]);
	}
	q.text[n] = '\0';
	return q;
}
