/* SPDX-License-Identifier: Apache-2.0
 *
 * One try of a call as libcurl's options: what is sent, whom we trust, how long and how much. Refuses URLs of another scheme, with a user's name or
 * that can not be read, and headers that would be two.
 */
#include "keys/http_curl_internal.h"

#include "base/text.h"
#include "keys/url.h"

#include <stdio.h>
#include <strings.h>

/* Takes what comes up to the buffer's limit. */
static size_t take(struct http_call *call, struct buf *buf, const void *data, size_t len)
{
	struct transfer *transfer = call->handle;

	buf_add(buf, data, len);
	if (!buf->bad)
		return len;
	transfer->no_memory = buf->bad == ERR_NOMEM;
	return 0; /* curl gives up: CURLE_WRITE_ERROR */
}

static size_t on_body(char *data, size_t size, size_t count, void *cookie)
{
	struct http_call *call = cookie;

	return take(call, &call->answer, data, size * count);
}

/* An interim answer (100, 103) has headers too: those of the last one count. */
static size_t on_header(char *data, size_t size, size_t count, void *cookie)
{
	struct http_call *call = cookie;

	if (span_starts(span_of(data, size * count), SPAN("HTTP/")))
		buf_reset(&call->head);
	return take(call, &call->head, data, size * count);
}

static int refuse(struct http_call *call, const char *why)
{
	call->failure = HTTP_REFUSED;
	(void)err_set(&call->why, ERR_POLICY, "%s", why);
	return 1;
}

static int add_line(struct curl_slist **list, const char *line, struct err *err)
{
	struct curl_slist *longer = libcurl.slist_append(*list, line);

	if (!longer)
		return err_nomem(err);
	*list = longer;
	return 0;
}

static bool one_line(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

static bool has_header(const struct http_call *call, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < call->header_count; i++) {
		if (strncasecmp(call->headers[i], name, len) == 0 && call->headers[i][len] == ':')
			return true;
	}
	return false;
}

static int add_headers(const struct http_call *call, const char *host, struct transfer *transfer,
		       struct err *err)
{
	char line[HTTP_HOST_MAX + 8];
	size_t i;

	for (i = 0; i < call->header_count; i++) {
		if (add_line(&transfer->headers, call->headers[i], err) < 0)
			return -1;
	}
	/* curl would call any body a form, and wait for a go-ahead before a large one. */
	if (!has_header(call, "Content-Type") && add_line(&transfer->headers, "Content-Type:", err))
		return -1;
	if (add_line(&transfer->headers, "Expect:", err) < 0)
		return -1;
	snprintf(line, sizeof(line), "Host: %s", host);
	return *host && !has_header(call, "Host") ? add_line(&transfer->headers, line, err) : 0;
}

/* One part of a URL, into `ret` of `room` bytes; false where it has none or a longer one. */
static bool url_part(CURLU *url, CURLUPart part, unsigned flags, char *ret, size_t room)
{
	char *text = NULL;
	bool fits;

	if (libcurl.url_get(url, part, &text, flags) != CURLUE_OK || !text)
		return false;
	fits = strlen(text) < room;
	if (fits)
		memcpy(ret, text, strlen(text) + 1);
	libcurl.free(text);
	return fits;
}

/* curl sends its requests to the URL's host and asks for that host's certificate. Where another name is wanted, the name goes into the URL
 * and the host into CONNECT_TO. */
static int use_server_name(const struct http_call *call, CURLU *url, const char *host,
			   const char *port, struct transfer *transfer, struct err *err)
{
	char line[3 * HTTP_HOST_MAX];
	char *renamed = NULL;

	snprintf(line, sizeof(line), "%s:%s:%s:%s", call->tls->server_name, port, host, port);
	if (add_line(&transfer->connect_to, line, err) < 0)
		return -1;
	if (libcurl.url_set(url, CURLUPART_HOST, call->tls->server_name, 0) != CURLUE_OK ||
	    libcurl.url_get(url, CURLUPART_URL, &renamed, 0) != CURLUE_OK)
		return 1;
	if (libcurl.easy_setopt(transfer->easy, CURLOPT_URL, renamed) != CURLE_OK ||
	    libcurl.easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, transfer->connect_to) !=
		    CURLE_OK)
		transfer->no_memory = true;
	libcurl.free(renamed);
	return 0;
}

static int set_url(struct http_call *call, CURLU *url, struct transfer *transfer, struct err *err)
{
	char scheme[8], host[HTTP_HOST_MAX - 8], port[8];
	bool named = call->tls && call->tls->server_name;
	int status;

	if (libcurl.url_set(url, CURLUPART_URL, call->url, CURLU_PATH_AS_IS) != CURLUE_OK ||
	    !url_part(url, CURLUPART_SCHEME, 0, scheme, sizeof(scheme)) ||
	    !url_part(url, CURLUPART_HOST, 0, host, sizeof(host)) ||
	    !url_part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof(port)))
		return refuse(call, "its URL can not be read");
	snprintf(transfer->host, sizeof(transfer->host), "%s:%s", host, port);
	if (strcmp(scheme, "https") != 0 && !(call->plain && strcmp(scheme, "http") == 0))
		return refuse(call, "its URL is not an https one");
	if (url_part(url, CURLUPART_USER, 0, host, sizeof(host)))
		return refuse(call, "its URL holds a user's name");
	if (libcurl.easy_setopt(transfer->easy, CURLOPT_URL, call->url) != CURLE_OK)
		return err_nomem(err);
	if (!named)
		return add_headers(call, "", transfer, err);
	status = use_server_name(call, url, host, port, transfer, err);
	if (status)
		return status < 0 ? -1 : refuse(call, "its server name is no host's name");
	return add_headers(call, transfer->host, transfer, err);
}

