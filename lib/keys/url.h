/* SPDX-License-Identifier: Apache-2.0
 *
 * URLs of endpoints, taken apart before anything is sent to them: what decides whether a credential may go there must see the host that the HTTP
 * library will see. So the reader is stricter than RFC 3986 and refuses whatever two readers could take differently.
 */
#ifndef KEYS_URL_H
#define KEYS_URL_H

#include "base/buf.h"

/* Parts of the text that was read. */
struct url {
	bool plain;            /* http; else https */
	struct span authority; /* host[:port] as it stands there */
	struct span host;      /* without brackets */
	struct span port;      /* digits; null span: the scheme's own */
	struct span path;      /* with its query; empty or begins with "/" */
};

/* Absolute, http or https, host of letters, digits, "-", "." and "_" or an IPv6 address in brackets; no user, no fragment, only printable ASCII and no
 * backslash. ERR_FORMAT. */
int url_parse(struct span text, struct url *ret_url, struct err *err) NODISCARD;

/* Appends a URL that the operator has given, without a "/" at its end; one without a scheme is https. name: what it was given by. Errors: ERR_USAGE for
 * what is no URL, ERR_POLICY for http:// to another machine. */
int url_given(const char *name, struct span text, struct buf *out, struct err *err) NODISCARD;

/* 127.0.0.0/8, ::1, localhost. */
bool url_loopback(const struct url *url);

/* Where the machine's own metadata services are: loopback, 169.254.0.0/16, fd00:ec2::/32. */
bool url_link_local(const struct url *url);

/* Does it look like a cloud's region: words of small letters and a number at the end, "eu-west-1"? What does not may be the name of another service
 * of that cloud below whose domain everybody has hosts of his own: "s3" in kms.s3.amazonaws.com. */
bool url_region(struct span name);

/* Is name the same as suffix, or does it end with "." and it? Letters in any case; neither may be empty. */
bool url_below(struct span name, struct span suffix);

#endif
