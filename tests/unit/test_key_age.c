/* SPDX-License-Identifier: Apache-2.0
 *
 * lib/keys/key_age.c and keyring.c: identities into the ring, batches of wrapped keys out of it, and what is told where one stays closed.
 */
#include "age_data.h"

#include "age_emit.h"
#include "keys/age_ssh.h"
#include "keys/key_age.h"
#include "keys/keyring.h"

static const uint8_t file_key[AGE_FILE_KEY_LEN] = {3};

static void add_age(struct keyring *ring, const char *name)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	struct err err = ERR_INIT;

	age_data(name, &text);
	if (keyring_add_age(ring, buf_span(&text), name, &err) < 0)
		fail_msg("%s", err.msg);
}

static void add_ssh(struct keyring *ring, const char *name)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	struct err err = ERR_INIT;

	age_data(name, &text);
	if (keyring_add_ssh(ring, buf_span(&text), name, &err) < 0)
		fail_msg("%s", err.msg);
}

static void open_all(struct keyring *ring, struct key_request *requests, size_t n)
{
	struct err err = ERR_INIT;

	assert_int_equal(ring->count, 1);
	assert_int_equal(ring->services[0].service->open(ring->services[0].cookie, &ring->pool,
							 requests, n, &err),
			 0);
}

/* One request for a text. */
static struct key_request ask(struct keyring *ring, struct span enc)
{
	struct sops_key key = {.type = SOPS_KEY_AGE, .enc = enc};
	struct key_request request = {.key = &key};

	open_all(ring, &request, 1);
	request.key = NULL;
	return request;
}

static struct key_request ask_file(struct keyring *ring, const char *name)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);

	age_data(name, &text);
	return ask(ring, buf_span(&text));
}

static void armor(struct span file, struct buf *out)
{
	buf_add_str(out, "-----BEGIN AGE ENCRYPTED FILE-----\n");
	for (size_t at = 0; at < file.len; at += 48) {
		base64_encode(span_sub(file, at, 48), true, out);
		buf_add_char(out, '\n');
	}
	buf_add_str(out, "-----END AGE ENCRYPTED FILE-----\n");
}

static void opens_a_batch_of_all_kinds(void **state)
{
	static const struct {
		const char *name;
		enum key_verdict verdict;
		enum err_code code;
		const char *why;
	} rows[] = {
		{"to-x25519.age", KEY_OPENED, ERR_NONE, ""},
		{"to-stranger.age", KEY_NOT_MINE, ERR_NO_KEY,
		 "no identity matched any of the recipients"},
		{"to-pq.age", KEY_OPENED, ERR_NONE, ""},
		{"to-x25519.binary.age", KEY_FAILED, ERR_FORMAT, "not age armor"},
		{"to-ssh-ed25519.age", KEY_OPENED, ERR_NONE, ""},
		{"to-x25519.long.age", KEY_FAILED, ERR_LIMIT,
		 "age payload has more than 65536 bytes"},
		{"to-ssh-rsa.age", KEY_OPENED, ERR_NONE, ""},
		{"to-passphrase.age", KEY_NOT_MINE, ERR_NO_KEY,
		 "no identity matched any of the recipients"},
		{"to-many.age", KEY_OPENED, ERR_NONE, ""},
		{"to-ed25519-pkcs8.age", KEY_OPENED, ERR_NONE, ""},
		{"datakey.hex", KEY_FAILED, ERR_FORMAT, "not age armor"},
	};
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct buf texts[ARRAY_LEN(rows)];
	struct sops_key keys[ARRAY_LEN(rows)] = {{.next = NULL}};
	struct key_request requests[ARRAY_LEN(rows)] = {{.key = NULL}};
	uint8_t want[32];

	add_ssh(&ring, "ssh_rsa");
	add_ssh(&ring, "ed25519.pkcs8.pem");
	add_age(&ring, "x25519.agekey");
	add_age(&ring, "pq.agekey");
	add_ssh(&ring, "ssh_ed25519");
	assert_int_equal(keyring_age_count(&ring), 5);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		texts[i] = (struct buf)BUF_INIT(AGE_DATA_MAX);
		age_data(rows[i].name, &texts[i]);
		keys[i] = (struct sops_key){.type = SOPS_KEY_AGE, .enc = buf_span(&texts[i])};
		requests[i].key = &keys[i];
	}
	open_all(&ring, requests, ARRAY_LEN(rows));
	age_data_key(want);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (requests[i].verdict != rows[i].verdict)
			fail_msg("%s: %s", rows[i].name, requests[i].why);
		if (rows[i].verdict == KEY_OPENED) {
			assert_true(span_eq(requests[i].opened, span_of(want, 32)));
		} else {
			assert_int_equal(requests[i].code, rows[i].code);
			assert_string_equal(requests[i].why, rows[i].why);
			assert_null(requests[i].opened.data);
		}
		buf_release(&texts[i]);
	}
}

