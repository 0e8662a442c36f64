/* SPDX-License-Identifier: Apache-2.0
 *
 * The Vault key service over time, with a network, a clock and files that a test names: how long a login's token is used, who is asked for the account's
 * token, and what is sent where.
 */
#include "cloud_world.h"

#include "keys/account.h"
#include "keys/key_vault.h"

#define VAULT    "https://vault.example:8200"
#define LOGIN    "PUT " VAULT "/v1/auth/kubernetes/login"
#define DECRYPT  "PUT " VAULT "/v1/transit/decrypt/k1"
#define OPENS    200, NULL, "{\"data\":{\"plaintext\":\"ZGF0YSBrZXk=\"}}"
#define GIVES(t) 200, NULL, "{\"auth\":{\"client_token\":\"" t "\",\"lease_duration\":600}}"
#define END                  \
	{                    \
		.call = NULL \
	}
/* {"aud":["https://vault.example:8200"],"sub":"system:serviceaccount:ns:sa"} and {"aud":["api"],...} */
#define FOR_VAULT                                                              \
	"e30.eyJhdWQiOlsiaHR0cHM6Ly92YXVsdC5leGFtcGxlOjgyMDAiXSwic3ViIjoic3lz" \
	"dGVtOnNlcnZpY2VhY2NvdW50Om5zOnNhIn0.c2ln"
#define FOR_API "e30.eyJhdWQiOlsiYXBpIl0sInN1YiI6InN5c3RlbTpzZXJ2aWNlYWNjb3VudDpuczpzYSJ9.c2ln"
#define POD     "/var/run/secrets/kubernetes.io/serviceaccount/token"
#define TOKEN   "POST https://api/api/v1/namespaces/ns/serviceaccounts/sa/token"
#define MADE                                          \
	201, NULL,                                    \
		"{\"status\":{\"token\":\"" FOR_VAULT \
		"\",\"expirationTimestamp\":\"2026-09-21T15:13:20Z\"}}" /* an hour later */

static const char *const by_login[] = {"KRM_SOPS_VAULT_LOGIN", "auth/kubernetes/login",
				       "VAULT_ADDR", VAULT, NULL};

static void set(struct cloud_world *world, size_t i)
{
	world->keys[i] =
		(struct sops_key){.type = SOPS_KEY_HC_VAULT,
				  .address = SPAN(VAULT),
				  .path = SPAN("transit"),
				  .id = SPAN("k1"),
				  .enc = i ? SPAN("vault:v1:BBBB") : SPAN("vault:v1:AAAA")};
}

static void open_world(struct cloud_world *world, const char *const *variables,
		       const char *const *files)
{
	struct err err = ERR_INIT;

	cloud_world_open(world, variables, files);
	assert_int_equal(key_vault_add_ambient(&world->ring, &err), 0);
	set(world, 0);
	set(world, 1);
}

