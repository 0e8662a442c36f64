/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions, places and credentials; see aws_access.h. sops: kms/keysource.go (createKMSConfig, createSTSConfig)
 */
#include "keys/aws_access.h"

#include "base/text.h"
#include "keys/account.h"
#include "keys/aws_arn.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	PATH_LEN_MAX = 4096,
	SESSION_NAME_MAX = 64, /* bytes that STS takes */
};

#define HOST_NAME_FILE "/proc/sys/kernel/hostname"

/* The file that a variable names, else the usual one below HOME; one that is not there is empty. */
static int read_shared(struct aws_access *access, const char *variable, const char *usual,
		       struct aws_ini *ini, struct err *err)
{
	const struct key_host *host = access->clock.host;
	struct span path = aws_variable(host, variable), home = aws_variable(host, "HOME"), text;
	CLEAN_BUF struct buf name = BUF_INIT(PATH_LEN_MAX);
	struct err why = ERR_INIT;

	if (!path.len && !home.len)
		return 0;
	buf_add_span(&name, path.len ? path : home);
	if (!path.len)
		buf_add_str(&name, usual);
	buf_add_char(&name, 0);
	if (buf_check(&name, err) < 0)
		return -1;
	if (host->read_file(host->cookie, (const char *)name.data, &access->pool, &text, &why) == 0)
		return aws_ini_read(text, ini, err);
	if (why.code == ERR_NOT_FOUND)
		return 0;
	*err = why;
	return -1;
}

static int read_files(struct aws_access *access, struct err *err)
{
	if (access->has_files)
		return 0;
	if (read_shared(access, "AWS_CONFIG_FILE", "/.aws/config", &access->files.config, err) <
		    0 ||
	    read_shared(access, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials",
			&access->files.credentials, err) < 0)
		return -1;
	access->has_files = true;
	return 0;
}

static int read_ca(struct aws_access *access, struct aws_session *session, struct err *err)
{
	const struct key_host *host = access->clock.host;
	CLEAN_BUF struct buf path = BUF_INIT(PATH_LEN_MAX);

	if (!session->settings.ca_bundle.len)
		return 0;
	buf_add_span(&path, session->settings.ca_bundle);
	buf_add_char(&path, 0);
	if (buf_check(&path, err) < 0 ||
	    host->read_file(host->cookie, (const char *)path.data, &access->pool,
			    &session->tls.ca_pem, err) < 0)
		return err_wrap(err, "AWS_CA_BUNDLE");
	return 0;
}

static int fill_session(struct aws_access *access, struct aws_session *session, struct err *err)
{
	const struct key_host *host = access->clock.host;
	const struct aws_keys *given = access->given;

	if (read_files(access, err) < 0 ||
	    aws_settings_find(host, &access->files, session->profile, &session->settings, err) <
		    0 ||
	    read_ca(access, session, err) < 0)
		return -1;
	if (!given && access->account) {
		session->source.kind = AWS_SOURCE_WEB_IDENTITY;
		session->source.from = account_called(access->account);
		session->source.account = access->account;
		return 0;
	}
	if (!given)
		return aws_source_find(host, &access->files, session->profile, &session->source,
				       err);
	session->source.kind = AWS_SOURCE_KEYS;
	session->source.from = access->given_from;
	session->source.access_key = given->access_key;
	session->source.secret_key = given->secret_key;
	session->source.session_token = given->session_token;
	return 0;
}

/* A session that can not be used is kept too: it would fail again. */
static int session_of(struct aws_access *access, struct span profile,
		      struct aws_session **ret_session, struct err *err)
{
	struct aws_session *session;

	for (session = access->sessions; session; session = session->next) {
		if (span_eq(session->profile, profile))
			break;
	}
	if (!session) {
		session = arena_alloc(&access->arena, sizeof(*session), err);
		if (!session || arena_dup(&access->arena, profile, &session->profile, err) < 0)
			return -1;
		session->next = access->sessions;
		access->sessions = session;
		(void)fill_session(access, session, &session->err);
	}
	if (session->err.code) {
		*err = session->err;
		return -1;
	}
	*ret_session = session;
	return 0;
}

static int place_of(struct aws_access *access, struct aws_session *session, struct span region,
		    struct aws_place **ret_place, struct err *err)
{
	const struct aws_settings *settings = &session->settings;
	struct aws_endpoint_rules rules = {.url = settings->kms_url,
					   .fips = settings->fips,
					   .dual_stack = settings->dual_stack};
	struct aws_place *place;

	for (place = access->places; place; place = place->next) {
		if (place->session == session && span_eq(place->region, region)) {
			*ret_place = place;
			return 0;
		}
	}
	place = arena_alloc(&access->arena, sizeof(*place), err);
	if (!place || arena_dup(&access->arena, region, &place->region, err) < 0)
		return -1;
	if (aws_endpoint_of(AWS_KMS, place->region, &rules, &place->kms, err) < 0)
		return err_wrap(err, "AWS KMS");
	rules.url = settings->sts_url;
	if (aws_endpoint_of(AWS_STS, place->region, &rules, &place->sts, err) < 0)
		return err_wrap(err, "AWS STS");
	place->session = session;
	place->tls = session->tls.ca_pem.len ? &session->tls : NULL;
	place->next = access->places;
	access->places = place;
	*ret_place = place;
	return 0;
}

