// SPDX-License-Identifier: MIT
/*
 * The order of an audit, and telling what it finds.
 */
#include "audit/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SENTENCE 320

void audit_found(struct audit *a, const char *rule, uint64_t pa, const char *format, ...)
{
	char text[SENTENCE];
	va_list args;

	a->found++;
	if (!a->tell)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	a->tell(a->opaque, &(struct audit_finding){ rule, pa, text });
}

/* After a machine check nothing of the module runs any more: locks and half-made changes stay as they were. */
static bool is_dead(const struct module *m)
{
	return __atomic_load_n(&m->dead, __ATOMIC_ACQUIRE);
}

bool audit_all(struct audit *a)
{
	if (is_dead(a->m))
		return true;
	audit_scan_pamt(a);
	if (a->no_memory)
		return false;
	audit_read_tds(a);
	audit_control_pages(a);
	for (size_t i = 0; i < a->num_tds; i++) {
		if (a->tds[i].readable && a->tds[i].td.tdcs)
			audit_trees(a, &a->tds[i]);
	}
	audit_claims(a);
	audit_keys(a);
	audit_locks(a);
	return !a->no_memory;
}

void audit_free(struct audit *a)
{
	free(a->pages);
	free(a->tds);
}

size_t audit_module(const struct module *m, audit_tell tell, void *opaque)
{
	struct audit a = { .m = m, .tell = tell, .opaque = opaque };
	size_t found = audit_all(&a) ? a.found : AUDIT_NO_MEMORY;

	audit_free(&a);
	return found;
}
