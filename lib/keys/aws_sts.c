/* SPDX-License-Identifier: Apache-2.0
 *
 * Credentials from STS: AssumeRoleWithWebIdentity (IRSA), which is not signed and sends a token from a file, and AssumeRole, signed with other
 * credentials. The file is read at each call, as the kubelet changes it; a service account's token and role are asked of its cluster. aws-sdk-go-v2: credentials/stscreds
 */
#include "keys/aws_creds.h"

#include "base/text.h"
#include "keys/account.h"
#include "keys/aws_arn.h"
#include "keys/aws_xml.h"

#define AUDIENCE   "sts.amazonaws.com"
#define ANNOTATION "eks.amazonaws.com/role-arn"

enum {
	FORM_TEXT_MAX = 1024,
	TEXT_MAX =
		64 * 1024, /* bytes of one text of an answer: a session token has some hundreds */
};

static void add_field(struct buf *body, const char *name, struct span value)
{
	if (body->len)
		buf_add_char(body, '&');
	buf_add_str(body, name);
	buf_add_char(body, '=');
	http_ask_escape(value, body);
}

/* fluxcd/pkg: auth/aws/options.go (getRoleSessionName). One that is too long is refused by STS, as Flux's is. */
static void add_account_name(const struct aws_creds *creds, struct buf *body)
{
	const struct account *account = creds->source->account;
	CLEAN_BUF struct buf name = BUF_INIT(FORM_TEXT_MAX);

	buf_add_span(&name, account_name(account));
	buf_add_char(&name, '.');
	buf_add_span(&name, account_namespace(account));
	buf_add_char(&name, '.');
	buf_add_span(&name, creds->region);
	buf_add_str(&name, ".fluxcd.io");
	add_field(body, "RoleSessionName", buf_span(&name));
}

static void add_session_name(const struct aws_creds *creds, struct span own, struct buf *body)
{
	CLEAN_BUF struct buf name = BUF_INIT(FORM_TEXT_MAX);

	if (own.len) {
		add_field(body, "RoleSessionName", own);
		return;
	}
	/* The SDK takes the time of day too: only the log of AWS shows it. */
	buf_printf(&name, "krm-sops-%lld", (long long)aws_clock_now(creds->clock));
	add_field(body, "RoleSessionName", buf_span(&name));
}

static struct span trim(struct span text)
{
	while (text.len && text.data[text.len - 1] <= ' ')
		text.len--;
	while (text.len && text.data[0] <= ' ')
		text = span_from(text, 1);
	return text;
}

static int add_token(struct aws_creds *creds, struct buf *body, struct err *err)
{
	const struct key_host *host = creds->clock->host;
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf path = BUF_INIT(AWS_CALL_LINES_MAX);
	struct span token;

	if (creds->source->account) {
		add_field(body, "WebIdentityToken", account_token_text(creds->account_token));
		return 0;
	}
	buf_add_span(&path, creds->source->token_file);
	buf_add_char(&path, 0);
	if (buf_check(&path, err) < 0 ||
	    host->read_file(host->cookie, (const char *)path.data, &pool, &token, err) < 0)
		return err_wrap(err, "the web identity token");
	token = trim(token);
	if (!token.len)
		return err_set(err, ERR_NO_KEY, "the web identity token '%s' is empty",
			       text_quote(creds->source->token_file).text);
	add_field(body, "WebIdentityToken", token);
	return 0;
}

static int write_body(struct aws_creds *creds, struct err *err)
{
	struct buf *body = &creds->call.body;

	buf_reset(body);
	add_field(body, "Action",
		  creds->parent ? SPAN("AssumeRole") : SPAN("AssumeRoleWithWebIdentity"));
	add_field(body, "Version", SPAN("2011-06-15"));
	if (!creds->parent) {
		add_field(body, "RoleArn", creds->role_arn);
		if (creds->source->account)
			add_account_name(creds, body);
		else
			add_session_name(creds, creds->source->session_name, body);
		return add_token(creds, body, err);
	}
	if (creds->assume.duration_seconds)
		buf_printf(body, "&DurationSeconds=%d", creds->assume.duration_seconds);
	if (creds->assume.external_id.len)
		add_field(body, "ExternalId", creds->assume.external_id);
	add_field(body, "RoleArn", creds->assume.role_arn);
	add_session_name(creds, creds->assume.session_name, body);
	return 0;
}

/* The role's name and whose token or keys it was asked with. */
static void fail(struct aws_creds *creds, struct http *http, struct err *why)
{
	if (creds->parent)
		(void)err_wrap(why, "AWS role '%s'", text_quote(creds->assume.role_arn).text);
	else
		(void)err_wrap(why, "AWS role '%s' by %s", text_quote(creds->role_arn).text,
			       creds->source->from);
	aws_creds_fail(creds, http, why);
}

static bool text_of(const struct aws_creds *creds, const char *parent, const char *name,
		    struct buf *ret)
{
	return aws_xml_text(buf_span(&creds->call.http.answer), parent, name, ret) && !ret->bad;
}