static bool same_assume(const struct aws_assume *a, const struct aws_assume *b)
{
	return span_eq(a->role_arn, b->role_arn) && span_eq(a->session_name, b->session_name) &&
	       span_eq(a->external_id, b->external_id) &&
	       a->duration_seconds == b->duration_seconds;
}

/* Credentials of the session's source (parent NULL), or of a role that is taken on with others. place: NULL where STS is not asked. */
static int creds_of(struct aws_access *access, struct aws_session *session,
		    struct aws_creds *parent, const struct aws_assume *assume,
		    const struct aws_place *place, struct aws_creds **ret_creds, struct err *err)
{
	const struct aws_assume none = {.duration_seconds = 0};
	struct span region = place ? place->region : SPAN_NULL;
	struct aws_creds *creds;

	if (!assume)
		assume = &none;
	for (creds = access->creds; creds; creds = creds->next) {
		if (creds->source == &session->source && creds->parent == parent &&
		    same_assume(&creds->assume, assume) && span_eq(creds->region, region)) {
			*ret_creds = creds;
			return 0;
		}
	}
	creds = arena_alloc(&access->arena, sizeof(*creds), err);
	if (!creds)
		return -1;
	aws_creds_init(creds);
	creds->clock = &access->clock;
	creds->source = &session->source;
	creds->parent = parent;
	creds->assume = *assume;
	if (arena_dup(&access->arena, assume->role_arn, &creds->assume.role_arn, err) < 0)
		return -1;
	if (place) {
		creds->region = place->region;
		creds->sts = place->sts;
		creds->tls = place->tls;
	}
	creds->next = access->creds;
	access->creds = creds;
	*ret_creds = creds;
	return 0;
}

/* "sops@" and the host's name, without what STS does not take. Differs: of sops's expression, where `@-_` is a range, what STS refuses is
 * left out too; a name that can not be had is no error. */
static int name_session(struct aws_access *access, struct err *err)
{
	const struct key_host *host = access->clock.host;
	CLEAN_BUF struct buf name = BUF_INIT(SESSION_NAME_MAX);
	struct err ignored = ERR_INIT;
	struct span text;
	size_t i;

	if (access->session_name.len)
		return 0;
	if (host->read_file(host->cookie, HOST_NAME_FILE, &access->pool, &text, &ignored) < 0)
		text = SPAN_NULL;
	buf_add_str(&name, "sops@");
	for (i = 0; i < text.len && name.len < SESSION_NAME_MAX; i++) {
		uint8_t c = text.data[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    (c && strchr("=,.@_", c)))
			buf_add_char(&name, c);
	}
	if (buf_check(&name, err) < 0)
		return -1;
	return arena_dup(&access->arena, buf_span(&name), &access->session_name, err);
}

static int check_role(const struct aws_access *access, struct span role, struct err *err)
{
	const struct key_host *host = access->clock.host;

	if (aws_arn_role(role, err) < 0)
		return -1;
	return host->role_allowed ? host->role_allowed(host->cookie, role, err) : 0;
}

int aws_access_of(struct aws_access *access, struct span profile, struct span role,
		  struct span region, struct aws_place **ret_place, struct aws_creds **ret_creds,
		  struct err *err)
{
	struct aws_assume assume = {.role_arn = role};
	struct aws_session *session = NULL;
	struct aws_place *place = NULL;
	struct aws_creds *creds = NULL;
	size_t i;

	/* First of all: what is refused is not even looked for. */
	if (role.len && check_role(access, role, err) < 0)
		return -1;
	if (session_of(access, access->no_profiles ? SPAN_NULL : profile, &session, err) < 0 ||
	    place_of(access, session, region, &place, err) < 0 ||
	    creds_of(access, session, NULL, NULL,
		     session->source.kind == AWS_SOURCE_WEB_IDENTITY ? place : NULL, &creds,
		     err) < 0)
		return -1;
	for (i = 0; i < session->source.assume_count; i++) {
		if (creds_of(access, session, creds, &session->source.assume[i], place, &creds,
			     err) < 0)
			return -1;
	}
	if (role.len) {
		if (name_session(access, err) < 0)
			return -1;
		assume.session_name = access->session_name;
		if (creds_of(access, session, creds, &assume, place, &creds, err) < 0)
			return -1;
	}
	*ret_place = place;
	*ret_creds = creds;
	return 0;
}

static void release_creds(struct aws_access *access)
{
	struct aws_creds *creds;

	for (creds = access->creds; creds; creds = creds->next)
		aws_creds_release(creds);
	access->creds = NULL;
}

void aws_access_tidy(struct aws_access *access)
{
	const struct aws_creds *creds;

	if (access->arena.used <= AWS_ACCESS_KEPT)
		return;
	for (creds = access->creds; creds; creds = creds->next) {
		if (creds->cache.fetching)
			return;
	}
	release_creds(access);
	access->places = NULL;
	access->sessions = NULL;
	access->session_name = SPAN_NULL;
	arena_release(&access->arena);
}

void aws_access_release(struct aws_access *access)
{
	release_creds(access);
	aws_files_release(&access->files);
	secret_pool_release(&access->pool);
	arena_release(&access->arena);
}
