/* SPDX-License-Identifier: Apache-2.0
 *
 * The rounds in which data keys are asked for, with services behind a network that is not there (fake_http.h): what begins before what, what is under way
 * together, what is never sent, and what becomes of all when something fails.
 */
#include "fake_http.h"
#include "fake_service.h"

#include "sops/datakey.h"

enum { CALLS_MAX = 16, DOCUMENTS = 3 };

/* A service that asks its network for each key; what it is answered is the key's own text, as with fake_service.h. */
struct far {
	struct fake_log log;
	struct secret_pool *pool;
	struct far_call {
		struct http_call call;
		struct key_request *request;
		struct far *far;
	} calls[CALLS_MAX];
	size_t count;
	bool silent; /* it gives no verdict */
	bool fails;  /* it can not even begin */
};

static char story[512]; /* what happened, in order */

static void tell(const char *what, struct span id)
{
	size_t len = strlen(story);

	snprintf(story + len, sizeof(story) - len, "%s %.*s; ", what, (int)id.len,
		 (const char *)id.data);
}

static void far_done(struct http *http, struct http_call *call)
{
	struct far_call *mine = call->cookie;
	struct err err = ERR_INIT;

	if (call->failure) {
		mine->request->verdict = KEY_FAILED;
		mine->request->code = call->why.code;
		snprintf(mine->request->why, sizeof(mine->request->why), "no network");
	} else if (!mine->far->silent) {
		assert_int_equal(fake_answer(mine->far->pool, mine->request, &err), 0);
	}
	http_call_release(call);
}

static int far_start(void *cookie, struct http *http, struct secret_pool *pool,
		     struct key_request *requests, size_t n, struct err *err)
{
	struct far *far = cookie;
	size_t i;

	far->log.calls++;
	far->log.requests += n;
	far->pool = pool;
	if (far->fails)
		return err_nomem(err);
	for (i = 0; i < n; i++) {
		struct far_call *one = &far->calls[far->count++];

		assert_true(far->count <= CALLS_MAX);
		one->request = &requests[i];
		one->far = far;
		one->call = (struct http_call)HTTP_CALL_INIT;
		one->call.method = "POST";
		one->call.url = "https://far";
		one->call.lane = "far";
		one->call.done = far_done;
		one->call.cookie = one;
		tell("ask", requests[i].key->id);
		http_add(http, &one->call);
	}
	return 0;
}

static void answer(struct http *http, struct http_call *call)
{
	struct far_call *one = call->cookie;

	tell("send", one->request->key->id);
	fake_http_say(call, 200, "", "");
}

static int near_open(void *cookie, struct secret_pool *pool, struct key_request *requests, size_t n,
		     struct err *err)
{
	size_t i;

	for (i = 0; i < n; i++)
		tell("open", requests[i].key->id);
	return fake_open(cookie, pool, requests, n, err);
}

struct world {
	struct http http;
	struct keyring ring;
	struct keyservice age, gpg, kms, vault;
	struct fake_log age_log, gpg_log;
	struct far kms_far, vault_far;
	struct sops_meta metas[DOCUMENTS];
	struct sops_group groups[DOCUMENTS];
	struct sops_key keys[DOCUMENTS][4];
	struct datakey_want wants[DOCUMENTS];
};

