/* SPDX-License-Identifier: Apache-2.0
 *
 * age_file KEYFILE FILE armored|plain: opens an age file with the identities of a key file and prints how that ended (one of the classes of
 * age's test vectors) and the SHA-256 of the plaintext that was given out by then. The file is opened twice, chunk by chunk and as a
 * whole; where the two disagree, that is printed instead.
 */
#include "base/text.h"
#include "base/wipe.h"
#include "keys/age.h"
#include "keys/age_armor.h"
#include "keys/age_keyfile.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 64 * 1024 * 1024 };

static const char *const names[] = {
	[AGE_OPENED] = "success",          [AGE_NO_MATCH] = "no match",
	[AGE_BAD_ARMOR] = "armor failure", [AGE_BAD_HEADER] = "header failure",
	[AGE_BAD_HMAC] = "HMAC failure",   [AGE_BAD_PAYLOAD] = "payload failure",
	[AGE_BROKEN] = "broken",
};

static void read_all(const char *path, struct buf *out)
{
	FILE *in = fopen(path, "rb");
	uint8_t part[4096];
	size_t got;

	if (!in) {
		perror(path);
		exit(2);
	}
	while ((got = fread(part, 1, sizeof(part), in)) > 0)
		buf_add(out, part, got);
	fclose(in);
}

static enum age_class open_chunks(struct span file, const struct age_identity *identities,
				  crypto_hash_sha256_state *hash, struct err *err)
{
	static uint8_t chunk[AGE_CHUNK_LEN];
	CLEAN_ARENA struct arena arena = ARENA_INIT(FILE_MAX);
	uint8_t file_key[AGE_FILE_KEY_LEN];
	struct age_header header;
	struct age_payload payload;
	enum age_class class;
	size_t len;

	if (age_header_parse(file, &arena, &header, err) < 0)
		return AGE_BAD_HEADER;
	class = age_file_key(&header, identities, file_key, err);
	if (class != AGE_OPENED)
		return class;
	if (age_payload_init(file_key, header.payload, &payload, err) < 0)
		return AGE_BAD_HEADER;
	while (!payload.done) {
		if (age_payload_next(&payload, chunk, &len, err) < 0)
			return AGE_BAD_PAYLOAD;
		crypto_hash_sha256_update(hash, chunk, len);
	}
	return AGE_OPENED;
}

int main(int argc, char **argv)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf keys = BUF_INIT(FILE_MAX), text = BUF_INIT(FILE_MAX);
	CLEAN_BUF struct buf file = BUF_INIT(FILE_MAX), hex = BUF_INIT(256);
	struct err err = ERR_INIT, whole_err = ERR_INIT;
	struct age_identity *identities;
	uint8_t digest[crypto_hash_sha256_BYTES], whole_digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state hash;
	struct span plain = SPAN_NULL;
	enum age_class class = AGE_OPENED, whole;
	bool limit = false; /* too large to be opened as a whole, and refused for that */

	if (argc != 4 || secret_init(&err) < 0)
		return 2;
	read_all(argv[1], &keys);
	read_all(argv[2], &text);
	if (age_keyfile_parse(buf_span(&keys), AGE_KEYFILE_LINES, &pool, &identities, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 2;
	}
	crypto_hash_sha256_init(&hash);
	if (argv[3][0] == 'p')
		buf_add_span(&file, buf_span(&text));
	else if (age_armor_decode(buf_span(&text), &file, &err) < 0)
		class = AGE_BAD_ARMOR;
	if (class == AGE_OPENED) {
		class = open_chunks(buf_span(&file), identities, &hash, &err);
		whole = age_open(buf_span(&file), identities, SECRET_MAX, &pool, &plain,
				 &whole_err);
		limit = whole == AGE_BROKEN && whole_err.code == ERR_LIMIT && file.len > SECRET_MAX;
		if (whole != class && !limit)
			printf("as a whole: %s (%s); by chunks: ", names[whole], whole_err.msg);
	}
	crypto_hash_sha256_final(&hash, digest);
	crypto_hash_sha256(whole_digest, plain.data, plain.len);
	if (class == AGE_OPENED && !limit && memcmp(digest, whole_digest, sizeof(digest)) != 0)
		printf("other plaintext as a whole; ");
	hex_encode(span_of(digest, sizeof(digest)), false, &hex);
	printf("%s\n%.*s\n%s\n", names[class], (int)hex.len, (const char *)hex.data, err.msg);
	return 0;
}
