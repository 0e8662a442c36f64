/* SPDX-License-Identifier: Apache-2.0
 *
 * The kubeconfig: what is accepted has a server, ends its texts, and gives no thing both as data and as a file; the same file twice says the same as once.
 */
#include "kubeconfig.h"

#include <assert.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

static void check_text(struct span text)
{
	assert(!text.data == !text.len);
	assert(!text.data || (text.data[text.len] == 0 && !memchr(text.data, 0, text.len)));
}

static void check(const struct kubeconfig *config)
{
	const struct kubeconfig_exec *exec = &config->exec;

	assert(config->server.len && config->context.len);
	check_text(config->context);
	check_text(config->server_name);
	check_text(config->ca_file);
	check_text(config->cert_file);
	check_text(config->key_file);
	check_text(config->token);
	check_text(config->token_file);
	assert(!config->ca_pem.len || !config->ca_file.len);
	assert((config->cert_pem.len || config->cert_file.len) ==
	       (config->key_pem.len || config->key_file.len));
	assert(!config->token.len || !config->token_file.len);
	assert(!exec->api_version == !exec->words && !exec->words == !exec->variables);
	assert(!exec->words || exec->words[0][0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	const struct kubeconfig_file files[] = {{"a/b", span_of(data, size)},
						{"a/b", span_of(data, size)}};
	struct kubeconfig config = {.context = SPAN_NULL}, twice = config;
	struct err err = ERR_INIT;
	int r = kubeconfig_read(files, 1, NULL, &pool, &config, &err);

	if (r < 0) {
		assert(err.code != ERR_NONE && !config.server.data);
		return 0;
	}
	check(&config);
	r = kubeconfig_read(files, 2, NULL, &pool, &twice, &err);
	assert(r == 0 && span_eq(config.server, twice.server) &&
	       span_eq(config.token, twice.token) && span_eq(config.ca_pem, twice.ca_pem) &&
	       span_eq(config.key_file, twice.key_file));
	return 0;
}
