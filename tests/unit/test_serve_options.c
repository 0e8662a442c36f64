/* SPDX-License-Identifier: Apache-2.0
 *
 * sidecar/serve_options.c: the command line of `serve`, its bounds and its refusals; and whom peer.c lets in.
 */
#include "serve_options.h"

#include "base/attr.h"
#include "peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGS_MAX = 140 };

static int parse(const char *words, struct serve_options *options, struct err *err)
{
	static char text[8192];
	static char name[] = "serve";
	char *argv[ARGS_MAX + 1] = {name}, *word, *rest = text;
	int argc = 1;

	(void)snprintf(text, sizeof(text), "%s", words);
	while ((word = strsep(&rest, " ")) && argc < ARGS_MAX)
		argv[argc++] = word;
	return serve_options_parse(argc, argv, options, err);
}

#define ONE "--listen unix:///run/s.sock "

static void bounds(void **state)
{
	static const struct {
		const char *words;
		int result;
	} cases[] = {
		{"--listen unix:///run/s.sock", 0},
		{"--listen=unix:///run/s.sock", 0},
		{"--listen unix:///run/s.sock=team", 0},
		{"--listen unix:///run/a=b/s.sock", 0},
		{"--listen unix:///run/s.sock=", -1},
		{"--listen unix://run/s.sock", -1},
		{"--listen /run/s.sock", -1},
		{"--listen", -1},
		{"", -1},
		{ONE "--workers 1", 0},
		{ONE "--workers 64", 0},
		{ONE "--workers 65", -1},
		{ONE "--workers 64 --listen unix:///b --listen unix:///c --listen unix:///d", 0},
		{ONE "--workers 64 --listen unix:///b --listen unix:///c --listen unix:///d "
		     "--listen unix:///e",
		 -1},
		{ONE "--workers 64 --listen unix:///b --listen unix:///c --listen unix:///d "
		     "--aws-kms 127.0.0.1:1 --aws-kms-key f",
		 -1},
		{ONE "--workers 0", -1},
		{ONE "--workers -1", -1},
		{ONE "--workers 1x", -1},
		{ONE "--workers 99999999999999999999", -1},
		{ONE "--connections 1000", 0},
		{ONE "--connections 1001", -1},
		{ONE "--recycle 0", 0},
		{ONE "--max-body 1023", -1},
		{ONE "--max-body 1024", 0},
		{ONE "--request-time 1h", 0},
		{ONE "--request-time 61m", -1},
		{ONE "--request-time 0", -1},
		{ONE "--data-key-ttl 24h", 0},
		{ONE "--data-key-ttl 86400", 0},
		{ONE "--data-key-ttl 86401s", -1},
		{ONE "--data-key-ttl 1441m", -1},
		{ONE "--data-key-ttl h", -1},
		{ONE "--data-key-ttl 1.5h", -1},
		{ONE "--data-key-ttl 1234567890123456789s", -1},
		{ONE "--aws-kms 127.0.0.1:1", -1},
		{ONE "--aws-kms-key f", -1},
		{"--aws-kms 127.0.0.1:1 --aws-kms-key f", 0},
		{ONE "--require-mlock", 0},
		{ONE "--nothing-like-this-that-is-longer-than-any-name x", -1},
		{ONE "--nothing x", -1},
		{ONE "word", -1},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		CLEAN_SERVE_OPTIONS struct serve_options options = SERVE_OPTIONS_INIT;
		struct err err = ERR_INIT;

		if (parse(cases[i].words, &options, &err) != cases[i].result)
			fail_msg("'%s': %s", cases[i].words, err.msg);
		assert_true(cases[i].result == 0 || err.code == ERR_USAGE);
	}
}

static void what_was_said_is_what_is_meant(void **state)
{
	CLEAN_SERVE_OPTIONS struct serve_options options = SERVE_OPTIONS_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(parse("--listen unix:///a/s=one --listen unix:///b=c/s --data-key-ttl 5m "
			       "--request-time 90 --keys-flat k",
			       &options, &err),
			 0);
	assert_int_equal(options.listen_count, 2);
	assert_string_equal(options.listens[0].path, "/a/s");
	assert_string_equal(options.listens[0].keyset, "one");
	assert_string_equal(options.listens[1].path, "/b=c/s");
	assert_null(options.listens[1].keyset);
	assert_int_equal(options.ttl, 300);
	assert_int_equal(options.request_ms, 90000);
	assert_string_equal(options.keys.keys_flat, "k");
}

static void there_may_be_so_many_sockets(void **state)
{
	char words[8192] = "";
	int i;

	for (i = 0; i <= SERVE_LISTENS_MAX; i++) {
		CLEAN_SERVE_OPTIONS struct serve_options options = SERVE_OPTIONS_INIT;
		struct err err = ERR_INIT;

		(void)strcat(words, i ? " --listen=unix:///s" : "--listen=unix:///s");
		assert_int_equal(parse(words, &options, &err), i < SERVE_LISTENS_MAX ? 0 : -1);
	}
}

static void peers(void **state)
{
	struct peer_rules rules = {.socket = "s", .group = (gid_t)-1};
	struct exchange_peer peer = {.uid = geteuid(), .gid = 4000, .pid = 1};
	struct err err = ERR_INIT;

	assert_int_equal(peer_check(&rules, -1, &peer, &err), 0);
	peer.uid = geteuid() + 1;
	assert_int_equal(peer_check(&rules, -1, &peer, &err), -1);
	assert_int_equal(err.code, ERR_POLICY);
	/* No group is nobody's, not even that of somebody whose gid is the number that says so. */
	peer.gid = (gid_t)-1;
	assert_int_equal(peer_check(&rules, -1, &peer, &err), -1);
	rules.group = 4000;
	assert_int_equal(peer_check(&rules, -1, &peer, &err), -1);
	peer.gid = 4000;
	assert_int_equal(peer_check(&rules, -1, &peer, &err), 0);
	assert_int_equal(peer_of(0x7fffffff, &peer, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds),
		cmocka_unit_test(what_was_said_is_what_is_meant),
		cmocka_unit_test(there_may_be_so_many_sockets),
		cmocka_unit_test(peers),
	};

	return cmocka_run_group_tests_name("serve_options", tests, NULL, NULL);
}
