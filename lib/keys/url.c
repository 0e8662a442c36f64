/* SPDX-License-Identifier: Apache-2.0
 *
 * URLs of endpoints; see url.h.
 */
#include "keys/url.h"

#include <ctype.h>
#include <strings.h>

enum { PORT_DIGITS = 5, OCTETS = 4 };

static bool take(struct span *text, struct span prefix)
{
	if (text->len < prefix.len ||
	    strncasecmp((const char *)text->data, (const char *)prefix.data, prefix.len) != 0)
		return false;
	*text = span_from(*text, prefix.len);
	return true;
}

static bool all_of(struct span s, const char *more)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!s.data[i] || !(isalnum(s.data[i]) || strchr(more, s.data[i])) ||
		    s.data[i] >= 0x80)
			return false;
	}
	return s.len > 0;
}

static bool all_digits(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	}
	return s.len > 0;
}

/* host, port and what they are made of. */
static bool take_authority(struct url *url)
{
	struct span rest = url->authority;
	size_t end;

	if (span_starts(rest, SPAN("["))) {
		end = span_find(rest, 0, ']');
		url->host = span_sub(rest, 1, end - 1);
		if (end == rest.len || !all_of(url->host, ":."))
			return false;
		rest = span_from(rest, end + 1);
	} else {
		end = span_find(rest, 0, ':');
		url->host = span_sub(rest, 0, end);
		if (!all_of(url->host, "-._"))
			return false;
		rest = span_from(rest, end);
	}
	if (!rest.len)
		return true;
	url->port = span_from(rest, 1);
	return rest.data[0] == ':' && url->port.len <= PORT_DIGITS && all_digits(url->port);
}

int url_parse(struct span text, struct url *ret_url, struct err *err)
{
	struct url url = {.port = SPAN_NULL};
	struct span rest = text;
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (text.data[i] <= ' ' || text.data[i] >= 0x7f || text.data[i] == '\\' ||
		    text.data[i] == '#')
			return err_set(err, ERR_FORMAT, "a character that no URL has here");
	}
	if (take(&rest, SPAN("http://")))
		url.plain = true;
	else if (!take(&rest, SPAN("https://")))
		return err_set(err, ERR_FORMAT, "neither https:// nor http://");
	for (i = 0; i < rest.len && rest.data[i] != '/' && rest.data[i] != '?'; i++)
		;
	url.authority = span_sub(rest, 0, i);
	url.path = span_from(rest, i);
	if (!take_authority(&url) || span_starts(url.path, SPAN("?")))
		return err_set(err, ERR_FORMAT, "not a host, a port and a path");
	*ret_url = url;
	return 0;
}

int url_given(const char *name, struct span text, struct buf *out, struct err *err)
{
	size_t start = out->len;
	struct url url;

	while (span_ends(text, SPAN("/")))
		text.len--;
	if (span_search(text, SPAN("://")) == SIZE_MAX)
		buf_add_str(out, "https://");
	buf_add_span(out, text);
	if (buf_check(out, err) < 0)
		return -1;
	if (url_parse(span_from(buf_span(out), start), &url, err) < 0) {
		err->code = ERR_USAGE;
		return err_wrap(err, "%s", name);
	}
	if (url.plain && !url_loopback(&url))
		return err_set(err, ERR_POLICY, "%s: http:// only to this machine itself", name);
	return 0;
}

/* Four decimal numbers of a host that is an IPv4 address in its usual form; no other form is taken for one. */
static bool octets(struct span host, unsigned ret[OCTETS])
{
	size_t at = 0, n;

	for (n = 0; n < OCTETS; n++) {
		size_t end = span_find(host, at, '.');
		struct span part = span_sub(host, at, end - at);
		size_t i;

		if (!all_digits(part) || part.len > 3 || (part.len > 1 && part.data[0] == '0') ||
		    (end == host.len) != (n + 1 == OCTETS))
			return false;
		for (ret[n] = 0, i = 0; i < part.len; i++)
			ret[n] = ret[n] * 10 + part.data[i] - '0';
		if (ret[n] > 255)
			return false;
		at = end + 1;
	}
	return true;
}

bool url_loopback(const struct url *url)
{
	unsigned part[OCTETS];

	return span_is(url->host, "localhost") || span_is(url->host, "::1") ||
	       (octets(url->host, part) && part[0] == 127);
}

bool url_link_local(const struct url *url)
{
	unsigned part[OCTETS];

	return url_loopback(url) || span_starts(url->host, SPAN("fd00:ec2:")) ||
	       (octets(url->host, part) && part[0] == 169 && part[1] == 254);
}

bool url_region(struct span name)
{
	size_t at, end, words = 0;

	for (at = 0;; at = end + 1) {
		size_t i;

		end = span_find(name, at, '-');
		if (end == name.len)
			break;
		for (i = at; i < end; i++) {
			if (name.data[i] < 'a' || name.data[i] > 'z')
				return false;
		}
		if (end == at)
			return false;
		words++;
	}
	return words > 1 && all_digits(span_from(name, at));
}

bool url_below(struct span name, struct span suffix)
{
	struct span end;

	if (!suffix.len || name.len < suffix.len)
		return false;
	end = span_from(name, name.len - suffix.len);
	if (strncasecmp((const char *)end.data, (const char *)suffix.data, suffix.len) != 0)
		return false;
	return name.len == suffix.len ||
	       (name.len > suffix.len + 1 && name.data[name.len - suffix.len - 1] == '.');
}
