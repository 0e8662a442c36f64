/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of http_curl share: libcurl's functions, and what a call has while it is under way. Nobody else sees a type of libcurl.
 */
#ifndef KEYS_HTTP_CURL_INTERNAL_H
#define KEYS_HTTP_CURL_INTERNAL_H

#include "keys/http_curl.h"

#include <curl/curl.h>

enum { HTTP_HOST_MAX = 512 /* bytes of "host:port" in messages; a name has 255 at most */ };

/* Every function that is used, by its name without "curl_". */
/* clang-format off */
#define CURL_FUNCTIONS(X) \
	X(global_init_mem) X(easy_init) X(easy_setopt) X(easy_getinfo) \
	X(easy_cleanup) X(easy_strerror) X(slist_append) X(slist_free_all) X(url) \
	X(url_set) X(url_get) X(url_cleanup) X(free) X(multi_init) X(multi_setopt) \
	X(multi_add_handle) X(multi_remove_handle) X(multi_perform) X(multi_poll) \
	X(multi_info_read) X(multi_cleanup) X(multi_strerror)
/* clang-format on */
struct http_curl_api {
#define HTTP_CURL_FIELD(name) __typeof__(&curl_##name) name;
	CURL_FUNCTIONS(HTTP_CURL_FIELD)
#undef HTTP_CURL_FIELD
};

/* Filled by http_curl_new(), before anything else here is called. */
extern struct http_curl_api libcurl;

enum { HTTP_TRUSTS_MAX = 4 /* different ones of a run; more are given as texts */ };

/* Certificates that lie in memory with a file's name. */
struct http_trusts {
	struct http_trust {
		struct span pem; /* the file, mapped */
		int fd;
		char path[32];
	} list[HTTP_TRUSTS_MAX];
	size_t count;
};

/* call->handle while the call is under way. */
struct transfer {
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	int connect_ms, request_ms;
	struct span ca_pem;  /* whom it trusts; a null span: the system's certificates */
	const char *ca_path; /* the same as a file, or NULL */
	bool no_memory;
	bool refused;             /* while it is set up */
	char host[HTTP_HOST_MAX]; /* "host:port" */
	char text[CURL_ERROR_SIZE];
};

/* Sets up call->handle's easy handle (http_curl_request.c). Results as those of http_curl_start(). */
int http_curl_request(struct http_call *call, const struct http_try *bounds, struct err *err)
	NODISCARD;

/* The name of a file with these certificates, which lives as long as trusts; NULL where it is not worth one, or there can be none
 * (http_curl_trust.c). */
const char *http_curl_trust(struct http_trusts *trusts, struct span pem);
void http_curl_trust_release(struct http_trusts *trusts);

/* Sets failure, why and status by how the transfer ended (http_curl_judge.c). */
void http_curl_judge(struct http_call *call, CURLcode code);

#endif
