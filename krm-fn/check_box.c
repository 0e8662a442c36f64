/* SPDX-License-Identifier: Apache-2.0
 *
 * The form of what a data key is wrapped in, without any key; see check.h.
 */
#include "check.h"

#include "base/text.h"
#include "keys/age_armor.h"
#include "keys/age_header.h"
#include "keys/key_age.h"
#include "keys/key_pgp.h"
#include "keys/pgp_armor.h"
#include "keys/vault_address.h"

enum { BOX_ARENA_MAX = 4 * 1024 * 1024 /* bytes of an age header's stanzas */ };

static int age_box(struct span enc, struct err *err)
{
	CLEAN_BUF struct buf file = BUF_INIT(KEY_AGE_ENC_MAX);
	CLEAN_ARENA struct arena arena = ARENA_INIT(BOX_ARENA_MAX);
	struct age_header header;

	if (age_armor_decode(enc, &file, err) < 0)
		return -1;
	return age_header_parse(buf_span(&file), &arena, &header, err);
}

static int pgp_box(struct span enc, struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span bytes;

	if (enc.len > KEY_PGP_ENC_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes", KEY_PGP_ENC_MAX);
	switch (pgp_armor_next(&enc, &pool, &bytes, err)) {
	case 1:
		return 0;
	case 0:
		return err_set(err, ERR_FORMAT, "no PGP message");
	default:
		return -1;
	}
}

static int base64_box(struct span enc, struct err *err)
{
	CLEAN_BUF struct buf raw = BUF_INIT(enc.len);

	if (base64_decode(BASE64_GO, enc, &raw) < 0)
		return err_set(err, ERR_FORMAT, "its 'enc' is not base64");
	return buf_check(&raw, err);
}

static int base64url_box(struct span enc, struct err *err)
{
	CLEAN_BUF struct buf raw = BUF_INIT(enc.len);

	if (base64url_decode(enc, &raw) < 0)
		return err_set(err, ERR_FORMAT, "its 'enc' is not base64url");
	return buf_check(&raw, err);
}

int check_box(const struct sops_key *key, struct err *err)
{
	if (!key->enc.len)
		return err_set(err, ERR_FORMAT, "no 'enc'");
	switch (key->type) {
	case SOPS_KEY_AGE:
		return age_box(key->enc, err);
	case SOPS_KEY_PGP:
		return pgp_box(key->enc, err);
	case SOPS_KEY_KMS:
	case SOPS_KEY_GCP_KMS:
		return base64_box(key->enc, err);
	case SOPS_KEY_AZURE_KV:
		return base64url_box(key->enc, err);
	case SOPS_KEY_HC_VAULT:
		if (span_starts(vault_trim(key->enc), SPAN("vault:")))
			return 0;
		return err_set(err, ERR_FORMAT, "'enc' is no ciphertext of Vault's");
	default: /* Huawei's is a text of no known form */
		return 0;
	}
}