static void take(struct aws_creds *creds, struct http *http)
{
	CLEAN_BUF struct buf access = BUF_INIT(TEXT_MAX), secret = BUF_INIT(TEXT_MAX);
	CLEAN_BUF struct buf token = BUF_INIT(TEXT_MAX), expiration = BUF_INIT(TEXT_MAX);
	struct aws_keys keys;
	struct err why = ERR_INIT;

	if (!text_of(creds, "Credentials", "AccessKeyId", &access) ||
	    !text_of(creds, "Credentials", "SecretAccessKey", &secret) ||
	    !text_of(creds, "Credentials", "SessionToken", &token) ||
	    !text_of(creds, "Credentials", "Expiration", &expiration)) {
		(void)err_set(&why, ERR_FORMAT, "STS answered without credentials");
		fail(creds, http, &why);
		return;
	}
	keys = (struct aws_keys){.access_key = buf_span(&access),
				 .secret_key = buf_span(&secret),
				 .session_token = buf_span(&token)};
	aws_creds_take(creds, http, &keys, buf_span(&expiration));
}

static struct aws_error error_of(const struct aws_creds *creds)
{
	CLEAN_BUF struct buf code = BUF_INIT(TEXT_MAX);

	if (creds->call.http.failure != HTTP_NONE || !text_of(creds, "Error", "Code", &code))
		return (struct aws_error){AWS_UNKNOWN, NULL};
	return aws_error_of(buf_span(&code));
}

static void send(struct aws_creds *creds, struct http *http)
{
	struct err why = ERR_INIT;

	if (write_body(creds, &why) < 0 || aws_call_send(&creds->call, http, &why) < 0)
		fail(creds, http, &why);
}

static void on_parent(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct aws_creds *creds =
		(struct aws_creds *)(void *)((char *)wait - offsetof(struct aws_creds, on_parent));

	if (why) {
		struct err copy = *why;

		fail(creds, http, &copy);
		return;
	}
	creds->call.keys = &creds->parent->keys;
	creds->parent_generation = creds->parent->generation;
	send(creds, http);
}

static void on_account_token(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct aws_creds *creds =
		(struct aws_creds *)(void *)((char *)wait - offsetof(struct aws_creds, on_account));

	if (why)
		aws_creds_fail(creds, http, why);
	else
		send(creds, http);
}

static void want_account_token(struct aws_creds *creds, struct http *http)
{
	struct err why = ERR_INIT;

	if (account_token_for(creds->source->account, SPAN(AUDIENCE), &creds->account_token, &why) <
	    0) {
		fail(creds, http, &why);
		return;
	}
	creds->on_account = (struct token_wait){.ready = on_account_token};
	token_want(account_token_cache(creds->account_token), http, aws_clock_now(creds->clock),
		   &creds->on_account);
}

/* Which role it is, the account says itself. fluxcd/pkg: auth/aws/options.go (getRoleARN) */
static void on_account(struct token_wait *wait, struct http *http, const struct err *why)
{
	struct aws_creds *creds =
		(struct aws_creds *)(void *)((char *)wait - offsetof(struct aws_creds, on_account));
	struct err own = ERR_INIT;

	if (why) {
		aws_creds_fail(creds, http, why);
		return;
	}
	creds->role_arn = account_annotation(creds->source->account, ANNOTATION);
	if (!creds->role_arn.len)
		(void)err_set(&own, ERR_NO_KEY, "%s has no annotation '" ANNOTATION "'",
			      creds->source->from);
	else if (aws_arn_role(creds->role_arn, &own) < 0)
		(void)err_wrap(&own, "annotation '" ANNOTATION "' of %s", creds->source->from);
	if (own.code)
		aws_creds_fail(creds, http, &own);
	else
		want_account_token(creds, http);
}

/* What it was asked with has ended: once with a token that is read again, or with new credentials. */
static bool ask_again(struct aws_creds *creds, struct http *http)
{
	if (creds->again ||
	    (creds->parent && !aws_creds_spoil(creds->parent, creds->parent_generation)))
		return false;
	creds->again = true;
	if (creds->parent) {
		aws_creds_want(creds->parent, http, &creds->on_parent);
	} else if (creds->source->account) {
		token_forget(account_token_cache(creds->account_token));
		want_account_token(creds, http);
	} else {
		send(creds, http);
	}
	return true;
}

static void done(struct http *http, struct http_call *call)
{
	struct aws_creds *creds = call->cookie;
	struct aws_error error;
	struct err why = ERR_INIT;

	if (call->failure == HTTP_NONE && call->status == 200) {
		take(creds, http);
		return;
	}
	error = error_of(creds);
	if (aws_call_again(&creds->call, http, error) ||
	    (error.class == AWS_EXPIRED && ask_again(creds, http)))
		return;
	aws_call_tell(&creds->call, error, &why);
	fail(creds, http, &why);
}

void aws_sts_fetch(struct aws_creds *creds, struct http *http)
{
	struct aws_call *call = &creds->call;

	call->http.done = done;
	call->http.cookie = creds;
	call->clock = creds->clock;
	call->service = AWS_STS;
	call->region = creds->region;
	call->endpoint = &creds->sts;
	call->tls = creds->tls;
	call->keys = NULL;
	call->content_type = "application/x-www-form-urlencoded";
	creds->on_parent = (struct token_wait){.ready = on_parent};
	if (creds->parent) {
		aws_creds_want(creds->parent, http, &creds->on_parent);
	} else if (creds->source->account) {
		creds->on_account = (struct token_wait){.ready = on_account};
		token_want(account_object(creds->source->account), http,
			   aws_clock_now(creds->clock), &creds->on_account);
	} else {
		creds->role_arn = creds->source->role_arn;
		send(creds, http);
	}
}