static void tells_what_is_wrong_with_a_file(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_BUF struct buf stanza = BUF_INIT(4096), file = BUF_INIT(4096), text = BUF_INIT(8192);
	struct key_request request;

	add_age(&ring, "x25519.agekey");
	buf_add_str(&stanza, "-> X25519 CQ\nAAAA\n");
	age_emit_file(buf_span(&stanza), file_key, SPAN("x"), &file);
	armor(buf_span(&file), &text);
	request = ask(&ring, buf_span(&text));
	assert_int_equal(request.verdict, KEY_FAILED);
	assert_string_equal(request.why, "malformed X25519 stanza");

	buf_reset(&stanza);
	buf_reset(&file);
	buf_reset(&text);
	age_emit_x25519(ring.age->identities->x25519.public, file_key, &stanza);
	age_emit_file(buf_span(&stanza), file_key, SPAN("opened"), &file);
	armor(buf_span(&file), &text);
	request = ask(&ring, buf_span(&text));
	assert_int_equal(request.verdict, KEY_OPENED);
	assert_true(span_is(request.opened, "opened"));

	file.data[file.len - 1] ^= 1;
	buf_reset(&text);
	armor(buf_span(&file), &text);
	request = ask(&ring, buf_span(&text));
	assert_int_equal(request.verdict, KEY_FAILED);
	assert_int_equal(request.code, ERR_VALUE);
	assert_string_equal(request.why, "age payload does not authenticate");

	request = ask(&ring, SPAN_NULL);
	assert_int_equal(request.verdict, KEY_FAILED);
	assert_string_equal(request.why, "age armor is cut short");
}

/* sops looks at its own kinds first: a stanza that is malformed for an SSH key does not keep a native key from opening the file. */
static void tries_native_identities_before_ssh_keys(void **state)
{
	CLEAN_BUF struct buf stanza = BUF_INIT(4096), file = BUF_INIT(4096), text = BUF_INIT(8192);
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_KEYRING struct keyring ssh_only = KEYRING_INIT;

	add_ssh(&ring, "ssh_ed25519");
	add_ssh(&ring, "ssh_rsa");
	add_age(&ring, "second.agekey");
	add_age(&ring, "pq.agekey");
	add_age(&ring, "x25519.agekey");
	const enum age_kind order[] = {AGE_X25519, AGE_HYBRID, AGE_X25519, AGE_SSH_ED25519,
				       AGE_SSH_RSA};
	const struct age_identity *identity = ring.age->identities;

	for (size_t i = 0; i < ARRAY_LEN(order); i++, identity = identity->next)
		assert_int_equal(identity->kind, order[i]);
	assert_null(identity);
	buf_add_str(&stanza, "-> ssh-ed25519 malformed\n\n-> ssh-rsa malformed stanza\n\n");
	age_emit_x25519(ring.age->identities->next->next->x25519.public, file_key, &stanza);
	age_emit_file(buf_span(&stanza), file_key, SPAN("opened"), &file);
	armor(buf_span(&file), &text);
	assert_int_equal(ask(&ring, buf_span(&text)).verdict, KEY_OPENED);
	add_ssh(&ssh_only, "ssh_ed25519");
	assert_int_equal(ask(&ssh_only, buf_span(&text)).verdict, KEY_FAILED);
}

