// SPDX-License-Identifier: MIT
/*
 * The host's accesses to pages under a private key, as the platform's memory notices them.
 */
#include "platform/platform.h"
#include "strict/internal.h"

static int who(const struct strict *s)
{
	unsigned lp = lib_who(s->m);

	return lp == MEM_NO_LP ? -1 : (int)lp;
}

/* Once for a page, until something happens to it. */
static void report_once(struct strict *s, struct page *p, const struct mistake *x)
{
	if (p->reported >> x->kind & 1)
		return;
	p->reported |= (uint16_t)(1u << x->kind);
	strict_report(s, x);
}

/* The host writes to a page that is free: from now on it is an ordinary one. */
static void take_back(struct strict *s, struct page *p, int lp)
{
	struct memory *m = &s->m->platform->mem;

	page_event(p, &(struct event){ .number = s->calls,
				       .tsc = platform_tsc_now(s->m->platform),
				       .what = "the host writes to it",
				       .lp = lp,
				       .from = p->now,
				       .to = p->now });
	p->reported = 0;
	p->dirty = 0;
	if (!m->encrypted)
		mem_key_set(m, p->pa - 1, MEM_PAGE, 0);
}

static void in_use(struct strict *s, struct page *p, struct mistake x, bool write)
{
	const struct strict_call *c = x.lp < 0 ? NULL : &s->call[x.lp];

	x.kind = c && (c->leaf || c->in_guest) ? PRIVATE_OPERAND
		 : write		       ? PRIVATE_WRITE
					       : PRIVATE_READ;
	report_once(s, p, &x);
}

void strict_access(void *opaque, uint64_t pa, uint64_t len, bool write)
{
	struct strict *s = opaque;
	struct mistake x = {
		.lp = who(s), .pa = pa, .len = len, .how = write ? "writes" : "reads"
	};
	struct look l;
	struct page *p;

	pthread_mutex_lock(&s->lock);
	l = look_at(s->m->module, pa);
	p = page_of(s, pa, true);
	if (p && look_owned(&l)) {
		in_use(s, p, x, write);
	} else if (p) {
		x.kind = page_dirty(s, p) ? DIRTY_CACHE : PRIVATE_READ;
		if (page_dirty(s, p) || !write)
			report_once(s, p, &x);
		p = page_of(s, pa, false);
		if (write && p)
			take_back(s, p, x.lp);
	}
	strict_report_blindness(s, x.lp);
	pthread_mutex_unlock(&s->lock);
}
