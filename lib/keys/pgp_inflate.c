/* SPDX-License-Identifier: Apache-2.0
 *
 * DEFLATE; see pgp_inflate.h. Symbols are read bit by bit with the counts of the codes of each length: what is compressed here is smaller than the
 * tables that would make it fast.
 */
#include "keys/pgp_inflate.h"

#include "base/wipe.h"

enum {
	CODE_BITS_MAX = 15,
	SYMBOLS_MAX = 288, /* literals, the end and lengths */
	DISTANCES_MAX = 32,
	END_SYMBOL = 256,
	ADLER_MOD = 65521,
	FIRST_ROOM = 4096, /* bytes of output, before it is known how much there is */
};

/* A code: how many symbols have codes of each length, and all symbols in the order of their codes. */
struct code {
	uint16_t counts[CODE_BITS_MAX + 1];
	uint16_t symbols[SYMBOLS_MAX];
};

struct state {
	struct span in;
	size_t at;     /* the next byte of in */
	uint32_t hold; /* bits that were read ahead, the next one lowest */
	unsigned held;
	struct secret_pool *pool;
	uint8_t *out;
	size_t len, cap, max;
	struct code literals, distances;
	struct err *err;
};

static int malformed(struct state *s)
{
	return err_set(s->err, ERR_FORMAT, "malformed compressed data");
}

/* The next `count` bits, at most 16, the first one lowest; -1 at the end of the input. */
static int bits(struct state *s, unsigned count)
{
	int value;

	while (s->held < count) {
		if (s->at == s->in.len)
			return -1;
		s->hold |= (uint32_t)s->in.data[s->at++] << s->held;
		s->held += 8;
	}
	value = (int)(s->hold & ((1u << count) - 1));
	s->hold >>= count;
	s->held -= count;
	return value;
}

/* Room for one byte more: twice as much as there was, as the pool takes nothing back before its end. */
static int grow(struct state *s)
{
	size_t cap = s->cap ? s->cap * 2 : FIRST_ROOM;
	uint8_t *out;

	if (cap > s->max)
		cap = s->max;
	if (s->len == cap)
		return err_set(s->err, ERR_LIMIT, "compressed data of more than %zu bytes", s->max);
	out = secret_alloc(s->pool, cap, s->err);
	if (!out)
		return -1;
	if (s->len) {
		memcpy(out, s->out, s->len);
		wipe(s->out, s->len);
	}
	s->out = out;
	s->cap = cap;
	return 0;
}

static int put(struct state *s, uint8_t byte)
{
	if (s->len == s->cap && grow(s) < 0)
		return -1;
	s->out[s->len++] = byte;
	return 0;
}

/* Makes a code of the lengths of its symbols' codes; 0: a symbol that there is not. More codes than bits allow are an error; fewer are one
 * too, but for none at all, and where `single` one symbol of one bit (RFC 1951, 3.2.7; zlib takes the same). */
static int make_code(const uint8_t *lens, size_t count, bool single, struct code *code)
{
	uint16_t offsets[CODE_BITS_MAX + 1] = {0};
	int left = 1, total = 0;
	size_t i;

	memset(code, 0, sizeof(*code));
	for (i = 0; i < count; i++)
		code->counts[lens[i]]++;
	code->counts[0] = 0;
	for (i = 1; i <= CODE_BITS_MAX; i++) {
		left = left * 2 - code->counts[i];
		if (left < 0)
			return -1;
	}
	for (i = 1; i < CODE_BITS_MAX; i++)
		offsets[i + 1] = (uint16_t)(offsets[i] + code->counts[i]);
	for (i = 0; i < count; i++) {
		if (lens[i])
			code->symbols[offsets[lens[i]]++] = (uint16_t)i;
	}
	for (i = 1; i <= CODE_BITS_MAX; i++)
		total += code->counts[i];
	if (left > 0 && total > 0 && !(single && total == 1 && code->counts[1] == 1))
		return -1;
	return 0;
}