static void counts_an_identity_once(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	static const char *const names[] = {"x25519.agekey", "pq.agekey", "ssh_ed25519", "ssh_rsa"};

	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 2; i++)
			add_age(&ring, names[i]);
		for (size_t i = 2; i < 4; i++)
			add_ssh(&ring, names[i]);
		add_ssh(&ring, "rsa.pkcs1.pem"); /* the same key */
		assert_int_equal(keyring_age_count(&ring), 4);
	}
	add_age(&ring, "second.agekey");
	assert_int_equal(keyring_age_count(&ring), 5);
	assert_int_equal(ring.count, 1);
}

static void a_broken_file_adds_nothing(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct err err = ERR_INIT;

	age_data("x25519.agekey", &text);
	buf_add_str(&text, "CANARY\n");
	assert_int_equal(keyring_add_age(&ring, buf_span(&text), "shop/sops-keys age.agekey", &err),
			 -1);
	assert_int_equal(err.code, ERR_FORMAT);
	assert_string_equal(
		err.msg,
		"age identities of 'shop/sops-keys age.agekey': line 3: unknown identity type");
	assert_int_equal(keyring_age_count(&ring), 0);
	assert_null(ring.age);
	assert_int_equal(keyring_add_ssh(&ring, SPAN("CANARY"), "x\ny", &err), -1);
	assert_string_equal(err.msg, "SSH key of 'x\\x0ay': no private key found");
}

static void notes_a_file_without_identities(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(keyring_add_age(&ring, SPAN("# nothing\n"), "a", &err), 0);
	assert_int_equal(keyring_add_age_words(&ring, SPAN_NULL, "b", &err), 0);
	assert_true(span_is(buf_span(&ring.notes),
			    "no age identities in 'a'; no age identities in 'b'"));
	assert_int_equal(ring.count, 0);
}

static void keeps_whole_notes_only(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	for (int i = 0; i < 1000; i++)
		keyring_note(&ring, "twelve chars");
	assert_true(ring.notes.len <= KEYRING_NOTES_MAX && ring.notes.len > KEYRING_NOTES_MAX - 20);
	assert_true(span_ends(buf_span(&ring.notes), SPAN("; twelve chars")));
	assert_int_equal(ring.notes.bad, ERR_NONE);
}

