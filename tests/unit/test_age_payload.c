/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/age_payload.c: chunks in their order, all of them, and nothing else.
 */
#include "mangle.h"

#include "age_emit.h"

enum { CHUNK_SEALED = AGE_CHUNK_LEN + 16, NONCE = 16, MOST = 3 * AGE_CHUNK_LEN + 100 };

static const uint8_t file_key[AGE_FILE_KEY_LEN] = {1, 2,  3,  4,  5,  6,  7,  8,
						   9, 10, 11, 12, 13, 14, 15, 16};
static uint8_t plain[MOST];

/* Opens all chunks into a block of exactly the size that was foretold. ret_released: bytes that were given out before it failed. */
static int open_all(struct span payload, const uint8_t key[static AGE_FILE_KEY_LEN],
		    size_t *ret_released, struct err *err)
{
	size_t size = age_payload_size(payload), at = 0, len = 0;
	uint8_t *out = malloc(size ? size : 1);
	struct age_payload state;
	int status;

	assert_non_null(out);
	status = age_payload_init(key, payload, &state, err);
	while (status == 0 && !state.done) {
		status = age_payload_next(&state, out + at, &len, err);
		if (status == 0)
			at += len;
	}
	assert_true(at <= size);
	if (status == 0)
		assert_int_equal(at, size);
	assert_memory_equal(out, plain, at < MOST ? at : MOST);
	*ret_released = at;
	free(out);
	return status;
}

static void make(size_t len, struct buf *out)
{
	age_emit_payload(file_key, span_of(plain, len), out);
}

static void opens_every_length_around_the_chunks(void **state)
{
	static const size_t around[] = {0, AGE_CHUNK_LEN, 2 * AGE_CHUNK_LEN, 3 * AGE_CHUNK_LEN};

	for (size_t i = 0; i < ARRAY_LEN(around); i++) {
		for (int d = -2; d <= 2; d++) {
			CLEAN_BUF struct buf payload = BUF_INIT(2 * MOST);
			struct err err = ERR_INIT;
			size_t released;

			if (around[i] == 0 && d < 0)
				continue;
			make(around[i] + (size_t)d, &payload);
			assert_int_equal(open_all(buf_span(&payload), file_key, &released, &err),
					 0);
			assert_int_equal(released, around[i] + (size_t)d);
		}
	}
}

static void refuses_every_truncation(void **state)
{
	CLEAN_BUF struct buf payload = BUF_INIT(2 * MOST);
	size_t released;

	make(2 * AGE_CHUNK_LEN + 40, &payload);
	for (size_t len = 0; len < payload.len;
	     len += len < 100 || len + 200 > payload.len ? 1 : 977) {
		uint8_t *block = mangle_block(buf_span(&payload), len);
		struct err err = ERR_INIT;

		assert_int_equal(open_all(span_of(block, len), file_key, &released, &err), -1);
		assert_int_equal(err.code, len < NONCE ? ERR_FORMAT : ERR_VALUE);
		free(block);
	}
	/* At the borders of chunks: nothing is wrong with what is there, but the last one is missing. */
	for (size_t n = 0; n <= 2; n++) {
		struct err err = ERR_INIT;
		struct span cut = span_sub(buf_span(&payload), 0, NONCE + n * CHUNK_SEALED);

		assert_int_equal(open_all(cut, file_key, &released, &err), -1);
		assert_int_equal(released, n * AGE_CHUNK_LEN);
	}
}