/* The next symbol: codes of one length are consecutive numbers, their bits come highest first. -1: no such code, or the end of the input. */
static int symbol(struct state *s, const struct code *code)
{
	int number = 0, first = 0, index = 0, bit;
	unsigned len;

	for (len = 1; len <= CODE_BITS_MAX; len++) {
		bit = bits(s, 1);
		if (bit < 0)
			return -1;
		number |= bit;
		if (number - first < code->counts[len])
			return code->symbols[index + number - first];
		index += code->counts[len];
		first = (first + code->counts[len]) << 1;
		number <<= 1;
	}
	return -1;
}

static int stored(struct state *s)
{
	size_t len, check;
	struct span part;

	s->at -= s->held / 8; /* whole bytes that were read ahead */
	s->hold = s->held = 0;
	part = span_sub(s->in, s->at, 4);
	if (part.len < 4)
		return malformed(s);
	len = (size_t)(part.data[0] | part.data[1] << 8);
	check = (size_t)(part.data[2] | part.data[3] << 8);
	part = span_sub(s->in, s->at + 4, len);
	if ((len ^ check) != 0xffff || part.len < len)
		return malformed(s);
	s->at += 4 + len;
	for (; part.len; part = span_from(part, 1)) {
		if (put(s, part.data[0]) < 0)
			return -1;
	}
	return 0;
}