static void open_world(struct world *world)
{
	struct err err = ERR_INIT;
	size_t i;

	*world = (struct world){
		.http = {.answer = answer, .run_ms = 1000},
		.ring = KEYRING_INIT,
		.age = FAKE_SERVICE(SOPS_KEY_AGE, true),
		.gpg = FAKE_SERVICE(SOPS_KEY_PGP, false),
		.kms = {.name = "kms",
			.type = SOPS_KEY_KMS,
			.start = far_start,
			.close = fake_close},
		.vault = {.name = "vault",
			  .type = SOPS_KEY_HC_VAULT,
			  .start = far_start,
			  .close = fake_close},
	};
	story[0] = '\0';
	world->age.open = world->gpg.open = near_open;
	world->ring.http = &world->http;
	/* The network first, so that an order by the ring would be another. */
	assert_int_equal(keyring_add_service(&world->ring, &world->vault, &world->vault_far, &err),
			 0);
	assert_int_equal(keyring_add_service(&world->ring, &world->kms, &world->kms_far, &err), 0);
	assert_int_equal(keyring_add_service(&world->ring, &world->gpg, &world->gpg_log, &err), 0);
	assert_int_equal(keyring_add_service(&world->ring, &world->age, &world->age_log, &err), 0);
	for (i = 0; i < DOCUMENTS; i++) {
		world->metas[i].group_count = 1;
		world->metas[i].groups = &world->groups[i];
		world->wants[i].meta = &world->metas[i];
	}
}

static void add(struct world *world, size_t document, enum sops_key_type type, const char *id,
		const char *enc)
{
	struct sops_group *group = &world->groups[document];
	struct sops_key *key = &world->keys[document][group->count++];

	*key = (struct sops_key){.type = type, .id = span_str(id), .enc = span_str(enc)};
	if (group->keys)
		key[-1].next = key;
	else
		group->keys = key;
}

static int ask(struct world *world, size_t documents, struct err *err)
{
	return datakey_open(world->wants, documents, &world->ring, NULL, err);
}

static bool opened(const struct world *world, size_t document)
{
	return world->wants[document].key.data != NULL;
}

static void close_world(struct world *world)
{
	size_t i;

	for (i = 0; i < DOCUMENTS; i++)
		free(world->wants[i].err);
	keyring_release(&world->ring);
}

static void offline_keys_first_then_what_blocks_then_all_of_the_network(void **state)
{
	struct world world;
	struct err err = ERR_INIT;

	open_world(&world);
	add(&world, 0, SOPS_KEY_KMS, "kms1", FAKE_KEY);
	add(&world, 1, SOPS_KEY_HC_VAULT, "vault1", FAKE_KEY);
	add(&world, 2, SOPS_KEY_PGP, "pgp1", FAKE_KEY);
	assert_int_equal(ask(&world, 3, &err), 0);
	assert_true(opened(&world, 0) && opened(&world, 1) && opened(&world, 2));
	/* Both services have asked before anything is sent, and gpg does not keep them waiting. */
	assert_string_equal(story, "open pgp1; ask vault1; ask kms1; send vault1; send kms1; ");
	close_world(&world);
}

static void no_packet_where_a_key_at_hand_opens(void **state)
{
	struct world world;
	struct err err = ERR_INIT;

	open_world(&world);
	add(&world, 0, SOPS_KEY_KMS, "kms1", FAKE_KEY);
	add(&world, 0, SOPS_KEY_AGE, "age1", FAKE_KEY);
	add(&world, 1, SOPS_KEY_KMS, "kms2", FAKE_KEY);
	add(&world, 1, SOPS_KEY_AGE, "age2", "no");
	assert_int_equal(ask(&world, 2, &err), 0);
	assert_true(opened(&world, 0) && opened(&world, 1));
	assert_string_equal(story, "open age1; open age2; ask kms2; send kms2; ");
	close_world(&world);
}

static void equal_keys_are_sent_once(void **state)
{
	struct world world;
	struct err err = ERR_INIT;
	size_t i;

	open_world(&world);
	for (i = 0; i < DOCUMENTS; i++)
		add(&world, i, SOPS_KEY_HC_VAULT, "vault1", FAKE_KEY);
	assert_int_equal(ask(&world, DOCUMENTS, &err), 0);
	for (i = 0; i < DOCUMENTS; i++)
		assert_true(opened(&world, i));
	assert_int_equal(world.http.sent, 1);
	close_world(&world);
}