static void refuses_chunks_out_of_order(void **state)
{
	CLEAN_BUF struct buf payload = BUF_INIT(2 * MOST), moved = BUF_INIT(2 * MOST);
	struct span all, first, second, last;
	struct err err = ERR_INIT;
	size_t released;

	make(2 * AGE_CHUNK_LEN + 40, &payload);
	all = buf_span(&payload);
	first = span_sub(all, NONCE, CHUNK_SEALED);
	second = span_sub(all, NONCE + CHUNK_SEALED, CHUNK_SEALED);
	last = span_from(all, NONCE + 2 * CHUNK_SEALED);
	const struct span orders[][4] = {
		{second, first, last, SPAN_NULL},        {first, last, SPAN_NULL, SPAN_NULL},
		{second, last, SPAN_NULL, SPAN_NULL},    {first, first, second, last},
		{first, second, second, last},           {first, second, last, last},
		{last, SPAN_NULL, SPAN_NULL, SPAN_NULL}, {last, first, second, SPAN_NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		buf_reset(&moved);
		buf_add_span(&moved, span_sub(all, 0, NONCE));
		for (size_t j = 0; j < 4; j++)
			buf_add_span(&moved, orders[i][j]);
		assert_int_equal(open_all(buf_span(&moved), file_key, &released, &err), -1);
		assert_int_equal(err.code, ERR_VALUE);
	}
}

static void refuses_what_follows_the_last_chunk(void **state)
{
	static const size_t lengths[] = {0, 40, AGE_CHUNK_LEN};

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		for (size_t more = 1; more < 40; more++) {
			CLEAN_BUF struct buf payload = BUF_INIT(2 * MOST);
			struct err err = ERR_INIT;
			size_t released;

			make(lengths[i], &payload);
			buf_add_fill(&payload, 0, more);
			assert_int_equal(open_all(buf_span(&payload), file_key, &released, &err),
					 -1);
			/* Only a chunk of full size is known to be the last before what follows is seen. */
			assert_int_equal(released, lengths[i] == AGE_CHUNK_LEN ? AGE_CHUNK_LEN : 0);
		}
	}
}

static void refuses_an_empty_chunk_after_others(void **state)
{
	CLEAN_BUF struct buf payload = BUF_INIT(2 * MOST);
	uint8_t key[32], nonce[12] = {0}, tag[16];
	struct err err = ERR_INIT;
	unsigned long long len;
	size_t released;

	make(AGE_CHUNK_LEN + 1, &payload);
	buf_cut(&payload, NONCE + CHUNK_SEALED);
	hkdf_key(span_of(file_key, sizeof(file_key)), span_sub(buf_span(&payload), 0, NONCE),
		 SPAN("payload"), key);
	nonce[10] = 1;
	nonce[11] = 1;
	crypto_aead_chacha20poly1305_ietf_encrypt(tag, &len, NULL, 0, NULL, 0, NULL, nonce, key);
	buf_add(&payload, tag, sizeof(tag));
	assert_int_equal(open_all(buf_span(&payload), file_key, &released, &err), -1);
	assert_string_equal(err.msg, "age payload ends with an empty chunk");
}

static void refuses_every_flipped_bit_and_another_key(void **state)
{
	CLEAN_BUF struct buf payload = BUF_INIT(2 * MOST);
	uint8_t other[AGE_FILE_KEY_LEN];
	struct err err = ERR_INIT;
	size_t released;

	make(33, &payload);
	for (size_t i = 0; i < payload.len * 8; i++) {
		payload.data[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(open_all(buf_span(&payload), file_key, &released, &err), -1);
		assert_int_equal(released, 0);
		payload.data[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t i = 0; i < sizeof(file_key) * 8; i++) {
		memcpy(other, file_key, sizeof(other));
		other[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(open_all(buf_span(&payload), other, &released, &err), -1);
	}
	assert_int_equal(open_all(buf_span(&payload), file_key, &released, &err), 0);
}

static int setup(void **state)
{
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (uint8_t)(i * 31 + i / 251);
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_every_length_around_the_chunks),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_chunks_out_of_order),
		cmocka_unit_test(refuses_what_follows_the_last_chunk),
		cmocka_unit_test(refuses_an_empty_chunk_after_others),
		cmocka_unit_test(refuses_every_flipped_bit_and_another_key),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
