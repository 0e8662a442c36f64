/* SPDX-License-Identifier: Apache-2.0
 *
 * Variables of Vault's client; see vault_setup.h. Vault: api/client.go (ReadEnvironment), api/ssh_agent.go; sops: hcvault/keysource.go.
 * Differs: vault_skip_verify; vault_capath.
 */
#include "keys/vault_setup.h"

#include "base/text.h"
#include "keys/key_host.h"
#include "keys/vault_address.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	PATH_LEN_MAX = 4096, /* bytes, as PATH_MAX of Linux */
	TIMEOUT_MAX = 3600,  /* seconds */
};

int vault_header_value(struct secret_pool *pool, struct span value, struct span *ret_value,
		       struct err *err)
{
	size_t i;

	value = vault_trim(value);
	for (i = 0; i < value.len; i++) {
		if (value.data[i] < ' ' || value.data[i] >= 0x7f)
			return err_set(err, ERR_FORMAT,
				       "more than one line, or what no header takes");
	}
	if (value.len > VAULT_TOKEN_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes", VAULT_TOKEN_MAX);
	return secret_dup(pool, value, ret_value, err);
}

void vault_ask_begin(struct http_ask *ask, const struct vault_setup *setup)
{
	ask->call.method = "PUT";
	ask->call.lane = "vault";
	ask->call.together = true;
	ask->call.tls = &setup->tls;
	ask->call.plain = span_starts(buf_span(&ask->url), SPAN("http:"));
	ask->call.request_ms = setup->request_ms;
	http_ask_header(ask, "X-Vault-Request", SPAN("true"));
	http_ask_header(ask, "Content-Type", SPAN("application/json"));
	if (setup->namespace.len)
		http_ask_header(ask, "X-Vault-Namespace", setup->namespace);
}

static int read_named(const struct key_host *host, struct secret_pool *pool, const char *name,
		      struct span *ret_text, struct err *err)
{
	const char *path = key_host_variable(host, name);

	if (!path)
		return 0;
	if (host->read_file(host->cookie, path, pool, ret_text, err) < 0)
		return err_wrap(err, "%s", name);
	return 0;
}

/* Go: strconv.ParseBool. */
static bool is_true(const char *text)
{
	static const char *const words[] = {"1", "t", "T", "true", "TRUE", "True"};
	size_t i;

	for (i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

static int read_tls(struct keyring *ring, struct http_tls *tls, struct err *err)
{
	const struct key_host *host = ring->host;
	const char *bytes = key_host_variable(host, "VAULT_CACERT_BYTES");
	const char *skip = key_host_variable(host, "VAULT_SKIP_VERIFY");

	if (read_named(host, &ring->pool, "VAULT_CACERT", &tls->ca_pem, err) < 0 ||
	    read_named(host, &ring->pool, "VAULT_CLIENT_CERT", &tls->cert_pem, err) < 0 ||
	    read_named(host, &ring->pool, "VAULT_CLIENT_KEY", &tls->key_pem, err) < 0)
		return -1;
	if (!tls->ca_pem.data && bytes)
		tls->ca_pem = span_str(bytes);
	if (!tls->ca_pem.data && key_host_variable(host, "VAULT_CAPATH")) {
		(void)err_set(err, ERR_UNSUPPORTED,
			      "a folder of certificates, VAULT_CAPATH, is not read");
		return err_hint(err, "name one file by VAULT_CACERT");
	}
	if (!tls->cert_pem.data != !tls->key_pem.data)
		return err_set(err, ERR_USAGE,
			       "only one of VAULT_CLIENT_CERT and VAULT_CLIENT_KEY is set");
	tls->server_name = key_host_variable(host, "VAULT_TLS_SERVER_NAME");
	if (skip && is_true(skip))
		keyring_note(ring,
			     "VAULT_SKIP_VERIFY is not obeyed: certificates are always verified, "
			     "VAULT_CACERT names one's own");
	return 0;
}

/* Seconds, or a duration of one unit: "30", "30s", "500ms", "1m". */
static int read_timeout(const struct key_host *host, int *ret_ms, struct err *err)
{
	const char *text = key_host_variable(host, "VAULT_CLIENT_TIMEOUT");
	long number, unit = 1000;
	char *end = NULL;

	if (!text)
		return 0;
	number = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;
	if (number >= 0 && strcmp(end, "ms") == 0)
		unit = 1;
	else if (number >= 0 && strcmp(end, "m") == 0)
		unit = 60 * 1000;
	else if (number >= 0 && *end && strcmp(end, "s") != 0)
		number = -1;
	if (number < 1 || number > TIMEOUT_MAX * 1000L / unit)
		return err_set(err, ERR_USAGE, "VAULT_CLIENT_TIMEOUT is no duration up to %d s",
			       TIMEOUT_MAX);
	*ret_ms = (int)(number * unit);
	return 0;
}

int vault_setup_read(struct keyring *ring, struct vault_setup *ret_setup, struct err *err)
{
	const char *namespace = key_host_variable(ring->host, "VAULT_NAMESPACE");
	struct vault_setup setup = {.namespace = SPAN_NULL};

	if (read_tls(ring, &setup.tls, err) < 0 ||
	    read_timeout(ring->host, &setup.request_ms, err) < 0)
		return -1;
	if (namespace &&
	    vault_header_value(&ring->pool, span_str(namespace), &setup.namespace, err) < 0)
		return err_wrap(err, "VAULT_NAMESPACE");
	*ret_setup = setup;
	return 0;
}

int vault_token_find(struct keyring *ring, struct span *ret_token, struct err *err)
{
	const struct key_host *host = ring->host;
	const char *token = key_host_variable(host, "VAULT_TOKEN");
	const char *home = key_host_variable(host, "HOME");
	char path[PATH_LEN_MAX];
	struct err why = ERR_INIT;
	struct span text;

	if (token || !home) {
		*ret_token = token ? span_str(token) : SPAN_NULL;
		return 0;
	}
	if (snprintf(path, sizeof(path), "%s/.vault-token", home) >= (int)sizeof(path))
		return err_set(err, ERR_LIMIT, "HOME is too long");
	if (host->read_file(host->cookie, path, &ring->pool, &text, &why) == 0) {
		*ret_token = vault_trim(text);
		return 0;
	}
	if (why.code != ERR_NOT_FOUND) {
		*err = why;
		return -1;
	}
	*ret_token = SPAN_NULL;
	return 0;
}
