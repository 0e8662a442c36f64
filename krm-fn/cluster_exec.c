/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a kubeconfig's plugin; see cluster_exec.h.
 */
#include "cluster_exec.h"

#include "keys_run.h"

#include "base/text.h"
#include "keys/answer.h"
#include "keys/jwt.h"

#include <unistd.h>

enum {
	EXEC_SECONDS = 60,    /* of one run: a login to a cloud */
	VARIABLES_MAX = 4096, /* of the environment */
	INFO_MAX = 4 * 1024 * 1024,
};

#define INFO "KUBERNETES_EXEC_INFO="

/* Not for a plugin: keys of documents. What clouds need to log in it gets. */
static bool is_ours(const char *variable)
{
	static const char *const prefixes[] = {"SOPS_", "KRM_SOPS_", "VAULT_", "BAO_", INFO};
	size_t i;

	for (i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

/* "NAME=VALUE" is one of the list's names. */
static bool replaced(const char *variable, char *const list[])
{
	for (; *list; list++) {
		size_t len = strcspn(*list, "=") + 1;

		if (strncmp(variable, *list, len) == 0)
			return true;
	}
	return false;
}

static int add_text(const char *key, struct span text, struct buf *out, struct err *err)
{
	buf_printf(out, "\"%s\":", key);
	return jwt_string(text, out, err);
}

/* What a plugin is told: its input, as JSON in a variable. */
static int make_info(const struct kubeconfig *config, struct span ca_pem, struct buf *out,
		     struct err *err)
{
	CLEAN_BUF struct buf ca = BUF_INIT((size_t)INFO_MAX);

	buf_printf(out, INFO "{\"kind\":\"ExecCredential\",\"apiVersion\":\"%s\",\"spec\":{",
		   config->exec.api_version);
	if (config->exec.cluster_info) {
		base64_encode(ca_pem, true, &ca);
		buf_add_str(out, "\"cluster\":{");
		if (buf_check(&ca, err) < 0 || add_text("server", config->server, out, err) < 0)
			return -1;
		if (config->server_name.len) {
			buf_add_char(out, ',');
			if (add_text("tls-server-name", config->server_name, out, err) < 0)
				return -1;
		}
		if (ca.len)
			buf_printf(out, ",\"certificate-authority-data\":\"%.*s\"", (int)ca.len,
				   (const char *)ca.data);
		buf_add_str(out, "},");
	}
	buf_add_str(out, "\"interactive\":false}}");
	buf_add_char(out, 0);
	return buf_check(out, err);
}

static int run(const struct kubeconfig *config, char *info, struct secret_pool *pool,
	       struct span *ret_output, struct err *err)
{
	const struct kubeconfig_exec *exec = &config->exec;
	char *environment[VARIABLES_MAX + KUBECONFIG_WORDS_MAX + 2];
	size_t n = 0, i;

	for (i = 0; environ[i] && n < VARIABLES_MAX; i++) {
		if (!is_ours(environ[i]) && !replaced(environ[i], exec->variables))
			environment[n++] = environ[i];
	}
	for (i = 0; exec->variables[i]; i++)
		environment[n++] = exec->variables[i];
	environment[n++] = info;
	environment[n] = NULL;
	return keys_run(exec->words, environment, EXEC_SECONDS, pool, ret_output, err);
}

static int read_credential(const char *version, struct span output, struct secret_pool *pool,
			   struct cluster_credential *ret, struct err *err)
{
	CLEAN_ANSWER struct answer answer = ANSWER_INIT;
	struct span cert, key, token;

	if (answer_read(output, &answer, err) < 0)
		return err_set(err, ERR_FORMAT, "it printed no JSON");
	if (!span_is(answer_text(&answer, "kind"), "ExecCredential") ||
	    !span_is(answer_text(&answer, "apiVersion"), version))
		return err_set(err, ERR_FORMAT, "it printed no ExecCredential of '%s'", version);
	token = answer_text(&answer, "status.token");
	cert = answer_text(&answer, "status.clientCertificateData");
	key = answer_text(&answer, "status.clientKeyData");
	if (!cert.len != !key.len || (!token.len && !cert.len))
		return err_set(err, ERR_FORMAT,
			       "it printed neither a token nor a certificate with its key");
	if ((token.len && secret_dup(pool, token, &ret->token, err) < 0) ||
	    (cert.len && (secret_dup(pool, cert, &ret->cert_pem, err) < 0 ||
			  secret_dup(pool, key, &ret->key_pem, err) < 0)))
		return -1;
	return 0;
}

int cluster_exec(const struct kubeconfig *config, struct span ca_pem, struct secret_pool *pool,
		 struct cluster_credential *ret, struct err *err)
{
	CLEAN_BUF struct buf info = BUF_INIT((size_t)INFO_MAX);
	struct span output = SPAN_NULL;

	if (make_info(config, ca_pem, &info, err) < 0)
		return -1;
	if (run(config, (char *)info.data, pool, &output, err) < 0 ||
	    read_credential(config->exec.api_version, output, pool, ret, err) < 0)
		return err_wrap(err, "exec plugin '%s'",
				text_quote(span_str(config->exec.words[0])).text);
	return 0;
}
