// SPDX-License-Identifier: MIT
/*
 * The list of links of a verification.
 */
#include <stdarg.h>
#include <stdio.h>

#include "attest/result.h"

static void add(struct attest_links *links, enum attest_verdict verdict, const char *name,
		const char *text, va_list ap)
{
	struct attest_link *link;

	if (links->count == ATTEST_MAX_LINKS) {
		links->link[ATTEST_MAX_LINKS - 1].verdict = ATTEST_FAILS;
		snprintf(links->link[ATTEST_MAX_LINKS - 1].text, sizeof(link->text),
			 "more than %d links: the rest is not shown", ATTEST_MAX_LINKS);
		return;
	}
	link = &links->link[links->count++];
	link->verdict = verdict;
	snprintf(link->name, sizeof(link->name), "%s", name);
	vsnprintf(link->text, sizeof(link->text), text, ap);
	/* Parts come from the file under examination: nothing of it may act on a terminal. */
	for (char *p = link->text; *p; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
}

void attest_add(struct attest_links *links, enum attest_verdict verdict, const char *name,
		const char *text, ...)
{
	va_list ap;

	va_start(ap, text);
	add(links, verdict, name, text, ap);
	va_end(ap);
}

bool attest_check(struct attest_links *links, bool holds, const char *name, const char *text, ...)
{
	va_list ap;

	va_start(ap, text);
	add(links, holds ? ATTEST_HOLDS : ATTEST_FAILS, name, text, ap);
	va_end(ap);
	return holds;
}

size_t attest_count(const struct attest_links *links, enum attest_verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < links->count; i++)
		n += links->link[i].verdict == verdict;
	return n;
}

const char *attest_verdict_name(enum attest_verdict verdict)
{
	static const char *const names[] = { "holds", "FAILS", "not checked", "note" };

	return names[verdict];
}