static void a_logins_token_serves_till_its_lease_ends(void **state)
{
	static const char *const files[] = {POD, FOR_VAULT "\n", NULL};
	static const struct cloud_step first[] = {
		{LOGIN, NULL, {"\"role\":\"ns_sa\"", FOR_VAULT}, GIVES("s.one")},
		{DECRYPT, "X-Vault-Token: s.one", {"vault:v1:AAAA"}, OPENS},
		{DECRYPT, "X-Vault-Token: s.one", {"vault:v1:BBBB"}, OPENS},
		END};
	static const struct cloud_step kept[] = {{DECRYPT, "X-Vault-Token: s.one", {NULL}, OPENS},
						 END};
	static const struct cloud_step anew[] = {
		{LOGIN, NULL, {"\"role\":\"ns_sa\""}, GIVES("s.two")},
		{DECRYPT, "X-Vault-Token: s.two", {NULL}, OPENS},
		END};
	struct cloud_world world;

	open_world(&world, by_login, files);
	cloud_world_ask(&world, first, 2);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_opened(&world, 1, "data key");
	world.host.now += 300;
	cloud_world_ask(&world, kept, 1);
	world.host.now += 300;
	cloud_world_ask(&world, anew, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_close(&world);
}

static void a_token_for_others_is_not_shown(void **state)
{
	static const char *const files[] = {POD, FOR_API, NULL};
	static const struct cloud_step nobody[] = {END};
	struct cloud_world world;

	open_world(&world, by_login, files);
	cloud_world_ask(&world, nobody, 1);
	cloud_world_failed(&world, 0, ERR_POLICY, "it is not meant for this address");
	assert_null(strstr(world.requests[0].why, "eyJ"));
	cloud_world_close(&world);
}

static int server(void *cookie, bool again, struct secret_pool *pool, struct kube_server *ret,
		  struct err *err)
{
	*ret = (struct kube_server){.url = SPAN("https://api"),
				    .token = again ? SPAN("read-again") : SPAN("ours")};
	return 0;
}

static void the_cluster_makes_one_that_is(void **state)
{
	static const char *const files[] = {POD, FOR_API, NULL};
	static const struct cloud_step steps[] = {
		{TOKEN, "Authorization: Bearer ours", {"\"audiences\":[\"" VAULT "\"]"}, MADE},
		{LOGIN, NULL, {"\"role\":\"ns_sa\"", FOR_VAULT}, GIVES("s.one")},
		{DECRYPT, "X-Vault-Token: s.one", {NULL}, OPENS},
		END};
	static const struct cloud_step same_token[] = {
		{LOGIN, NULL, {FOR_VAULT}, GIVES("s.two")},
		{DECRYPT, "X-Vault-Token: s.two", {NULL}, OPENS},
		END};
	struct cloud_world world;

	open_world(&world, by_login, files);
	world.host.table.cluster = server;
	cloud_world_ask(&world, steps, 1);
	cloud_world_opened(&world, 0, "data key");
	/* the lease has ended, the account's token has not */
	world.host.now += 700;
	cloud_world_ask(&world, same_token, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_close(&world);
}

static void the_account_that_the_configuration_names(void **state)
{
	static const struct cloud_step steps[] = {
		{"POST https://api/api/v1/namespaces/team/serviceaccounts/reader/token",
		 "Authorization: Bearer ours",
		 {VAULT},
		 401,
		 NULL,
		 NULL},
		{"POST https://api/api/v1/namespaces/team/serviceaccounts/reader/token",
		 "Authorization: Bearer read-again",
		 {VAULT},
		 MADE},
		{LOGIN, NULL, {"\"role\":\"ns_sa\""}, GIVES("s.one")},
		{DECRYPT, "X-Vault-Token: s.one", {NULL}, OPENS},
		END};
	struct cloud_world world;
	struct err err = ERR_INIT;

	cloud_world_open(&world, by_login, NULL);
	world.host.table.cluster = server;
	assert_int_equal(account_new(&world.ring.pool, world.ring.host, SPAN("team"),
				     SPAN("reader"), &world.ring.account, &err),
			 0);
	assert_int_equal(key_vault_add_ambient(&world.ring, &err), 0);
	set(&world, 0);
	cloud_world_ask(&world, steps, 1);
	cloud_world_opened(&world, 0, "data key");
	assert_int_equal(world.host.reads, 0);
	cloud_world_close(&world);
}

static void a_token_made_for_another_audience_is_not_shown(void **state)
{
	static const char *const files[] = {POD, FOR_API, NULL};
	static const struct cloud_step steps[] = {
		{TOKEN, NULL, {NULL}, 201, NULL, "{\"status\":{\"token\":\"" FOR_API "\"}}"}, END};
	struct cloud_world world;

	open_world(&world, by_login, files);
	world.host.table.cluster = server;
	cloud_world_ask(&world, steps, 1);
	cloud_world_failed(&world, 0, ERR_POLICY, "it is not meant for this address");
	cloud_world_close(&world);
}

static void what_was_made_is_renewed_while_it_is_good(void **state)
{
	static const char *const files[] = {POD, FOR_VAULT, NULL};
	static const struct cloud_step first[] = {
		{LOGIN, NULL, {NULL}, GIVES("s.one")}, {DECRYPT, NULL, {NULL}, OPENS}, END};
	static const struct cloud_step fails[] = {
		{LOGIN, NULL, {NULL}, 403, NULL, "{\"errors\":[\"permission denied\"]}"}, END};
	static const struct cloud_step kept[] = {{DECRYPT, "X-Vault-Token: s.one", {NULL}, OPENS},
						 END};
	struct cloud_world world;

	open_world(&world, by_login, files);
	cloud_world_ask(&world, first, 1);
	cloud_world_renew(&world, 450, fails);
	cloud_world_ask(&world, kept, 1);
	cloud_world_opened(&world, 0, "data key");
	cloud_world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_logins_token_serves_till_its_lease_ends),
		cmocka_unit_test(a_token_for_others_is_not_shown),
		cmocka_unit_test(the_cluster_makes_one_that_is),
		cmocka_unit_test(the_account_that_the_configuration_names),
		cmocka_unit_test(a_token_made_for_another_audience_is_not_shown),
		cmocka_unit_test(what_was_made_is_renewed_while_it_is_good),
	};

	return cmocka_run_group_tests_name("key_vault", tests, cloud_world_setup, NULL);
}