static void the_next_candidate_only_when_the_first_has_failed(void **state)
{
	struct world world;
	struct err err = ERR_INIT;

	open_world(&world);
	add(&world, 0, SOPS_KEY_KMS, "kms1", "denied");
	add(&world, 0, SOPS_KEY_HC_VAULT, "vault1", FAKE_KEY);
	add(&world, 0, SOPS_KEY_HC_VAULT, "vault2", FAKE_KEY);
	assert_int_equal(ask(&world, 1, &err), 0);
	assert_true(opened(&world, 0));
	assert_string_equal(story, "ask kms1; send kms1; ask vault1; send vault1; ");
	close_world(&world);
}

static void a_service_without_an_answer_is_named(void **state)
{
	struct world world;
	struct err err = ERR_INIT;

	open_world(&world);
	world.kms_far.silent = true;
	add(&world, 0, SOPS_KEY_KMS, "kms1", FAKE_KEY);
	add(&world, 1, SOPS_KEY_HC_VAULT, "vault1", FAKE_KEY);
	assert_int_equal(ask(&world, 2, &err), 0);
	assert_false(opened(&world, 0));
	assert_non_null(strstr(world.wants[0].err->msg, "key service 'kms' gave no answer"));
	assert_true(opened(&world, 1));
	close_world(&world);
}

/* Calls of another service are under way then, and hold on to what would be freed. */
static void what_was_begun_is_ended_before_a_failure_is_told(void **state)
{
	struct world world;
	struct err err = ERR_INIT;

	open_world(&world);
	world.kms_far.fails = true;
	add(&world, 0, SOPS_KEY_KMS, "kms1", FAKE_KEY);
	add(&world, 1, SOPS_KEY_HC_VAULT, "vault1", FAKE_KEY);
	assert_int_equal(ask(&world, 2, &err), -1);
	assert_int_equal(err.code, ERR_NOMEM);
	assert_string_equal(story, "ask vault1; send vault1; ");
	close_world(&world);
}

static void without_a_network_each_key_has_the_hint(void **state)
{
	struct world world;
	struct err err = ERR_INIT, broken = ERR_INIT;
	size_t i;

	open_world(&world);
	(void)err_set(&broken, ERR_UNSUPPORTED, "no libcurl");
	(void)err_hint(&broken, "install it");
	world.http.broken = &broken;
	add(&world, 0, SOPS_KEY_KMS, "kms1", FAKE_KEY);
	add(&world, 1, SOPS_KEY_HC_VAULT, "vault1", FAKE_KEY);
	add(&world, 2, SOPS_KEY_AGE, "age1", FAKE_KEY);
	assert_int_equal(ask(&world, 3, &err), 0);
	for (i = 0; i < 2; i++) {
		assert_false(opened(&world, i));
		assert_non_null(strstr(world.wants[i].err->msg, "no network"));
		assert_string_equal(world.wants[i].err->hint, "install it");
	}
	assert_true(opened(&world, 2));
	close_world(&world);
}

static void a_ring_without_network_is_a_mistake_of_ours(void **state)
{
	struct world world;
	struct err err = ERR_INIT;

	open_world(&world);
	world.ring.http = NULL;
	add(&world, 0, SOPS_KEY_KMS, "kms1", FAKE_KEY);
	assert_int_equal(ask(&world, 1, &err), -1);
	assert_int_equal(err.code, ERR_BUG);
	close_world(&world);
}

static int start(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offline_keys_first_then_what_blocks_then_all_of_the_network),
		cmocka_unit_test(no_packet_where_a_key_at_hand_opens),
		cmocka_unit_test(equal_keys_are_sent_once),
		cmocka_unit_test(the_next_candidate_only_when_the_first_has_failed),
		cmocka_unit_test(a_service_without_an_answer_is_named),
		cmocka_unit_test(what_was_begun_is_ended_before_a_failure_is_told),
		cmocka_unit_test(without_a_network_each_key_has_the_hint),
		cmocka_unit_test(a_ring_without_network_is_a_mistake_of_ours),
	};

	return cmocka_run_group_tests_name("datakey_network", tests, start, NULL);
}
