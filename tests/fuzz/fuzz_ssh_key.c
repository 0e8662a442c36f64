/* SPDX-License-Identifier: Apache-2.0
 *
 * SSH private keys: the first byte says whether the rest is a whole file or the bytes of a block of one of the types that we read. What was
 * accepted has parts of the right size and reads the same again.
 */
#include "base/text.h"
#include "keys/ssh_key.h"

#include <assert.h>

enum { OUT_MAX = 1 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"OPENSSH PRIVATE KEY", "PRIVATE KEY",
					    "RSA PRIVATE KEY"};
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(OUT_MAX);
	struct ssh_key key, again;
	struct err err = ERR_INIT;
	size_t kind;

	if (size == 0)
		return 0;
	kind = data[0] & 3;
	if (kind < ARRAY_LEN(types)) {
		buf_printf(&text, "-----BEGIN %s-----\n", types[kind]);
		base64_encode(span_of(data + 1, size - 1), true, &text);
		buf_printf(&text, "\n-----END %s-----\n", types[kind]);
	} else {
		buf_add(&text, data + 1, size - 1);
	}
	if (ssh_key_parse(buf_span(&text), &pool, &key, &err) < 0) {
		assert((err.code == ERR_FORMAT || err.code == ERR_UNSUPPORTED) && err.msg[0]);
		return 0;
	}
	assert(ssh_key_parse(buf_span(&text), &pool, &again, &err) == 0);
	assert(key.kind == again.kind && span_eq(key.wire, again.wire));
	if (key.kind == SSH_KEY_ED25519)
		assert(key.seed.len == SSH_ED25519_LEN && key.wire.len == 4 + 11 + 4 + 32);
	else
		assert(key.rsa.n.len >= CRYPTO_RSA_LEN_MIN && key.rsa.n.len <= CRYPTO_RSA_LEN_MAX &&
		       key.rsa.d.len <= key.rsa.n.len && key.rsa.p.len < key.rsa.n.len &&
		       key.rsa.q.len < key.rsa.n.len && key.rsa.e.len <= 4 && key.rsa.e.len);
	return 0;
}
