/* SPDX-License-Identifier: Apache-2.0
 *
 * The kubeconfig: which entries count where there are several files, what each field becomes, and what is refused.
 */
#include "kubeconfig.h"

#include "mangle.h"

#include "base/text.h"

#define CLUSTER(fields)      "clusters: [{name: c, cluster: {server: 'https://a:6443'" fields "}}]\n"
#define USER(fields)         "users: [{name: u, user: {" fields "}}]\n"
#define CONTEXT              "contexts: [{name: x, context: {cluster: c, user: u, namespace: n}}]\n"
#define CURRENT              "current-context: x\n"
#define WHOLE(cluster, user) CURRENT CONTEXT CLUSTER(cluster) USER(user)
#define V1                   "client.authentication.k8s.io/v1"

struct run {
	struct secret_pool pool;
	struct kubeconfig config;
	struct err err;
};

#define RUN_INIT                                           \
	{                                                  \
		.pool = SECRET_POOL_INIT, .err = ERR_INIT, \
	}
#define CLEAN_RUN CLEANUP(run_release)

static void run_release(struct run *run)
{
	secret_pool_release(&run->pool);
}

static int read_two(struct run *run, const char *first, const char *second, const char *context)
{
	const struct kubeconfig_file files[] = {{"/home/me/.kube/config", span_str(first)},
						{"other", span_str(second ? second : "")}};

	return kubeconfig_read(files, second ? 2 : 1, context, &run->pool, &run->config, &run->err);
}

static void read_one(struct run *run, const char *text)
{
	if (read_two(run, text, NULL, NULL) < 0)
		fail_msg("%s", run->err.msg);
}

static void assert_text(struct span span, const char *text)
{
	assert_non_null(span.data);
	assert_int_equal(span.data[span.len], 0);
	assert_string_equal((const char *)span.data, text);
}

static void reads_the_current_context(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	read_one(&run, WHOLE(", tls-server-name: k8s.example, certificate-authority-data: Y2E=",
			     "token: t0, client-certificate-data: Y2VydA==, "
			     "client-key-data: a2V5"));
	assert_text(run.config.context, "x");
	assert_text(run.config.server, "https://a:6443");
	assert_text(run.config.server_name, "k8s.example");
	assert_true(span_is(run.config.ca_pem, "ca"));
	assert_true(span_is(run.config.cert_pem, "cert"));
	assert_true(span_is(run.config.key_pem, "key"));
	assert_text(run.config.token, "t0");
	assert_null(run.config.ca_file.data);
	assert_null(run.config.token_file.data);
	assert_null(run.config.exec.api_version);
}

static void reads_json_too(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	read_one(&run, "{\"current-context\": \"x\", \"contexts\": [{\"name\": \"x\", \"context\": "
		       "{\"cluster\": \"c\", \"user\": \"\"}}], \"clusters\": [{\"name\": \"c\", "
		       "\"cluster\": {\"server\": \"https://b/\"}}], \"users\": null}");
	assert_int_equal(run.config.server.len, strlen("https://b"));
	assert_null(run.config.token.data);
}

static void paths_are_relative_to_their_file(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	read_one(&run, WHOLE(", certificate-authority: ca.crt",
			     "tokenFile: t, token: old, client-certificate: /etc/c, "
			     "client-key: ../k"));
	assert_text(run.config.ca_file, "/home/me/.kube/ca.crt");
	assert_text(run.config.token_file, "/home/me/.kube/t");
	assert_text(run.config.cert_file, "/etc/c");
	assert_text(run.config.key_file, "/home/me/.kube/../k");
	assert_null(run.config.token.data);
	assert_int_equal(read_two(&run, CURRENT CONTEXT USER(""),
				  CLUSTER(", certificate-authority: ca.crt"), NULL),
			 0);
	assert_text(run.config.ca_file, "ca.crt");
}

/* kubectl: "the first file to set a particular value or map key wins". */
static void the_first_file_wins(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	assert_int_equal(read_two(&run, CONTEXT CURRENT USER("token: one"),
				  "current-context: y\n" CLUSTER("") USER("token: two, as: x"),
				  NULL),
			 0);
	assert_text(run.config.token, "one");
	assert_text(run.config.server, "https://a:6443");
	assert_int_equal(read_two(&run, "", WHOLE("", "token: two"), NULL), 0);
	assert_text(run.config.token, "two");
}

