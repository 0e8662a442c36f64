/* SPDX-License-Identifier: Apache-2.0
 *
 * Workload identity federation: a token that somebody else has given, a cluster or another cloud, is changed for one of Google's. It is read anew each
 * time, as it rotates. Go: cloud.google.com/go/auth (credentials/internal/externalaccount)
 */
#include "keys/gcp_token_internal.h"

#include "doc/doc.h"
#include "doc/white.h"
#include "keys/jwt.h"
#include "keys/token_answer.h"

#define SCOPES GCP_SCOPE " https://www.googleapis.com/auth/cloudkms"

static void from_sts(struct gcp_token *token, struct http *http)
{
	gcp_token_take(token, http, "Google's token exchange");
}

void gcp_external_exchange(struct gcp_token *token, struct http *http, struct span subject)
{
	const struct gcp_credential *credential = &token->credential;
	CLEAN_BUF struct buf options = BUF_INIT(HTTP_ASK_TEXT_MAX);
	struct err err = ERR_INIT;

	gcp_token_begin(token);
	gcp_token_add_url(token, credential->token_url);
	gcp_token_add_basic(token);
	http_ask_field(&token->ask, "audience", credential->audience);
	http_ask_field(&token->ask, "grant_type",
		       SPAN("urn:ietf:params:oauth:grant-type:token-exchange"));
	http_ask_field(&token->ask, "requested_token_type",
		       SPAN("urn:ietf:params:oauth:token-type:access_token"));
	http_ask_field(&token->ask, "subject_token_type", credential->subject_type);
	http_ask_field(&token->ask, "subject_token", subject);
	http_ask_field(&token->ask, "scope",
		       credential->impersonate.len ? SPAN(GCP_SCOPE) : SPAN(SCOPES));
	if (credential->workforce_project.len && !credential->client_id.len) {
		buf_add_str(&options, "{\"userProject\":");
		if (jwt_string(credential->workforce_project, &options, &err) < 0) {
			token_failed(&token->cache, http, &err);
			return;
		}
		buf_add_char(&options, '}');
		http_ask_field(&token->ask, "options", buf_span(&options));
	}
	http_ask_header(&token->ask, "Content-Type", SPAN("application/x-www-form-urlencoded"));
	gcp_token_send(token, http, "POST", from_sts);
}

/* What stands at the source: the token, or an object that has it. */
static void have_subject(struct gcp_token *token, struct http *http, struct span text)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	struct span subject = white_trim(text);
	bool read;

	if (token->credential.field.len) {
		CLEAN_BUF struct buf name = BUF_INIT(GCP_CREDENTIAL_MAX);

		buf_add_span(&name, token->credential.field);
		buf_add_char(&name, 0);
		read = buf_check(&name, &err) == 0 && doc_read(DOC_JSON, text, &doc, &err) == 0;
		subject = read ? doc_get_str(doc.first, (const char *)name.data) : SPAN_NULL;
	}
	/* the text may be the last answer's, which the next call wipes */
	if (!subject.len)
		(void)err_set(&err, ERR_FORMAT, "its 'credential_source' holds no token");
	else if (secret_dup(&pool, subject, &subject, &err) == 0) {
		gcp_external_exchange(token, http, subject);
		return;
	}
	token_failed(&token->cache, http, &err);
}

static void from_url(struct gcp_token *token, struct http *http)
{
	const struct http_call *call = &token->ask.call;
	struct err err = ERR_INIT;

	if (!call->failure && call->status == 200) {
		have_subject(token, http, buf_span(&call->answer));
		return;
	}
	(void)token_answer_failed(call, "the URL of its 'credential_source'", &err);
	token_failed(&token->cache, http, &err);
}

void gcp_external_ask(struct gcp_token *token, struct http *http)
{
	const struct gcp_credential *credential = &token->credential;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf name = BUF_INIT(GCP_CREDENTIAL_MAX);
	struct err err = ERR_INIT;
	struct span text;
	size_t i;

	if (credential->url.len) {
		buf_add_span(&token->ask.url, credential->url);
		/* without TLS it is one of this machine's own, which gcp_credential_parse() has seen to */
		token->ask.call.plain = token->ask.call.direct =
			!span_starts(credential->url, SPAN("https:"));
		for (i = 0; i < credential->url_header_count; i++) {
			buf_reset(&name);
			buf_add_span(&name, credential->url_headers[i][0]);
			buf_add_char(&name, 0);
			if (!name.bad)
				http_ask_header(&token->ask, (const char *)name.data,
						credential->url_headers[i][1]);
		}
		gcp_token_send(token, http, "GET", from_url);
		return;
	}
	buf_add_span(&name, credential->file);
	buf_add_char(&name, 0);
	if (buf_check(&name, &err) < 0 ||
	    token->host->read_file(token->host->cookie, (const char *)name.data, &pool, &text,
				   &err) < 0) {
		token_failed(&token->cache, http, &err);
		return;
	}
	have_subject(token, http, text);
}
