/* SPDX-License-Identifier: Apache-2.0
 *
 * The form of what a data key is wrapped in, without any key; see check.h.
 */
#include "check.h"

#include "keys/age_armor.h"
#include "keys/age_header.h"
#include "keys/key_age.h"
#include "keys/key_pgp.h"
#include "keys/pgp_armor.h"

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

int check_box(const struct sops_key *key, struct err *err)
{
	if (!key->enc.len)
		return err_set(err, ERR_FORMAT, "no 'enc'");
	if (key->type == SOPS_KEY_AGE)
		return age_box(key->enc, err);
	if (key->type == SOPS_KEY_PGP)
		return pgp_box(key->enc, err);
	return 0;
}