static void a_context_by_name(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;

	assert_int_equal(read_two(&run, CONTEXT CLUSTER("") USER(""), NULL, "x"), 0);
	assert_text(run.config.context, "x");
}

static void reads_a_plugin(void **state)
{
	CLEAN_RUN struct run run = RUN_INIT;
	const struct kubeconfig_exec *exec = &run.config.exec;

	read_one(&run, WHOLE("", "exec: {apiVersion: " V1 ", command: aws, args: [eks, '', "
				 "'a b'], env: [{name: A, value: b}, {name: C}], "
				 "provideClusterInfo: true, interactiveMode: Never}"));
	assert_string_equal(exec->api_version, V1);
	assert_string_equal(exec->words[0], "aws");
	assert_string_equal(exec->words[1], "eks");
	assert_string_equal(exec->words[2], "");
	assert_string_equal(exec->words[3], "a b");
	assert_null(exec->words[4]);
	assert_string_equal(exec->variables[0], "A=b");
	assert_string_equal(exec->variables[1], "C=");
	assert_null(exec->variables[2]);
	assert_true(exec->cluster_info);
	read_one(&run, WHOLE("", "exec: {apiVersion: " V1 "beta1, command: ./bin/login}"));
	assert_string_equal(exec->words[0], "/home/me/.kube/./bin/login");
	assert_null(exec->words[1]);
	assert_null(exec->variables[0]);
	assert_false(exec->cluster_info);
}

static void refuses(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		const char *message;
	} table[] = {
		{"", ERR_USAGE, "there is no current context"},
		{"{", ERR_FORMAT, "kubeconfig '/home/me/.kube/config'"},
		{"- a\n", ERR_FORMAT, "kubeconfig '/home/me/.kube/config'"},
		{CURRENT, ERR_USAGE, "there is no context 'x'"},
		{CURRENT CONTEXT, ERR_USAGE, "there is no cluster 'c'"},
		{CURRENT CONTEXT CLUSTER(""), ERR_USAGE, "there is no user 'u'"},
		{CURRENT "contexts: x\n", ERR_FORMAT, "'contexts' is not a list"},
		{CURRENT "contexts: [{name: x}, {name: x}]\n", ERR_FORMAT, "two called 'x'"},
		{CURRENT "contexts: [{name: x, context: []}]\n", ERR_FORMAT, "is not a map"},
		{CURRENT "contexts: [{name: x, context: {cluster: [c]}}]\n", ERR_FORMAT,
		 "'cluster' is not a text"},
		{CURRENT CONTEXT "clusters: [{name: c, cluster: {}}]\n", ERR_FORMAT, "no 'server'"},
		{CURRENT CONTEXT "clusters: [{name: c, cluster: {server: /}}]\n", ERR_FORMAT,
		 "no 'server'"},
		{WHOLE(", insecure-skip-tls-verify: true", ""), ERR_POLICY,
		 "insecure-skip-tls-verify"},
		{WHOLE(", insecure-skip-tls-verify: maybe", ""), ERR_FORMAT, "true or false"},
		{WHOLE(", proxy-url: 'http://p'", ""), ERR_UNSUPPORTED, "'proxy-url'"},
		{WHOLE(", certificate-authority-data: '*'", ""), ERR_FORMAT, "not base64"},
		{WHOLE(", certificate-authority-data: \"\\n\"", ""), ERR_FORMAT, "holds nothing"},
		{WHOLE("", "auth-provider: {name: gcp}"), ERR_UNSUPPORTED, "'auth-provider'"},
		{WHOLE("", "username: a"), ERR_UNSUPPORTED, "'username'"},
		{WHOLE("", "password: a"), ERR_UNSUPPORTED, "'password'"},
		{WHOLE("", "as: a"), ERR_UNSUPPORTED, "'as'"},
		{WHOLE("", "as-groups: [a]"), ERR_UNSUPPORTED, "'as-groups'"},
		{WHOLE("", "token: 5"), ERR_FORMAT, "'token' is not a text"},
		{WHOLE("", "token: \"a\\0b\""), ERR_FORMAT, "has a NUL"},
		{WHOLE("", "client-key: a"), ERR_FORMAT, "not both"},
		{WHOLE("", "client-certificate-data: YQ=="), ERR_FORMAT, "not both"},
		{WHOLE("", "exec: a"), ERR_FORMAT, "'exec' is not a map"},
		{WHOLE("", "exec: {command: a}"), ERR_UNSUPPORTED, "apiVersion"},
		{WHOLE("", "exec: {apiVersion: " V1 "alpha1, command: a}"), ERR_UNSUPPORTED,
		 "apiVersion"},
		{WHOLE("", "exec: {apiVersion: " V1 "}"), ERR_UNSUPPORTED, "'command'"},
		{WHOLE("", "exec: {apiVersion: " V1 ", command: a, interactiveMode: Always}"),
		 ERR_UNSUPPORTED, "terminal"},
		{WHOLE("", "exec: {apiVersion: " V1 ", command: a, args: [[b]]}"), ERR_FORMAT,
		 "'args'"},
		{WHOLE("", "exec: {apiVersion: " V1 ", command: a, args: [\"b\\0\"]}"), ERR_FORMAT,
		 "'args'"},
		{WHOLE("", "exec: {apiVersion: " V1 ", command: a, env: [{value: b}]}"), ERR_FORMAT,
		 "'env'"},
		{WHOLE("", "exec: {apiVersion: " V1 ", command: a, env: [{name: 'a=b'}]}"),
		 ERR_FORMAT, "'env'"},
		{WHOLE("", "exec: {apiVersion: " V1 ", command: a, env: [x]}"), ERR_FORMAT,
		 "'env'"},
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		CLEAN_RUN struct run run = RUN_INIT;

		assert_int_equal(read_two(&run, table[i].text, NULL, NULL), -1);
		if (run.err.code != table[i].code || !strstr(run.err.msg, table[i].message))
			fail_msg("%s\n%d: %s", table[i].text, run.err.code, run.err.msg);
		assert_null(run.config.server.data);
	}
}