static void bounds_identities_and_services(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	struct err err = ERR_INIT;
	struct age_identity *many;

	/* Public keys tell them apart. */
	many = calloc(KEY_AGE_IDENTITIES_MAX + 1, sizeof(*many));
	assert_non_null(many);
	add_age(&ring, "x25519.agekey");
	for (size_t i = 0; i + 1 < KEY_AGE_IDENTITIES_MAX; i++) {
		memcpy(many[i].x25519.public, &i, sizeof(i));
		many[i].next = i + 2 < KEY_AGE_IDENTITIES_MAX ? &many[i + 1] : NULL;
	}
	assert_int_equal(key_age_add(ring.age, many, &err), 0);
	assert_int_equal(keyring_age_count(&ring), KEY_AGE_IDENTITIES_MAX);
	add_age(&ring, "x25519.agekey"); /* there already: no one more */
	memset(many[KEY_AGE_IDENTITIES_MAX].x25519.public, 0xff, 32);
	assert_int_equal(key_age_add(ring.age, &many[KEY_AGE_IDENTITIES_MAX], &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	for (size_t i = 1; i < KEYRING_SERVICES_MAX; i++)
		assert_int_equal(keyring_add_service(&ring, &key_age_service, ring.age, &err), 0);
	assert_int_equal(keyring_add_service(&ring, &key_age_service, ring.age, &err), -1);
	assert_int_equal(err.code, ERR_LIMIT);
	keyring_release(&ring);
	free(many);
}

static int is_never_wrong(struct span text, void *arg)
{
	struct key_request request = ask(arg, text);
	uint8_t want[32];

	age_data_key(want);
	if (request.verdict == KEY_OPENED)
		assert_true(span_eq(request.opened, span_of(want, 32)));
	else
		assert_true(request.code != ERR_NONE && request.why[0]);
	return 0;
}

static void survives_mangling(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(AGE_DATA_MAX);

	add_age(&ring, "x25519.agekey");
	age_data("to-x25519.age", &text);
	mangle_all(buf_span(&text), is_never_wrong, &ring);
}

static void differs_file_key_is_16_bytes(void **state)
{
	/* ssh-ed25519: a body that is not a wrapped key of 16 bytes; age would unwrap any length. */
	CLEAN_BUF struct buf stanza = BUF_INIT(4096), file = BUF_INIT(4096), text = BUF_INIT(8192);
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;
	const struct age_ssh *ssh;
	uint8_t secret[32] = {9}, salt[64], shared[32], tweaked[32], key[32], body[64],
		nonce[12] = {0};
	uint8_t long_key[17] = {1};
	unsigned long long len;

	add_ssh(&ring, "ssh_ed25519");
	ssh = &ring.age->identities->ssh;
	for (size_t n = 15; n <= 17; n++) {
		buf_reset(&stanza);
		buf_reset(&file);
		buf_reset(&text);
		crypto_scalarmult_base(salt, secret);
		memcpy(salt + 32, ssh->curve.public, 32);
		assert_int_equal(crypto_scalarmult(shared, secret, ssh->curve.public), 0);
		assert_int_equal(crypto_scalarmult(tweaked, ssh->tweak, shared), 0);
		hkdf_key(span_of(tweaked, 32), span_of(salt, 64),
			 SPAN("age-encryption.org/v1/ssh-ed25519"), key);
		crypto_aead_chacha20poly1305_ietf_encrypt(body, &len, long_key, n, NULL, 0, NULL,
							  nonce, key);
		buf_printf(&stanza, "-> ssh-ed25519 %.6s ", ssh->tag);
		base64_encode(span_of(salt, 32), false, &stanza);
		buf_add_char(&stanza, '\n');
		age_emit_body(span_of(body, (size_t)len), &stanza);
		age_emit_file(buf_span(&stanza), long_key, SPAN("x"), &file);
		armor(buf_span(&file), &text);
		assert_int_equal(ask(&ring, buf_span(&text)).verdict,
				 n == 16 ? KEY_OPENED : KEY_FAILED);
	}
}

static int setup(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

static void opens_files_of_a_ring_that_was_released(void **state)
{
	CLEAN_KEYRING struct keyring ring = KEYRING_INIT;

	for (int round = 0; round < 2; round++) {
		add_age(&ring, "x25519.agekey");
		assert_int_equal(ask_file(&ring, "to-x25519.age").verdict, KEY_OPENED);
		keyring_release(&ring);
		assert_int_equal(ring.count, 0);
		assert_int_equal(keyring_age_count(&ring), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_a_batch_of_all_kinds),
		cmocka_unit_test(tells_what_is_wrong_with_a_file),
		cmocka_unit_test(tries_native_identities_before_ssh_keys),
		cmocka_unit_test(counts_an_identity_once),
		cmocka_unit_test(a_broken_file_adds_nothing),
		cmocka_unit_test(notes_a_file_without_identities),
		cmocka_unit_test(keeps_whole_notes_only),
		cmocka_unit_test(bounds_identities_and_services),
		cmocka_unit_test(survives_mangling),
		cmocka_unit_test(differs_file_key_is_16_bytes),
		cmocka_unit_test(opens_files_of_a_ring_that_was_released),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