/* A run of earlier output again, which may overlap with what it writes. */
static int copy(struct state *s, int length)
{
	static const uint16_t bases[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
					 15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
					 67, 83, 99, 115, 131, 163, 195, 227, 258},
			      froms[] = {1,    2,    3,    4,     5,     7,    9,    13,
					 17,   25,   33,   49,    65,    97,   129,  193,
					 257,  385,  513,  769,   1025,  1537, 2049, 3073,
					 4097, 6145, 8193, 12289, 16385, 24577};
	static const uint8_t extras[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
					 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
	int more, distance;
	size_t count, from;

	if (length >= (int)ARRAY_LEN(bases))
		return malformed(s);
	more = bits(s, extras[length]);
	if (more < 0)
		return malformed(s);
	count = (size_t)bases[length] + (size_t)more;
	distance = symbol(s, &s->distances);
	if (distance < 0 || distance >= (int)ARRAY_LEN(froms))
		return malformed(s);
	more = bits(s, distance < 4 ? 0 : (unsigned)distance / 2 - 1);
	if (more < 0)
		return malformed(s);
	from = (size_t)froms[distance] + (size_t)more;
	if (from > s->len)
		return malformed(s);
	for (; count > 0; count--) {
		if (put(s, s->out[s->len - from]) < 0)
			return -1;
	}
	return 0;
}

static int coded(struct state *s)
{
	int next;

	for (;;) {
		next = symbol(s, &s->literals);
		if (next < 0)
			return malformed(s);
		if (next == END_SYMBOL)
			return 0;
		if (next < END_SYMBOL ? put(s, (uint8_t)next) < 0
				      : copy(s, next - END_SYMBOL - 1) < 0)
			return -1;
	}
}

static int fixed(struct state *s)
{
	uint8_t lens[SYMBOLS_MAX];
	size_t i;

	for (i = 0; i < SYMBOLS_MAX; i++)
		lens[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	(void)make_code(lens, SYMBOLS_MAX, true, &s->literals);
	memset(lens, 5, DISTANCES_MAX);
	(void)make_code(lens, DISTANCES_MAX, true, &s->distances);
	return coded(s);
}

/* The lengths of both codes, run together: themselves coded, with runs. */
static int read_lens(struct state *s, uint8_t *lens, size_t count)
{
	static const uint8_t run_bits[] = {2, 3, 7}, run_bases[] = {3, 3, 11};
	size_t at = 0;
	int next, more, run;
	uint8_t len;

	while (at < count) {
		next = symbol(s, &s->literals);
		if (next < 0)
			return -1;
		if (next < 16) {
			lens[at++] = (uint8_t)next;
			continue;
		}
		if (next == 16 && at == 0)
			return -1;
		len = next == 16 ? lens[at - 1] : 0;
		more = bits(s, run_bits[next - 16]);
		if (more < 0)
			return -1;
		run = run_bases[next - 16] + more;
		if ((size_t)run > count - at)
			return -1;
		memset(lens + at, len, (size_t)run);
		at += (size_t)run;
	}
	return 0;
}

static int dynamic(struct state *s)
{
	static const uint8_t order[] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
					11, 4,  12, 3, 13, 2, 14, 1, 15};
	uint8_t lens[SYMBOLS_MAX + DISTANCES_MAX] = {0};
	int literals = bits(s, 5), distances = bits(s, 5), lengths = bits(s, 4), i, len;

	if (literals < 0 || distances < 0 || lengths < 0 || literals > 286 - 257 ||
	    distances > 30 - 1)
		return malformed(s);
	for (i = 0; i < lengths + 4; i++) {
		len = bits(s, 3);
		if (len < 0)
			return malformed(s);
		lens[order[i]] = (uint8_t)len;
	}
	if (make_code(lens, ARRAY_LEN(order), false, &s->literals) < 0)
		return malformed(s);
	memset(lens, 0, sizeof(lens));
	if (read_lens(s, lens, (size_t)(literals + 257 + distances + 1)) < 0 ||
	    lens[END_SYMBOL] == 0 ||
	    make_code(lens, (size_t)literals + 257, true, &s->literals) < 0 ||
	    make_code(lens + literals + 257, (size_t)distances + 1, true, &s->distances) < 0)
		return malformed(s);
	return coded(s);
}

static int blocks(struct state *s)
{
	int last, kind, status;

	do {
		last = bits(s, 1);
		kind = bits(s, 2);
		if (last < 0 || kind < 0 || kind == 3)
			return malformed(s);
		status = kind == 0 ? stored(s) : kind == 1 ? fixed(s) : dynamic(s);
		if (status < 0)
			return -1;
	} while (!last);
	s->at -= s->held / 8;
	return 0;
}

/* CMF and FLG: method 8, a window that there is, a check, no preset dictionary. */
static int zlib_head(struct state *s)
{
	struct span head = span_sub(s->in, 0, 2);

	if (head.len < 2 || (head.data[0] & 0x0f) != 8 || head.data[0] >> 4 > 7 ||
	    (head.data[0] << 8 | head.data[1]) % 31 || (head.data[1] & 0x20))
		return malformed(s);
	s->at = 2;
	return 0;
}

static int zlib_tail(struct state *s)
{
	struct span tail = span_sub(s->in, s->at, 4);
	uint32_t a = 1, b = 0, given;
	size_t i;

	if (tail.len < 4)
		return malformed(s);
	for (i = 0; i < s->len; i++) {
		a = (a + s->out[i]) % ADLER_MOD;
		b = (b + a) % ADLER_MOD;
	}
	given = (uint32_t)tail.data[0] << 24 | (uint32_t)tail.data[1] << 16 |
		(uint32_t)tail.data[2] << 8 | tail.data[3];
	if (given != (b << 16 | a))
		return malformed(s);
	s->at += 4;
	return 0;
}

int pgp_inflate(struct span data, bool zlib, size_t max, struct secret_pool *pool,
		struct span *ret_plain, struct span *ret_rest, struct err *err)
{
	struct state s = {.in = data, .pool = pool, .max = max, .err = err};
	CLEAN_WIPE(s);

	if ((zlib && zlib_head(&s) < 0) || blocks(&s) < 0 || (zlib && zlib_tail(&s) < 0))
		return -1;
	*ret_plain = span_of(s.out, s.len);
	*ret_rest = span_from(data, s.at);
	return 0;
}