/* What can fail here is memory: curl copies texts. An option that this libcurl does not know is one of those that we can do without. */
#define SET(option, value)                                                                    \
	do {                                                                                  \
		CURLcode set_ = libcurl.easy_setopt(transfer->easy, CURLOPT_##option, value); \
		transfer->no_memory = transfer->no_memory || set_ == CURLE_OUT_OF_MEMORY;     \
	} while (0)
/* One of those that we can not do without. */
#define MUST(option, value)                                                                   \
	do {                                                                                  \
		CURLcode set_ = libcurl.easy_setopt(transfer->easy, CURLOPT_##option, value); \
		transfer->no_memory = transfer->no_memory || set_ == CURLE_OUT_OF_MEMORY;     \
		transfer->refused = transfer->refused || set_ != CURLE_OK;                    \
	} while (0)

static struct curl_blob blob_of(struct span pem)
{
	/* Not written to, but curl's type is not const. */
	return (struct curl_blob){
		.data = (void *)(uintptr_t)pem.data, .len = pem.len, .flags = CURL_BLOB_NOCOPY};
}

static void set_trust(const struct http_call *call, struct transfer *transfer)
{
	struct curl_blob blob = blob_of(transfer->ca_pem);

	MUST(SSL_VERIFYPEER, 1L);
	MUST(SSL_VERIFYHOST, 2L);
	MUST(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* A folder beside the system's bundle would keep curl from reading the bundle only once. */
	MUST(CAPATH, NULL);
	if (transfer->ca_path) {
		MUST(CAINFO, transfer->ca_path);
	} else if (transfer->ca_pem.data) {
		MUST(CAINFO, NULL);
		MUST(CAINFO_BLOB, &blob);
	}
	if (!call->tls || !call->tls->cert_pem.data)
		return;
	blob = blob_of(call->tls->cert_pem);
	MUST(SSLCERT_BLOB, &blob);
	blob = blob_of(call->tls->key_pem);
	MUST(SSLKEY_BLOB, &blob);
}

static void set_request(const struct http_call *call, struct transfer *transfer)
{
	SET(CUSTOMREQUEST, call->method);
	if (call->body.data || strcmp(call->method, "GET") != 0) {
		MUST(POST, 1L);
		MUST(POSTFIELDS, call->body.data ? (const char *)call->body.data : "");
		MUST(POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
	}
	MUST(HTTPHEADER, transfer->headers);
	SET(USERAGENT, "krm-sops/" KRMSOPS_VERSION);
	MUST(PATH_AS_IS, 1L);
}

/* What listens on this machine is asked by ourselves, as Go does it, too: a proxy would be another machine's, and get the token of a call without TLS. */
static bool is_direct(const struct http_call *call)
{
	struct err ignored = ERR_INIT;
	struct url url;

	return call->direct ||
	       (url_parse(span_str(call->url), &url, &ignored) == 0 && url_loopback(&url));
}

static void set_bounds(struct http_call *call, const struct http_try *bounds,
		       struct transfer *transfer)
{
	transfer->connect_ms = bounds->connect_ms;
	transfer->request_ms = bounds->request_ms;
	MUST(PROTOCOLS_STR, call->plain ? "http,https" : "https");
	MUST(FOLLOWLOCATION, 0L);
	MUST(NOSIGNAL, 1L);
	MUST(CONNECTTIMEOUT_MS, (long)bounds->connect_ms);
	MUST(TIMEOUT_MS, (long)bounds->request_ms);
	MUST(MAXFILESIZE_LARGE, (curl_off_t)call->answer.limit);
	/* A resolver that hangs is not waited for. */
	SET(QUICK_EXIT, 1L);
	if (is_direct(call))
		MUST(NOPROXY, "*");
	/* Only TLS tells before the first answer whether there is more than one at a time on it. */
	SET(PIPEWAIT, call->together && strncmp(call->url, "https:", 6) == 0 ? 1L : 0L);
	SET(SUPPRESS_CONNECT_HEADERS, 1L);
	MUST(HEADERFUNCTION, on_header);
	MUST(HEADERDATA, call);
	MUST(WRITEFUNCTION, on_body);
	MUST(WRITEDATA, call);
	MUST(PRIVATE, call);
	SET(ERRORBUFFER, transfer->text);
}

int http_curl_request(struct http_call *call, const struct http_try *bounds, struct err *err)
{
	struct transfer *transfer = call->handle;
	CURLU *url = libcurl.url();
	size_t i;
	int status;

	if (!url)
		return err_nomem(err);
	for (i = 0; i < call->header_count; i++) {
		/* A token with a line break in it would be a header of its own. */
		if (!one_line(call->headers[i])) {
			libcurl.url_cleanup(url);
			return refuse(call, "one of its headers has a control character");
		}
	}
	status = set_url(call, url, transfer, err);
	libcurl.url_cleanup(url);
	if (status)
		return status;
	set_request(call, transfer);
	set_bounds(call, bounds, transfer);
	set_trust(call, transfer);
	if (transfer->no_memory)
		return err_nomem(err);
	return transfer->refused ? refuse(call, "this libcurl is too old") : 0;
}