static void bounds_the_words_of_a_plugin(void **state)
{
	CLEAN_BUF struct buf text = BUF_INIT((size_t)64 * 1024);
	CLEAN_RUN struct run run = RUN_INIT;
	int i;

	buf_add_str(&text, CURRENT CONTEXT CLUSTER("") "users: [{name: u, user: {exec: {"
						       "apiVersion: " V1 ", command: a, args: [");
	for (i = 1; i < KUBECONFIG_WORDS_MAX; i++)
		buf_add_str(&text, "b, ");
	buf_add_str(&text, "]}}}]\n");
	buf_add_char(&text, 0);
	read_one(&run, (const char *)text.data);
	assert_string_equal(run.config.exec.words[KUBECONFIG_WORDS_MAX - 1], "b");
	assert_null(run.config.exec.words[KUBECONFIG_WORDS_MAX]);
	buf_reset(&text);
	buf_add_str(&text, CURRENT CONTEXT CLUSTER("") "users: [{name: u, user: {exec: {"
						       "apiVersion: " V1 ", command: a, args: [");
	for (i = 0; i < KUBECONFIG_WORDS_MAX; i++)
		buf_add_str(&text, "b, ");
	buf_add_str(&text, "]}}}]\n");
	buf_add_char(&text, 0);
	assert_int_equal(read_two(&run, (const char *)text.data, NULL, NULL), -1);
	assert_non_null(strstr(run.err.msg, "'args'"));
}

static int mangled(struct span input, void *arg)
{
	CLEAN_RUN struct run run = RUN_INIT;
	const struct kubeconfig_file file = {"f", input};
	int r = kubeconfig_read(&file, 1, NULL, &run.pool, &run.config, &run.err);

	assert_int_equal(r < 0, run.err.code != ERR_NONE);
	assert_int_equal(r == 0, run.config.server.len > 0);
	return r;
}

static void survives_anything(void **state)
{
	static const char text[] =
		WHOLE(", certificate-authority-data: Y2E=",
		      "exec: {apiVersion: " V1 ", command: ./a, args: [b], env: [{name: A}]}");

	mangle_all(SPAN(WHOLE("", "token: t")), mangled, NULL);
	mangle_all(span_str(text), mangled, NULL);
}

static int start(void **state)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_current_context),
		cmocka_unit_test(reads_json_too),
		cmocka_unit_test(paths_are_relative_to_their_file),
		cmocka_unit_test(the_first_file_wins),
		cmocka_unit_test(a_context_by_name),
		cmocka_unit_test(reads_a_plugin),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounds_the_words_of_a_plugin),
		cmocka_unit_test(survives_anything),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
