/* SPDX-License-Identifier: Apache-2.0
 *
 * Stanzas for every kind of identity, under a MAC that is right: whatever they are, the file opens to its plaintext or not at all. An input
 * that begins with 'X' has a stanza that opens put behind it.
 */
#include "age_emit.h"
#include "keys/age.h"
#include "keys/age_keyfile.h"
#include "keys/age_ssh.h"

#include <assert.h>

enum { OUT_MAX = 1 << 22 };

/* Made by age-keygen 1.3.1 and OpenSSL 3.0 for this program; they open nothing. The tag of the SSH key is 1Lt0Bw. */
static const char native[] =
	"AGE-SECRET-KEY-17ERTLNVS26CJGMG7NKXERTFJMV0U5YG5KKFH3R62KJG0UVNGKY7SSU58AU\n"
	"AGE-SECRET-KEY-PQ-1R79CJ0HLDYQA08Q4HU9RV033DWSP6JKM9FW6MYER4F3VP7C2FV3SVTZYZA\n";
static const char ssh[] = "-----BEGIN PRIVATE KEY-----\n"
			  "MC4CAQAwBQYDK2VwBCIEICoqKioqKioqKioqKioqKioqKioqKioqKioqKioqKioq\n"
			  "-----END PRIVATE KEY-----\n";

static struct secret_pool pool;
static struct age_identity *identities;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;
	bool done;

	done = secret_init(&err) == 0 &&
	       age_keyfile_parse(span_str(native), AGE_KEYFILE_LINES, &pool, &identities, &err) ==
		       0 &&
	       age_ssh_parse(span_str(ssh), &pool, &identities->next->next, &err) == 0;
	assert(done);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t file_key[AGE_FILE_KEY_LEN] = {1, 2, 3};
	CLEAN_SECRET_POOL struct secret_pool scratch = SECRET_POOL_INIT;
	CLEAN_BUF struct buf stanzas = BUF_INIT(OUT_MAX), file = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;
	struct span plain = SPAN_NULL;
	enum age_class class;
	bool opens = size && data[0] == 'X';

	buf_add(&stanzas, data + opens, size - opens);
	if (opens)
		age_emit_x25519(identities->x25519.public, file_key, &stanzas);
	age_emit_file(buf_span(&stanzas), file_key, SPAN("plain"), &file);
	class = age_open(buf_span(&file), identities, OUT_MAX, &scratch, &plain, &err);
	if (class == AGE_OPENED) {
		assert(opens && span_is(plain, "plain"));
		return 0;
	}
	assert(class == AGE_NO_MATCH || class == AGE_BAD_HEADER ||
	       (class == AGE_BROKEN && err.code == ERR_LIMIT));
	assert(!plain.data && err.code != ERR_NONE && err.msg[0]);
	return 0;
}
