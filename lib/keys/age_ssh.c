/* SPDX-License-Identifier: Apache-2.0
 *
 * Stanzas for SSH keys. They carry four bytes of a hash of the public key, so a stanza that is not for us is told by looking; one that is
 * and does not open is an error, not a mismatch. An ed25519 key is turned into its X25519 form, and mixed with a hash of the public key, so
 * that no secret of SSH is used twice. age: agessh/agessh.go
 */
#include "keys/age_ssh.h"

#include "base/buf.h"
#include "base/text.h"
#include "base/wipe.h"
#include "keys/hkdf.h"

#include <sodium.h>

#define ED25519_LABEL "age-encryption.org/v1/ssh-ed25519"
#define RSA_LABEL     "age-encryption.org/v1/ssh-rsa"

enum { TAG_BYTES = 4 };

static int make_tag(struct age_ssh *ssh)
{
	uint8_t hash[crypto_hash_sha256_BYTES], room[2 * AGE_SSH_TAG_LEN];
	/* A buffer over memory of our own: it never grows and is never released. */
	struct buf text = {.data = room, .cap = sizeof(room), .limit = sizeof(room)};

	(void)crypto_hash_sha256(hash, ssh->key.wire.data, ssh->key.wire.len);
	base64_encode(span_of(hash, TAG_BYTES), false, &text);
	if (text.bad || text.len != sizeof(ssh->tag))
		return -1;
	memcpy(ssh->tag, room, sizeof(ssh->tag));
	return 0;
}

static void make_curve(struct age_ssh *ssh)
{
	uint8_t hash[crypto_hash_sha512_BYTES];
	CLEAN_WIPE(hash);

	(void)crypto_hash_sha512(hash, ssh->key.seed.data, ssh->key.seed.len);
	memcpy(ssh->curve.secret, hash, sizeof(ssh->curve.secret));
	crypto_scalarmult_base(ssh->curve.public, ssh->curve.secret);
	/* The tweak depends on the public key alone. */
	hkdf_key(SPAN_NULL, ssh->key.wire, SPAN(ED25519_LABEL), ssh->tweak);
}

int age_ssh_parse(struct span pem, struct secret_pool *pool, struct age_identity **ret_identity,
		  struct err *err)
{
	struct age_identity *identity;

	identity = (struct age_identity *)(void *)secret_alloc(pool, sizeof(*identity), err);
	if (!identity || ssh_key_parse(pem, pool, &identity->ssh.key, err) < 0)
		return -1;
	identity->kind = identity->ssh.key.kind == SSH_KEY_RSA ? AGE_SSH_RSA : AGE_SSH_ED25519;
	if (make_tag(&identity->ssh) < 0)
		return err_set(err, ERR_BUG, "tag of an SSH key");
	if (identity->kind == AGE_SSH_ED25519)
		make_curve(&identity->ssh);
	*ret_identity = identity;
	return 0;
}

static enum age_class bad(struct err *err, const char *text)
{
	(void)err_set(err, ERR_FORMAT, "%s", text);
	return AGE_BAD_HEADER;
}

enum age_class age_ssh_unwrap_ed25519(const struct age_ssh *key, const struct age_stanza *stanza,
				      uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err)
{
	static const uint8_t zero_nonce[12]; /* each wrapping key is used once */
	uint8_t salt[2 * AGE_POINT_LEN], shared[AGE_POINT_LEN], tweaked[AGE_POINT_LEN];
	uint8_t wrapping[32];
	CLEAN_WIPE(shared);
	CLEAN_WIPE(tweaked);
	CLEAN_WIPE(wrapping);

	if (stanza->arg_count != 2 || age_header_bytes(stanza->args[1], salt, AGE_POINT_LEN) < 0)
		return bad(err, "malformed ssh-ed25519 stanza");
	if (!span_eq(stanza->args[0], span_of(key->tag, sizeof(key->tag))))
		return AGE_NO_MATCH;
	if (crypto_scalarmult(shared, key->curve.secret, salt) < 0 ||
	    crypto_scalarmult(tweaked, key->tweak, shared) < 0)
		return bad(err, "ssh-ed25519 stanza with a share of low order");
	memcpy(salt + AGE_POINT_LEN, key->curve.public, AGE_POINT_LEN);
	hkdf_key(span_of(tweaked, sizeof(tweaked)), span_of(salt, sizeof(salt)),
		 SPAN(ED25519_LABEL), wrapping);
	if (age_identity_open_body(wrapping, zero_nonce, stanza->body, file_key) < 0)
		return bad(err, "ssh-ed25519 stanza for our key does not open");
	return AGE_OPENED;
}

/* Differs: a file key of any other length than 16 bytes is refused, where age goes on with it. age makes no other. */
enum age_class age_ssh_unwrap_rsa(const struct age_ssh *key, const struct age_stanza *stanza,
				  uint8_t file_key[static AGE_FILE_KEY_LEN], struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool scratch = SECRET_POOL_INIT;
	struct span plain;

	if (stanza->arg_count != 1)
		return bad(err, "malformed ssh-rsa stanza");
	if (!span_eq(stanza->args[0], span_of(key->tag, sizeof(key->tag))))
		return AGE_NO_MATCH;
	if (crypto_rsa_open(&key->key.rsa, SPAN(RSA_LABEL), stanza->body, &scratch, &plain, err) <
	    0) {
		if (err->code == ERR_NOMEM)
			return AGE_BROKEN;
		(void)err_wrap(err, "ssh-rsa stanza for our key");
		return AGE_BAD_HEADER;
	}
	if (plain.len != AGE_FILE_KEY_LEN)
		return bad(err, "ssh-rsa stanza with a file key of a wrong size");
	memcpy(file_key, plain.data, AGE_FILE_KEY_LEN);
	return AGE_OPENED;
}
